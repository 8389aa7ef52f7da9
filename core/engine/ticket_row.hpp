// TicketRow: the tickets that a source gives its inputs from a start on.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "pawl/core/base/types.hpp"

namespace pawl {

// First those that are missing in the log, then on from behind the last. Immutable.
class TicketRow {
 public:
  // `missing`: below `last`, ascending.
  explicit TicketRow(Ticket last, std::vector<Ticket> missing = {}) : last_(last), missing_(std::move(missing)) {}

  // Of the n-th input, from 1.
  [[nodiscard]] Ticket at(std::uint64_t n) const noexcept { return n <= missing_.size() ? missing_[n - 1] : last_ + n - missing_.size(); }

 private:
  Ticket last_;
  std::vector<Ticket> missing_;
};

}  // namespace pawl
