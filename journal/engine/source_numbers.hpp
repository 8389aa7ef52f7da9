// The numbers that stand for sources in the records of a journal.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "pawl/core/base/result.hpp"
#include "pawl/journal/journal.hpp"

namespace pawl::journal {

struct NumberedSource {
  std::uint16_t number;
  Ticket last_ticket;  // 0: nothing was ever accepted from it
  std::vector<Ticket> missing;  // below it
  bool is_new;
};

// The number of a source by its name: the one it has among `known`, else the next one, from 1 on; 0 is the engine itself. A number is
// never given twice, because records keep it for ever. Errors: usage, when all limits::sources_max numbers are given.
[[nodiscard]] Result<NumberedSource> number_source(std::span<const SourceState> known, std::string_view name);

}  // namespace pawl::journal
