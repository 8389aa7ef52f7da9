// A sliding maximum at worst-case constant cost: DABA, as Tangwongsan, Hirzel and Schneider describe it (Low-Latency Sliding-Window Aggregation in
// Worst-Case Constant Time, 2017). A yardstick for the worst single event of ours.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace pawl::bench {

// A queue in five parts, front <= left <= right <= accumulated <= back <= end; each element holds its value and the maximum
//   of itself up to `back` in [front, left) and [accumulated, back), of itself up to `right` in [left, right),
//   from `right` up to itself in [right, accumulated), from `back` up to itself in [back, end).
class DabaMaximum {
 public:
  // REQUIRES: a power of two.
  explicit DabaMaximum(std::size_t capacity) : elements_(capacity), mask_(capacity - 1) {}

  // REQUIRES: fewer than `capacity` elements.
  void insert(std::int64_t value) {
    const std::int64_t so_far = back_ < end_ ? at(end_ - 1).greatest : lowest;
    at(end_++) = {value, std::max(so_far, value)};
    restore();
  }
  // REQUIRES: an element.
  void evict() {
    ++front_;
    restore();
  }
  [[nodiscard]] std::int64_t greatest() {
    return std::max(front_ < back_ ? at(front_).greatest : lowest, back_ < end_ ? at(end_ - 1).greatest : lowest);
  }
  [[nodiscard]] std::uint64_t size() const { return end_ - front_; }

 private:
  struct Element {
    std::int64_t value = 0, greatest = 0;
  };
  static constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();

  Element& at(std::uint64_t place) { return elements_[place & mask_]; }

  // One step of the work that would else be due at once when the front runs empty.
  void restore() {
    if (front_ == back_) {
      left_ = right_ = accumulated_ = back_ = end_;
      return;
    }
    if (left_ == back_) {
      left_ = front_;
      accumulated_ = back_ = end_;
    }
    if (left_ == right_) {
      ++left_, ++right_, ++accumulated_;
      return;
    }
    const std::int64_t of_left = at(left_).greatest;
    const std::int64_t of_right = right_ < accumulated_ ? at(accumulated_ - 1).greatest : lowest;
    const std::int64_t of_rest = accumulated_ < back_ ? at(accumulated_).greatest : lowest;
    at(left_++).greatest = std::max({of_left, of_right, of_rest});
    --accumulated_;
    at(accumulated_).greatest = std::max(at(accumulated_).value, of_rest);
  }

  std::vector<Element> elements_;
  std::uint64_t mask_;
  std::uint64_t front_ = 0, left_ = 0, right_ = 0, accumulated_ = 0, back_ = 0, end_ = 0;
};

}  // namespace pawl::bench
