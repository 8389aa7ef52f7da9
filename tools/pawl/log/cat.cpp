// pawl journal cat: the records in order.
#include <fmt/format.h>

#include "pawl/log/commands.hpp"
#include "pawl/log/record_text.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct CatOptions {
  std::string directory;
  bool json = false;
  Sequence from = 0;
  std::int64_t limit = -1;
};

int cat(const CatOptions& options) {
  auto log = LogReader::open(options.directory, options.from);
  if (!log) return fail(log.error());
  log->warn_of_retired();
  LinePrinter printer(options.json);
  const auto done = for_each(*log, [&](const Entry& entry) {
    if (printer.printed() == options.limit) return false;
    return printer.show(entry, log->decoder());
  });
  if (const int printed = printer.finish(); printed != exit_fine) return printed;
  if (!done) return fail(done.error());
  if (!log->has_started()) warn(fmt::format("--from {}: {} ends at sequence {}", options.from, options.directory, log->next_sequence() - 1));
  return exit_fine;
}

}  // namespace

void add_journal_cat(Command& journal, Action& action) {
  const auto options = std::make_shared<CatOptions>();
  Command command = add_journal_command(journal, action, "cat", "Its records in order, one a line", options, &cat);
  add_directory(command, options->directory);
  command.flag("--json", options->json, "One JSON object per record; a text that is not UTF-8 is {\"hex\": \"...\"}");
  command.option("--from", options->from, "Start with this input; annotations that stand before it are left out. 0: everything").at_least_zero();
  command.option("--limit", options->limit, "At most so many records, inputs and annotations").at_least_zero();
}

}  // namespace pawl::tools
