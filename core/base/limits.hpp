// Every bound of Pawl in one place, with the relations between them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pawl::limits {

inline constexpr std::size_t cache_line_bytes = 64;
// Between words of different writers: two lines, because the adjacent-line prefetcher pulls pairs.
inline constexpr std::size_t writer_distance_bytes = 128;

// Events.
inline constexpr std::size_t event_header_bytes = 48;      // event/header.hpp
inline constexpr std::size_t event_payload_bytes_max = 4048;
inline constexpr std::size_t event_fields_max = 256;
inline constexpr std::size_t text_bytes_max = 1024;
inline constexpr std::size_t event_types_max = 256;
inline constexpr std::size_t sources_max = 65'535;
// Of a source that declares `reorder`: an event leaves when the source's number is so much further; a power of two.
inline constexpr std::size_t reorder_events_max = 65'536;

// Ring: slots (64 GiB of the largest events), and cursors that one reader or writer may follow.
inline constexpr std::int64_t ring_slots_max = std::int64_t{1} << 24;
inline constexpr std::size_t barrier_cursors_max = 16;

// Features, lets and rules: a tile is a column's cells for 64 consecutive sequences.
inline constexpr std::size_t tile_events = 64;
inline constexpr std::size_t rules_max = 4096;

// State.
inline constexpr std::size_t partitions = 256;

// Journal.
inline constexpr std::size_t block_bytes_max = std::size_t{1} << 20;
inline constexpr std::size_t block_alignment_bytes = 4096;
inline constexpr std::size_t segment_bytes_default = std::size_t{64} << 20;
inline constexpr std::size_t pipeline_source_bytes_max = std::size_t{512} << 10;

// Digest: one DIGEST annotation per this many sequences.
inline constexpr std::int64_t digest_interval = 65'536;

static_assert((event_header_bytes + event_payload_bytes_max) % cache_line_bytes == 0, "the largest event fills whole cache lines");
static_assert(block_bytes_max % block_alignment_bytes == 0, "a full block ends at an alignment boundary");
static_assert(segment_bytes_default % block_bytes_max == 0, "a segment holds whole blocks");
static_assert(pipeline_source_bytes_max < block_bytes_max, "the pipeline's source fits in the first block of a segment");
static_assert(digest_interval % static_cast<std::int64_t>(tile_events) == 0, "a digest interval is whole tiles");

}  // namespace pawl::limits
