#include "pawl/core/rules/field_access.hpp"

#include <cstddef>
#include <utility>

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

std::uint16_t field_access(std::vector<FieldAccess>& fields, const std::vector<EventSchema>& events, const std::string& name, Kind kind) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name && fields[i].kind == kind) return static_cast<std::uint16_t>(i);
  }
  FieldAccess made{.name = name, .kind = kind, .in = {}};
  for (const EventSchema& event : events) {
    const int index = event.find(name);
    const bool same_kind = index >= 0 && event.fields[static_cast<std::size_t>(index)].type.kind == kind;
    made.in.push_back(place_of(event, same_kind ? index : -1));
  }
  fields.push_back(std::move(made));
  return static_cast<std::uint16_t>(fields.size() - 1);
}

std::uint16_t computed_text(std::vector<FieldAccess>& fields, const std::vector<EventSchema>& events, std::uint16_t column, std::size_t bytes) {
  fields.push_back({.name = {}, .kind = Kind::text, .in = std::vector<SlotPlace>(events.size()), .column = column, .bytes = bytes});
  return static_cast<std::uint16_t>(fields.size() - 1);
}

}  // namespace pawl::rules
