// The bytes of the journal, shared by writer, recovery and readers. FORMAT.md draws them with a ruler and explains each field.
//
//  segment:  | OPEN block | block | block | ... | zeros ...            | SEAL block (last 4 KiB) |
//  block:    | BlockHeader (192 bytes) | records ... | zeros up to a multiple of 4096 |
//  record:   | RecordHeader (40 bytes) | payload | zeros up to a multiple of 8 |
//
// All integers little-endian, no implicit padding, reserved bytes zero and checked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/types.hpp"
#include "pawl/core/event/header.hpp"

namespace pawl::journal {

inline constexpr std::uint16_t format_version = 1;

using Uuid = std::array<std::byte, 16>;
using Nonce = std::array<std::byte, 16>;
using Hash = std::array<std::byte, 32>;    // SHA-256, or XXH3-128 in the first 16 bytes and zeros
using Digest = std::array<std::byte, 16>;  // XXH3-128 of decisions

// Blocks start and end at multiples of this; sectors of a device are at most as large.
inline constexpr std::uint32_t page_bytes = limits::block_alignment_bytes;

enum class BlockKind : std::uint8_t {
  data = 1,          // inputs and annotations
  seal_idle = 2,     // empty; witnesses that the block before it was durable
  segment_open = 3,  // what the journal knew at the start of the segment: pipeline, sources, digest, emitted. No inputs
  segment_seal = 4,  // in the last 4 KiB of its segment; nothing more will be written there
  epoch_open = 5,    // a start of the engine, and what recovery dropped before it
};

enum class BodyHash : std::uint8_t {
  xxh3_128 = 1,  // fast; finds accidents
  sha_256 = 2,   // audit; the chain then commits to every byte of the bodies against forgery as well
};

[[nodiscard]] constexpr std::string_view name(BodyHash algorithm) noexcept { return algorithm == BodyHash::sha_256 ? "SHA-256" : "XXH3-128"; }

inline constexpr std::uint32_t block_magic = 0x31424C50;  // "PLB1"

struct BlockHeader {
  std::uint32_t magic;
  std::uint32_t header_crc;      // CRC32C of bytes [8, 192)
  std::uint32_t body_crc;        // CRC32C of bytes [192, total_bytes): the padding is covered
  std::uint16_t version;         // format_version of the writer
  BlockKind kind;
  BodyHash body_hash_algorithm;
  Uuid database;                 // of the CONTROL file
  Nonce nonce;                   // of the epoch; unguessable, so that no payload parses as a block
  std::uint64_t block;           // from 1, without gaps, over all segments
  std::uint64_t segment;         // number of the file it stands in
  std::uint64_t offset;          // of this header in the file: a block says where it belongs
  std::uint32_t epoch;           // starts of the engine, from 1
  std::uint32_t total_bytes;     // multiple of 4096
  std::uint32_t body_bytes;      // of the records, without the padding behind them
  std::uint32_t records;         // inputs and annotations
  std::uint32_t inputs;          // records that have a sequence
  std::uint32_t reserved0;
  Sequence first_sequence;       // of the first input; of the next one if the block has none
  std::uint64_t durable_block;   // highest block known to be durable when this one was submitted
  Time time;                     // wall clock at submission, ns since 1970 UTC
  std::uint64_t reserved1;
  Hash body_hash;                // of bytes [192, total_bytes)
  Hash chain;                    // SHA-256 of (chain of the block before, bytes [8, 160) of this header)
};

inline constexpr std::size_t block_header_bytes = sizeof(BlockHeader);
inline constexpr std::size_t header_crc_from = offsetof(BlockHeader, body_crc);
inline constexpr std::size_t chain_offset = offsetof(BlockHeader, chain);

static_assert(std::is_trivially_copyable_v<BlockHeader>);
static_assert(std::has_unique_object_representations_v<BlockHeader>, "no padding bytes");
static_assert(block_header_bytes == 192);
static_assert(header_crc_from == 8);
static_assert(offsetof(BlockHeader, database) == 16);
static_assert(offsetof(BlockHeader, block) == 48);
static_assert(offsetof(BlockHeader, epoch) == 72);
static_assert(offsetof(BlockHeader, first_sequence) == 96);
static_assert(offsetof(BlockHeader, body_hash) == 128);
static_assert(chain_offset == 160);
static_assert(block_header_bytes % 8 == 0, "records are aligned to 8");

// An EventHeader without its stamp: the head of inputs and annotations alike.
struct RecordHeader {
  std::uint32_t crc;      // CRC32C of bytes [4, 40 + length)
  std::uint32_t missing;
  Time at;
  Time ingest;
  Ticket ticket;
  std::uint16_t type;
  std::uint16_t source;
  std::uint16_t length;   // payload bytes
  std::uint16_t flags;    // of an input: zero; of an annotation: AnnotationFlags
};

static_assert(std::has_unique_object_representations_v<RecordHeader>);
static_assert(sizeof(RecordHeader) == record_header_bytes);
static_assert(offsetof(RecordHeader, missing) == record_crc_offset);
static_assert(offsetof(RecordHeader, at) + record_offset == offsetof(EventHeader, at));
static_assert(offsetof(RecordHeader, type) + record_offset == offsetof(EventHeader, type));
static_assert(offsetof(RecordHeader, length) + record_offset == offsetof(EventHeader, length));

// Annotations stand between the inputs and have no sequence. Readers skip types that they do not know.
enum class AnnotationType : std::uint16_t {
  pipeline = 0xFF01,  // PipelineChunk + text: the pipeline's source, of the `activate` input that follows
  source = 0xFF02,    // SourceName + name
  digest = 0xFF03,    // DigestMark
  emitted = 0xFF04,   // EmittedMark
  epoch = 0xFF05,     // EpochMark, in epoch_open blocks
  segment = 0xFF06,   // SegmentMark, first record of a segment
  seal = 0xFF07,      // SealMark, in segment_seal blocks
  repair = 0xFF08,    // RepairMark: this journal is a damaged one's good beginning
};
inline constexpr std::uint16_t annotation_repeated = 1;  // flag: the same was said before, in an earlier segment

inline constexpr std::size_t pipeline_chunk_bytes = 32 * 1024;
inline constexpr std::size_t source_name_bytes_max = 255;

struct PipelineChunk {
  std::uint32_t total_bytes;  // of the whole text
  std::uint32_t offset;       // of the bytes that follow
};
struct SourceName {
  Ticket last_ticket;           // highest ticket journaled before this record
  std::uint16_t number;
  std::uint16_t name_bytes;
  std::uint32_t missing_words;  // behind the name, of 64 bits each: which tickets below the last are not in. See Tickets
};
struct DigestMark {
  Sequence sequence;          // up to and including
  Digest digest;

  friend bool operator==(const DigestMark&, const DigestMark&) = default;
};
struct EmittedMark {
  Sequence sequence;          // outputs of all inputs up to and including this one were handed to the sink
  std::uint64_t position;     // the sink's own place (bytes, rows, offset); 0 if it has none

  friend bool operator==(const EmittedMark&, const EmittedMark&) = default;
};
struct EpochMark {
  std::uint32_t epoch;
  std::uint32_t label;        // Label of the recovery before it
  std::uint64_t dropped_bytes;
  Hash dropped_hash;          // SHA-256 of the dropped bytes; zero if none
};
struct SegmentMark {
  std::uint64_t segment;
  std::uint64_t segment_bytes;
  std::uint64_t previous_block;
  Sequence first_sequence;
  Hash previous_chain;
};
struct SealMark {
  std::uint64_t end_offset;   // of the last block before the seal
  std::uint64_t last_block;     // before the seal
  Sequence next_sequence;
};
struct RepairMark {
  Sequence last_kept;         // inputs up to and including this one were kept; no_sequence: none
  Sequence last_known;        // the last one that the damaged journal is known to have held
  std::uint64_t last_block;   // the last one kept; `chain` is its
  std::uint64_t segment;      // where it was cut
  std::uint64_t offset;
  std::uint64_t dropped_bytes;  // of pages behind the cut that were not zeros
  std::uint32_t label;        // Label of the damage
  std::uint32_t reserved;
  Hash chain;
};

static_assert(std::has_unique_object_representations_v<PipelineChunk> && sizeof(PipelineChunk) == 8);
static_assert(std::has_unique_object_representations_v<SourceName> && sizeof(SourceName) == 16);
static_assert(std::has_unique_object_representations_v<DigestMark> && sizeof(DigestMark) == 24);
static_assert(std::has_unique_object_representations_v<EmittedMark> && sizeof(EmittedMark) == 16);
static_assert(std::has_unique_object_representations_v<EpochMark> && sizeof(EpochMark) == 48);
static_assert(std::has_unique_object_representations_v<SegmentMark> && sizeof(SegmentMark) == 64);
static_assert(std::has_unique_object_representations_v<SealMark> && sizeof(SealMark) == 24);
static_assert(std::has_unique_object_representations_v<RepairMark> && sizeof(RepairMark) == 88);

// CONTROL: four slots of 4 KiB. Generation g stands twice, in slots 2(g mod 2) and 2(g mod 2) + 1; the highest valid one counts.
inline constexpr std::uint32_t control_magic = 0x31434C50;  // "PLC1"
inline constexpr std::size_t control_slots = 4;

struct ControlSlot {
  std::uint32_t magic;
  std::uint32_t crc;                // CRC32C of bytes [8, 4096)
  std::uint16_t version;            // a reader that knows only lower ones says NEWER FORMAT and stops
  std::uint16_t blocks_in_flight;   // W; recovery depends on it. 1
  std::uint32_t block_bytes_max;
  std::uint64_t generation;
  Uuid database;
  Hash secret;                      // the nonce of epoch e is the head of SHA-256(secret, e)
  std::uint64_t segment_bytes;
  std::uint64_t oldest_segment;     // the journal begins with it; what stands before it was retired, and may be gone
  Time created;
  Time written;
  // Evidence: this block and all before it are durable.
  std::uint64_t durable_block;
  std::uint64_t durable_segment;
  Sequence durable_sequence;
  Hash durable_chain;
  // The current epoch; 0: never opened.
  std::uint32_t epoch;
  std::uint32_t epoch_durability;   // Durability it writes with
  std::uint64_t epoch_first_block;
  std::uint64_t dropped_bytes;      // by the recovery before it
  std::uint32_t clean;              // 1: closed cleanly, and durable_block is the last block
  std::uint32_t reserved0;
  std::array<std::byte, 1024> snapshots;  // place for snapshots and retention; zero
  std::array<std::byte, 2848> reserved1;
  Hash sha_256;                     // of bytes [8, 4064)
};
static_assert(std::has_unique_object_representations_v<ControlSlot>);
static_assert(sizeof(ControlSlot) == page_bytes);
static_assert(offsetof(ControlSlot, sha_256) == 4064);

[[nodiscard]] constexpr std::uint64_t round_up_to_page(std::uint64_t bytes) noexcept {
  return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

}  // namespace pawl::journal
