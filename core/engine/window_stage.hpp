// Windows: one shard of the keyed windows as a stage. Writes the features of its groups beside the ring.
#pragma once

#include <algorithm>
#include <cstdint>

#include "pawl/core/event/slot_view.hpp"
#include "pawl/core/ring/byte_ring.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/core/state/tiles.hpp"
#include "pawl/core/window/windows.hpp"

namespace pawl {

class WindowStage {
 public:
  // All outlive the stage.
  WindowStage(ring::Reader<ring::ByteRing>& reader, window::Windows& windows, const SlotView& slots, state::Tiles& tiles)
      : reader_(reader), windows_(windows), slots_(slots), tiles_(tiles) {}

  // Set-up: tiles have a gate of their own, so that they can be fewer than the ring spans and stay near. `decided`: the last sequence whose
  // cells nobody reads any more. Outlives the stage. Without a gate there must be tiles for all of the ring.
  void gate_on(const ring::Cursor<>& decided) noexcept { decided_ = &decided; }

  std::int64_t poll(std::int64_t budget) {
    const std::int64_t room = room_for(budget);
    if (room <= 0) return 0;
    const ring::Batch batch = reader_.poll(room);
    if (batch.empty()) return 0;
    windows_.process(slots_, batch.first, batch.last, tiles_);
    reader_.release(batch.last);
    return batch.size();
  }

  [[nodiscard]] bool finished() const noexcept { return reader_.finished(); }

 private:
  // As many events as tiles are free for, up to `budget`. The cursor is looked at when the last look does not suffice. Acquire: pairs with the
  // release by which decide says that it has read the cells (DecideStage::poll), so that none of them is overwritten before.
  std::int64_t room_for(std::int64_t budget) noexcept {
    if (decided_ == nullptr) return budget;
    if (free_end_ - reader_.next() < budget) {
      constexpr auto tile = static_cast<Sequence>(limits::tile_events);
      free_end_ = ((decided_->load_acquire<ring::StdAtomics::gate_load>() + 1) / tile + static_cast<Sequence>(tiles_.tiles())) * tile;
    }
    return std::min(budget, free_end_ - reader_.next());
  }

  ring::Reader<ring::ByteRing>& reader_;
  window::Windows& windows_;
  SlotView slots_;
  state::Tiles& tiles_;
  const ring::Cursor<>* decided_ = nullptr;
  Sequence free_end_ = 0;  // sequences before it have a free tile, as far as was seen
};

}  // namespace pawl
