// Latencies in log-linear buckets: a precision of 0.8 % over the whole range, in fixed memory.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace pawl {

// Values in ns (or any unit), from 0. Bucket width is 1/128 of the value's power of two, so a reported value is at most 0.8 % above the
// recorded one. Thread: one writer; merge and read when it has stopped.
class Histogram {
 public:
  Histogram() : counts_(buckets) {}

  void record(std::int64_t value) noexcept {
    const auto v = static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
    ++counts_[bucket(v)];
    ++count_;
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

 private:
  static constexpr std::uint64_t linear = 128;
  static constexpr std::size_t buckets = linear * 58;

  static std::size_t bucket(std::uint64_t value) noexcept {
    if (value < linear) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 8;  // leaves 8 significant bits, the first of them 1
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
