// Aggregates of one's own. A struct says what one value is worth, how two parts of a window become one, and what the whole says; a pipeline
// file then calls it as it calls `sum`, with every span, `delayed`, `prior`, `where`, in snapshots and in replay. OPERATORS.md has an example.
//
//   struct Squares {
//     static constexpr std::string_view name = "squares";
//     static constexpr std::int64_t version = 1;
//     static constexpr pawl::Type takes{.kind = pawl::Kind::integer}, yields{.kind = pawl::Kind::integer};
//     struct State { std::uint64_t sum = 0; };
//     static State lift(std::int64_t value) noexcept;
//     static State combine(const State& earlier, const State& later) noexcept;
//     static pawl::Lowered lower(const State& state) noexcept;
//     static State inverse(const State& all, const State& earlier) noexcept;  // may be left out
//   };
//   auto engine = pawl::DurableEngine::open({.directory = "data", .pipeline = "p.pawl", .operators = pawl::Operators::of<Squares>()});
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "pawl/core/event/type.hpp"

namespace pawl {

// What a window's state says: a number in units of the operator's type, a fraction if that is a ratio, or nothing.
struct Lowered {
  std::int64_t number = 0;
  std::int64_t denominator = 1;
  bool present = false;

  [[nodiscard]] static constexpr Lowered of(std::int64_t number) noexcept { return {number, 1, true}; }
  // Missing if the denominator is not above 0.
  [[nodiscard]] static constexpr Lowered ratio(std::int64_t numerator, std::int64_t denominator) noexcept {
    return denominator > 0 ? Lowered{numerator, denominator, true} : Lowered{};
  }
  // Missing if it is not finite.
  [[nodiscard]] static constexpr Lowered of_float(double value) noexcept {
    return value - value == 0 ? Lowered{std::bit_cast<std::int64_t>(value), 1, true} : Lowered{};
  }
  friend constexpr bool operator==(const Lowered&, const Lowered&) = default;
};

inline constexpr std::size_t operator_state_bytes_max = 256;
inline constexpr std::int64_t operator_values_max = 16;  // of `last N`: up to so many values stay in a key's record and are combined anew

// A ring of the latest values of a window, as a record holds them: in places 0 .. room - 1, the oldest in `first`, those that count in `valid`.
struct LatestValues {
  const std::byte* values;  // int64 each, at any alignment
  std::uint32_t room, first, held;
  std::uint32_t valid;      // a bit for each place
};

// An operator as windows see it: states are bytes at any alignment. `to` may be one of the others.
struct Operator {
  std::string name;
  std::int64_t version = 0;
  Type takes, yields;
  std::size_t state_bytes = 0;
  void (*lift)(std::int64_t value, std::byte* to) noexcept = nullptr;
  void (*combine)(const std::byte* earlier, const std::byte* later, std::byte* to) noexcept = nullptr;
  void (*inverse)(const std::byte* all, const std::byte* earlier, std::byte* to) noexcept = nullptr;  // null: it has none
  Lowered (*lower)(const std::byte* state) noexcept = nullptr;
  void (*add)(std::byte* total, std::int64_t value) noexcept = nullptr;       // combine, with the value lifted as the later one
  Lowered (*lower_latest)(const LatestValues& latest) noexcept = nullptr;     // all of them combined, and lowered
};

// What a struct must have. State{} is that of no values, and all its bytes are zero: combined with it, a state is what it was.
template <class T>
concept OwnOperator = requires(const typename T::State& state) {
  { T::name } -> std::convertible_to<std::string_view>;
  { T::version } -> std::convertible_to<std::int64_t>;
  { T::takes } -> std::convertible_to<Type>;
  { T::yields } -> std::convertible_to<Type>;
  { T::lift(std::int64_t{}) } noexcept -> std::same_as<typename T::State>;
  { T::combine(state, state) } noexcept -> std::same_as<typename T::State>;
  { T::lower(state) } noexcept -> std::same_as<Lowered>;
};

template <class T>
concept InvertibleOperator = OwnOperator<T> && requires(const typename T::State& state) {
  { T::inverse(state, state) } noexcept -> std::same_as<typename T::State>;
};

namespace own {

template <OwnOperator T>
struct Erased {
  using State = typename T::State;
  static_assert(std::is_trivially_copyable_v<State> && std::has_unique_object_representations_v<State>,
                "an operator's state is plain bytes without padding and without floats: it stands in snapshots");
  static_assert(sizeof(State) % 8 == 0 && sizeof(State) <= operator_state_bytes_max, "an operator's state has 8, 16, ... 256 bytes");
  static_assert(std::bit_cast<std::array<unsigned char, sizeof(State)>>(State{}) == std::array<unsigned char, sizeof(State)>{},
                "the state of no values is all zeros");
  static_assert(T::takes.kind != Kind::text && T::takes.kind != Kind::floating && !T::takes.ratio, "an operator takes whole numbers");
  static_assert(T::yields.kind != Kind::text && !(T::yields.kind == Kind::floating && T::yields.ratio), "an operator yields a number");

  static State load(const std::byte* at) noexcept {
    State state;
    std::memcpy(&state, at, sizeof state);
    return state;
  }
  static void store(std::byte* at, const State& state) noexcept { std::memcpy(at, &state, sizeof state); }

  static void lift(std::int64_t value, std::byte* to) noexcept { store(to, T::lift(value)); }
  static void combine(const std::byte* earlier, const std::byte* later, std::byte* to) noexcept { store(to, T::combine(load(earlier), load(later))); }
  static void inverse(const std::byte* all, const std::byte* earlier, std::byte* to) noexcept
    requires InvertibleOperator<T>
  {
    store(to, T::inverse(load(all), load(earlier)));
  }
  static Lowered lower(const std::byte* state) noexcept { return T::lower(load(state)); }
  static void add(std::byte* total, std::int64_t value) noexcept { store(total, T::combine(load(total), T::lift(value))); }
  static Lowered lower_latest(const LatestValues& latest) noexcept {
    State state{};
    for (std::uint32_t i = 0, place = latest.first; i < latest.held; ++i, place = place + 1 == latest.room ? 0 : place + 1) {
      if ((latest.valid >> place & 1) == 0) continue;
      std::int64_t value;
      std::memcpy(&value, latest.values + place * sizeof value, sizeof value);
      state = T::combine(state, T::lift(value));
    }
    return T::lower(state);
  }

  [[nodiscard]] static std::shared_ptr<const Operator> make() {
    Operator made{.name = std::string(T::name), .version = T::version, .takes = T::takes, .yields = T::yields, .state_bytes = sizeof(State),
                  .lift = &lift, .combine = &combine, .inverse = nullptr, .lower = &lower, .add = &add, .lower_latest = &lower_latest};
    if constexpr (InvertibleOperator<T>) made.inverse = &inverse;
    return std::make_shared<const Operator>(std::move(made));
  }
};

template <class... T>
constexpr bool all_differ() noexcept {
  constexpr std::array<std::string_view, sizeof...(T)> names{T::name...};
  constexpr std::array<std::int64_t, sizeof...(T)> versions{T::version...};
  for (std::size_t i = 0; i < sizeof...(T); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (names[i] == names[j] && versions[i] == versions[j]) return false;
    }
  }
  return true;
}

}  // namespace own

// Those that a program registers. Cheap to copy; the operators themselves are immutable.
class Operators {
 public:
  Operators() = default;
  explicit Operators(std::vector<std::shared_ptr<const Operator>> all) : all_(std::move(all)) {}

  // Several versions of one name may stand side by side: journals name the one they were written with.
  template <OwnOperator... T>
  [[nodiscard]] static Operators of() {
    static_assert(own::all_differ<T...>(), "two operators have the same name and version");
    return Operators({own::Erased<T>::make()...});
  }

  // Null: there is none.
  [[nodiscard]] std::shared_ptr<const Operator> find(std::string_view name, std::int64_t version) const {
    for (const auto& one : all_) {
      if (one->name == name && one->version == version) return one;
    }
    return nullptr;
  }
  [[nodiscard]] const std::vector<std::shared_ptr<const Operator>>& all() const& noexcept { return all_; }
  [[nodiscard]] std::vector<std::shared_ptr<const Operator>> all() && noexcept { return std::move(all_); }

 private:
  std::vector<std::shared_ptr<const Operator>> all_;
};

}  // namespace pawl
