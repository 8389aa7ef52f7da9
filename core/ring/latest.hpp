// Latest: the last of the values that one writer publishes, for whoever looks, whole. A sequence lock whose words are atomics, so that
// no fence is needed and no race is hidden (H. Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/ring/policy.hpp"

namespace pawl::ring {

// Thread: publish by the one writer, which never waits; try_load and load by any. All zeros before the first publish.
template <std::size_t words, class Policy = StdAtomics>
class alignas(limits::writer_distance_bytes) Latest {
 public:
  using Value = std::array<std::uint64_t, words>;

  Latest() noexcept {
    for (auto& word : words_) word.store(0, std::memory_order_relaxed);
  }

  void publish(const Value& value) noexcept {
    const std::uint64_t version = version_.load(std::memory_order_relaxed);  // our own last store
    // Relaxed is enough: the release of each word keeps it before them. Odd: on the way.
    version_.store(version + 1, std::memory_order_relaxed);
    // Release: whoever reads this word sees the odd version behind it. Pairs with the loads of words in try_load.
    for (std::size_t i = 0; i < words; ++i) words_[i].store(value[i], Policy::latest_word_store);
    // Release: whoever reads this version sees all words. Pairs with the first load of the version in try_load.
    version_.store(version + 2, Policy::latest_version_store);
  }

  // Nothing: a publish was on the way.
  [[nodiscard]] std::optional<Value> try_load() const noexcept {
    const std::uint64_t before = version_.load(Policy::latest_version_load);
    Value value;
    for (std::size_t i = 0; i < words; ++i) value[i] = words_[i].load(Policy::latest_word_load);
    // Relaxed is enough: the acquire of each word keeps it behind them.
    const std::uint64_t after = version_.load(std::memory_order_relaxed);
    if (before != after || before % 2 != 0) return {};
    return value;
  }

  [[nodiscard]] Value load() const noexcept {
    for (;;) {
      if (const auto value = try_load()) return *value;
    }
  }

 private:
  typename Policy::template Atomic<std::uint64_t> version_{0};
  std::array<typename Policy::template Atomic<std::uint64_t>, words> words_;
};

}  // namespace pawl::ring
