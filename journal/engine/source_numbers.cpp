#include "pawl/journal/engine/source_numbers.hpp"

#include <algorithm>
#include <limits>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/planted.hpp"

namespace pawl::journal {

static_assert(limits::sources_max == std::numeric_limits<std::uint16_t>::max(), "a source's number has 16 bits in a record");

Result<NumberedSource> number_source(std::span<const SourceState> known, std::string_view name) {
  std::size_t highest = 0;
  for (const SourceState& source : known) {
    if (source.name == name) return NumberedSource{source.number, planted(Bug::tickets_forgotten_at_restart) ? 0 : source.last_ticket, source.missing, false};
    highest = std::max<std::size_t>(highest, source.number);
  }
  if (highest >= limits::sources_max) {
    return Error{ErrorCode::usage, "the journal has had " + std::to_string(limits::sources_max) + " sources, as many as its records can number: no number is left for \"" +
                                       std::string(name) + "\". Use the name of an earlier source again (tickets continue), or start a new journal directory"};
  }
  return NumberedSource{static_cast<std::uint16_t>(highest + 1), 0, {}, true};
}

}  // namespace pawl::journal
