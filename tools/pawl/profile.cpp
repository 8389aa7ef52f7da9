#include "pawl/profile.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "pawl/core/language/print.hpp"
#include "pawl/core/language/steps_read.hpp"
#include "pawl/core/language/visit.hpp"
#include "pawl/core/rules/decide.hpp"
#include "pawl/core/rules/plan_without.hpp"
#include "pawl/core/window/windows.hpp"
#include "pawl/io/memory.hpp"

namespace pawl::tools {
namespace {

using language::Expr;
using language::Op;
using language::Pipeline;
using window::FeatureSpec;

constexpr Sequence batch = static_cast<Sequence>(limits::tile_events);
constexpr std::size_t noise_every = 16;  // comparisons of others between two of the whole with itself

// Memory that is used again and again: zeroed between, without faults of pages while something is measured.
class Memory {
 public:
  Result<std::span<std::byte>> zeroed(std::size_t bytes) {
    bytes = std::max<std::size_t>(bytes, 4096);
    if (region_.bytes().size() < bytes) {
      auto mapped = io::Region::map({.bytes = bytes, .best_pages = io::Pages::transparent_huge});
      if (!mapped.ok()) return std::move(mapped).error();
      region_ = *std::move(mapped);
    } else {
      std::memset(region_.bytes().data(), 0, bytes);
    }
    return region_.bytes().first(bytes);
  }

 private:
  io::Region region_;
};

std::int64_t bytes_held(std::span<const std::byte> memory) {
  constexpr std::size_t line = limits::cache_line_bytes;
  static constexpr std::byte nothing[line]{};
  std::int64_t held = 0;
  for (std::size_t at = 0; at + line <= memory.size(); at += line) held += std::memcmp(memory.data() + at, nothing, line) != 0 ? std::int64_t{line} : 0;
  return held;
}

// The events, decoded, as slots of a ring that is large enough for all.
class Stream {
 public:
  static Result<Stream> read(const Pipeline& pipeline, std::size_t event, csv::Source& rows, std::int64_t events_max) {
    Stream stream;
    stream.slot_bytes_ = slot_bytes(pipeline.events[event].payload_bytes);
    stream.slots_ = std::bit_ceil(static_cast<std::size_t>(events_max));
    auto mapped = io::Region::map({.bytes = stream.slots_ * stream.slot_bytes_, .best_pages = io::Pages::small, .prefault = false});
    if (!mapped.ok()) return std::move(mapped).error();
    stream.memory_ = *std::move(mapped);
    while (stream.events_ < events_max) {
      const csv::Source::Next next = rows.next(stream.memory_.bytes().data() + static_cast<std::size_t>(stream.events_) * stream.slot_bytes_);
      if (next == csv::Source::Next::failed) return rows.error();
      if (next == csv::Source::Next::end) break;
      if (next == csv::Source::Next::row) ++stream.events_;
      if (next == csv::Source::Next::not_yet) rows.wait();
    }
    return stream;
  }

  [[nodiscard]] Sequence events() const noexcept { return events_; }
  [[nodiscard]] SlotView view() const { return {memory_.bytes().data(), slot_bytes_, static_cast<Sequence>(slots_) - 1}; }

 private:
  io::Region memory_;
  std::size_t slot_bytes_ = 0, slots_ = 0;
  Sequence events_ = 0;
};

struct Counts {
  window::GroupCounters group;            // of the first
  std::uint64_t refused = 0;
  std::vector<std::uint64_t> firings;     // by rule
};

// What is measured: windows of these features, and decide of the plan behind them or not.
struct Subject {
  const rules::Plan& plan;
  std::span<const FeatureSpec> features;
  bool with_decide = false;
};

class Meter {
 public:
  // Both outlive it.
  Meter(const Pipeline& pipeline, const Stream& stream, int passes) : pipeline_(pipeline), stream_(stream), passes_(passes) {
    const std::uint64_t room = std::bit_ceil(std::max<std::uint64_t>(static_cast<std::uint64_t>(stream.events()), 1 << 12));
    limits_ = {.keys_max = room, .entries_max = 4 * room, .distinct_max = 2 * room};
  }

  // Pass by pass in turn, so that both have the same share of what the machine does besides.
  Result<std::pair<Cost, Cost>> compare(const Subject& one, const Subject& other) {
    Fastest of_one(batches()), of_other(batches());
    std::pair<Cost, Cost> costs;
    for (int i = 0; i < passes_; ++i) {
      if (auto passed = pass(other, of_other, i == 0 ? &costs.second : nullptr); !passed.ok()) return std::move(passed).error();
      if (auto passed = pass(one, of_one, i == 0 ? &costs.first : nullptr); !passed.ok()) return std::move(passed).error();
    }
    add_ns(of_one, costs.first);
    add_ns(of_other, costs.second);
    return costs;
  }

  // Of the last `one`.
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

 private:
  // By batch.
  struct Fastest {
    explicit Fastest(std::size_t batches) : windows_ns(batches, INT64_MAX), decide_ns(batches, INT64_MAX) {}
    std::vector<std::int64_t> windows_ns, decide_ns;
  };

  [[nodiscard]] std::size_t batches() const noexcept { return static_cast<std::size_t>((stream_.events() + batch - 1) / batch); }

  void add_ns(const Fastest& fastest, Cost& cost) const {
    const auto events = static_cast<double>(stream_.events());
    for (const std::int64_t ns : fastest.windows_ns) cost.windows_ns += static_cast<double>(ns) / events;
    for (const std::int64_t ns : fastest.decide_ns) cost.decide_ns += ns == INT64_MAX ? 0 : static_cast<double>(ns) / events;
  }

  // From empty state. `cost`: where bytes and counts are wanted.
  Result<void> pass(const Subject& subject, Fastest& fastest, Cost* cost) {
    const auto& [plan, features, with_decide] = subject;
    const auto window_bytes = window::memory_bytes(pipeline_, features, limits_);
    if (!window_bytes.ok()) return window_bytes.error();
    const auto state = state_.zeroed(*window_bytes);
    if (!state.ok()) return state.error();
    const auto remembered = remembered_.zeroed(rules::Decide::memory_bytes(plan, limits_));
    if (!remembered.ok()) return remembered.error();
    const auto cells = cells_.zeroed(state::Tiles::memory_bytes(std::max<std::size_t>(plan.feature_columns, 1), 2));
    if (!cells.ok()) return cells.error();
    const rules::DecisionLayout layout(plan, {});
    const auto records = records_.zeroed(limits::tile_events * layout.record_bytes());
    if (!records.ok()) return records.error();
    state::Tiles tiles(*cells, std::max<std::size_t>(plan.feature_columns, 1), 2);
    auto windows = window::Windows::make(pipeline_, features, limits_, *state);
    if (!windows.ok()) return std::move(windows).error();
    rules::Decide decide(plan, layout, limits_, *remembered);
    run(*windows, tiles, with_decide ? &decide : nullptr, {*records, layout.record_bytes()}, fastest);
    if (cost != nullptr) {
      cost->windows_bytes = features.empty() ? 0 : bytes_held(*state);
      cost->decide_bytes = with_decide ? bytes_held(*remembered) : 0;
      count(*windows, decide);
    }
    return {};
  }

  struct Records {
    std::span<std::byte> memory;
    std::size_t bytes = 0;  // of one
  };

  void run(window::Windows& windows, state::Tiles& tiles, rules::Decide* decide, Records records, Fastest& fastest) {
    using Clock = std::chrono::steady_clock;
    const SlotView slots = stream_.view();
    std::size_t index = 0;
    for (Sequence first = 0; first < stream_.events(); first += batch, ++index) {
      const Sequence last = std::min(first + batch, stream_.events()) - 1;
      const auto begin = Clock::now();
      windows.process(slots, first, last, tiles);
      const auto between = Clock::now();
      fastest.windows_ns[index] = std::min<std::int64_t>(fastest.windows_ns[index], (between - begin).count());
      if (decide == nullptr) continue;
      for (Sequence from = first; from <= last;) {
        const Sequence to = decide->timed() ? decide->span_end(slots, from, last) : last;
        decide->run(slots, tiles, from, to, [&](std::size_t i) { return records.memory.data() + i * records.bytes; });
        while (decide->owes_timed() && decide->next_timed(slots, records.memory.data())) {}
        from = to + 1;
      }
      fastest.decide_ns[index] = std::min<std::int64_t>(fastest.decide_ns[index], (Clock::now() - between).count());
    }
  }

  void count(const window::Windows& windows, const rules::Decide& decide) {
    counts_ = {};
    for (std::size_t i = 0; i < windows.groups(); ++i) {
      const window::GroupCounters counters = windows.counters(i);
      if (i == 0) counts_.group = counters;
      counts_.refused += counters.keys_refused + counters.entries_refused + counters.distinct_refused;
    }
    for (const auto& [name, counters] : decide.remembered()) counts_.refused += counters.refused;
    counts_.refused += decide.runs().runs_refused;
    counts_.firings.assign(decide.firings().begin(), decide.firings().end());
  }

  const Pipeline& pipeline_;
  const Stream& stream_;
  int passes_;
  window::StateLimits limits_;
  Memory state_, remembered_, cells_, records_;
  Counts counts_;
};

// Who reads which expression.
class Users {
 public:
  explicit Users(const Pipeline& pipeline) : pipeline_(pipeline) {
    each_whole([&](const Expr& whole, const std::string& user) {
      language::for_each(whole, [&](const Expr& expr) { add(expr.op == Op::aggregate ? canonical(*expr.aggregate) : canonical(expr), user); });
    });
  }

  [[nodiscard]] const std::vector<std::string>& of(const language::Aggregate& aggregate) const { return users_.at(canonical(aggregate)); }

  // Expressions that several read, but windows, which have a list of their own, and what is only a part of such a one for the same readers.
  [[nodiscard]] std::vector<SharedValue> shared() const {
    std::vector<SharedValue> values;
    std::map<std::string, bool> seen;
    each_whole([&](const Expr& whole, const std::string&) { collect(whole, nullptr, values, seen); });
    return values;
  }

 private:
  template <class Visit>
  void each_whole(Visit visit) const {
    for (const language::Let& let : pipeline_.lets) visit(*let.expr, "let " + let.name);
    for (const language::Model& model : pipeline_.models) {
      for (const auto& input : model.inputs) visit(*input, "model " + model.name);
    }
    for (const language::Rule& rule : pipeline_.rules) {
      language::for_each_whole(rule, [&](const Expr& expr) { visit(expr, "rule " + rule.name); });
    }
  }

  void add(const std::string& text, const std::string& user) {
    std::vector<std::string>& users = users_[text];
    if (users.empty() || users.back() != user) users.push_back(user);
  }

  void collect(const Expr& expr, const std::vector<std::string>* around, std::vector<SharedValue>& values, std::map<std::string, bool>& seen) const {
    if (expr.args.empty()) return;  // a field, a constant, a let, a window
    const std::string text = canonical(expr);
    const std::vector<std::string>& users = users_.at(text);
    const bool is_shared = users.size() > 1 && !language::reads_steps(expr);  // steps of two rules may have one name
    if (is_shared && (around == nullptr || *around != users) && !seen[text]) {
      seen[text] = true;
      values.push_back({print(expr, pipeline_), users});
    }
    for (const auto& arg : expr.args) collect(*arg, is_shared ? &users : nullptr, values, seen);
  }

  const Pipeline& pipeline_;
  std::map<std::string, std::vector<std::string>> users_;  // by canonical text
};

class Profiler {
 public:
  Profiler(const Pipeline& pipeline, const Stream& stream, int passes) : pipeline_(pipeline), plan_(rules::make_plan(pipeline)), users_(pipeline), meter_(pipeline, stream, passes) {
    profile_.events = static_cast<std::uint64_t>(stream.events());
    profile_.shared = users_.shared();
  }

  Result<Profile> run() {
    if (auto measured = whole(); !measured.ok()) return measured.error();
    firings_ = meter_.counts().firings;
    profile_.refused = meter_.counts().refused;
    if (auto measured = groups(); !measured.ok()) return measured.error();
    for (std::size_t i = 0; i < pipeline_.rules.size(); ++i) {
      if (auto measured = rule(i); !measured.ok()) return measured.error();
    }
    if (auto measured = whole(); !measured.ok()) return measured.error();
    return std::move(profile_);
  }

 private:
  [[nodiscard]] Subject all() const { return {plan_, plan_.features, true}; }

  // Beside itself: what differs is noise. The fastest counts.
  Result<void> whole() {
    const auto costs = meter_.compare(all(), all());
    if (!costs.ok()) return costs.error();
    for (const Cost& cost : {costs->first, costs->second}) {
      if (profile_.whole.ns() == 0 || cost.ns() < profile_.whole.ns()) profile_.whole = cost;
    }
    note_noise(costs->first - costs->second);
    others_ = 0;
    return {};
  }

  // The difference between two that do the same.
  void note_noise(const Cost& difference) {
    profile_.noise.windows_ns = std::max(profile_.noise.windows_ns, std::abs(difference.windows_ns));
    profile_.noise.decide_ns = std::max(profile_.noise.decide_ns, std::abs(difference.decide_ns));
  }

  Result<void> groups() {
    const auto summaries = window::plan(pipeline_, plan_.features);
    if (!summaries.ok()) return summaries.error();
    for (const window::GroupSummary& summary : *summaries) {
      std::vector<FeatureSpec> features;
      for (const std::size_t i : summary.features) features.push_back(plan_.features[i]);
      GroupProfile group{.key = key_of(summary), .cost = {}, .features = {}};
      for (std::size_t i = 0; i < features.size(); ++i) {
        if (auto measured = feature(features, i, group); !measured.ok()) return measured;
      }
      profile_.groups.push_back(std::move(group));
    }
    return {};
  }

  Result<void> feature(const std::vector<FeatureSpec>& features, std::size_t i, GroupProfile& group) {
    std::vector<FeatureSpec> others = features;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    const auto costs = meter_.compare({plan_, features}, {plan_, others});
    if (!costs.ok()) return costs.error();
    if (i == 0 || costs->first.ns() < group.cost.ns()) group.cost = costs->first;
    group.keys = meter_.counts().group.keys;
    group.entries = meter_.counts().group.entries;
    group.features.push_back({{print(*features[i].aggregate, pipeline_), users_.of(*features[i].aggregate)}, others.empty() ? costs->first : costs->first - costs->second});
    return {};
  }

  [[nodiscard]] std::string key_of(const window::GroupSummary& summary) const {
    std::string text = "per " + language::print_key(summary.key) + " of ";
    for (std::size_t i = 0; i < summary.on.size(); ++i) text += (i == 0 ? "" : ", ") + pipeline_.events[summary.on[i]].name;
    return text;
  }

  Result<void> rule(std::size_t index) {
    if (++others_ == noise_every) {
      if (auto measured = whole(); !measured.ok()) return measured;
    }
    RuleProfile profile{.name = pipeline_.rules[index].name, .evaluated = plan_.rules[index].evaluated, .saved = {}, .fired = firings_[index]};
    if (profile.evaluated) {
      const rules::Plan rest = rules::make_plan_without(pipeline_, index);
      const auto costs = meter_.compare(all(), {rest, rest.features, true});
      if (!costs.ok()) return costs.error();
      profile.saved = costs->first - costs->second;
      if (rest.features.size() == plan_.features.size()) {  // the same windows
        note_noise({.windows_ns = profile.saved.windows_ns});
        profile.saved.windows_ns = 0;
      }
    }
    profile_.rules.push_back(std::move(profile));
    return {};
  }

  const Pipeline& pipeline_;
  rules::Plan plan_;
  Users users_;
  Meter meter_;
  Profile profile_;
  std::size_t others_ = 0;  // comparisons since the last of the whole
  std::vector<std::uint64_t> firings_;
};

}  // namespace

Result<Profile> measure_profile(const Pipeline& pipeline, std::size_t event, csv::Source& rows, const ProfileLimits& limits) {
  auto stream = Stream::read(pipeline, event, rows, limits.events);
  if (!stream.ok()) return std::move(stream).error();
  if (stream->events() == 0) return Error{ErrorCode::bad_data, "the input holds no events, so there is nothing to measure"};
  return Profiler(pipeline, *stream, limits.passes).run();
}

}  // namespace pawl::tools
