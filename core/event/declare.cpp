#include "pawl/core/event/declare.hpp"

namespace pawl {
namespace declare_detail {
namespace {

std::size_t word_offset(std::size_t bit) noexcept { return sizeof(EventHeader) + (bit - header_missing_bits) / 64 * 8; }

}  // namespace

void set_missing(std::byte* slot, std::size_t bit) noexcept {
  std::uint64_t word;
  std::memcpy(&word, slot + word_offset(bit), sizeof word);
  word |= std::uint64_t{1} << ((bit - header_missing_bits) % 64);
  std::memcpy(slot + word_offset(bit), &word, sizeof word);
}

bool get_missing(const std::byte* slot, std::size_t bit) noexcept {
  if (bit < header_missing_bits) {
    std::uint32_t word;
    std::memcpy(&word, slot + offsetof(EventHeader, missing), sizeof word);
    return (word >> bit & 1U) != 0;
  }
  std::uint64_t word;
  std::memcpy(&word, slot + word_offset(bit), sizeof word);
  return (word >> ((bit - header_missing_bits) % 64) & 1U) != 0;
}

EventSchema checked_schema(std::string_view name, std::vector<Field> fields) {
  auto schema = EventSchema::make(std::string(name), std::move(fields), 0);
  if (!schema) assert_failed(schema.error().text.c_str(), __FILE__, __LINE__);  // a declaration in the program is wrong: a bug
  return *std::move(schema);
}

}  // namespace declare_detail

Result<std::uint16_t> event_type_in(const EventSchema& declared, const EventSchema& program) {
  if (declared.layout_hash == program.layout_hash) return declared.type;
  return Error{ErrorCode::bad_pipeline, first_difference(program, "program", declared, "pipeline") +
                                            ": make both declarations agree, fields in the same order"};
}

}  // namespace pawl
