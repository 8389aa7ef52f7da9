// pawl-bench journal: the journal's throughput beside B', what the disk gives to a bare loop, and D' at a rate.
#include <fmt/format.h>

#include <map>

#include "commands.hpp"
#include "harness/fail.hpp"
#include "harness/latency_rows.hpp"
#include "harness/runs.hpp"
#include "journal/bare_loop.hpp"
#include "journal/journal_run.hpp"
#include "machine/yardsticks.hpp"
#include "peers/choice.hpp"
#include "peers/external.hpp"

namespace pawl::bench {
namespace {

struct Options : Common {
  std::int64_t events = 10'000'000;
  std::size_t payload_bytes = 24;
  std::vector<journal::Durability> durability{journal::Durability::disk, journal::Durability::os, journal::Durability::memory};
  io::Backend backend = io::Backend::automatic;
  double rate = 1e6, seconds = 2;
  bool audit = false;
  Peers peers = Peers::none;
};

struct Row {
  Series series;
  double (*figure)(const JournalFigures&);
};

// A peer stands beside the level that it gives, no other.
std::vector<Row> rows_of(const std::string& level, bool on_files, bool prepared) {
  const auto series = [&](const std::string& group, const char* unit, const std::string& name) { return Series{.group = group, .name = fmt::format("{}, {}", level, name), .unit = unit}; };
  const std::string written = prepared ? "written, segment prepared before" : "written";
  std::vector<Row> rows;
  rows.push_back({series("journal, events, " + level, "M events/s", written), [](const JournalFigures& f) { return f.write_events_per_second * 1e-6; }});
  if (!on_files) return rows;
  Series bytes = series("journal, GB/s", "GB/s", written);
  bytes.base = "B': bare loop, blocks of 1 MiB";
  bytes.base_label = "B'";
  rows.push_back({bytes, [](const JournalFigures& f) { return f.write_bytes_per_second * 1e-9; }});
  const auto part = [&](const char* name, double (*figure)(const JournalFigures&)) {
    rows.push_back({series("journal, where its thread's time goes", "ns/event", written + ": " + name), figure});
    rows.back().series.higher_is_better = false;
  };
  part("records into the block", [](const JournalFigures& f) { return f.fill_ns; });
  part("no block on its way to the device", [](const JournalFigures& f) { return f.gap_ns; });
  part("all", [](const JournalFigures& f) { return 1e9 / f.write_events_per_second; });
  if (prepared) return rows;
  rows.push_back({series("journal, events read back", "M events/s", "read back"), [](const JournalFigures& f) { return f.read_events_per_second * 1e-6; }});
  rows.push_back({series("journal, events read back", "M events/s", "read back, every CRC and hash"), [](const JournalFigures& f) { return f.check_events_per_second * 1e-6; }});
  return rows;
}

// One way of writing as fast as it goes.
struct Way {
  JournalLoad load;
  std::vector<Row> rows;
};

std::vector<Way> ways_of(const Options& options) {
  std::vector<Way> ways;
  for (const auto level : options.durability) {
    const bool on_files = level != journal::Durability::memory;
    JournalLoad load{options.directory, options.events, options.payload_bytes, level, options.audit ? journal::BodyHash::sha_256 : journal::BodyHash::xxh3_128, options.backend};
    const std::string name(journal::name(level));
    load.prepared = level == journal::Durability::disk;
    if (load.prepared) ways.push_back({load, rows_of(name, true, true)});
    load.prepared = false;
    ways.push_back({load, rows_of(name, on_files, false)});
  }
  return ways;
}

void measure(const Options& options, Outcome& outcome) {
  Series bare{.group = "journal, GB/s", .name = "B': bare loop, blocks of 1 MiB", .unit = "GB/s"};
  const std::string group = fmt::format("open loop at {:.0f} events/s", options.rate);
  LatencyRows noise(group, "N: a loop that does nothing else", options.rate, true);
  LatencyRows bare_latency(group, "D': bare loop", options.rate, false);
  LatencyRows latency(group, "disk, written", options.rate, false);
  std::vector<Way> ways = ways_of(options);
  BareLoopOptions loop;
  loop.directory = options.directory;
  loop.seconds = options.seconds;
  const std::int64_t peer_events = std::max<std::int64_t>(options.events / 5, 1);
  ExternalPeers external("journal", options.peers, fmt::format("--events {} --payload {}", peer_events, options.payload_bytes), options.directory);
  const JournalLoad paced{.directory = options.directory, .payload_bytes = options.payload_bytes, .backend = options.backend};
  for (Rounds rounds("journal", options.runs, outcome); rounds.next();) {
    for (Way& way : ways) {
      const JournalFigures figures = run_journal(way.load);
      for (Row& row : way.rows) row.series.values.push_back(row.figure(figures));
    }
    loop.rate = 0;
    bare.values.push_back(run_bare_loop(loop).bytes_per_second * 1e-9);
    loop.rate = options.rate;
    bare_latency.add(run_bare_loop(loop).latency);
    latency.add(run_journal_open_loop(paced, options.rate, options.seconds));
    noise.add(noise_floor(options.rate, options.seconds));
    external.run_once();
  }
  outcome.series.push_back(std::move(bare));
  for (Way& way : ways) {
    for (Row& row : way.rows) outcome.series.push_back(std::move(row.series));
  }
  bare_latency.append_to(outcome);
  latency.append_to(outcome, "D': bare loop", "D'");
  noise.append_to(outcome);
  outcome.notes.push_back(fmt::format("Payload {} bytes, records of {}; {}; disk: every block with data sync, one in flight; os: page cache; memory: no file.",
                                      options.payload_bytes, (options.payload_bytes + 47) / 8 * 8, options.audit ? "SHA-256" : "XXH3-128"));
  outcome.notes.push_back("Where nothing is said of preparing: segments of the default size, zeros written to the next one while this one is in use, so that the device gets every byte twice.");
  external.append_to(outcome);
  if (options.peers != Peers::none) {
    outcome.notes.push_back(fmt::format("Peers write {} events a run, each our record without CRC, length and flags ({} bytes), which they add in framing of their own; "
                                        "each stands beside the level of durability that it gives.", peer_events, (options.payload_bytes + 39) / 8 * 8));
  }
  compare_with_best_peer(outcome);
}

}  // namespace

void add_journal(CLI::App& app, Action& action) {
  using journal::Durability;
  static const std::map<std::string, Durability> levels{{"disk", Durability::disk}, {"os", Durability::os}, {"memory", Durability::memory}};
  static const std::map<std::string, io::Backend> backends{{"automatic", io::Backend::automatic}, {"mixed", io::Backend::mixed}, {"io_uring", io::Backend::io_uring}, {"pwritev2", io::Backend::pwritev2}};
  const auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("journal", "The journal alone, written and read back, beside a bare group-commit loop");
  command.add_option("--events", options->events, "Of each run")->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 32))->capture_default_str();
  command.add_option("--payload", options->payload_bytes, "Bytes of an event's payload; a record has 40 more")->check(CLI::Range(0, 4000))->capture_default_str();
  command.add_option("--durability", options->durability, "disk, os, memory")->delimiter(',')->transform(CLI::CheckedTransformer(levels));
  command.add_option("--backend", options->backend, "automatic, mixed, io_uring or pwritev2; bare loops always write by pwritev2")->transform(CLI::CheckedTransformer(backends));
  command.add_option("--rate", options->rate, "Events a second of the open loops")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--seconds", options->seconds, "Of each loop")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_flag("--audit", options->audit, "SHA-256 over blocks instead of XXH3");
  add_peers_option(command, options->peers);
  on_chosen(command, options, action, &measure);
}

}  // namespace pawl::bench
