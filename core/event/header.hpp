// The fixed head of every input: in a ring slot, in a lane's cell, and (without the stamp) in the journal.
//
//  0       8     12        16    24       32       40     42       44       46      48
//  | stamp | crc | missing | at | ingest | ticket | type | source | length | flags | payload ... |
//          \______________________ a record in the journal ___________________________________/
//
// All integers little-endian. `length` counts the payload's bytes. A record is the slot from offset 8 to the end of the
// payload, padded with zeros to a multiple of 8: what the logic reads and what the disk holds are the same bytes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/types.hpp"

namespace pawl {

struct EventHeader {
  std::uint64_t stamp;    // sequence + 1, release-stored last by the ring's writer; 0 = never published. Owned by core/ring
  std::uint32_t crc;      // CRC32C of the bytes from `missing` to the end of the payload, set when the input is sequenced
  std::uint32_t missing;  // bit i: field i of the payload has no value; fields from 32 on have their words at the payload's start
  Time at;                // event time, ns since 1970 UTC
  Time ingest;            // when it was sequenced, ns since 1970 UTC
  Ticket ticket;          // the source's own contiguous number, from 1
  std::uint16_t type;     // InputType below, or first_event_type + index of the event in its pipeline
  std::uint16_t source;   // number of the source; names stand in SOURCE annotations
  std::uint16_t length;   // payload bytes
  std::uint16_t flags;    // reserved, zero
};

static_assert(std::endian::native == std::endian::little, "slots are written to disk as they are");
static_assert(std::is_trivially_copyable_v<EventHeader>);
static_assert(sizeof(EventHeader) == limits::event_header_bytes);
static_assert(offsetof(EventHeader, crc) == 8);
static_assert(offsetof(EventHeader, missing) == 12);
static_assert(offsetof(EventHeader, at) == 16);
static_assert(offsetof(EventHeader, type) == 40);

// Types of inputs that are not events of the pipeline, and of annotations, which stand in the journal without a sequence.
enum class InputType : std::uint16_t {
  activate = 1,  // a pipeline takes effect; the first one is sequence 0 of every log
  tick = 2,      // time passed without events; fires deadlines, never advances effective time. No payload
};
inline constexpr std::uint16_t first_event_type = 16;
inline constexpr std::uint16_t first_annotation_type = 0xFF00;

[[nodiscard]] constexpr bool is_annotation(std::uint16_t type) noexcept { return type >= first_annotation_type; }
[[nodiscard]] constexpr bool is_event(std::uint16_t type) noexcept { return type >= first_event_type && !is_annotation(type); }

inline constexpr std::size_t record_offset = offsetof(EventHeader, crc);                          // of a record in its slot
inline constexpr std::size_t record_header_bytes = sizeof(EventHeader) - record_offset;           // 40
inline constexpr std::size_t record_crc_offset = offsetof(EventHeader, missing) - record_offset;  // first byte that the CRC covers

[[nodiscard]] constexpr std::size_t record_bytes(std::size_t payload_bytes) noexcept {
  return (record_header_bytes + payload_bytes + 7) & ~std::size_t{7};
}
[[nodiscard]] constexpr std::size_t slot_bytes(std::size_t payload_bytes) noexcept {
  const std::size_t bytes = sizeof(EventHeader) + payload_bytes;
  return (bytes + limits::cache_line_bytes - 1) / limits::cache_line_bytes * limits::cache_line_bytes;
}

static_assert(record_header_bytes == 40);

}  // namespace pawl
