// pawl snapshot: states of a journal from which a start, or a replay, goes on. All beside a live engine.
#include <fmt/format.h>

#include "pawl/commands.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/snapshot/pages.hpp"
#include "pawl/journal/snapshot/take.hpp"
#include "pawl/log/commands.hpp"
#include "pawl/log/text.hpp"
#include "pawl/report.hpp"
#include "pawl/run_support.hpp"

namespace pawl::tools {
namespace {

struct SnapshotOptions {
  std::string directory;
  int threads = 0;
};

std::string row(const journal::SnapshotHeader& header, std::uint64_t bytes, std::string_view state) {
  return fmt::format("{:>16}  {:>14} bytes  taken {}  digest {}  {}\n", header.sequence, bytes, time_text(header.created), rules::to_hex(header.digest), state);
}

// Whole, and of the journal's history; reads all of the file.
Result<std::string> verified_row(const journal::JournalReader& reader, const journal::SnapshotName& name) {
  auto snapshot = journal::SnapshotReader::open(reader.disk(), name.path);
  if (!snapshot.ok()) return std::move(snapshot).error();
  auto header = journal::verify_snapshot(reader.disk(), name.path);
  if (!header.ok()) return std::move(header).error();
  if (auto named = journal::check_name(name, *header); !named.ok()) return std::move(named).error();
  if (auto ours = journal::check_history(reader, *header); !ours.ok()) return Error{ours.error().code, name.path + ": " + ours.error().text};
  auto pages = reader.disk().exists(journal::pages_path(name.path));
  if (!pages.ok()) return std::move(pages).error();
  if (*pages) {
    if (auto whole = journal::verify_pages(reader.disk(), journal::pages_path(name.path)); !whole.ok()) return std::move(whole).error();
  }
  return row(*header, snapshot->file_bytes(), *pages ? "whole, of this history, with pages" : "whole, of this history");
}

Result<std::string> header_row(const journal::JournalReader& reader, const journal::SnapshotName& name) {
  auto snapshot = journal::SnapshotReader::open(reader.disk(), name.path);
  if (!snapshot.ok()) return std::move(snapshot).error();
  return row(snapshot->header(), snapshot->file_bytes(), snapshot->header().database == reader.control().database ? "" : "of another journal");
}

// A row for each; what is wrong with the others goes to standard error. The exit status is the greatest of theirs.
template <class Row>
int show(const std::string& directory, Row row_of) {
  auto disk = io::make_real_disk();
  if (!disk) return fail(disk.error());
  const auto reader = journal::JournalReader::open(directory, **disk);
  if (!reader) return fail(reader.error());
  const auto names = journal::list_snapshots(**disk, directory);
  if (!names) return fail(names.error());
  std::string text;
  int status = exit_fine;
  for (const journal::SnapshotName& name : *names) {
    const Result<std::string> line = row_of(*reader, name);
    if (line) text += *line;
    if (!line) status = std::max(status, fail(line.error()));
  }
  const int printed = print(fmt::format("{}{} snapshots in {}\n", text, names->size(), directory));
  return printed != exit_fine ? printed : status;
}

int ls(const SnapshotOptions& options) { return show(options.directory, &header_row); }
int verify(const SnapshotOptions& options) { return show(options.directory, &verified_row); }

int now(const SnapshotOptions& options) {
  auto disk = io::make_real_disk();
  if (!disk) return fail(disk.error());
  io::SystemClock clock;
  const Stopwatch watch;
  const auto taken = journal::take_snapshot({options.directory, options.threads, disk->get(), &clock});
  if (!taken) return fail(taken.error());
  for (const std::string& note : taken->notes) warn(note);
  if (taken->was_there) return print(fmt::format("{} is there already, and whole\n", taken->path));
  const Sequence replayed = taken->header.sequence - taken->after;
  return print(fmt::format("{}: {} bytes, the state behind input {}; {} inputs replayed, written and read back in {:.2f} s\ndigest {}\n", taken->path, taken->bytes, taken->header.sequence,
                           replayed, watch.seconds(), rules::to_hex(taken->header.digest)));
}

}  // namespace

void add_snapshot(Command& program, Action& action) {
  Command snapshot = program.subcommand("snapshot", "States from which a start or a replay goes on, also beside a live engine");
  snapshot.needs_subcommand();
  const auto options = std::make_shared<SnapshotOptions>();
  add_directory(add_journal_command(snapshot, action, "ls", "The snapshots of a journal, the newest first, by their headers", options, &ls), options->directory);
  add_directory(add_journal_command(snapshot, action, "verify", "Read all of each, and check that it belongs to the journal's history", options, &verify), options->directory);
  Command take = add_journal_command(snapshot, action, "now", "Take one at the last durable multiple of 65,536 inputs, by replaying beside the engine", options, &now);
  add_directory(take, options->directory);
  take.option("--threads", options->threads, "Threads that replay; 0: as the CPUs allow").within(0, 64);
}

}  // namespace pawl::tools
