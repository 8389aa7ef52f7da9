#include "pawl/core/rules/field_access.hpp"

#include <cstddef>

namespace pawl::rules {

SlotPlace place_of(const EventSchema& schema, int index) {
  SlotPlace place;
  if (index < 0) return place;
  const Field& field = schema.fields[static_cast<std::size_t>(index)];
  place.bytes = static_cast<std::uint32_t>(stored_bytes(field.type));
  place.kind = field.type.kind;
  if (field.is_event_time) {
    place.offset = offsetof(EventHeader, at);
    return place;
  }
  place.offset = static_cast<std::int32_t>(sizeof(EventHeader) + field.offset);
  place.missing_offset = field.missing_bit < 32 ? static_cast<std::uint32_t>(offsetof(EventHeader, missing))
                                                : static_cast<std::uint32_t>(sizeof(EventHeader)) + (field.missing_bit / 32U - 1U) * 4U;
  place.missing_mask = std::uint32_t{1} << (field.missing_bit % 32U);
  return place;
}

}  // namespace pawl::rules
