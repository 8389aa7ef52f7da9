// The product's windows and decide as the fast side of twin/lockstep.hpp: one thread, the stages' own order, rings as small as they may be.
#pragma once

#include <bit>
#include <cstring>
#include <span>
#include <vector>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/rules/decide.hpp"
#include "pawl/core/window/windows.hpp"
#include "tests/twin/lockstep.hpp"
#include "tests/twin/memory.hpp"

namespace pawl::lockstep_test {

// Windows in `shards` parts of whole groups, then decide.
class Product {
 public:
  static constexpr window::StateLimits ample{.keys_max = 1 << 10, .entries_max = 1 << 15, .distinct_max = 1 << 12};

  Product(const language::Pipeline& pipeline, std::size_t slot_bytes, std::size_t shards, const window::StateLimits& limits = ample, const rules::Kernels& kernels = rules::best_kernels(), rules::Carried carried = {.lets = true})
      : plan_(rules::make_plan(pipeline)), layout_(plan_, carried), slot_bytes_(slot_bytes), ring_(slots * slot_bytes),
        cells_(state::Tiles::memory_bytes(plan_.feature_columns, tiles)), tiles_(cells_.span(), plan_.feature_columns, tiles),
        remembered_(rules::Decide::memory_bytes(plan_, limits)), decide_(plan_, layout_, limits, remembered_.span(), kernels) {
    PAWL_ASSERT(plan_.not_evaluated.empty());
    auto parts = window::split(pipeline, plan_.features, shards);
    for (const auto& part : *parts) {
      if (part.empty()) continue;
      state_.emplace_back(*window::memory_bytes(pipeline, part, limits));
      windows_.push_back(*window::Windows::make(pipeline, part, limits, state_.back().span()));
    }
  }

  [[nodiscard]] const rules::Plan& plan() const { return plan_; }
  [[nodiscard]] const rules::Decide& decide() const { return decide_; }
  [[nodiscard]] rules::Decide& decide() { return decide_; }
  [[nodiscard]] std::span<window::Windows> windows() { return windows_; }

  // seen(sequence, record or nothing if it is no event), for each input, and behind it seen(sequence, record) for each of its timed outputs.
  template <class Seen>
  void feed(const twin::Log& log, Sequence first, Sequence last, Seen seen) {
    while (first <= last) {
      const Sequence end = std::min(last, first / tile * tile + tile - 1);
      for (Sequence s = first; s <= end; ++s) std::memcpy(ring_.data() + static_cast<std::size_t>(s) % slots * slot_bytes_, log.slot(s), slot_bytes_);
      run(first, end, seen);
      first = end + 1;
    }
  }

  // Windows alone; seen(sequence) while its features can be read.
  template <class Seen>
  void feed_windows(const twin::Log& log, Sequence first, Sequence last, Seen seen) {
    for (Sequence s = first; s <= last; ++s) {
      std::memcpy(ring_.data() + static_cast<std::size_t>(s) % slots * slot_bytes_, log.slot(s), slot_bytes_);
      if (s != last && s % tile != tile - 1 && s % 7 != 0) continue;
      for (window::Windows& windows : windows_) windows.process(view(), first, s, tiles_);
      for (; first <= s; ++first) seen(first);
    }
  }

  [[nodiscard]] twin::Datum feature(const window::FeatureSpec& spec, Sequence sequence) const {
    const auto cell = static_cast<std::size_t>(sequence % tile);
    if (tiles_.valid(spec.column, sequence)[cell] == 0) return {};
    const std::int64_t number = tiles_.numbers(spec.column, sequence)[cell];
    if (spec.type.kind == Kind::floating) return twin::Datum::of_floating(std::bit_cast<double>(number));
    return twin::Datum::of_ratio(number, spec.type.ratio ? tiles_.numbers(spec.column + 1, sequence)[cell] : 1);
  }

  // What has to be zero for the values to be the definition's.
  [[nodiscard]] std::uint64_t refused() const {
    std::uint64_t sum = 0;
    for (const window::Windows& windows : windows_) {
      for (std::size_t group = 0; group < windows.groups(); ++group) {
        const window::GroupCounters counters = windows.counters(group);
        sum += counters.keys_refused + counters.entries_refused + counters.distinct_refused;
      }
    }
    return sum + refused_to_remember();
  }
  [[nodiscard]] std::uint64_t refused_to_remember() const {
    std::uint64_t sum = 0;
    for (const auto& [name, counters] : decide_.remembered()) sum += counters.refused;
    return sum;
  }

 private:
  static constexpr std::size_t slots = 128, tiles = 2;
  static constexpr Sequence tile = state::Tiles::events;

  [[nodiscard]] SlotView view() const { return {ring_.data(), slot_bytes_, static_cast<Sequence>(slots) - 1}; }

  template <class Seen>
  void run(Sequence first, Sequence last, Seen seen) {
    const SlotView view = this->view();
    for (window::Windows& windows : windows_) windows.process(view, first, last, tiles_);
    while (first <= last) {
      const Sequence end = decide_.span_end(view, first, last);
      decide_span(first, end, seen);
      first = end + 1;
    }
  }

  template <class Seen>
  void decide_span(Sequence first, Sequence last, Seen seen) {
    const SlotView view = this->view();
    std::vector<twin::Memory> records;
    for (Sequence s = first; s <= last; ++s) records.emplace_back(layout_.record_bytes());
    const std::size_t count = decide_.run(view, tiles_, first, last, [&](std::size_t i) { return records[i].data(); });
    std::size_t next = 0;
    for (Sequence s = first; s <= last; ++s) {
      if (!is_event(view.header(s).type)) {
        seen(s, nullptr);
        continue;
      }
      const rules::Decision decision(records[next++].data(), layout_);
      PAWL_ASSERT(decision.sequence() == s);
      seen(s, &decision);
    }
    PAWL_ASSERT(next == count);
    twin::Memory timed(layout_.record_bytes());
    while (decide_.owes_timed() && decide_.next_timed(view, timed.data())) {
      const rules::Decision decision(timed.data(), layout_);
      PAWL_ASSERT(decision.is_timed() && decision.sequence() == last);
      seen(last, &decision);
    }
  }

  rules::Plan plan_;
  rules::DecisionLayout layout_;
  std::size_t slot_bytes_;
  twin::Memory ring_, cells_;
  state::Tiles tiles_;
  std::vector<twin::Memory> state_;
  std::vector<window::Windows> windows_;
  twin::Memory remembered_;
  rules::Decide decide_;
};

// Every distinct aggregate, as the windows wrote it.
template <std::size_t shards>
class Features {
 public:
  static constexpr twin::lockstep::Compare compare = twin::lockstep::Compare::features;
  explicit Features(const twin::Engine& twin) : twin_(twin) {}

  void feed(const twin::Log& log, Sequence first, Sequence last, std::vector<twin::Outcome>& out) {
    if (!product_) product_.emplace(twin_.pipeline(), log.slot_bytes(), shards);
    product_->feed(log, first, last, [&](Sequence s, const rules::Decision* decision) {
      if (decision != nullptr && decision->is_timed()) return;
      twin::Outcome outcome;
      outcome.aggregates.resize(twin_.aggregate_count());
      for (const window::FeatureSpec& spec : product_->plan().features) {
        outcome.aggregates[twin_.aggregate_index(*spec.aggregate)] = product_->feature(spec, s);
      }
      out.push_back(std::move(outcome));
    });
    PAWL_ASSERT(product_->refused() == 0);
  }

 private:
  const twin::Engine& twin_;
  std::optional<Product> product_;
};

// Set `kernels` of those that this processor has, in the order of available_kernels(); beyond them, the best.
inline const rules::Kernels& kernel_set(std::size_t kernels) {
  const rules::Kernels* sets[3];
  return *sets[std::min(kernels, rules::available_kernels(sets) - 1)];
}

// Lets and rules, as decide's records say.
template <std::size_t shards, std::size_t kernels = SIZE_MAX>
class Decisions {
 public:
  static constexpr twin::lockstep::Compare compare = twin::lockstep::Compare::decisions;
  explicit Decisions(const twin::Engine& twin) : twin_(twin) {}

  void feed(const twin::Log& log, Sequence first, Sequence last, std::vector<twin::Outcome>& out) {
    if (!product_) product_.emplace(twin_.pipeline(), log.slot_bytes(), shards, Product::ample, kernel_set(kernels));
    product_->feed(log, first, last, [&](Sequence, const rules::Decision* decision) {
      if (decision != nullptr && decision->is_timed()) out.back().timed.push_back(timed(*decision));
      else out.push_back(decision != nullptr ? outcome(*decision) : twin::Outcome{});
    });
    PAWL_ASSERT(product_->refused() == 0);
  }

 private:
  [[nodiscard]] twin::Timed timed(const rules::Decision& decision) const {
    const language::Pipeline& pipeline = twin_.pipeline();
    const std::size_t rule = decision.timed_rule();
    twin::Timed timed{.rule = rule, .first_sequence = decision.first_sequence(), .key = {}, .id = {}, .fired = decision.fired_live(rule), .shadow = decision.fired_in_shadow(rule),
                      .suppressed = decision.suppressed(rule), .missing = decision.could_not_be_evaluated(rule), .decision = std::string(decision.decision()), .score = decision.score()};
    for (std::size_t i = 0; i < pipeline.rules[rule].pattern->key.size(); ++i) {
      const rules::Decision::KeyValue value = decision.key_value(i);
      timed.key.push_back(value.field.type.kind == Kind::text ? twin::Datum::of_text(std::string(value.text)) : twin::Datum::of(value.number));
    }
    if (decision.has_id()) timed.id = decision.id_is_text() ? twin::Datum::of_text(std::string(decision.id_text())) : twin::Datum::of(decision.id());
    return timed;
  }

  [[nodiscard]] twin::Outcome outcome(const rules::Decision& decision) const {
    const language::Pipeline& pipeline = twin_.pipeline();
    twin::Outcome outcome;
    for (std::size_t let = 0; let < pipeline.lets.size(); ++let) {
      const bool present = decision.let_present(let);
      const Fraction value = decision.let_value(let);
      const bool is_float = pipeline.lets[let].expr->type.kind == Kind::floating;
      const auto datum = [&] {
        if (pipeline.lets[let].expr->type.kind == Kind::text) return twin::Datum::of_text(std::string(decision.let_text(let)));
        return is_float ? twin::Datum::of_floating(std::bit_cast<double>(static_cast<std::int64_t>(value.numerator))) : twin::Datum::of_ratio(value.numerator, value.denominator);
      };
      outcome.lets.push_back(present ? datum() : twin::Datum{});
    }
    for (std::size_t rule = 0; rule < pipeline.rules.size(); ++rule) {
      if (decision.fired_live(rule)) outcome.fired.push_back(rule);
      if (decision.fired_in_shadow(rule)) outcome.shadow.push_back(rule);
      if (decision.suppressed(rule)) outcome.suppressed.push_back(rule);
      if (decision.could_not_be_evaluated(rule)) outcome.missing.push_back(rule);
    }
    outcome.decision = decision.decision();
    outcome.score = decision.score();
    return outcome;
  }

  const twin::Engine& twin_;
  std::optional<Product> product_;
};

}  // namespace pawl::lockstep_test
