#include "rules/patterns.hpp"

#include <fmt/format.h>

#include <numeric>
#include <string>
#include <vector>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/random.hpp"
#include "harness/runs.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/rules/decide.hpp"
#include "rules/map_huge.hpp"

namespace pawl::bench {
namespace {

constexpr std::int64_t step_kinds = 10'000;  // kinds of step i are i * step_kinds + pattern; others are of no step
constexpr Duration within = 3600 * one_second;

std::string pipeline_text(std::size_t patterns) {
  std::string text = "pipeline \"patterns\" version 1\nevent Sample { at: time, key: int, kind: int, amount: int }\n";
  for (std::size_t p = 0; p < patterns; ++p) {
    text += fmt::format("rule p{0} {{ pattern a: Sample(kind = {0}) then b: Sample(kind = {1} and amount > a.amount) then Sample(kind = {2}) within 1h per key then score 1 }}\n", p,
                        step_kinds + static_cast<std::int64_t>(p), 2 * step_kinds + static_cast<std::int64_t>(p));
  }
  return text;
}

struct Sample { std::int64_t at, key, kind, amount; };

// First each key gets its open runs; then 5 % of events start one, 10 % fit a second step, 10 % a third.
class PatternSamples {
 public:
  explicit PatternSamples(const PatternLoad& load) : load_(load) {}

  Sample next() {
    const auto pattern = static_cast<std::int64_t>(next_random(random_) % load_.patterns);
    Sample sample{.at = made_ * 1000, .key = made_ % load_.keys, .kind = pattern, .amount = static_cast<std::int64_t>(next_random(random_) % 100)};
    if (made_++ < filling()) return sample;
    sample.key = static_cast<std::int64_t>(next_random(random_) % static_cast<std::uint64_t>(load_.keys));
    const std::uint64_t share = next_random(random_) % 100;
    sample.kind += share < 5 ? 0 : share < 15 ? step_kinds : share < 25 ? 2 * step_kinds : 3 * step_kinds;
    return sample;
  }
  [[nodiscard]] std::int64_t filling() const noexcept { return load_.keys * load_.runs_per_key; }

 private:
  const PatternLoad& load_;
  std::uint64_t random_ = 11;
  std::int64_t made_ = 0;
};

// By definition: a list of runs per key.
std::vector<std::uint64_t> expected_firings(const PatternLoad& load) {
  struct Run { std::int64_t pattern, step, first, amount; };
  std::vector<std::vector<Run>> runs(static_cast<std::size_t>(load.keys));
  std::vector<std::uint64_t> fired(load.patterns);
  PatternSamples samples(load);
  for (std::int64_t i = samples.filling() + load.events; i > 0; --i) {
    const Sample sample = samples.next();
    const std::int64_t step = sample.kind / step_kinds, pattern = sample.kind % step_kinds;
    std::vector<Run>& open = runs[static_cast<std::size_t>(sample.key)];
    std::erase_if(open, [&](const Run& run) { return sample.at - run.first > within; });
    if (step == 0) open.push_back({pattern, 0, sample.at, sample.amount});
    bool fires = false;
    for (Run& run : open) {
      if (step == 0 || run.pattern != pattern || run.step != step - 1) continue;
      if (step == 1 && sample.amount <= run.amount) continue;
      run.step = step;
      fires = fires || step == 2;
    }
    if (fires) ++fired[static_cast<std::size_t>(pattern)], std::erase_if(open, [&](const Run& run) { return run.pattern == pattern; });
  }
  return fired;
}

class Machine {
 public:
  Machine(const language::Pipeline& pipeline, const PatternLoad& load)
      : schema_(pipeline.events.front()), plan_(rules::make_plan(pipeline)), layout_(plan_, {}), slot_bytes_(slot_bytes(schema_.payload_bytes)),
        slots_(map_huge(slots * slot_bytes_)), records_(map_huge(limits::tile_events * layout_.record_bytes())), cells_(map_huge(state::Tiles::memory_bytes(1, 2))),
        tiles_(cells_.bytes(), 1, 2), limits_{.keys_max = static_cast<std::uint64_t>(load.keys), .entries_max = static_cast<std::uint64_t>(load.keys) * 64, .distinct_max = 1},
        state_(map_huge(rules::Decide::memory_bytes(plan_, limits_))), decide_(plan_, layout_, limits_, state_.bytes()) {}

  void feed(PatternSamples& samples, std::int64_t events, bool timed) {
    for (std::int64_t done = 0; done < events;) {
      const std::int64_t count = std::min<std::int64_t>(events - done, static_cast<std::int64_t>(slots));
      for (std::int64_t i = 0; i < count; ++i) write(samples.next(), static_cast<std::size_t>(i));
      const std::int64_t start = now_ns();
      for (std::int64_t i = 0; i < count; i += static_cast<std::int64_t>(limits::tile_events)) decide(i, std::min<std::int64_t>(count, i + static_cast<std::int64_t>(limits::tile_events)));
      if (timed) ns_ += now_ns() - start;
      done += count;
    }
  }
  [[nodiscard]] std::int64_t ns() const noexcept { return ns_; }
  [[nodiscard]] const rules::Decide& decided() const noexcept { return decide_; }

 private:
  static constexpr std::size_t slots = 4096;

  void write(const Sample& sample, std::size_t slot) {
    std::byte* const at = slots_.bytes().data() + slot * slot_bytes_;
    begin_event(schema_, at);
    write_number(schema_, at, 0, sample.at);
    write_number(schema_, at, 1, sample.key);
    write_number(schema_, at, 2, sample.kind);
    write_number(schema_, at, 3, sample.amount);
  }
  void decide(std::int64_t first, std::int64_t end) {
    const SlotView view{slots_.bytes().data(), slot_bytes_, static_cast<Sequence>(slots) - 1};
    const Sequence last = sequence_ + (end - first) - 1;
    decide_.run(view, tiles_, sequence_, last, [&](std::size_t i) { return records_.bytes().data() + i * layout_.record_bytes(); });
    sequence_ = last + 1;
  }

  const EventSchema& schema_;
  rules::Plan plan_;
  rules::DecisionLayout layout_;
  std::size_t slot_bytes_;
  io::Region slots_, records_, cells_;
  state::Tiles tiles_;
  window::StateLimits limits_;
  io::Region state_;
  rules::Decide decide_;
  Sequence sequence_ = 0;
  std::int64_t ns_ = 0;
};

double run(const language::Pipeline& pipeline, const PatternLoad& load, const std::vector<std::uint64_t>& expected) {
  Machine machine(pipeline, load);
  PatternSamples samples(load);
  machine.feed(samples, samples.filling(), false);
  machine.feed(samples, load.events, true);
  for (std::size_t p = 0; p < load.patterns; ++p) {
    if (machine.decided().firings()[p] != expected[p]) fail(fmt::format("patterns: p{} fired {} times instead of {}", p, machine.decided().firings()[p], expected[p]));
  }
  return static_cast<double>(machine.ns()) / static_cast<double>(load.events);
}

}  // namespace

void measure_patterns(const PatternLoad& wanted, int runs, Outcome& outcome) {
  PatternLoad load = wanted;  // whole tiles, so that a ring begins where a tile does
  constexpr std::int64_t ring = 4096;
  load.keys = (load.keys + ring - 1) / ring * ring;
  load.events = (load.events + ring - 1) / ring * ring;
  const language::Checked checked = language::check(pipeline_text(load.patterns), "patterns");
  if (!checked.pipeline) fail("the patterns do not check");
  // Runs of a million keys hardly ever end within the load, so the same patterns also have to fire as they should on few keys, untimed.
  const PatternLoad few{.patterns = load.patterns, .keys = ring, .runs_per_key = load.runs_per_key, .events = 128 * ring};
  const std::vector<std::uint64_t> expected = expected_firings(load), expected_of_few = expected_firings(few);
  run(*checked.pipeline, few, expected_of_few);
  const std::uint64_t firings = std::reduce(expected.begin(), expected.end()), firings_of_few = std::reduce(expected_of_few.begin(), expected_of_few.end());
  if (firings_of_few == 0) fail("the patterns do not fire on few keys");
  const std::string group = fmt::format("{} patterns of three steps, {} keys, {} open runs per key", load.patterns, load.keys, load.runs_per_key);
  run_interleaved({Contender{{.group = group, .name = "batches of 64", .unit = "ns/event", .higher_is_better = false},
                             [&] { return run(*checked.pipeline, load, expected); }}},
                  runs, outcome);
  outcome.notes.push_back(fmt::format("Patterns: 5 % of events start a run, 10 % fit a second step, 10 % a third; {} firings, and {} of {} keys, those of a plain list of runs per key, rule by rule. "
                                      "One thread; includes conditions, records and digest.", firings, firings_of_few, few.keys));
}

}  // namespace pawl::bench
