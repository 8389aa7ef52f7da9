// A ring, tiles and one shard of windows in plain memory, as the engine would hold them.
#pragma once

#include <cstdio>
#include <vector>

#include "builders.hpp"
#include "naive.hpp"
#include "pawl/core/window/windows.hpp"
#include "tests/twin/memory.hpp"

namespace pawl::window::test {

template <class T>
T sound(Result<T> result) {
  if (!result.ok()) std::fprintf(stderr, "%s\n", result.error().text.c_str());
  return *std::move(result);
}

class Stage {
 public:
  static constexpr std::size_t slots = 256, tiles = 8, slot_bytes = 256;

  Stage(const language::Pipeline& pipeline, const std::vector<Aggregate>& aggregates, const StateLimits& limits)
      : ring_(slots * slot_bytes), specs_(number(aggregates)), cells_(state::Tiles::memory_bytes(columns(), tiles)),
        state_(sound(memory_bytes(pipeline, specs_, limits))), tiles_(cells_.span(), columns(), tiles),
        windows_(*Windows::make(pipeline, specs_, limits, state_.span())) {}

  // The slot of the next sequence, to be filled.
  std::byte* slot() { return ring_.data() + static_cast<std::size_t>(published_ + 1) % slots * slot_bytes; }
  void publish() { ++published_; }
  // Processes what was published.
  void process() {
    windows_.process(SlotView{ring_.data(), slot_bytes, slots - 1}, processed_ + 1, published_, tiles_);
    processed_ = published_;
  }
  [[nodiscard]] Sequence published() const { return published_; }
  [[nodiscard]] Sequence waiting() const { return published_ - processed_; }

  [[nodiscard]] Answer answer(std::size_t feature, Sequence sequence) const {
    const FeatureSpec& spec = specs_[feature];
    const auto cell = static_cast<std::size_t>(sequence) % state::Tiles::events;
    Answer answer{tiles_.valid(spec.column, sequence)[cell] != 0, tiles_.numbers(spec.column, sequence)[cell], 0};
    if (spec.type.ratio) answer.denominator = tiles_.numbers(spec.column + 1, sequence)[cell];
    return answer;
  }
  [[nodiscard]] GroupCounters counters(std::size_t group = 0) const { return windows_.counters(group); }
  [[nodiscard]] std::size_t groups() const { return windows_.groups(); }
  [[nodiscard]] Windows& windows() { return windows_; }
  [[nodiscard]] std::size_t features() const { return specs_.size(); }
  [[nodiscard]] const FeatureSpec& spec(std::size_t feature) const { return specs_[feature]; }

 private:
  static std::vector<FeatureSpec> number(const std::vector<Aggregate>& aggregates) {
    std::vector<FeatureSpec> specs;
    std::uint32_t column = 0;
    for (const Aggregate& aggregate : aggregates) {
      Type type = aggregate.value && aggregate.kind != AggregateKind::rate ? aggregate.value->type : integer;
      type.ratio = aggregate.kind == AggregateKind::avg || aggregate.kind == AggregateKind::share || aggregate.kind == AggregateKind::rate;
      if (aggregate.kind == AggregateKind::stddev || aggregate.kind == AggregateKind::ewma) type = {.kind = Kind::floating};
      if (aggregate.own != nullptr) type = aggregate.own->yields;
      specs.push_back({&aggregate, type, column});
      column += specs.back().columns();
    }
    return specs;
  }
  [[nodiscard]] std::size_t columns() const { return specs_.back().column + specs_.back().columns(); }

  twin::Memory ring_;
  std::vector<FeatureSpec> specs_;
  twin::Memory cells_;
  twin::Memory state_;
  state::Tiles tiles_;
  Windows windows_;
  Sequence published_ = no_sequence, processed_ = no_sequence;
};

}  // namespace pawl::window::test
