// Lists of peaks against a plain list of all values, step by step.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "pawl/core/state/arena.hpp"
#include "pawl/core/window/peaks.hpp"
#include "tests/twin/memory.hpp"

namespace pawl::window::test::peaks_test {
namespace {

constexpr std::size_t lists = 3;

// Everything that came, and the greatest of what is later than a limit.
struct NaivePeaks {
  std::vector<PeakValue> all;
  [[nodiscard]] FoundPeak front(Time limit) const {
    FoundPeak found{0, false};
    for (const PeakValue& one : all) {
      if (one.te > limit) found = {found.any ? std::max(found.value, one.value) : one.value, true};
    }
    return found;
  }
};

class Lists {
 public:
  explicit Lists(std::uint64_t values_max) : memory_(bytes(values_max)), arena_(memory_.span()), peaks_(values_max, lists, 1, arena_) { peak_.fill(Peaks::empty()); }
  Peaks& peaks() { return peaks_; }
  Peak& operator[](std::size_t i) { return peak_[i]; }

  // As a group does it.
  void push(std::size_t i, Time te, std::int64_t value, Time outdated) {
    if (peak_[i].chunks == 0 && push_near(peak_[i], te, value)) return;
    peaks_.let_go(peak_[i], outdated);
    REQUIRE(peaks_.has_room(1));
    peaks_.push(peak_[i], te, value, outdated);
  }
  FoundPeak front(std::size_t i, Time limit) { return peak_[i].chunks == 0 ? front_near(peak_[i], limit) : peaks_.front(peak_[i], limit); }
  std::vector<PeakValue> values(std::size_t i, std::uint32_t& held) const {
    std::vector<PeakValue> values;
    held = peaks_.each(peak_[i], [&](const PeakValue& one) { values.push_back(one); });
    return values;
  }

 private:
  static std::size_t bytes(std::uint64_t values_max) {
    state::Arena measure;
    const Peaks peaks(values_max, lists, 1, measure);
    return std::max<std::size_t>(measure.used_bytes(), 64);
  }
  twin::Memory memory_;
  state::Arena arena_;
  Peaks peaks_;
  std::array<Peak, lists> peak_;
};

enum class Trend : std::uint8_t { random, falling, few, extreme, spikes };

std::int64_t draw(std::mt19937_64& random, Trend trend, std::int64_t step) {
  switch (trend) {
    case Trend::random: return static_cast<std::int64_t>(random());
    case Trend::falling: return -step + static_cast<std::int64_t>(random() % 4);
    case Trend::few: return static_cast<std::int64_t>(random() % 3);
    case Trend::extreme: return random() % 3 == 0 ? INT64_MIN : random() % 2 == 0 ? INT64_MAX : INT64_MIN + static_cast<std::int64_t>(random() % 3);
    case Trend::spikes: return -step + (random() % 40 == 0 ? static_cast<std::int64_t>(random() % 300) : 0);
  }
  return 0;
}

void compare(Lists& ours, const NaivePeaks& naive, std::size_t list, Time now, Duration longest, std::mt19937_64& random) {
  for (const Duration offset : {Duration{1}, longest / 2, longest, static_cast<Duration>(1 + random() % static_cast<std::uint64_t>(longest))}) {
    const FoundPeak got = ours.front(list, now - offset), expected = naive.front(now - offset);
    REQUIRE(got.any == expected.any);
    if (got.any) REQUIRE(got.value == expected.value);
  }
}

}  // namespace

TEST_CASE("lists of peaks give what a plain list of all values gives") {
  std::uint64_t seed = 1;
  for (const Trend trend : {Trend::random, Trend::falling, Trend::few, Trend::extreme, Trend::spikes}) {
    for (const Duration longest : {3, 40, 900}) {
      CAPTURE(seed);
      std::mt19937_64 random(seed++);
      Lists ours(1 << 12);
      std::array<NaivePeaks, lists> naive;
      Time now = -500;
      for (std::int64_t step = 0; step < 1200; ++step) {
        now += static_cast<Duration>(random() % 3) + (random() % 200 == 0 ? longest : 0);
        const std::size_t list = random() % lists;
        const std::int64_t value = draw(random, trend, step);
        compare(ours, naive[list], list, now, longest, random);
        ours.push(list, now, value, now - longest);
        naive[list].all.push_back({now, value});
        compare(ours, naive[list], list, now, longest, random);
      }
      for (std::size_t list = 0; list < lists; ++list) ours.peaks().clear(ours[list]);
      CHECK(ours.peaks().used_values() == 0);
    }
  }
}

TEST_CASE("a list of peaks from what it told of itself goes on as it would have") {
  std::mt19937_64 random(7);
  for (const Trend trend : {Trend::random, Trend::falling, Trend::few, Trend::extreme, Trend::spikes}) {
    Lists straight(1 << 12), restored(1 << 12);
    std::int64_t step = 0;
    const auto next = [&](auto&&... both) {
      const std::int64_t value = draw(random, trend, step);
      (both.push(0, step, value, step - 600), ...);
      ++step;
    };
    for (int round = 0; round < 30; ++round) {
      for (std::uint64_t i = random() % 200; i > 0; --i) next(straight);
      std::uint32_t held = 0, held_again = 0;
      const std::vector<PeakValue> values = straight.values(0, held);
      restored.peaks().clear(restored[0]);
      restored[0] = Peaks::empty();
      REQUIRE(restored.peaks().restore(restored[0], values, held));
      for (std::uint64_t i = random() % 50; i > 0; --i) next(straight, restored);
      const std::vector<PeakValue> one = straight.values(0, held), other = restored.values(0, held_again);
      REQUIRE(held == held_again);
      REQUIRE(std::equal(one.begin(), one.end(), other.begin(), other.end(), [](const PeakValue& a, const PeakValue& b) { return a.te == b.te && a.value == b.value; }));
      REQUIRE(straight.peaks().used_values() == restored.peaks().used_values());
    }
  }
}

TEST_CASE("values that no list of peaks can have are refused, and what they took is given back with the list") {
  Lists ours(14);
  std::vector<PeakValue> values;
  for (std::int64_t i = 0; i < 60; ++i) values.push_back({i, -i});
  const auto taken = [&](std::span<const PeakValue> some, std::uint32_t held) {
    ours.peaks().clear(ours[0]);
    ours[0] = Peaks::empty();
    return ours.peaks().restore(ours[0], some, held);
  };
  const std::span all(values);
  CHECK(taken(all.first(0), 0));
  CHECK(taken(all.first(7), 7));
  CHECK(taken(all.first(20), 3));
  CHECK_FALSE(taken(all.first(7), 0));
  CHECK_FALSE(taken(all.first(9), 8));
  CHECK_FALSE(taken(all.first(2), 3));
  CHECK_FALSE(taken(all, 7));  // more than there is room for
  values[3].te = 9;
  CHECK_FALSE(taken(all.first(7), 7));
  values[3] = {3, -2};
  CHECK_FALSE(taken(all.first(7), 7));
  ours.peaks().clear(ours[0]);
  CHECK(ours.peaks().used_values() == 0);
}

}  // namespace pawl::window::test::peaks_test
