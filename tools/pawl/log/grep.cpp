// pawl journal grep: the inputs that meet all conditions.
#include <fmt/format.h>

#include <filesystem>

#include "pawl/log/commands.hpp"
#include "pawl/log/condition.hpp"
#include "pawl/log/record_text.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct GrepOptions {
  std::vector<std::string> words;
  bool json = false, count = false;
  std::int64_t limit = -1;
};

struct Search {
  std::string directory;
  std::vector<Condition> conditions;
};

// The directory and the conditions, in any order.
Result<Search> read_words(const std::vector<std::string>& words) {
  Search search;
  for (const std::string& word : words) {
    auto condition = parse_condition(word);
    std::error_code error;  // a word too long for a path is none
    if (condition && !std::filesystem::is_directory(word, error)) {
      search.conditions.push_back(*std::move(condition));
    } else if (search.directory.empty()) {
      search.directory = word;
    } else {
      return Error{ErrorCode::usage, fmt::format("`{}` is no condition: write FIELD=VALUE, or != < <= > >= (in quotes, as the shell takes < and > for itself)", word)};
    }
  }
  if (search.directory.empty()) return Error{ErrorCode::usage, "no journal named: pawl journal grep DIRECTORY FIELD=VALUE ..."};
  if (search.conditions.empty()) return Error{ErrorCode::usage, "no condition given: pawl journal grep DIRECTORY FIELD=VALUE ...; `pawl journal cat` shows everything"};
  return search;
}

// Exit status 1 if nothing was found, as grep has it.
int grep(const GrepOptions& options) {
  auto search = read_words(options.words);
  if (!search) return fail(search.error());
  Matcher matcher(std::move(search->conditions));
  if (auto bound = matcher.bind_sequences(); !bound) return fail(bound.error());
  auto log = LogReader::open(search->directory, matcher.first());
  if (!log) return fail(log.error());
  log->warn_of_retired();
  LinePrinter printer(options.json);
  std::int64_t found = 0;
  std::optional<Error> error;
  const auto done = for_each(*log, [&](const Entry& entry) {
    if (!entry.is_input()) return true;
    if (entry.sequence > matcher.last() || found == options.limit) return false;
    const auto matched = matcher.matches(entry, log->decoder());
    if (!matched) error = matched.error();
    if (!matched || !*matched) return !error;
    ++found;
    return options.count || printer.show(entry, log->decoder());
  });
  if (const int printed = printer.finish(); printed != exit_fine) return printed;
  if (error) return fail(*error);
  // No number that passes for the whole: what stands behind the damage was not counted.
  if (!done) return fail(options.count ? Error{done.error().code, fmt::format("{}. Before it, {} inputs match", done.error().text, found)} : done.error());
  if (auto bound = matcher.bind_to(log->decoder()); !bound) return fail(bound.error());
  if (options.count) {
    if (const int printed = print(fmt::format("{}\n", found)); printed != exit_fine) return printed;
  }
  return found > 0 ? exit_fine : exit_no;
}

}  // namespace

void add_journal_grep(Command& journal, Action& action) {
  const auto options = std::make_shared<GrepOptions>();
  Command command = add_journal_command(journal, action, "grep", "Its inputs that meet all conditions, one a line", options, &grep);
  command.option("words", options->words,
                 "The journal's directory, and conditions FIELD=VALUE (also != < <= > >=). FIELD: of an event, or sequence, type, source, ticket, "
                 "at, ingest. VALUE: as cat prints it, but without its escapes; or missing").required();
  command.flag("--json", options->json, "One JSON object per input");
  command.flag("--count", options->count, "Only how many there are");
  command.option("--limit", options->limit, "At most so many").at_least_zero();
  command.footer("Exit status 1 if nothing was found.");
}

}  // namespace pawl::tools
