// Latencies in log-linear buckets, with the resolution and the buckets of HdrHistogram at three significant digits (Gil Tene,
// hdrhistogram.org): exact below 2048, within 0.1 % above, over a fixed range in fixed memory.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace pawl {

// Values in ns (or any unit), from 0 to value_max; larger ones count as value_max. A bucket is as wide as 1/1024 of the power of two
// below its values, so a reported value is at most 0.1 % above the recorded one. Thread: one writer; merge and read when it has stopped.
class Histogram {
 public:
  Histogram() : counts_(buckets) {}

  void record(std::int64_t value) noexcept { add(value, 1); }
  void add(std::int64_t value, std::uint64_t times) noexcept {
    const auto v = std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0)), value_max);
    counts_[bucket(v)] += times;
    count_ += times;
    max_ = std::max(max_, v);
  }

  void merge(const Histogram& other) noexcept {
    for (std::size_t i = 0; i < buckets; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }

  // The smallest recorded value (rounded up to its bucket's end) that `fraction` of all values do not exceed. 0 if empty.
  [[nodiscard]] std::uint64_t at(double fraction) const noexcept {
    const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(fraction * static_cast<double>(count_) + 0.5));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
      seen += counts_[i];
      if (seen >= wanted) return std::min(highest(i), max_);
    }
    return max_;
  }

  // Calls visit(lowest, highest, count) for each bucket that has values, rising.
  template <class Visit>
  void for_each(Visit&& visit) const {
    std::uint64_t lowest = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
      if (counts_[i] != 0) visit(lowest, highest(i), counts_[i]);
      lowest = highest(i) + 1;
    }
  }

  static constexpr unsigned significant_bits = 11;                          // the first of them 1
  static constexpr unsigned value_bits = 44;                                // 4.9 hours in ns
  static constexpr std::uint64_t value_max = (std::uint64_t{1} << value_bits) - 1;

 private:
  static constexpr std::uint64_t linear = std::uint64_t{1} << (significant_bits - 1);
  static constexpr std::size_t buckets = linear * (value_bits - significant_bits + 2);

  static std::size_t bucket(std::uint64_t value) noexcept {
    if (value < linear) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - significant_bits;
    return (shift + 1) * linear + ((value >> shift) & (linear - 1));
  }
  static std::uint64_t highest(std::size_t bucket) noexcept {
    if (bucket < linear) return bucket;
    const unsigned shift = static_cast<unsigned>(bucket / linear) - 1;
    return ((linear + bucket % linear + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace pawl
