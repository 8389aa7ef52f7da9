// pawl-bench rules: ns per event of a rule set over the fields of an event, in batches of a tile and one by one; of a model of trees, beside
// libxgboost; and of patterns with open runs. With --peers all also the
// handbook's rules over payments with their features, beside other engines that must give the same alerts.
#include <fmt/format.h>

#include "commands.hpp"
#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/random.hpp"
#include "harness/runs.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/rules/decide.hpp"
#include "pawl/io/memory.hpp"
#include "peers/choice.hpp"
#include "rules/engines.hpp"
#include "rules/models.hpp"
#include "rules/patterns.hpp"
#include "rules/rule_set.hpp"

namespace pawl::bench {
namespace {

struct Options : Common {
  std::int64_t events = 200'000;
  std::size_t rules = 1000;
  std::size_t fields = 32;
  PatternLoad patterns;
  std::int64_t peer_events = 300'000;
  Peers peers = Peers::none;
};

io::Region map(std::size_t bytes) { return or_fail(io::Region::map({.bytes = bytes, .best_pages = io::Pages::transparent_huge})); }

// A ring full of events, round and round, and the firings that one round must give.
class Samples {
 public:
  static constexpr std::size_t slots = 4096;

  Samples(const RuleSet& rules, const EventSchema& schema) : slot_bytes_(slot_bytes(schema.payload_bytes)), memory_(map(slots * slot_bytes_)), expected_(rules.size()) {
    std::uint64_t random = 7;
    std::vector<std::int64_t> fields(rules.fields());
    for (std::size_t s = 0; s < slots; ++s) {
      std::byte* const slot = memory_.bytes().data() + s * slot_bytes_;
      begin_event(schema, slot);
      write_number(schema, slot, 0, static_cast<std::int64_t>(s));
      for (std::size_t f = 0; f < fields.size(); ++f) {
        fields[f] = static_cast<std::int64_t>(next_random(random) % (f < 8 ? 16 : RuleSet::value_max));
        write_number(schema, slot, f + 1, fields[f]);
      }
      for (std::size_t rule = 0; rule < rules.size(); ++rule) expected_[rule] += rules.fires(rule, fields) ? 1U : 0U;
    }
  }
  [[nodiscard]] SlotView view() const noexcept { return {memory_.bytes().data(), slot_bytes_, slots - 1}; }
  [[nodiscard]] const std::vector<std::uint64_t>& expected_per_round() const noexcept { return expected_; }

 private:
  std::size_t slot_bytes_;
  io::Region memory_;
  std::vector<std::uint64_t> expected_;
};

// ns per event of `rounds` rounds over the samples, `batch` events a call. Every rule must have fired as often as its definition says.
double run(const language::Pipeline& pipeline, const Samples& samples, std::int64_t rounds, Sequence batch) {
  const rules::Plan plan = rules::make_plan(pipeline);
  const rules::DecisionLayout layout(plan, {});
  const io::Region records = map(limits::tile_events * layout.record_bytes());
  constexpr std::size_t tile_count = Samples::slots / limits::tile_events;
  const std::size_t columns = std::max<std::size_t>(plan.feature_columns, 1);
  const io::Region cells = map(state::Tiles::memory_bytes(columns, tile_count));
  const state::Tiles tiles(cells.bytes(), columns, tile_count);
  rules::Decide decide(plan, layout);
  const Sequence events = rounds * static_cast<Sequence>(Samples::slots);
  const std::int64_t start = now_ns();
  for (Sequence s = 0; s < events; s += batch) {
    decide.run(samples.view(), tiles, s, s + batch - 1, [&](std::size_t i) { return records.bytes().data() + i * layout.record_bytes(); });
  }
  const double ns = static_cast<double>(now_ns() - start) / static_cast<double>(events);
  for (std::size_t rule = 0; rule < pipeline.rules.size(); ++rule) {
    if (decide.firings()[rule] != samples.expected_per_round()[rule] * static_cast<std::uint64_t>(rounds)) fail(fmt::format("rules: r{} fired wrongly", rule));
  }
  return ns;
}

void measure(const Options& options, Outcome& outcome) {
  const RuleSet set(options.rules, options.fields);
  const language::Checked checked = language::check(set.pipeline(), "rules");
  if (!checked.pipeline) fail("the rule set does not check");
  const Samples samples(set, checked.pipeline->events.front());
  const std::int64_t rounds = std::max<std::int64_t>(options.events / static_cast<std::int64_t>(Samples::slots), 1);
  const std::string group = fmt::format("{} rules over {} fields", options.rules, options.fields);
  const auto contender = [&](const char* name, std::int64_t times, Sequence batch) {
    return Contender{{.group = group, .name = name, .unit = "ns/event", .higher_is_better = false},
                     [&, times, batch] { return run(*checked.pipeline, samples, times, batch); }};
  };
  run_interleaved({contender("batches of 64", rounds, 64), contender("one by one", std::max<std::int64_t>(rounds / 8, 1), 1)}, options.runs, outcome);
  std::uint64_t firings = 0;
  for (const std::uint64_t rule : samples.expected_per_round()) firings += rule;
  outcome.notes.push_back(fmt::format("{:.2f} % of rules fire on an event; the firings of each rule agree with its definition. One thread; includes records and digest.",
                                      static_cast<double>(firings) * 100 / static_cast<double>(Samples::slots * options.rules)));
  measure_models(options.events, options.runs, outcome);
  measure_patterns(options.patterns, options.runs, outcome);
  if (options.peers == Peers::all) measure_rule_engines(options.peer_events, options.directory, options.runs, outcome);
  compare_with_best_peer(outcome);
}

}  // namespace

void add_rules(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("rules", "A realistic rule set over the fields of an event");
  command.add_option("--events", options->events, "Of each run")->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 32))->capture_default_str();
  command.add_option("--rules", options->rules, "How many")->check(CLI::Range(1, 4096))->capture_default_str();
  command.add_option("--fields", options->fields, "Of the event")->check(CLI::Range(9, 250))->capture_default_str();
  command.add_option("--patterns", options->patterns.patterns, "Of three steps")->check(CLI::Range(1, 4096))->capture_default_str();
  command.add_option("--pattern-keys", options->patterns.keys, "With open runs")->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 24))->capture_default_str();
  command.add_option("--pattern-events", options->patterns.events, "Of each run of the patterns")->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 32))->capture_default_str();
  command.add_option("--peer-events", options->peer_events, "Payments beside other engines, with --peers all")->check(CLI::Range(1000, 50'000'000))->capture_default_str();
  add_peers_option(command, options->peers);
  on_chosen(command, options, action, &measure);
}

}  // namespace pawl::bench
