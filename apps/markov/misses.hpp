// A Markov chain that knows how cards usually go from one kind of transaction to the next: how often would it have been wrong about the latest ones?
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "pawl/core/operator/operator.hpp"

namespace markov {

inline constexpr std::size_t states = 18;  // of a transaction: amount low, normal or high; price of an item normal or high; time since the last one short, normal or long
inline constexpr std::int64_t whole = 1'000'000;

// Chances of the states that are not j after state i, in millionths. A real table is counted from transactions of the past; in this one near states follow each other.
inline constexpr auto misses = [] {
  std::array<std::array<std::uint32_t, states>, states> table{};
  for (std::int64_t i = 0; i < std::int64_t{states}; ++i) {
    const auto weight = [i](std::int64_t j) { return 10'000 / (1 + (i - j) * (i - j)); };
    std::int64_t all = 0;
    for (std::int64_t j = 0; j < std::int64_t{states}; ++j) all += weight(j);
    for (std::int64_t j = 0; j < std::int64_t{states}; ++j) table[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] = static_cast<std::uint32_t>(whole - whole * weight(j) / all);
  }
  return table;
}();

// `misses(state per card, last 5)`: the mean of 1 - p over the transitions in the window; missing until there are four of them.
struct Misses {
  static constexpr std::string_view name = "misses";
  static constexpr std::int64_t version = 1;  // of what it computes: another table is another version
  static constexpr pawl::Type takes{.kind = pawl::Kind::integer}, yields{.kind = pawl::Kind::integer, .ratio = true};
  static constexpr std::uint32_t transitions_min = 4;

  // Of a part of the window: its ends, and what was counted between them.
  struct State {
    std::uint16_t first = 0, last = 0;  // 1 + the state; 0: the part is empty
    std::uint32_t transitions = 0;
    std::uint64_t missed = 0;           // millionths
  };

  // A number that is no state is worth nothing.
  static State lift(std::int64_t value) noexcept {
    if (value < 0 || value >= std::int64_t{states}) return {};
    const auto state = static_cast<std::uint16_t>(value + 1);
    return {.first = state, .last = state, .transitions = 0, .missed = 0};
  }
  // Two parts, and the transition from one to the other.
  static State combine(const State& earlier, const State& later) noexcept {
    if (earlier.last == 0) return later;
    if (later.first == 0) return earlier;
    return {.first = earlier.first, .last = later.last, .transitions = earlier.transitions + later.transitions + 1,
            .missed = earlier.missed + later.missed + misses[earlier.last - 1U][later.first - 1U]};
  }
  static pawl::Lowered lower(const State& state) noexcept {
    if (state.transitions < transitions_min) return {};
    return pawl::Lowered::ratio(static_cast<std::int64_t>(state.missed), whole * state.transitions);
  }
};

}  // namespace markov
