// One group at work: the features that share key fields and event types, with all state of their keys.
//
// A batch goes through four phases, each over all its events, so that the cache misses of different events overlap: gather
// (key, hash, fetch the bucket), locate (fetch the record), approach (fetch the entries that cursors will pass), update (in order).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pawl/core/state/chunk_pool.hpp"
#include "pawl/core/state/key_table.hpp"
#include "pawl/core/state/tiles.hpp"
#include "pawl/core/window/distinct_table.hpp"
#include "pawl/core/window/layout.hpp"
#include "pawl/core/window/windows.hpp"

namespace pawl::window {

inline constexpr std::size_t batch_events = 32;

// Inputs of consecutive sequences, looked at once for all groups.
struct Batch {
  std::size_t count = 0;
  Sequence first = 0;
  std::array<const std::byte*, batch_events> slot;
  std::array<Time, batch_events> te;
  std::array<std::uint16_t, batch_events> type;  // index into Pipeline::events, or no_event
};
inline constexpr std::uint16_t no_event = 0xFFFF;

// Thread: one. No allocation after construction.
class Group {
 public:
  Group(Layout layout, const StateLimits& limits, state::Arena& arena);

  void gather(const Batch& batch) noexcept;
  void locate(const Batch& batch) noexcept;
  void approach(const Batch& batch) noexcept;
  void update(const Batch& batch, state::Tiles& tiles) noexcept;

  [[nodiscard]] GroupCounters counters() const noexcept;

 private:
  using Index = state::KeyTable::Index;
  using Chunk = state::ChunkPool::Index;
  enum class Role : std::uint8_t { none, empty, read, insert };  // not its event; a part of the key is missing; ...

  struct Work {
    const std::byte* key;
    std::uint64_t hash;
    Index candidate;
    Role role;
  };
  struct Place {  // of one event's cells
    std::int64_t* numbers;
    std::uint8_t* valid;
  };
  struct Position {  // of an edge in a key's entries
    std::uint32_t location, position;
  };
  struct Span {  // the entries from one edge up to a position
    Position from;
    std::uint32_t end;
    [[nodiscard]] std::uint32_t size() const noexcept { return end - from.position; }
  };

  // Keys (group.cpp).
  [[nodiscard]] Role read_key(const TypePlan& type, const std::byte* slot, std::byte* key) const noexcept;
  [[nodiscard, gnu::always_inline]] inline bool take_in(const Work& work, const Batch& batch, std::size_t i, Place place) noexcept;
  [[nodiscard, gnu::always_inline]] inline Index find(const Work& work) const noexcept;
  [[nodiscard]] Index create(const Work& work, Time te) noexcept;
  void reclaim(std::size_t partition, std::size_t records, Index spare, Time te) noexcept;
  void examine(Index index, Time te) noexcept;

  // Entries and cursors (cursors.cpp).
  [[nodiscard]] std::byte* entry(std::uint32_t location) const noexcept {
    return chunks_.at(location >> location_index_bits) + state::ChunkPool::head_bytes + (location & chunk_entries_max) * layout_.entry_bytes;
  }
  [[nodiscard]] std::uint32_t following(std::uint32_t location) const noexcept;
  [[gnu::always_inline]] inline void step(std::byte* record, CursorHead* cursor) noexcept;
  [[gnu::always_inline]] inline void advance_time_edges(std::byte* record, Time te) noexcept;
  [[gnu::always_inline]] inline void advance_last_n_edges(std::byte* record) noexcept;
  [[gnu::always_inline]] inline void advance(Index index, Time te) noexcept;
  template <class Move>
  [[gnu::always_inline]] inline void move_cursors(Index index, Move move) noexcept;
  void save_counted(Index index) noexcept;
  void count_moved(Index index) noexcept;
  [[nodiscard]] std::uint32_t passed_by_all(const std::byte* record) const noexcept;
  [[gnu::always_inline]] inline void free_passed_chunks(std::byte* record) noexcept;
  [[nodiscard, gnu::always_inline]] inline bool make_room(Index index, Time te) noexcept;
  [[nodiscard]] bool find_room(Index index, Time te) noexcept;
  void append_chunk(RecordHead* head) noexcept;
  [[gnu::always_inline]] inline void insert(Index index, const TypePlan& type, const std::byte* slot, Time te) noexcept;
  void evaluate_programs(const TypePlan& type, const std::byte* slot, Time te) noexcept;
  [[gnu::always_inline]] inline void evaluate(const TypePlan& type, const std::byte* slot, Time te) noexcept;
  [[gnu::always_inline]] inline void write_entry(std::byte* record, Time te) noexcept;
  [[gnu::always_inline]] inline void add_to_totals(std::byte* record, Time te) noexcept;
  void add_to_other(std::byte* record, const Column& column, Time te) noexcept;

  // Distinct values (distinct.cpp).
  [[nodiscard]] Position place_of(const std::byte* record, int edge) const noexcept;
  template <class Visit>
  void visit(Span span, const Raw& raw, Visit visit) const noexcept;
  [[nodiscard]] bool count(Index index, std::size_t distinct, Span span) noexcept;
  void uncount(Index index, std::size_t distinct, Span span) noexcept;
  void count_passed(Index index, std::size_t distinct, Position lead, Position trail) noexcept;
  void count_inserted(Index index) noexcept;
  void no_room(Index index, std::size_t distinct, Span counted) noexcept;
  [[nodiscard]] Scalar read_distinct(Index index, const std::byte* record, const Read& read) noexcept;
  [[nodiscard]] std::uint32_t scan(const Raw& raw, Span span) const noexcept;

  // Features (features.cpp).
  void write_missing(Place place) const noexcept;
  void read_all(const Reads& reads, Index index, const std::byte* record, Time te, Place place) noexcept;
  [[nodiscard]] bool sums_fit(const std::byte* record) const noexcept;
  void read_each(const std::vector<Read>& reads, Index index, const std::byte* record, Time te, Place place) noexcept;
  [[nodiscard]] Scalar exact_sum(const std::byte* record, const Read& read) noexcept;
  [[nodiscard]] Scalar read_last(const std::byte* record, const Read& read, Time te) const noexcept;
  [[nodiscard]] Scalar narrow(Int128 sum) noexcept;

  Layout layout_;
  state::KeyTable table_;
  state::ChunkPool chunks_;
  DistinctTable counted_;
  std::vector<std::byte> blank_;  // a record as a new key has it; also what an event without a key reads
  std::vector<std::byte> keys_;   // of the batch
  std::array<Work, batch_events> work_{};

  // The event at hand, between evaluate() and the end of its insertion.
  Facts facts_ = 0;
  std::vector<std::int64_t> values_;
  std::vector<std::byte> raws_;   // one after the other, as they stand in an entry

  struct Saved { Position lead, trail; };
  std::vector<Saved> saved_;      // of distincts, before the cursors move

  std::array<std::uint32_t, limits::partitions> hands_{};
  std::size_t next_partition_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t entries_max_ = 0;
  std::uint64_t counted_windows_ = 0;  // windows whose values are counted as cursors pass them
  std::uint64_t keys_evicted_ = 0, keys_refused_ = 0, entries_refused_ = 0, overflow_ = 0, distinct_refused_ = 0;
};

}  // namespace pawl::window
