// A ring full of payments and everything that windows and decide need, for one pipeline.
#pragma once

#include <algorithm>
#include <string>

#include "gen/payments.hpp"
#include "harness/fail.hpp"
#include "pawl/core/event/slot_view.hpp"
#include "pawl/core/rules/decide.hpp"
#include "pawl/core/window/windows.hpp"
#include "pawl/io/memory.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"

namespace pawl::bench {

inline io::Region map_pages(std::size_t bytes) {
  return or_fail(io::Region::map({.bytes = std::max<std::size_t>(bytes, 4096), .best_pages = io::Pages::transparent_huge, .prefault = false}));
}

class Logic {
 public:
  explicit Logic(const std::string& pipeline)
      : loaded_(or_fail(journal::check_pipeline(pipeline, "micro"))), plan_(rules::make_plan(*loaded_.pipeline)), layout_(plan_, {}),
        slot_bytes_(slot_bytes(loaded_.pipeline->events.front().payload_bytes)), slots_(map_pages(ring_slots * slot_bytes_)), columns_(std::max<std::size_t>(plan_.feature_columns, 1)),
        cells_(map_pages(state::Tiles::memory_bytes(columns_, tile_count))), tiles_(cells_.bytes(), columns_, tile_count),
        state_(map_pages(or_fail(window::memory_bytes(*loaded_.pipeline, plan_.features, state_limits)))),
        windows_(or_fail(window::Windows::make(*loaded_.pipeline, plan_.features, state_limits, state_.bytes()))), decide_(plan_, layout_),
        records_(map_pages(limits::tile_events * layout_.record_bytes())),
        payments_(or_fail(gen::PaymentSource::make(loaded_.pipeline->events.front(), {}, std::int64_t{1} << 40))) {
    constexpr int warm_tiles = 300;  // the keys have their state, its pages their memory
    for (int i = 0; i < warm_tiles; ++i) {
      write_tile();
      windows();
      if (decide() != limits::tile_events) fail("micro: a decision is missing");
    }
  }

  // The next 64 payments into the ring.
  void write_tile() {
    for (Sequence s = next_; s < next_ + tile; ++s) payments_.next(slots_.bytes().data() + static_cast<std::size_t>(s) % ring_slots * slot_bytes_);
    next_ += tile;
  }
  void windows() { windows_.process(view(), next_ - tile, next_ - 1, tiles_); }
  std::size_t decide() {
    return decide_.run(view(), tiles_, next_ - tile, next_ - 1, [&](std::size_t i) { return records_.bytes().data() + i * layout_.record_bytes(); });
  }

  static constexpr Sequence tile = static_cast<Sequence>(limits::tile_events);

 private:
  static constexpr std::size_t ring_slots = 4096, tile_count = 128;
  static constexpr window::StateLimits state_limits{.keys_max = 1 << 15, .entries_max = 1 << 20, .distinct_max = 1 << 15};
  [[nodiscard]] SlotView view() const noexcept { return {slots_.bytes().data(), slot_bytes_, static_cast<Sequence>(ring_slots) - 1}; }

  journal::LoadedPipeline loaded_;
  rules::Plan plan_;
  rules::DecisionLayout layout_;
  std::size_t slot_bytes_;
  io::Region slots_;
  std::size_t columns_;
  io::Region cells_;
  state::Tiles tiles_;
  io::Region state_;
  window::Windows windows_;
  rules::Decide decide_;
  io::Region records_;
  gen::PaymentSource payments_;
  Sequence next_ = 0;
};

}  // namespace pawl::bench
