// pawl-bench replay: a journal of payments, decoded only, and replayed through all stages; both from the page cache as far as it holds it.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "commands.hpp"
#include "harness/fail.hpp"
#include "harness/runs.hpp"
#include "harness/scratch.hpp"
#include "pawl/io/descriptor.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/journal/aligned.hpp"
#include "pawl/journal/reader.hpp"
#include "pawl/journal/replay.hpp"
#include "pipeline/closed_run.hpp"
#include "pipeline/options.hpp"

namespace pawl::bench {
namespace {

class CountingSink final : public DecisionSink {
 public:
  Result<void> on_decision(const Decision&) override {
    ++count;
    return {};
  }
  Result<void> flush() override { return {}; }
  std::int64_t count = 0;
};

// Million inputs per second.
double decode(const std::string& directory, std::int64_t events, bool deep) {
  const auto disk = or_fail(io::make_real_disk(io::Backend::buffered));
  const std::int64_t start = now_ns();
  auto reader = or_fail(journal::JournalReader::open(directory, *disk));
  auto cursor = or_fail(reader.read({.deep = deep}));
  journal::BlockView block;
  std::int64_t inputs = 0;
  Ticket last = 0;
  while (or_fail(cursor.next(block))) {
    for (const journal::Record record : block.records()) {
      if (!record.is_input()) continue;
      ++inputs;
      last = std::max<Ticket>(last, record.header().ticket);
    }
  }
  if (inputs != events + 1 || last != static_cast<Ticket>(events)) fail("the journal gave back other inputs than were written");  // and ACTIVATE
  return static_cast<double>(inputs) * 1e-6 / seconds_since(start);
}

std::vector<std::string> segment_paths(const std::string& directory) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory + "/wal")) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The page cache lets go of the journal.
void forget(const std::string& directory) {
  for (const std::string& path : segment_paths(directory)) {
    const io::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid() || ::fdatasync(file.get()) != 0 || ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED) != 0) fail("cannot make the page cache forget " + path);
  }
}

// GB/s of what the journal holds.
double cold_decode(const std::string& directory, std::int64_t events, std::uint64_t bytes) {
  forget(directory);
  return static_cast<double>(bytes) * decode(directory, events, false) * 1e-3 / static_cast<double>(events + 1);
}

// GB/s: the same files by direct reads of 1 MiB, one behind the other.
double device(const std::string& directory) {
  constexpr std::size_t piece = std::size_t{1} << 20;
  const auto disk = or_fail(io::make_real_disk(io::Backend::pwritev2));
  const journal::AlignedBytes buffer(piece);
  std::uint64_t bytes = 0;
  const std::int64_t start = now_ns();
  for (const std::string& path : segment_paths(directory)) {
    const auto file = or_fail(disk->open(path, {.access = io::Access::read, .direct = true}));
    const auto size = static_cast<std::uint64_t>(file->size());
    for (std::uint64_t at = 0; at < size; at += piece) {
      if (file->read(buffer.span(), at) <= 0) fail("cannot read " + path);
    }
    bytes += size;
  }
  return static_cast<double>(bytes) * 1e-9 / seconds_since(start);
}

double replay(const std::string& directory, const EngineLoad& load, const rules::Digest128& digest) {
  ReplayOptions options;
  options.directory = directory;
  options.threads = load.threads;
  const std::int64_t start = now_ns();
  auto replaying = or_fail(Replay::open(options));
  CountingSink sink;
  const ReplayReport report = or_fail(replaying->run(sink));
  const double seconds = seconds_since(start);
  check_digest(digest, report.digest);
  if (sink.count != load.events) fail(fmt::format("{} events were replayed into {} decisions", load.events, sink.count));
  return static_cast<double>(load.events) * 1e-6 / seconds;
}

void measure(const EngineCommon& options, Outcome& outcome) {
  const EngineLoad load = options.complete_load();
  const Scratch scratch(load.directory);
  const std::string directory = scratch.path("journal");
  const ClosedRun written = run_closed(load, prepare_payments(load.pipeline, load.events), directory);
  const auto row = [&](const char* name, std::function<double()> run) {
    return Contender{{.group = "replay", .name = name, .unit = "M events/s"}, std::move(run)};
  };
  run_interleaved({row("decode, block checks", [&] { return decode(directory, load.events, false); }),
                   row("decode, every CRC and hash", [&] { return decode(directory, load.events, true); }),
                   row("all stages again, digests compared", [&] { return replay(directory, load, written.report.digest); })},
                  options.runs, outcome);
  const std::uint64_t bytes = written.report.journal.bytes;
  run_interleaved({{{.group = "cold, GB/s", .name = "device, direct reads of 1 MiB", .unit = "GB/s"}, [&] { return device(directory); }},
                   {{.group = "cold, GB/s", .name = "decode, block checks", .unit = "GB/s", .base = "device, direct reads of 1 MiB", .base_label = "device"},
                    [&] { return cold_decode(directory, load.events, bytes); }}},
                  options.runs, outcome);
  outcome.notes.push_back(fmt::format("{} payments, journal of {} bytes; written a moment before, so mostly in the page cache; digest {}.", load.events,
                                      written.report.journal.bytes, rules::to_hex(written.report.digest)));
}

}  // namespace

void add_replay(CLI::App& app, Action& action) {
  const auto options = std::make_shared<EngineCommon>();
  CLI::App& command = *app.add_subcommand("replay", "A journal decoded, and replayed through all stages");
  add_engine_options(command, *options);
  on_chosen(command, options, action, &measure);
}

}  // namespace pawl::bench
