#include "rules/engines.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/scratch.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/rules/decide.hpp"
#include "pawl/io/memory.hpp"
#include "peers/engines.hpp"
#include "rules/handbook_rules.hpp"

namespace pawl::bench {
namespace {

constexpr Sequence per_call = limits::tile_events;

io::Region mapped(std::size_t bytes) { return or_fail(io::Region::map({.bytes = bytes, .prefault = true})); }

// By the rules' definitions.
Sums alerts_of(const std::vector<Scored>& payments) {
  Sums sums;
  for (const HandbookRule& rule : handbook_rules()) {
    std::uint64_t& sum = sums[rule.name];
    for (const Scored& payment : payments) sum += weighted(payment.id, rule.fires(payment) ? 1 : 0);
  }
  return sums;
}

// Our decide over payments with their features: from memory through slots to records, in batches of a tile on one thread.
class DecideRun {
 public:
  explicit DecideRun(const language::Pipeline& pipeline)
      : pipeline_(pipeline), type_(or_fail(event_type_in<Scored>(pipeline.events.front()))), plan_(rules::make_plan(pipeline)), layout_(plan_, {}),
        slot_bytes_(slot_bytes(pipeline.events.front().payload_bytes)), slots_(mapped(per_call * slot_bytes_)), records_(mapped(per_call * layout_.record_bytes())),
        cells_(mapped(state::Tiles::memory_bytes(1, 1))), tiles_(cells_.bytes(), 1, 1) {}

  // Seconds of one pass; the alerts go to `sums`.
  double pass(const std::vector<Scored>& payments, Sums& sums) {
    std::vector<std::uint64_t> alerts(pipeline_.rules.size());
    rules::Decide decide(plan_, layout_);
    const auto count = static_cast<Sequence>(payments.size());
    const std::int64_t start = now_ns();
    for (Sequence first = 0; first < count; first += per_call) {
      const Sequence end = std::min(first + per_call, count);
      for (Sequence s = first; s < end; ++s) encode(payments[static_cast<std::size_t>(s)], type_, slots_.bytes().data() + static_cast<std::size_t>(s - first) * slot_bytes_);
      const std::size_t records = decide.run({slots_.bytes().data(), slot_bytes_, per_call - 1}, tiles_, first, end - 1, [&](std::size_t i) { return record(i); });
      for (std::size_t i = 0; i < records; ++i) add(rules::Decision(record(i), layout_), alerts);
    }
    const double seconds = seconds_since(start);
    for (std::size_t rule = 0; rule < alerts.size(); ++rule) sums[pipeline_.rules[rule].name] = alerts[rule];
    return seconds;
  }

 private:
  [[nodiscard]] std::byte* record(std::size_t i) const { return records_.bytes().data() + i * layout_.record_bytes(); }

  static void add(const rules::Decision& decision, std::vector<std::uint64_t>& alerts) {
    if (!decision.any_fired()) return;
    for (std::size_t rule = 0; rule < alerts.size(); ++rule) alerts[rule] += decision.fired(rule) ? weighted(decision.id(), 1) : 0;
  }

  const language::Pipeline& pipeline_;
  std::uint16_t type_;
  rules::Plan plan_;
  rules::DecisionLayout layout_;
  std::size_t slot_bytes_;
  io::Region slots_, records_, cells_;
  state::Tiles tiles_;
};

}  // namespace

void measure_rule_engines(std::int64_t payments, const std::string& directory, int runs, Outcome& outcome) {
  const language::Checked checked = language::check(handbook_rules_pipeline(), "handbook rules");
  if (!checked.pipeline) fail("the handbook's rules do not check: " + checked.diagnostics.front().message);
  const Scratch scratch(directory);
  const std::vector<Scored> all = scored_payments(payments);
  const EngineTable table{.subcommand = "rules",
                          .group = fmt::format("rules beside other engines: {} of the handbook over {} payments with features", handbook_rules().size(), payments),
                          .ours = "pawl, one thread, batches of 64",
                          .payments = payments,
                          .file = scratch.path("scored.csv"),
                          .directory = directory,
                          .expected = alerts_of(all)};
  write_scored(all, table.file);
  DecideRun ours(*checked.pipeline);
  const auto pass = [&] {
    Sums sums;
    const double seconds = ours.pass(all, sums);
    if (sums != table.expected) fail("rules: our alerts are not those of the rules' definitions");
    return seconds;
  };
  pass();
  measure_beside_engines(table, pass, runs, outcome);
}

}  // namespace pawl::bench
