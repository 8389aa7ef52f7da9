#include "pawl/log/decoder.hpp"

#include <cstring>

#include "pawl/core/language/check.hpp"

namespace pawl::tools {

using journal::AnnotationType;
using journal::Record;

void Decoder::apply(Record record) {
  catalogue_.apply(record);
  is_stale_ |= record.header().type == static_cast<std::uint16_t>(AnnotationType::pipeline);
}

const language::Pipeline* Decoder::pipeline() {
  if (is_stale_ && catalogue_.pipeline() != source_) {
    source_ = catalogue_.pipeline();
    pipeline_ = language::check(source_, "pipeline").pipeline;
  }
  is_stale_ = false;
  return pipeline_.get();
}

const EventSchema* Decoder::schema(Record record) {
  const std::uint16_t type = record.header().type;
  if (!is_event(type) || pipeline() == nullptr) return nullptr;
  const auto index = static_cast<std::size_t>(type - first_event_type);
  if (index >= pipeline_->events.size()) return nullptr;
  const EventSchema& event = pipeline_->events[index];
  return record.header().length == event.payload_bytes ? &event : nullptr;
}

const std::byte* Decoder::slot_of(Record record) {
  slot_.assign(slot_bytes(record.header().length) / sizeof(std::uint64_t), 0);
  std::memcpy(reinterpret_cast<std::byte*>(slot_.data()) + record_offset, record.bytes().data(), record.bytes().size());
  return reinterpret_cast<const std::byte*>(slot_.data());
}

std::string Decoder::source_name(std::uint16_t number) const {
  for (const auto& source : catalogue_.sources()) {
    if (source.number == number) return source.name;
  }
  return std::to_string(number);
}

std::string input_name(const EventSchema* schema, std::uint16_t type) {
  if (schema != nullptr) return schema->name;
  if (type == static_cast<std::uint16_t>(InputType::activate)) return "activate";
  return type == static_cast<std::uint16_t>(InputType::tick) ? "tick" : "unknown";
}

}  // namespace pawl::tools
