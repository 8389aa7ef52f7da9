// Windows: one shard of the keyed windows as a stage. Writes the features of its groups beside the ring.
#pragma once

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

  std::int64_t poll(std::int64_t budget) {
    const ring::Batch batch = reader_.poll(budget);
    if (batch.empty()) return 0;
    windows_.process(slots_, batch.first, batch.last, tiles_);
    reader_.release(batch.last);
    return batch.size();
  }

  [[nodiscard]] bool finished() const noexcept { return reader_.finished(); }

 private:
  ring::Reader<ring::ByteRing>& reader_;
  window::Windows& windows_;
  SlotView slots_;
  state::Tiles& tiles_;
};

}  // namespace pawl
