// The payload of every channel that is compared, how it is filled, and how what arrives is checked: every word is written and read.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "pawl/core/base/types.hpp"
#include "pawl/core/ring/byte_ring.hpp"

namespace pawl::bench {

// Its words are value, value + 1, value + 2 ... Of one producer the values are the sequences; of several each has a range of its own.
template <std::size_t bytes>
struct alignas(std::min<std::size_t>(bytes, 64)) Event {
  static constexpr std::size_t word_count = bytes / sizeof(std::uint64_t);
  static constexpr std::size_t piece_bytes = std::min<std::size_t>(bytes, 64);  // filled at once
  using Piece [[gnu::vector_size(piece_bytes)]] = std::uint64_t;

  std::array<std::uint64_t, word_count> words;
};

// start, start + 1, start + 2 ... into the first `count` bytes of a piece, with the widest stores that the target has. Of eight single words
// only a few events fit into a core's store queue, and that, not the ring, would be measured (by a factor of two to four on the machine
// this was written on).
template <std::size_t bytes>
void store_piece(std::byte* to, std::uint64_t start, std::size_t count) {
  static constexpr std::array<std::uint64_t, 8> steps{0, 1, 2, 3, 4, 5, 6, 7};
  typename Event<bytes>::Piece piece;
  std::memcpy(&piece, steps.data(), sizeof piece);
  piece += start;
  std::memcpy(to, &piece, count);
}

template <std::size_t bytes>
void fill_slot(Event<bytes>& slot, std::uint64_t value) {
  constexpr std::size_t piece_bytes = Event<bytes>::piece_bytes;
  for (std::size_t at = 0; at < bytes; at += piece_bytes) store_piece<bytes>(reinterpret_cast<std::byte*>(&slot) + at, value + at / sizeof value, piece_bytes);
}

// The same event without its first word, in whose place a ByteRing has the stamp.
template <std::size_t bytes>
void fill_body(std::span<std::byte> body, std::uint64_t value) {
  constexpr std::size_t piece_bytes = Event<bytes>::piece_bytes, stamp_bytes = ring::ByteSlot::stamp_bytes;
  for (std::size_t at = 0; at + piece_bytes < bytes; at += piece_bytes) store_piece<bytes>(body.data() + at, value + at / sizeof value + 1, piece_bytes);
  constexpr std::size_t last = bytes - piece_bytes;
  store_piece<bytes>(body.data() + last, value + last / sizeof value + 1, piece_bytes - stamp_bytes);
}

// Into a local event that is then copied: word by word, which is the faster way for Boost's queue. Each contender at its best.
template <std::size_t bytes>
void fill_local(Event<bytes>& event, std::uint64_t value) {
  for (std::size_t i = 0; i < event.words.size(); ++i) event.words[i] = value + i;
}

// What a reader has received: the sum of all words, and whether each event was the one that was to come.
class Tally {
 public:
  template <std::size_t bytes>
  void add(const Event<bytes>& event, std::uint64_t value) noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t word : event.words) sum += word;
    sum_ += sum;
    wrong_ |= event.words[0] ^ value;
  }
  // Of a ByteRing's slot: the stamp is one more than the word it stands for.
  template <std::size_t bytes>
  void add_stamped(const std::byte* slot, std::uint64_t value) noexcept {
    Event<bytes> event;
    std::memcpy(&event, slot, bytes);
    add(event, value + 1);
    --sum_;
  }

  // Whether these were the events of values first .. first + count - 1, in this order.
  [[nodiscard]] bool holds(std::uint64_t first, std::int64_t count, std::size_t words) const noexcept {
    return wrong_ == 0 && sum_ == expected(first, count, words);
  }
  [[nodiscard]] bool in_order() const noexcept { return wrong_ == 0; }
  [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }

  // Modulo 2^64, as the sum itself.
  [[nodiscard]] static std::uint64_t expected(std::uint64_t first, std::int64_t count, std::size_t words) noexcept {
    const auto n = static_cast<std::uint64_t>(count);
    const auto below = [](std::uint64_t end) { return end % 2 == 0 ? end / 2 * (end - 1) : end * ((end - 1) / 2); };
    return words * (first * n + below(n)) + n * below(words);
  }

 private:
  std::uint64_t sum_ = 0, wrong_ = 0;
};

struct Batches {
  std::int64_t write;       // events per claim and publish, or per push
  std::int64_t read;        // at most so many per poll, or per pop
  std::int64_t gather = 0;  // after a poll of fewer events the reader lets more gather (ring::Gather); 0: it does not
};

}  // namespace pawl::bench
