// From the features of one group to the bytes of its records and entries, and to the plain steps that maintain and read them.
// Made once, at set-up.
//
//   record      | RecordHead | key | totals of all entries so far: block, then what is only read now | RingHead | block per edge | ring cursors | distinct states | chains | rankings | folds | lists of peaks |
//   block       | sum64 columns | count32 columns, padded to two or fours | other columns that edges read |    running totals, up to now or of all that an edge has passed
//   entry       | EntryHead | words |, or packed (packed_entry.hpp)   in the group's log, one for all keys: what an edge adds to its block when it passes the event
//   pane        | bits of any of its events | its number | a block: what its events add | raw values: the least or greatest | links |  the ring entry of windows `by` panes
//   tree        see late_tree.hpp: the same for events that may be late
//   ring entry  | bits | words, for `last N` | raw values | parts of folds | links | rank nodes |  in the key's own ring, for `last N` and what needs single values
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pawl/core/base/types.hpp"
#include "pawl/core/window/peaks.hpp"
#include "pawl/core/window/program.hpp"
#include "pawl/core/window/reads.hpp"
#include "pawl/core/window/windows.hpp"

namespace pawl::window {

inline constexpr std::uint32_t no_chunk = 0xFFFF'FFFF;
inline constexpr Time no_time = INT64_MIN;

struct RecordHead {
  std::uint64_t hash;           // first, as the key table wants it
  Time last_te;                 // of the last entry
};

// Bits of an event, computed once: each `where` that is true, each value that is not missing, each value that is true.
using Facts = std::uint64_t;
inline constexpr std::size_t facts_max = 64;

// What an event adds to columns: a bit for each condition on its facts, a word for each value that counts on a condition.
using Bits = std::uint64_t;
inline constexpr std::size_t entry_bits_max = 31;
inline constexpr std::uint32_t wide_bit = std::uint32_t{1} << entry_bits_max;  // of an entry: a word is outside of the narrow range
inline constexpr std::size_t bits_max = 64;

struct Word {
  Facts facts = 0;
  std::size_t value = 0;        // index of the value program; 0 without the facts
};

struct EntryHead {
  Time te;
  std::uint32_t record;         // of the key
  std::uint32_t bits;           // the first entry_bits_max, and wide_bit
};

// Sums of 2^30 entries fit in 64 bits as long as every value is narrow: |value| < 2^narrow_bits. Wider ones are also added, without
// their narrow remainder, to words beside the records, from which with the sum mod 2^64 follows the sum in 128 bits.
inline constexpr unsigned narrow_bits = 33;
[[nodiscard]] constexpr bool is_narrow(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) + (std::uint64_t{1} << narrow_bits) - 1 < (std::uint64_t{2} << narrow_bits) - 1;
}
inline constexpr std::uint64_t entries_max_max = std::uint64_t{1} << 30;

// The span of windows whose entries can be packed (packed_entry.hpp): 104 days.
inline constexpr Duration packed_span_max = (Duration{1} << 53) - 2;

// Where an entry of a key's ring stands: chunk and index in it, in one word.
inline constexpr std::uint32_t location_index_bits = 5;
inline constexpr std::uint32_t chunk_entries_max = (1U << location_index_bits) - 1;  // one index is left to say "the chunk is full"
inline constexpr std::uint32_t no_location = 0xFFFF'FFFF;

struct RingHead {
  std::uint32_t append;         // location of the next entry; no_location without a chunk
  std::uint32_t position;       // entries inserted since the key began, mod 2^32
  std::uint32_t oldest_chunk;
  std::uint32_t oldest_end;     // position behind the last entry of the oldest chunk, mod 2^32
};

struct RingCursor {
  std::uint32_t location;       // of the next entry to pass
  std::uint32_t position;       // entries passed since the key began, mod 2^32
};

struct DistinctState {
  std::uint32_t counted;        // 1: the window's values are counted in the table; 0: they are scanned
  std::uint32_t values;         // different values while counted; `distinct_broken` when a value since the start found no room
};
inline constexpr std::uint32_t distinct_broken = 0xFFFF'FFFF;

// A running total, changed by each inserted event that has all of `facts`.
struct Column {
  enum class Kind : std::uint8_t {
    count32,  // + 1, mod 2^32: enough for differences, as fewer entries are held
    sum64,    // + value, mod 2^64
    count64,  // + 1
    sum128,   // + value
    latest,   // value and te of the latest one
    carry,    // the same, its number among those with `match`, and the number of these
    earliest, // value and te of the first one,
    least,    // of the first one that none is below,
    greatest, // or above
    moments,  // sums of values and of their squares
    decayed,  // and of values and their weights, halved in every half-life
    own,      // the state of an operator of the program's own
    recent,   // the latest `room` ones with their values, if they have `match`: for such an operator
  };
  Kind kind = Kind::count32;
  Facts facts = 0;
  Facts match = 0;            // carry, recent
  Duration half_life = 0;     // decayed
  bool floating = false;      // decayed: of doubles
  const Operator* own = nullptr;  // own, recent
  std::uint32_t room = 0;     // recent
  std::size_t value = 0;      // index of the value program
  bool in_entry = false;      // read at an edge, not only now
  std::uint32_t offset = 0;   // in a block; if not in_entry, from the start of the totals
  std::uint32_t bit = 0, match_bit = 0;  // that say whether the facts are there
  std::uint32_t word = 0;
};

// What its total takes in a record.
[[nodiscard]] std::size_t bytes_of(const Column& column) noexcept;

// Latest, carry and the like, decayed: where their parts stand.
inline constexpr std::size_t carry_te_offset = 8;
inline constexpr std::size_t carry_number_offset = 16;   // uint32, as is
inline constexpr std::size_t carry_matched_offset = 20;

// Recent: the head, then `room` values, of which the oldest is overwritten.
struct RecentHead {
  std::uint16_t next;             // place of the next value
  std::uint16_t held;
  std::uint32_t valid;            // by place: it is not missing
};
static_assert(operator_values_max <= 32);

// A place where windows begin or end. An edge `now` is no edge: it reads the totals.
struct Edge {
  bool last_n = false;
  Duration offset = 0;            // time: passes entries with te <= te(e) - offset
  std::uint64_t n = 0;            // last_n: passes entries until n with `facts` are left between it and the lead
  Facts facts = 0;
  int lead = -1;                  // last_n: index of the edge in front, or -1 for now
  std::uint32_t block = 0;        // offset in the record
  std::uint32_t ring = 0;         // offset of its RingCursor; 0: it has none
  std::uint32_t passed = 0;       // time, with a RingCursor: offset of the count of all that it has passed
  std::size_t match_now = 0;      // last_n: offsets in the record of the count of matching ones at the lead
  std::size_t match_here = 0;     // and at this edge
};

// A value kept in the ring, for `distinct`, chains and rankings. Of a pane the least or greatest one.
struct Raw {
  std::size_t value = 0;          // index of the value program, or of the text
  bool text = false;
  Facts facts = 0;
  bool greatest = false;          // of a pane
  std::uint32_t bit = 0;
  std::size_t bytes = 8;          // a multiple of 8
  std::size_t offset = 0;         // among the raw values
};

struct Distinct {
  std::size_t raw = 0;
  int lead = -1, trail = -1;      // edges; lead -1: now, trail -1: since the start
  std::uint32_t state = 0;        // offset of its DistinctState in the record
  std::uint32_t lead_position = 0;                // offset of the position where the window ends
  std::uint32_t trail_cursor = 0;                 // of the RingCursor where it begins; trail -1: none
};

// For `first`, and for `min` and `max` that have no PeakList: the entries with a value that no later one outdoes, from the oldest on; a window's value is that of the first
// of them in it. Linked through the ring, one list for all windows that end at the same place; nothing outdoes a `first`.
struct Chain {
  enum class Order : std::uint8_t { first, least, greatest };
  struct Window {
    int trail = -1;               // edge
    std::uint32_t front = 0;      // offset of its Front in the record
  };
  Order order = Order::first;
  std::size_t raw = 0;
  int lead = -1;                  // edge; -1: now
  std::uint32_t ends = 0;         // offset of its ChainEnds in the record
  std::size_t links = 0;          // offset of its Links in a ring entry
  std::vector<Window> windows{};
};

struct ChainEnds {
  std::uint32_t oldest, newest;   // locations; no_location: it is empty
  std::uint32_t oldest_number;    // its Links::number
  std::uint32_t reserved;
};
struct Links {
  std::uint32_t earlier, later;   // locations; `earlier` of the oldest means nothing
  std::uint32_t jump;             // of one far earlier: how far says number
  std::uint32_t number;           // 27 bits: in the chain, one more than the earlier one's, modulo 2^27; 5 bits: k, of a jump over 2^k - 1 links; 0: there is none
};
struct Front {                    // where a window begins in a chain
  std::int64_t value;
  std::uint32_t location;         // no_location: no value in the window
  std::uint32_t reserved;
};

// For `median` and `percentile`: the values of one window in their order, as a tree of its entries that tells how many stand below each. Balanced
// by weight, so no order of events can make it deep. One tree serves all percentiles of the window.
struct Ranking {
  std::size_t raw = 0;
  int lead = -1, trail = -1;      // edges; lead -1: now
  std::uint32_t root = 0;         // offset of the root's location in the record
  std::size_t node = 0;           // offset of its RankNode in a ring entry
};

struct RankNode {
  std::uint32_t less, more;       // locations of subtrees; no_location: there is none
  std::uint32_t entries;          // in this subtree
};

// For an operator without an inverse, over spans that hold any number of values: DABA Lite, as Tangwongsan, Hirzel and Schneider describe it (In-order
// sliding-window aggregation in worst-case constant time, 2021), through the entries of the key's ring. Each keeps a part of the window, combined; folds.cpp says which.
struct Fold {
  const Operator* own = nullptr;
  std::size_t raw = 0;
  int lead = -1, trail = -1;      // edges; lead -1: now
  std::uint32_t state = 0;        // offset of its FoldState in the record, then of two states of the operator: FoldState's `rest` and `behind`
  std::size_t part = 0;           // offset of a state in a ring entry
};

struct FoldState {
  RingCursor left, accumulated;
  std::uint32_t right, back;      // positions
  std::uint32_t newest;           // location of the last entry that entered
  std::uint32_t reserved;
};

// Of a group with late events: the least, greatest or first value of a window, gathered from the key's tree when it is asked for.
struct Gathered {
  std::size_t column = 0;
  int lead = -1, trail = -1;      // edges; lead -1: now
  bool before = false, after = false;  // the event is inserted
  std::uint32_t front = 0;        // offset of its Front in the record
  std::uint32_t kept = 0;         // and of the value with its time, as a column has it, of a least or greatest up to now; 0: it is gathered for each event
};

// The tree of a key: see late_tree.hpp.
struct TreeHead {
  std::uint32_t root, oldest, newest;  // nodes: the root, the first leaf, the last one
  std::uint32_t entries;
  Time seen;                      // the latest place that its edges were brought to
  Time first;                     // that of the oldest entry; time_end without one
};
inline constexpr Time time_end = INT64_MAX;
struct NextEntry {                // that an edge passes
  Time time;                      // time_end: there is none
  std::uint32_t leaf;             // it is there or, since the leaf was divided, in one behind it
  std::uint32_t place;            // in the leaf, when it was looked up
};
inline constexpr NextEntry no_entry{time_end, state::ChunkPool::none, 0};

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
  bool plain = false;             // quick, and a batch without these fields missing has all values
  std::uint32_t plain_fields = 0; // bits of EventHeader::missing
  Facts plain_facts = 0;          // that every event then has: each value is not missing
  std::optional<Bits> plain_bits; // the bits of every event then, if nothing asks for more than these facts
  std::optional<Quick> quick_key; // the key is one field of 8 bytes; a plain type without it has no key fields at all
};

struct Layout {
  std::vector<TypePlan> types;    // by EventHeader::type - first_event_type
  std::size_t wheres = 0, values = 0, texts = 0;
  std::vector<Column> columns;
  std::vector<Edge> edges;        // time edges by offset, then last_n edges
  std::size_t time_edges = 0;
  std::vector<std::uint32_t> ring_edges;  // those with a ring cursor
  std::vector<Raw> raws;
  std::vector<Distinct> distincts;
  std::vector<Chain> chains;
  std::vector<PeakList> peaks;
  std::vector<Ranking> rankings;
  std::vector<Fold> folds;
  std::vector<std::unique_ptr<const Operator>> operators;  // that columns, folds and reads point to
  Duration late = 0;                // events can stand so far behind the effective time: a tree for each key in place of queue and rings. 0: they stand at it
  Duration horizon = 0;             // and events can be asked for so long behind it
  std::vector<Gathered> gathered;
  std::vector<std::uint32_t> gather_order;  // those of the same window one behind the other
  std::size_t tree = 0, base = 0, dues = 0;  // offsets in the record: of its TreeHead; of a block, what has left the tree; of a NextEntry for each edge
  std::uint32_t leaf_entries = 0, node_children = 0;  // room in the nodes of a tree
  std::size_t leaf_entry_bytes = 0;
  Duration pane = 0;                // windows `by` panes: times, offsets and reach are whole numbers of these. 0: there are none

  std::size_t sums = 0, counts = 0;       // of a block: sum64 columns, places of count32 columns: 2 or a multiple of 4
  std::vector<Column> edge_others;        // columns of other kinds that edges read
  std::vector<Column> gathered_columns;   // those of `gathered`
  std::vector<Column> edge_additive;      // of these, those whose windows are differences
  std::vector<Column> latests, now_others;  // and those that are only read now: `latest`, and the rest
  std::vector<Facts> bits;                // bit i: all of these facts
  std::vector<Bits> bits_of_facts;        // the bits for any facts, if these are few
  Facts asked = 0;                        // facts that some bit or word depends on
  std::vector<Word> words;                // the sum64 columns', then those of edge_others, then the rest
  std::size_t entry_words = 0;            // the first, which entries keep
  Reads before, after;            // features read before the event is inserted (`prior`), and after

  std::size_t key_bytes = 0;
  std::size_t key_offset = 0, totals_offset = 0, ring_head_offset = 0, record_bytes = 0;
  std::size_t row_offset = 0, row_bytes = 0;  // the part of a record that features read; a multiple of 32 bytes
  bool row_has_totals = false;
  std::size_t block_bytes = 0;
  std::size_t entry_bytes = 0;
  bool packed = false;            // entries are packed_entry.hpp's
  std::size_t ring_words = 0;     // of the first words, in a ring entry
  std::size_t raws_bytes = 0;
  std::size_t ring_entry_bytes = 0, chunk_bytes = 0;
  std::uint32_t chunk_entries = 0;
  bool immortal = false;          // something since the start is kept: a key is never forgotten
  Duration reach = 0;             // a key without events for so long reads as if it had never been

  [[nodiscard]] Bits bits_for(Facts facts) const noexcept {
    Bits result = 0;
    for (std::size_t i = 0; i < bits.size(); ++i) result |= static_cast<Bits>((facts & bits[i]) == bits[i]) << i;
    return result;
  }
  // Row: no more than features read. A load of what the same turn has just written beside it, as ring cursors are, would wait for that store.
  // REQUIRES: all else is placed, and `before` and `after` are taken apart.
  void place_row();
  // Panes are passed in the key's own ring.
  [[nodiscard]] bool keeps_queue() const noexcept { return time_edges != 0 && pane == 0 && late == 0; }
  // Windows are differences of counts of 64 bits and sums of 128.
  [[nodiscard]] bool has_wide_totals() const noexcept { return pane != 0 || late != 0; }
  [[nodiscard]] bool keeps_rings() const noexcept { return !ring_edges.empty(); }
  // Something must see each entry of a ring that an edge passes.
  [[nodiscard]] bool links_entries() const noexcept { return !chains.empty() || !rankings.empty() || !folds.empty(); }
};

[[nodiscard]] bool same_group(const language::Aggregate& a, const language::Aggregate& b) noexcept;

// REQUIRES: all features are supported and of one group. Errors (bad_pipeline): too many different conditions, too large.
[[nodiscard]] Result<Layout> lay_out(const language::Pipeline& pipeline, std::span<const FeatureSpec> features);

}  // namespace pawl::window
