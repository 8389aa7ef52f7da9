#include "pawl/core/rules/event_key.hpp"

#include <algorithm>
#include <cstring>

namespace pawl::rules {

KeyPlan plan_cooldown_key(const language::Rule& rule, const language::Pipeline& pipeline, Program& program) {
  KeyPlan key{.parts = {}, .bytes = sizeof(std::uint64_t)};
  for (const std::string& name : rule.cooldown_key) {
    std::uint32_t bytes = 8;
    Kind kind = Kind::integer;
    for (const std::uint16_t event : rule.on) {
      const EventSchema& schema = pipeline.events[event];
      const Type& type = schema.fields[static_cast<std::size_t>(schema.find(name))].type;
      kind = type.kind;
      if (kind == Kind::text) bytes = std::max<std::uint32_t>(bytes, type.text_bytes);
    }
    key.parts.push_back({field_access(program.fields, pipeline.events, name, kind), bytes});
    key.bytes += bytes;
  }
  return key;
}

bool read_key(const KeyPlan& key, const Program& program, std::uint16_t event, const std::byte* slot, std::byte* to) noexcept {
  for (const KeyPlan::Part& part : key.parts) {
    const SlotPlace& place = program.fields[part.field].in[event];
    if (!place.exists() || !place.present(slot)) return false;
    if (place.kind == Kind::text) {
      const std::string_view text = place.text(slot);
      std::memcpy(to, text.data(), text.size());
    } else {
      const std::int64_t number = place.number(slot);
      std::memcpy(to, &number, sizeof number);
    }
    to += part.bytes;
  }
  return true;
}

}  // namespace pawl::rules
