// Which events are known frauds, by ticket or by sequence. By ticket: written by the producer before it publishes, read when the decision has come back.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/types.hpp"

namespace pawl::tools {

// The lane's and the rings' release and acquire order the write before the read: no atomics of its own.
class Labels {
 public:
  void set(Ticket ticket, bool fraud) {
    PAWL_ASSERT(ticket / chunk_labels < chunks_.size());
    auto& chunk = chunks_[ticket / chunk_labels];
    if (!chunk) chunk = std::make_unique<std::uint8_t[]>(chunk_labels);
    chunk[ticket % chunk_labels] = fraud ? 1 : 0;
  }
  // False for tickets that were never set.
  [[nodiscard]] bool at(Ticket ticket) const {
    PAWL_ASSERT(ticket / chunk_labels < chunks_.size());
    const auto& chunk = chunks_[ticket / chunk_labels];
    return chunk != nullptr && chunk[ticket % chunk_labels] != 0;
  }

 private:
  static constexpr std::size_t chunk_labels = std::size_t{1} << 20;
  std::array<std::unique_ptr<std::uint8_t[]>, 8192> chunks_;  // 8 G events
};

}  // namespace pawl::tools
