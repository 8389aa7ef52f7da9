// The bytes of a snapshot file, shared by its writer and reader. FORMAT.md draws them.
//
//   | SnapshotHeader, one page | part | part | ... | end part | zeros up to a multiple of 4096 |
//   part:  | PartHeader (48 bytes) | body | zeros up to a multiple of 8 |
//
// All integers little-endian, no implicit padding, reserved bytes zero and checked.
#pragma once

#include "pawl/journal/format.hpp"

namespace pawl::journal {

inline constexpr std::uint16_t snapshot_version = 1;
inline constexpr std::uint32_t snapshot_magic = 0x31534C50;  // "PLS1"
inline constexpr std::uint32_t part_magic = 0x31504C50;      // "PLP1"

struct SnapshotHeader {
  std::uint32_t magic;
  std::uint32_t crc;             // CRC32C of bytes [8, 4096)
  std::uint16_t version;         // a reader that knows only lower ones says NEWER FORMAT
  std::uint16_t reserved0;
  std::uint32_t groups;          // key groups whose rows follow
  Uuid database;                 // of the journal it belongs to
  Sequence sequence;             // the state behind this input, the last of a digest interval
  std::uint64_t block;           // that holds this input,
  std::uint64_t segment;         // where it stands,
  Hash chain;                    // and its chain value: the history that led here
  Digest digest;                 // of all decisions up to here
  Time effective_time;
  std::uint64_t overflows;       // counters of decide
  std::uint64_t divisions_by_zero;
  std::uint64_t keys_max, entries_max, distinct_max;  // bounds of state, as in ACTIVATE
  Time created;
  std::array<std::byte, 3936> reserved1;
};
static_assert(std::has_unique_object_representations_v<SnapshotHeader>, "no padding bytes");
static_assert(sizeof(SnapshotHeader) == page_bytes);
inline constexpr std::size_t snapshot_crc_from = offsetof(SnapshotHeader, version);
static_assert(snapshot_crc_from == 8);

enum class PartKind : std::uint32_t {
  pipeline = 1,  // the pipeline's text
  firings = 2,   // uint64 per rule, in file order
  schema = 3,    // of a group: what its rows look like, in one line
  rows = 4,      // of a group: window/group_rows.hpp
  end = 5,       // SnapshotEnd: the last part
  decide_schema = 6,  // of a part of what decide remembers: what its rows look like, in one line
  decide_rows = 7,    // of it: rules/state_rows.hpp
};

struct PartHeader {
  std::uint32_t magic;
  std::uint32_t crc;             // CRC32C of bytes [8, 48)
  PartKind kind;
  std::uint32_t group;           // schema, rows: the group's first feature column; decide's: which part, from 0; else 0
  std::uint64_t number;          // from 0, without gaps
  std::uint64_t body_bytes;      // without the padding
  Digest body_hash;              // XXH3-128 of the body
};
static_assert(std::has_unique_object_representations_v<PartHeader> && sizeof(PartHeader) == 48);
inline constexpr std::size_t part_crc_from = offsetof(PartHeader, kind);
static_assert(part_crc_from == 8);

struct SnapshotEnd {
  std::uint64_t parts;           // before this one
  std::uint64_t reserved;
  Hash hash;                     // SHA-256, chained over the header page and the part headers before this one: h' = SHA-256(h, bytes)
};
static_assert(std::has_unique_object_representations_v<SnapshotEnd> && sizeof(SnapshotEnd) == 48);

[[nodiscard]] constexpr std::uint64_t round_up_to_8(std::uint64_t bytes) noexcept { return (bytes + 7) / 8 * 8; }

}  // namespace pawl::journal
