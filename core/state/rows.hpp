// Rows of state as bytes: what snapshots hold instead of memory. Little-endian, one value behind the other, no padding.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace pawl::state {

// Appends to a buffer of the caller, which outlives it.
class RowWriter {
 public:
  explicit RowWriter(std::vector<std::byte>& to) : to_(to) {}

  template <class T>
  void put(const T& value) {
    static_assert(std::has_unique_object_representations_v<T>, "no padding bytes");
    put_bytes(std::as_bytes(std::span(&value, 1)));
  }
  void put_bytes(std::span<const std::byte> bytes) { to_.insert(to_.end(), bytes.begin(), bytes.end()); }

 private:
  std::vector<std::byte>& to_;
};

// Reads what a RowWriter wrote. Nothing is read beyond the end: too short rows read as zeros, and holds() says no.
class RowReader {
 public:
  explicit RowReader(std::span<const std::byte> rows) noexcept : left_(rows) {}

  template <class T>
  [[nodiscard]] T take() noexcept {
    T value{};
    take_into(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  void take_into(std::span<std::byte> to) noexcept {
    const std::span<const std::byte> from = take_bytes(to.size());
    if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
  }
  // Empty if there are not so many.
  [[nodiscard]] std::span<const std::byte> take_bytes(std::size_t count) noexcept {
    if (count > left_.size()) {
      holds_ = false;
      left_ = {};
      return {};
    }
    const std::span<const std::byte> taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }

  // Everything that was asked for was there.
  [[nodiscard]] bool holds() const noexcept { return holds_; }
  [[nodiscard]] bool ended() const noexcept { return left_.empty(); }

 private:
  std::span<const std::byte> left_;
  bool holds_ = true;
};

}  // namespace pawl::state
