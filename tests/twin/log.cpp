#include "tests/twin/log.hpp"

#include <algorithm>
#include <cstring>

#include "pawl/core/base/assert.hpp"
#include "tests/twin/print.hpp"

namespace pawl::twin {

Log::Log(const language::Pipeline& pipeline) : pipeline_(&pipeline) {
  slot_bytes_ = pawl::slot_bytes(0);
  for (const EventSchema& schema : pipeline.events) slot_bytes_ = std::max(slot_bytes_, pawl::slot_bytes(schema.payload_bytes));
  auto* header = reinterpret_cast<EventHeader*>(append_slot());
  header->type = static_cast<std::uint16_t>(InputType::activate);
}

std::byte* Log::append_slot() {
  if (static_cast<std::size_t>(size_) == capacity_) {
    capacity_ = std::max<std::size_t>(64, capacity_ * 2);
    storage_.resize(capacity_ * slot_bytes_ / sizeof(Line));
  }
  std::byte* slot = bytes(static_cast<std::size_t>(size_++));
  std::memset(slot, 0, slot_bytes_);
  reinterpret_cast<EventHeader*>(slot)->stamp = static_cast<std::uint64_t>(size_);
  return slot;
}

std::byte* Log::append(std::size_t event, Time at) {
  std::byte* slot = append_slot();
  begin_event(pipeline_->events[event], slot);
  auto* header = reinterpret_cast<EventHeader*>(slot);
  header->at = at;
  header->ticket = static_cast<Ticket>(size_ - 1);
  PAWL_ASSERT(header->type == first_event_type + event);
  return slot;
}

void Log::append_tick(Time at) {
  auto* header = reinterpret_cast<EventHeader*>(append_slot());
  header->type = static_cast<std::uint16_t>(InputType::tick);
  header->at = at;
}

void Log::append_copy(const Log& other, Sequence sequence) {
  std::byte* slot = append_slot();
  const std::uint64_t stamp = reinterpret_cast<EventHeader*>(slot)->stamp;
  std::memcpy(slot, other.slot(sequence), slot_bytes_);
  reinterpret_cast<EventHeader*>(slot)->stamp = stamp;
}

std::string Log::to_csv(std::size_t event) const {
  const EventSchema& schema = pipeline_->events[event];
  std::string text;
  for (const Field& field : schema.fields) text.append(text.empty() ? "" : ",").append(field.name);
  text.append("\n");
  for (Sequence s = 0; s <= last(); ++s) {
    if (header(s).type != schema.type) continue;
    for (std::size_t i = 0; i < schema.fields.size(); ++i) {
      const Datum value = read(schema, slot(s), i);
      PAWL_ASSERT(value.missing || schema.fields[i].type.kind != Kind::text || !value.text.empty());
      text.append(i == 0 ? "" : ",").append(csv_cell(print(schema.fields[i].type, value, schema.fields[i].labels)));
    }
    text.append("\n");
  }
  return text;
}

std::string Log::describe(Sequence sequence) const {
  const EventHeader& head = header(sequence);
  std::string text = std::to_string(sequence).append(" ");
  if (!is_event(head.type)) return text.append(head.type == static_cast<std::uint16_t>(InputType::tick) ? "tick" : "control");
  const EventSchema& schema = pipeline_->events[head.type - first_event_type];
  text.append(schema.name).append("(");
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const Datum value = read(schema, slot(sequence), i);
    text.append(i == 0 ? "" : " ").append(schema.fields[i].name).append("=");
    text.append(value.missing ? "missing" : print(schema.fields[i].type, value, schema.fields[i].labels));
  }
  return text.append(")");
}

}  // namespace pawl::twin
