// ByteLane: a lane for events whose size is known at run time. Fixed cells of `cell_bytes`, filled and read in place; the queue carries
// each cell's length. Entry k of the queue belongs to cell k modulo capacity, so the queue's own order and room are the cells' too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/ring/lane.hpp"
#include "pawl/core/ring/storage.hpp"

namespace pawl::ring {

// Threads as in Lane: one producer, one drainer, any closer. Allocates at construction only.
class ByteLane {
 public:
  // REQUIRES: capacity is a power of two, cell_bytes a multiple of 64. Tickets as in Lane.
  ByteLane(std::size_t capacity, std::size_t cell_bytes, Ticket first_ticket = 1)
      : entries_(capacity, first_ticket), cell_bytes_(cell_bytes), mask_(capacity - 1), cells_(allocate(capacity, cell_bytes)) {
    PAWL_ASSERT(is_power_of_two(static_cast<std::int64_t>(capacity)));
    PAWL_ASSERT(cell_bytes > 0 && cell_bytes % limits::cache_line_bytes == 0);
  }

  [[nodiscard]] std::size_t cell_bytes() const noexcept { return cell_bytes_; }

  // Offers one event, copied. Refusals: too_large, full, closed. Thread: the producer's.
  template <class Wake = NoWake>
  Publication publish(std::span<const std::byte> event, Wake&& wake = {}) {
    return publish_in_place(event.size(), [&](std::span<std::byte> cell) { std::ranges::copy(event, cell.begin()); }, wake);
  }

  // Offers one event of `bytes`, which fill(span) writes straight into its cell. Thread: the producer's.
  template <class Fill, class Wake = NoWake>
  Publication publish_in_place(std::size_t bytes, Fill&& fill, Wake&& wake = {}) {
    if (bytes > cell_bytes_) return Refused{Refusal::too_large};
    if (!has_room()) return Refused{entries_.was_closed() ? Refusal::closed : Refusal::full};
    fill(cell(produced_).first(bytes));
    const Publication publication = entries_.publish(static_cast<std::uint32_t>(bytes), wake);
    if (publication) {
      ++produced_;
      --room_;
    }
    return publication;
  }

  // As in Lane. Thread: any.
  template <class Wake = NoWake>
  void close(Wake&& wake = {}) {
    entries_.close(wake);
  }

  // Calls handler(ticket, bytes) for up to `budget` accepted events, in order; the bytes are valid during the call. Returns how many.
  // Thread: the drainer's.
  template <class Handler>
  std::int64_t drain(std::int64_t budget, Handler&& handler) {
    return entries_.drain(budget, [&](Ticket ticket, std::uint32_t bytes) {
      handler(ticket, std::span<const std::byte>(cell(consumed_).first(bytes)));
      ++consumed_;
    });
  }

  // As in Lane. Thread: the drainer's.
  [[nodiscard]] bool finished() const noexcept { return entries_.finished(); }
  [[nodiscard]] bool arm() noexcept { return entries_.arm(); }
  void disarm() noexcept { entries_.disarm(); }
  [[nodiscard]] std::int64_t waiting() const noexcept { return entries_.waiting(); }

 private:
  struct Free {
    void operator()(std::byte* cells) const noexcept { ::operator delete(cells, std::align_val_t{limits::writer_distance_bytes}); }
  };
  using Cells = std::unique_ptr<std::byte, Free>;

  static Cells allocate(std::size_t capacity, std::size_t cell_bytes) {
    return Cells(static_cast<std::byte*>(::operator new(capacity * cell_bytes, std::align_val_t{limits::writer_distance_bytes})));
  }

  // A cell is free when its entry has left the queue, and the queue says so with an acquire that pairs with the drainer's release: the
  // drainer pops an entry after its handler has read the cell. Asked only when the known room is used up.
  [[nodiscard]] bool has_room() noexcept {
    if (room_ == 0) room_ = entries_.room();
    return room_ > 0;
  }

  [[nodiscard]] std::span<std::byte> cell(std::uint64_t number) const noexcept {
    return {cells_.get() + (number & mask_) * cell_bytes_, cell_bytes_};
  }

  Lane<std::uint32_t> entries_;
  std::size_t cell_bytes_;
  std::size_t mask_;
  Cells cells_;
  alignas(limits::writer_distance_bytes) std::uint64_t consumed_ = 0;  // of the drainer
  alignas(limits::writer_distance_bytes) std::uint64_t produced_ = 0;  // of the producer
  std::size_t room_ = 0;                                               // of the producer
};

}  // namespace pawl::ring
