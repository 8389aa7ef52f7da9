// From the features of one group to the bytes of its records, entries and chunks, and to the plain steps that maintain and
// read them. Made once, at set-up.
//
//   record   | RecordHead | key | totals of all entries so far ........ | safe counts | cursor per edge | distinct states |
//   entry    | te | entry columns before it | raw values | raw facts |
//   cursor   | te_next | location | position | entry columns of all that it has passed |
//
// The totals start with the entry columns, so an entry and a cursor hold copies of a prefix of the totals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pawl/core/base/types.hpp"
#include "pawl/core/window/program.hpp"
#include "pawl/core/window/windows.hpp"

namespace pawl::window {

inline constexpr std::uint32_t no_chunk = 0xFFFF'FFFF;

// Where an entry stands: chunk and index in it, in one word.
inline constexpr std::uint32_t location_index_bits = 5;
inline constexpr std::uint32_t chunk_entries_max = (1U << location_index_bits) - 1;  // one index is left to say "the chunk is full"
inline constexpr std::uint32_t no_location = 0xFFFF'FFFF;

struct RecordHead {
  std::uint64_t hash;           // first, as the key table wants it
  std::uint64_t position;       // entries inserted since the key began
  Time last_te;                 // of the last entry
  std::uint64_t largest;        // of the absolute values that any sum64 has taken in
  std::uint32_t append;         // location of the next entry; no_location without a chunk
  std::uint32_t oldest_chunk;
  std::uint32_t oldest_end;     // position behind the last entry of the oldest chunk, mod 2^32
  std::uint32_t reserved;
};

struct CursorHead {
  Time te_next;                 // of the next entry to pass; the largest Time if there is none
  std::uint32_t location;       // of that entry
  std::uint32_t position;       // entries passed since the key began, mod 2^32
};

struct DistinctState {
  std::uint32_t counted;        // 1: the window's values are counted in the table; 0: they are scanned
  std::uint32_t values;         // different values while counted; `distinct_broken` when a value since the start found no room
};
inline constexpr std::uint32_t distinct_broken = 0xFFFF'FFFF;

// Bits of an event, computed once: each `where` that is true, each value that is not missing, each value that is true.
using Facts = std::uint64_t;
inline constexpr std::size_t facts_max = 64;

// A running total, changed by each inserted event that has all of `facts`.
struct Column {
  enum class Kind : std::uint8_t {
    count32,  // + 1, mod 2^32: enough for differences, as fewer entries are held
    count64,  // + 1
    sum64,    // + value, mod 2^64: differences that fit are exact
    sum128,   // + value
    carry,    // value and te of the latest one, its number among those with `match`, and the number of these
  };
  Kind kind = Kind::count32;
  Facts facts = 0;
  Facts match = 0;            // carry
  std::size_t value = 0;      // index of the value program
  bool in_entry = false;      // read at an edge, not only now
  std::size_t offset = 0;     // in the totals
};

// Carry: where its parts stand.
inline constexpr std::size_t carry_te_offset = 8;
inline constexpr std::size_t carry_number_offset = 16;   // uint32, as is
inline constexpr std::size_t carry_matched_offset = 20;
inline constexpr Time no_time = INT64_MIN;

// A place where windows begin or end. An edge `now` is no edge: it reads the totals.
struct Edge {
  bool last_n = false;
  Duration offset = 0;            // time: passes entries with te <= te(e) - offset
  std::uint64_t n = 0;            // last_n: passes entries until n with `facts` are left between it and the lead
  Facts facts = 0;
  int lead = -1;                  // last_n: index of the edge in front, or -1 for now
  std::size_t cursor = 0;         // offset of its CursorHead in the record
  std::size_t match_now = 0;      // last_n: offsets in the record of the count of matching ones at the lead
  std::size_t match_here = 0;     // and at this edge
};

// A value kept with its entry, for `distinct`.
struct Raw {
  std::size_t value = 0;          // index of the value program, or of the text
  bool text = false;
  Facts facts = 0;
  std::size_t bytes = 8;          // a multiple of 8
  std::size_t offset = 0;         // in the entry
};

struct Distinct {
  std::size_t raw = 0;
  int lead = -1, trail = -1;      // edges; lead -1: now, trail -1: since the start
  std::size_t state = 0;          // offset of its DistinctState in the record
};

// The common columns as inserting an event sees them.
struct Add {
  Facts facts = 0;
  std::uint32_t offset = 0;       // in the record
  std::uint32_t value = 0;        // index of the value program
};

// One feature, compiled: offsets in the record of the totals it subtracts.
struct Read {
  enum class Op : std::uint8_t { count32, sum64, avg32, share32, total64, total128, avg128, share64, last_time, last_always, last_n, distinct };
  Op op = Op::count32;
  bool ratio = false;             // takes two columns
  std::uint32_t cell = 0;         // of the column's first cell in a tile, from column 0
  std::uint32_t lead = 0, trail = 0;              // the value's total, or the numerator's
  std::uint32_t lead_count = 0, trail_count = 0;  // the denominator's
  std::uint32_t total = 0;        // sum64, avg32: index of the column; distinct: index of the Distinct
  std::int32_t lead_edge = -1, trail_edge = -1;
  Duration reach = 0;             // last_time: te > te(e) - reach
  std::uint64_t n = 0;            // last_n
};

// A difference of two totals and the cell it goes to.
struct Difference {
  std::uint32_t lead = 0, trail = 0;  // offsets in the record
  std::uint32_t cell = 0;
};

// Features taken apart into loops without branches: nearly all are differences of totals.
struct Reads {
  std::vector<Difference> differences32, differences64;  // always valid, or decided by `ratios`
  std::vector<std::uint32_t> ratios;  // cells of numerators; valid if the denominator is not 0
  std::vector<Difference> lasts;      // last .. since start: the carry at `lead`
  std::vector<Read> sums;             // sum64 and avg32 again, for keys whose sums could overflow
  std::vector<Read> rare;             // what has branches of its own
  std::vector<Read> all;
};

struct KeyPart {
  FieldRef field;
  std::size_t bytes = 8;          // as it stands in the event
  std::size_t offset = 0;         // in the key
};

// What the group does with one event type.
struct TypePlan {
  bool reads = false;             // it has all key fields
  bool inserts = false;           // it is one of `on`
  std::vector<KeyPart> key;
  std::vector<Program> wheres;    // fact bits 0 ..
  std::vector<Program> values;    // then two bits each: not missing, true
  std::vector<FieldRef> texts;    // then one bit each: not missing
  bool quick = false;             // all wheres and values are Quick, and there are no texts
  std::vector<Quick> quick_wheres, quick_values;
  std::optional<Quick> quick_key; // the key is one field of 8 bytes
};

struct Layout {
  std::vector<TypePlan> types;    // by EventHeader::type - first_event_type
  std::size_t wheres = 0, values = 0, texts = 0;
  std::vector<Column> columns;
  std::vector<Edge> edges;        // time edges by offset, then last_n edges
  std::size_t time_edges = 0;
  std::vector<Raw> raws;
  std::vector<Distinct> distincts;
  std::vector<Add> counts, sums;  // of the columns: count32 and sum64
  std::vector<Column> others;     // and the rest
  Reads before, after;            // features read before the event is inserted (`prior`), and after

  std::size_t key_bytes = 0;
  std::size_t key_offset = 0, totals_offset = 0, record_bytes = 0;
  std::size_t entry_columns_bytes = 0;  // a multiple of 8
  std::size_t entry_bytes = 0, raw_facts_offset = 0;
  std::size_t chunk_bytes = 0;
  std::uint32_t chunk_entries = 0;
  bool immortal = false;          // something since the start is kept: a key is never forgotten
  Duration reach = 0;             // a key without events for so long reads as if it had never been
  int slowest = -1;               // the edge that passes every entry last; -1: depends on the data, or there is none

  [[nodiscard]] bool keeps_entries() const noexcept { return !edges.empty(); }
};

[[nodiscard]] bool same_group(const language::Aggregate& a, const language::Aggregate& b) noexcept;

// REQUIRES: all features are supported and of one group. Errors (bad_pipeline): too many different conditions, too large.
[[nodiscard]] Result<Layout> lay_out(const language::Pipeline& pipeline, std::span<const FeatureSpec> features);

}  // namespace pawl::window
