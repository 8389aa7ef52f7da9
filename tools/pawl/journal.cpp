// `pawl journal info|cat|verify`: reads a journal without taking its lock, so also beside a live engine; changes nothing.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "pawl/cat.hpp"
#include "pawl/commands.hpp"
#include "pawl/core/event/format.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct Options {
  std::string directory;
  bool json = false;
  std::int64_t from = 0;
  std::int64_t limit = -1;
};

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

std::string time_text(Time time) {
  char buffer[print_bytes_max];
  return time == 0 ? "never" : std::string(buffer, print_time(time, buffer));
}

std::string segments_text(const journal::JournalInfo& info) {
  std::string text;
  for (const auto& segment : info.segments) {
    const std::string state = segment.sealed ? fmt::format("sealed, up to block {} and sequence {}", segment.last_block, segment.next_sequence - 1)
                              : segment.opened ? "being written"
                                               : "prepared";
    text += fmt::format("  {:>10}  {:>12} bytes  {}\n", segment.number, segment.bytes, state);
  }
  return text;
}

std::string info_text(const std::string& directory, const journal::JournalInfo& info) {
  std::string text = fmt::format("{}: {}{}\n", directory, name(info.label), info.label == journal::Label::end && info.clean ? ", closed cleanly" : "");
  const auto line = [&](const char* what, const std::string& value) { text += fmt::format("{:<14}{}\n", what, value); };
  line("journal", hex(info.database));
  line("created", time_text(info.created));
  line("format", fmt::format("{}, blocks up to {} bytes, segments of {} bytes", info.format, info.block_bytes_max, info.segment_bytes));
  line("engine starts", fmt::format("{}, the last at durability {}", info.epochs, name(info.durability)));
  line("last block", fmt::format("{}, written {}", info.last_block, time_text(info.last_block_time)));
  line("last sequence", fmt::format("{}", info.last_sequence));
  line("chain", hex(info.chain));
  if (info.digest) line("digest", fmt::format("{} up to sequence {}", hex(info.digest->digest), info.digest->sequence));
  line("emitted", fmt::format("up to sequence {}", info.emitted.sequence));
  for (const auto& source : info.sources) line("source", fmt::format("{} \"{}\", last ticket {}", source.number, source.name, source.last_ticket));
  line("pipeline", fmt::format("{} bytes of text", info.pipeline.size()));
  line("files", fmt::format("{} bytes in {} segments", info.file_bytes, info.segments.size()));
  text += segments_text(info);
  for (const auto& note : info.notes) text += fmt::format("note: {}\n", note);
  return text;
}

int info(const Options& options) {
  auto disk = io::make_real_disk();
  if (!disk) return fail(disk.error());
  const auto found = journal::inspect(options.directory, **disk);
  if (!found) return fail(found.error());
  if (const int printed = print(info_text(options.directory, *found)); printed != exit_fine) return printed;
  return may_start(found->label) ? exit_fine : fail({error_code(found->label), found->text});
}

int verify(const Options& options) {
  auto disk = io::make_real_disk();
  if (!disk) return fail(disk.error());
  const auto result = journal::verify(options.directory, **disk);
  if (!result) return fail(result.error());
  std::string text;
  std::size_t damages = 0;
  for (const auto& finding : result->findings) {
    damages += finding.is_damage ? 1 : 0;
    text += fmt::format("{}{}\n", finding.is_damage ? "" : "note: ", finding.text);
  }
  text += fmt::format("{}: {} segments, {} whole blocks of {} bytes, {} inputs in {} records, sequences up to {}; {}\nchain {}\n", options.directory,
                      result->segments, result->blocks, result->bytes, result->inputs, result->records, result->end.next_sequence - 1,
                      damages == 0 ? "no damage" : fmt::format("damaged in {} places", damages), hex(result->end.chain));
  if (const int printed = print(text); printed != exit_fine) return printed;
  if (result->whole()) return exit_fine;
  return fail({ErrorCode::corrupt, fmt::format("{} is damaged in {} places, named above; restore it from a copy of one moment", options.directory, damages)});
}

int cat(const Options& options) {
  auto disk = io::make_real_disk();
  if (!disk) return fail(disk.error());
  const auto done = print_records(options.directory, **disk, {.json = options.json, .from = options.from, .limit = options.limit});
  return done ? exit_fine : fail(done.error());
}

void add(CLI::App& journal, const char* name, const char* what, const std::shared_ptr<Options>& options, Action& action, int (*run)(const Options&)) {
  CLI::App& command = *journal.add_subcommand(name, what);
  command.add_option("directory", options->directory, "The journal's directory")->required();
  command.callback([options, &action, run] { action = [options, run] { return run(*options); }; });
}

}  // namespace

void add_journal(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App& journal = *app.add_subcommand("journal", "Look into a journal, also beside a live engine");
  journal.require_subcommand(1);
  add(journal, "info", "What it holds, in one page", options, action, &info);
  add(journal, "cat", "Its records in order, one a line", options, action, &cat);
  add(journal, "verify", "Read everything and report every defect with its place", options, action, &verify);
  CLI::App& cat_command = *journal.get_subcommand("cat");
  cat_command.add_flag("--json", options->json, "One JSON object per record");
  cat_command.add_option("--from", options->from, "Start with this input; annotations that stand before it are left out. 0: everything")->check(CLI::NonNegativeNumber);
  cat_command.add_option("--limit", options->limit, "At most so many records, inputs and annotations")->check(CLI::NonNegativeNumber);
}

}  // namespace pawl::tools
