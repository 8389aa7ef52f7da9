// pawl-bench windows: ns per event of the windows stage, group by group, beside a bare loop that touches as many cache lines.
//
//   handbook   the features of the fraud-detection handbook: 5,000 customers, 10,000 terminals, 9,600 payments a day
//   wide       {count, sum, avg} over 4 windows that hold 1, 8, 32 and 128 events of each of --keys keys: the case of far memory
//   whole      the same with stddev, min and max
//   disorder   the windows of `wide` and `whole` over a stream with late payments, in their true places
//   streams    the core of the Yahoo streaming benchmark, and the Markov chain of DSPBench as an operator of one's own
//   one key    sliding sums and maxima over up to --held events, and the worst single event of a maximum
//
// With --peers all also the payments of `pawl gen payments` through 15 features, beside other engines that must say the same.
#include <fmt/format.h>

#include <array>
#include <span>

#include "commands.hpp"
#include "harness/fail.hpp"
#include "harness/runs.hpp"
#include "peers/choice.hpp"
#include "windows/engines.hpp"
#include "windows/sliding.hpp"
#include "windows/stage_run.hpp"
#include "windows/streams.hpp"

namespace pawl::bench {
namespace {

struct Options : Common {
  std::int64_t events = 4'000'000;  // of the handbook's stream; its last quarter is measured
  std::uint64_t keys = 100'000;
  std::int64_t held = std::int64_t{4} << 20;
  std::int64_t peer_events = 300'000;
  bool no_wide = false, no_whole = false, no_handbook = false, no_one_key = false, no_streams = false, no_disorder = false;
  std::int64_t stream_events = 20'000'000;
  Peers peers = Peers::none;
};

constexpr std::string_view event = "event Payment { id: int, at: time, customer: int, terminal: int, amount: money, fraud: bool }\n";

std::string handbook() {
  std::string text = "pipeline \"handbook\" version 1\n" + std::string(event);
  int lets = 0;
  const auto let = [&](const char* expression) { text += fmt::format("let f{} = {}\n", lets++, expression); };
  for (const char* days : {"1d", "7d", "30d"}) {
    let(fmt::format("count(per customer, {})", days).c_str());
    let(fmt::format("sum(amount per customer, {})", days).c_str());
    let(fmt::format("count(per terminal, {} delayed 7d)", days).c_str());
    let(fmt::format("count(per terminal, {} delayed 7d where fraud)", days).c_str());
  }
  for (const char* expression :
       {"avg(amount per customer, 7d)", "share(fraud per terminal, 7d delayed 7d)", "prior count(per customer, 30d)",
        "prior avg(amount per customer, 30d)", "count(per customer, 1h)", "sum(amount per customer, 1h)",
        "prior count(per customer, 1h where amount < 2.00)", "prior last(terminal per customer, since start)",
        "prior last(at per customer, since start)", "distinct(customer per terminal, 1h)"}) {
    let(expression);
  }
  return text;
}

// Windows that hold `held` events of a key in the mean: keys come round every `keys` steps of a microsecond.
std::string wide(std::uint64_t keys, std::span<const char* const> kinds, Duration apart = 1'000, std::string_view declared = event) {
  std::string text = "pipeline \"wide\" version 1\n" + std::string(declared);
  int span = 0;
  for (const std::uint64_t held : std::array<std::uint64_t, 4>{1, 8, 32, 128}) {
    const std::uint64_t milliseconds = std::max<std::uint64_t>(held * keys * static_cast<std::uint64_t>(apart) / 1'000'000, 1);
    for (const char* kind : kinds) text += fmt::format("let s{} = {}per customer, {}ms)\n", span++, kind, milliseconds);
  }
  return text;
}

constexpr std::array sums_and_counts{"count(", "sum(amount ", "avg(amount "};
constexpr std::array all_kinds{"count(", "sum(amount ", "avg(amount ", "stddev(amount ", "min(amount ", "max(amount "};

struct Case {
  std::string name;
  Stream stream;
};

// A bucket, the record at each edge, and of a ring where entries are added and where each edge stands.
std::size_t far_lines(const window::GroupSummary& group) { return 1 + group.edges + (group.ring_entry_bytes == 0 ? 0 : 1 + group.edges); }

void measure_case(const Case& one, int runs, Outcome& outcome) {
  const language::Checked checked = language::check(one.stream.pipeline, one.name);
  if (!checked.pipeline) fail("the pipeline of " + one.name + " does not check");
  const auto all = features_of(*checked.pipeline);
  const auto groups = or_fail(window::plan(*checked.pipeline, all));
  const auto expected = last_values(one.stream, *all[1].aggregate);
  const std::string table = "windows, " + one.name;
  const auto row = [&](std::string name, std::string base) {
    return Series{.group = table, .name = std::move(name), .unit = "ns/event", .higher_is_better = false, .base = std::move(base), .base_label = "K"};
  };
  std::vector<Series> rows;
  for (const window::GroupSummary& group : groups) {
    const std::string lines = fmt::format("K: bare loop of {} + {} lines, per {}", group.record_bytes / 64, far_lines(group), group.key[0]);
    rows.push_back(row(fmt::format("group per {}, batches of 256", group.key[0]), lines));
    rows.push_back(row(fmt::format("group per {}, one by one", group.key[0]), lines));
    rows.push_back(row(lines, ""));
  }
  rows.push_back(row("all groups, batches of 256", ""));
  rows.push_back(row("all groups, one by one", ""));
  for (Rounds rounds(table, runs, outcome); rounds.next();) {
    std::size_t next = 0;
    const auto add = [&](double value) { rows[next++].values.push_back(value); };
    for (const window::GroupSummary& group : groups) {
      std::vector<window::FeatureSpec> features;
      for (const std::size_t feature : group.features) features.push_back(all[feature]);
      const StageRun::Cost cost = StageRun(*checked.pipeline, features, one.stream).run();
      const std::uint64_t keys = group.key[0] == "customer" ? one.stream.customers : one.stream.terminals;
      add(cost.batched);
      add(cost.singly);
      add(bare_lines_ns(keys, group.record_bytes / 64, far_lines(group), keys * group.record_bytes / 64, one.stream.measured));
    }
    StageRun whole(*checked.pipeline, all, one.stream);
    const StageRun::Cost cost = whole.run();
    if (whole.last_cell(all[0].column) != expected.count || whole.last_cell(all[1].column) != expected.sum) fail("windows: a wrong count or sum");
    add(cost.batched);
    add(cost.singly);
  }
  for (Series& series : rows) outcome.series.push_back(std::move(series));
}

// A thousand payments a second, in order, or one in ten late by up to a minute; and windows that take late ones in where they belong, or cannot.
void measure_disorder(const std::string& name, std::uint64_t keys, std::span<const char* const> kinds, int runs, Outcome& outcome) {
  constexpr Duration apart = one_second / 1000, minute = 60 * one_second;
  constexpr std::string_view late_event = "event Payment late 1m { id: int, at: time, customer: int, terminal: int, amount: money, fraud: bool }\n";
  const auto events = static_cast<std::int64_t>(keys) * 136;
  const Stream ordered{.pipeline = wide(keys, kinds, apart), .customers = keys, .terminals = 10'000, .step = apart, .events = events, .measured = events / 17};
  Stream declared = ordered;
  declared.pipeline = wide(keys, kinds, apart, late_event);
  Stream disordered = declared;
  disordered.late_in = 10;
  disordered.late_by = minute;
  const std::string table = fmt::format("windows, disorder, {} keys, {}", keys, name), base = "in order, not `late`";
  const auto row = [&](std::string what, bool compared) {
    return Series{.group = table, .name = std::move(what), .unit = "ns/event", .higher_is_better = false, .base = compared ? base : "", .base_label = "in order"};
  };
  std::vector<Series> rows{row(base, false), row("in order, `late 1m`", true), row("one in ten late by up to a minute, `late 1m`", true)};
  const std::array<const Stream*, 3> streams{&ordered, &declared, &disordered};
  for (Rounds rounds(table, runs, outcome); rounds.next();) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const language::Checked checked = language::check(streams[i]->pipeline, table);
      if (!checked.pipeline) fail("the pipeline of " + table + " does not check");
      const auto features = features_of(*checked.pipeline);
      StageRun run(*checked.pipeline, features, *streams[i]);
      rows[i].values.push_back(run.run().batched);
      const LastValues expected = last_values(*streams[i], *features[1].aggregate);
      if (run.last_cell(features[0].column) != expected.count || run.last_cell(features[1].column) != expected.sum) fail("windows: a wrong count or sum of late payments");
    }
  }
  for (Series& series : rows) outcome.series.push_back(std::move(series));
}

void measure(const Options& options, Outcome& outcome) {
  if (!options.no_handbook) {
    const std::int64_t events = options.events;
    measure_case({"handbook", {handbook(), 5'000, 10'000, 9 * one_second, events, events / 4}}, options.runs, outcome);
  }
  const auto keys = static_cast<std::int64_t>(options.keys);
  if (!options.no_wide) {
    const std::string name = fmt::format("{} keys, 4 windows of 1, 8, 32, 128 events", keys);
    measure_case({name, {wide(options.keys, sums_and_counts), options.keys, 10'000, 1'000, keys * 136, keys * 8}}, options.runs, outcome);
  }
  if (!options.no_whole) {
    const std::string name = fmt::format("{} keys, 4 windows of 1, 8, 32, 128 events, with stddev, min, max", keys);
    measure_case({name, {wide(options.keys, all_kinds), options.keys, 10'000, 1'000, keys * 136, keys * 8}}, options.runs, outcome);
  }
  if (!options.no_disorder) {
    for (const std::uint64_t few : {options.keys, std::max<std::uint64_t>(options.keys / 100, 100)}) {
      measure_disorder("count, sum, avg", few, sums_and_counts, options.runs, outcome);
      measure_disorder("all", few, all_kinds, options.runs, outcome);
    }
  }
  if (!options.no_streams) measure_streams(options.stream_events, options.runs, outcome);
  if (!options.no_one_key) measure_sliding(options.held, options.runs, outcome);
  outcome.notes.emplace_back("Processor time of one thread. K touches the lines of a record, one of another record for each edge, one for each place in the key's ring and a bucket, with the best prefetch.");
  if (options.peers == Peers::all) measure_window_engines(options.peer_events, options.directory, options.runs, outcome);
  compare_with_best_peer(outcome);
}

}  // namespace

void add_windows(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  options->runs = 3;
  CLI::App& command = *app.add_subcommand("windows", "The windows stage alone, beside bare loops over as many cache lines");
  command.add_option("--events", options->events, "Of the handbook's stream; the last quarter is measured")->check(CLI::Range(1024, 1 << 30))->capture_default_str();
  command.add_option("--keys", options->keys, "Of the wide case, which takes 136 events of each")->check(CLI::Range(100, 10'000'000))->capture_default_str();
  command.add_flag("--no-wide", options->no_wide, "Without the wide case");
  command.add_option("--held", options->held, "Events of the largest window of one key")->check(CLI::Range(1024, 1 << 28))->capture_default_str();
  command.add_flag("--no-whole", options->no_whole, "Without the wide case with stddev, min and max");
  command.add_flag("--no-one-key", options->no_one_key, "Without the windows of one key");
  command.add_flag("--no-disorder", options->no_disorder, "Without late payments");
  command.add_flag("--no-streams", options->no_streams, "Without the streams of other benchmarks");
  command.add_option("--stream-events", options->stream_events, "Of these streams; the second half is measured")->check(CLI::Range(100'000, 1 << 30))->capture_default_str();
  command.add_flag("--no-handbook", options->no_handbook, "Without the handbook's features");
  command.add_option("--peer-events", options->peer_events, "Payments beside other engines, with --peers all")->check(CLI::Range(1000, 50'000'000))->capture_default_str();
  add_peers_option(command, options->peers);
  on_chosen(command, options, action, &measure);
}

}  // namespace pawl::bench
