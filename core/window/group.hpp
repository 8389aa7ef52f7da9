// One group at work: the features that share key fields and event types, with all state of their keys.
//
// A record per key holds running totals of everything inserted, and for each edge of a window the totals of what that edge has passed; a
// window is the difference of two. Edges pass events in the order of effective time, which is the same for all keys, so an edge is one
// cursor in one queue of entries: before an event is looked at, each edge adds what has become due to the records of its keys. The least and the greatest
// value of windows that end now need no edge: they are found in a list of the key by the event's time (peaks.hpp).
//
// A batch goes through phases, each over all its events, so that cache misses overlap and plans are looked up once: gather (key, hash; fetch
// the bucket), locate (fetch the record), evaluate (what each event adds), settle (find the record; pass all that is due for other keys), update
// (event by event, in order), read (feature by feature). A batch of one key whose group keeps sums and counts alone goes edge by edge instead (runs.cpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pawl/core/state/chunk_pool.hpp"
#include "pawl/core/state/entry_queue.hpp"
#include "pawl/core/state/key_table.hpp"
#include "pawl/core/state/tiles.hpp"
#include "pawl/core/window/batch.hpp"
#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/deviation.hpp"
#include "pawl/core/window/distinct_table.hpp"
#include "pawl/core/window/late_tree.hpp"
#include "pawl/core/window/layout.hpp"
#include "pawl/core/window/packed_entry.hpp"
#include "pawl/core/window/peaks.hpp"
#include "pawl/core/window/windows.hpp"

namespace pawl::window {

// Thread: one. No allocation after construction.
class Group {
 public:
  Group(Layout layout, const StateLimits& limits, state::Arena& arena);

  void gather(const Batch& batch) noexcept;
  void locate(const Batch& batch) noexcept;
  void evaluate(const Batch& batch) noexcept;
  void settle(const Batch& batch) noexcept;
  void update(const Batch& batch, state::Tiles& tiles) noexcept;
  void read(const Batch& batch, state::Tiles& tiles) noexcept;

  [[nodiscard]] bool was_run() const noexcept { return run_; }  // the batch was of one key, and went that way
  [[nodiscard]] GroupCounters counters() const noexcept;

  // visit(word) for each word that the group's memory does not hold, between batches: memory and words as they were are the group as it was.
  template <class Visit>
  void each_register(Visit&& visit) {
    table_.each_register(visit);
    chunks_.each_register(visit);
    counted_.each_register(visit);
    peaks_.each_register(visit);
    if (layout_.keeps_queue()) {
      queue_.each_register(visit);
      for (Pass& pass : passes_) queue_.each_register(pass.cursor, visit);
    }
    for (std::uint32_t& hand : hands_) visit(hand);
    if (layout_.packed) visit(newest_), visit(wide_slots_);
    for (std::uint64_t* const word : {&ring_entries_, &counted_windows_, &wide_seen_, &keys_evicted_, &keys_refused_, &entries_refused_, &overflow_, &distinct_refused_}) visit(*word);
    visit(next_partition_);
    if (layout_.late != 0) visit(late_), visit(too_late_);
  }

  struct Place {  // of one event's cells
    std::int64_t* numbers;
    std::uint8_t* valid;
  };

 private:
  friend class GroupSaver;   // group_rows.hpp
  friend class GroupLoader;

  using Index = state::KeyTable::Index;
  using Chunk = state::ChunkPool::Index;
  enum class Role : std::uint8_t { none, empty, read, insert };  // not its event; a part of the key is missing; ...

  struct Work {
    const std::byte* key;
    std::uint64_t hash;
    Index index;  // where the key's record seems to be; none: not found
    Role role;
  };
  struct Pass {  // a time edge at work
    state::EntryQueue::Cursor cursor;
    Duration offset;
    std::uint32_t block;
    std::uint32_t edge;
  };
  struct Due {  // a pass that must wait for its turn: an event of the batch before it has the same key
    state::EntryQueue::Cursor entry;
    std::uint32_t pass;
    std::uint32_t before;  // the event
  };
  struct Rows {  // what features read, taken from the records of the batch's events at one moment of their turns
    Rows(const Layout& layout, const Reads& reads) : copies((layout.row_bytes + 1) * batch_events), exact(reads.sums.size() * batch_events) {}
    std::vector<std::byte> copies;  // of a part of each record
    std::vector<Scalar> exact;      // sums of keys with wide values, a row of batch_events each
    EventBits wide = 0;             // it has them
  };
  struct Span {  // entries of a key's ring, from a cursor up to a position
    RingCursor from;
    std::uint32_t end;
    [[nodiscard]] std::uint32_t size() const noexcept { return end - from.position; }
  };

  // Keys (group.cpp).
  // Whether nothing that the group looks at is missing in a uniform batch.
  [[nodiscard]] static bool is_plain(const Batch& batch, const TypePlan& type) noexcept { return type.plain && (batch.missing & type.plain_fields) == 0; }
  void gather_plain(const Batch& batch, const TypePlan& type) noexcept;
  void gather_one_key(const Batch& batch, const TypePlan& type) noexcept;
  [[nodiscard]] Role read_key(const TypePlan& type, const std::byte* slot, std::byte* key) const noexcept;
  [[nodiscard]] Index create(const Work& work, Time te) noexcept;
  void reclaim(std::size_t partition, std::size_t records, Index spare, Time te) noexcept;
  void examine(Index index, Time te) noexcept;

  // What events add (evaluate.cpp).
  void evaluate(const Batch& batch, const TypePlan& type, std::size_t begin, std::size_t end) noexcept;
  void run_quick(const Batch& batch, const TypePlan& type, std::size_t begin, std::size_t end) noexcept;
  void run_programs(const Batch& batch, const TypePlan& type, std::size_t event) noexcept;
  void run_plain(const Batch& batch, const TypePlan& type) noexcept;
  void take_bits(std::size_t begin, std::size_t end) noexcept;
  void take_word(std::size_t word, std::size_t begin, std::size_t end) noexcept;
  void take_plain_bits_and_words(std::size_t count, const TypePlan& type) noexcept;
  void note_wide(const std::int64_t* from, std::size_t count) noexcept;
  [[nodiscard]] std::int64_t* values(std::size_t value) noexcept { return values_.data() + value * batch_events; }
  [[nodiscard]] const std::int64_t* values(std::size_t value) const noexcept { return values_.data() + value * batch_events; }
  [[nodiscard]] std::int64_t* words(std::size_t event) noexcept { return words_.data() + event * layout_.words.size(); }

  // Time edges (passing.cpp).
  using PassBatch = std::uint64_t (Group::*)(std::uint32_t, Time) noexcept;
  [[nodiscard]] PassBatch choose_pass_batch() const noexcept;
  [[nodiscard]] bool may_pass_early(const Batch& batch) const noexcept;
  void pass_early(const Batch& batch) noexcept;
  template <std::size_t Sums, std::size_t Counts, bool Others>
  std::uint64_t pass_batch(std::uint32_t pass, Time limit) noexcept;
  void order_deferred(const Batch& batch) noexcept;
  void advance(Time te) noexcept;
  [[nodiscard]] bool is_due(std::size_t event) const noexcept { return deferred_done_ != deferred_count_ && deferred_[deferred_done_].before <= event; }
  void pass_deferred(std::size_t event) noexcept;
  void note_passed_by_all(Chunk chunk, std::uint64_t entries) noexcept;
  void free_passed() noexcept;
  std::uint64_t pass_one_by_one(std::uint32_t pass, Time limit) noexcept;
  void pass_entry(const Pass& pass, const state::EntryQueue::Cursor& at) noexcept;
  template <std::size_t Counts>
  std::uint64_t pass_packed_batch(std::uint32_t pass, Time limit) noexcept;
  [[nodiscard]] std::int64_t packed_value(const state::EntryQueue::Cursor& at) const noexcept;
  [[nodiscard]] Time time_at(const state::EntryQueue::Cursor& at) const noexcept;
  void pass_packed_entry(const Pass& pass, const state::EntryQueue::Cursor& at) noexcept;
  // Whether the edge has an entry to pass that is not later than `limit`.
  [[nodiscard]] bool has_due(const Pass& pass, Time limit) const noexcept;
  [[nodiscard]] std::uint64_t step_over_value(Pass& pass) noexcept;
  [[gnu::always_inline]] inline void append_packed(Time te, Index index, Bits bits, std::int64_t value) noexcept;
  [[gnu::always_inline]] inline void append_entry(Time te, Index index, Bits bits, const std::byte* words) noexcept;
  [[nodiscard]] std::uint64_t queue_entries() const noexcept { return queue_.size() - wide_slots_; }
  [[gnu::always_inline]] inline void fetch_ahead(const Pass& pass, state::Records records, bool far) const noexcept;
  void add_wide(Index index, std::size_t place, const std::byte* words) noexcept;
  [[nodiscard]] std::int64_t* wide_words(Index index, std::size_t place) const noexcept;
  [[nodiscard]] bool touched(Index index) const noexcept { return (touched_[index % touched_bits / 64] >> (index % 64) & 1) != 0; }

  // A batch of one key (runs.cpp).
  static constexpr std::size_t run_sums_max = 2, run_counts_max = 8;
  using UpdateRun = void (Group::*)(const Batch&, Place) noexcept;
  [[nodiscard]] UpdateRun choose_update_run() const noexcept;
  void plan_runs();
  [[nodiscard]] static bool is_of_one_key(const Batch& batch, const TypePlan& type) noexcept;
  void take_columns(const Batch& batch, const TypePlan& type) noexcept;
  [[nodiscard]] bool may_run(const Batch& batch) const noexcept;
  [[nodiscard]] bool settle_run(const Batch& batch) noexcept;
  void end_run(const Batch& batch) noexcept;
  [[nodiscard]] bool may_pack_run(const Batch& batch) const noexcept;
  template <class Run>
  void pass_obstacle(Pass& pass, Run& run) noexcept;
  template <std::size_t Sums, std::size_t Counts, bool Packed>
  [[gnu::always_inline]] inline void append_run(const Batch& batch) noexcept;
  template <std::size_t Sums, std::size_t Counts, bool Packed>
  [[gnu::always_inline]] inline void pass_in_run(std::size_t pass, const Batch& batch) noexcept;
  [[gnu::always_inline]] inline void read_run(std::size_t count, Place place) const noexcept;
  template <std::size_t Sums, std::size_t Counts, bool Packed>
  [[gnu::always_inline]] inline void update_whole_run(const Batch& batch, Place place) noexcept;
  template <std::size_t Sums, std::size_t Counts, bool Packed>
  void update_run(const Batch& batch, Place place) noexcept;
  template <std::size_t Sums, std::size_t Counts, bool Packed>
  void update_run_avx2(const Batch& batch, Place place) noexcept;

  // One event at its turn (update.cpp).
  [[nodiscard, gnu::always_inline]] inline bool take_in(const Batch& batch, std::size_t i, Place place) noexcept;
  [[nodiscard, gnu::always_inline]] inline Index find(const Work& work) const noexcept {
    if (work.index != state::KeyTable::none && table_.holds(work.index, work.hash, work.key)) [[likely]] return work.index;
    return table_.find(work.hash, work.key);
  }
  void fetch_ring_entry(std::uint32_t location) const noexcept;
  void fetch_rings(std::size_t count) const noexcept;
  void fetch_behind_newest(std::size_t count) const noexcept;
  [[nodiscard, gnu::always_inline]] inline bool make_room(Index index, Time te) noexcept;
  [[nodiscard]] bool make_room_in_rings(Index index, Time te) noexcept;
  [[nodiscard]] static Peak* peak_of(std::byte* record, const PeakList& list) noexcept { return reinterpret_cast<Peak*>(record + list.offset); }
  [[nodiscard]] static const Peak* peak_of(const std::byte* record, const PeakList& list) noexcept { return reinterpret_cast<const Peak*>(record + list.offset); }
  [[nodiscard]] bool make_room_in_peaks(Index index, Time te) noexcept;
  [[gnu::always_inline]] inline void fetch_peaks(std::uint32_t index) const noexcept {
    for (const PeakList& list : layout_.peaks) peaks_.fetch(*peak_of(table_.record(index), list));
  }
  using TurnPeaks = void (Group::*)(std::byte*, Time, Bits, bool, std::size_t, Place) noexcept;
  [[gnu::always_inline]] inline void turn_peaks_of(std::byte* record, Time te, Bits bits, bool inserts, std::size_t i, Place place) noexcept;
  void turn_peaks(std::byte* record, Time te, Bits bits, bool inserts, std::size_t i, Place place) noexcept;
  void turn_peaks_avx2(std::byte* record, Time te, Bits bits, bool inserts, std::size_t i, Place place) noexcept;
  void turn_far(const PeakList& list, Peak& peak, Time te, bool inserts, std::size_t i, Place place) noexcept;
  [[gnu::always_inline]] inline void insert(Index index, const Batch& batch, std::size_t i) noexcept;
  [[gnu::always_inline]] inline void look(const Reads& reads, Rows& rows, Index index, const std::byte* record, Time te, std::size_t i, Place place) noexcept;
  [[gnu::always_inline]] inline void bring_ring(Index index, std::byte* record) noexcept;
  [[gnu::always_inline]] inline void make_room_in_chunk(std::byte* record) noexcept;
  [[gnu::always_inline]] inline void copy_raws(const TypePlan& type, const std::byte* slot, std::size_t i, std::byte* to) const noexcept;
  [[gnu::always_inline]] inline void insert_into_ring(Index index, std::byte* record, const Batch& batch, std::size_t i) noexcept;
  using Update = void (Group::*)(const Batch&, Place) noexcept;
  [[nodiscard]] Update choose_update() const noexcept;
  [[nodiscard]] bool may_update_plain(const Batch& batch) const noexcept;
  template <std::size_t Sums, std::size_t Counts, bool Others, TurnPeaks Turn>
  [[gnu::always_inline]] inline void update_all(const Batch& batch, Place place) noexcept;
  template <std::size_t Sums, std::size_t Counts, bool Others>
  void update_plain(const Batch& batch, Place place) noexcept;
  template <std::size_t Sums, std::size_t Counts, bool Others>
  void update_plain_avx2(const Batch& batch, Place place) noexcept;
  void update_recent(const Batch& batch, Place place) noexcept;
  void update_one_by_one(const Batch& batch, Place place) noexcept;
  void update_late(const Batch& batch, Place place) noexcept;
  [[nodiscard]] bool take_in_late(const Batch& batch, std::size_t i, Place place) noexcept;
  [[gnu::always_inline]] inline static void add_latest(std::byte* totals, const Column& column, Bits bits, const std::byte* words, Time te) noexcept;
  [[nodiscard]] bool is_wide(Index index) const noexcept;
  void set_wide(Index index) noexcept;
  void enter_wide(Index index, const std::byte* words) noexcept;
  // One column; of the kinds beside sums and counts `stddev` is the most usual.
  [[gnu::always_inline]] inline static void add_column(std::byte* total, const Column& column, Bits bits, const std::byte* words, Time te) noexcept;
  void add_others(std::byte* totals, Bits bits, const std::byte* words, Time te) const noexcept;
  static void add_other(std::byte* total, const Column& column, Bits bits, const std::byte* words, Time te) noexcept;

  // Rings of keys, and the edges of `last N` (rings.cpp).
  [[nodiscard]] RingHead* ring_of(std::byte* record) const noexcept { return reinterpret_cast<RingHead*>(record + layout_.ring_head_offset); }
  [[nodiscard]] const RingHead* ring_of(const std::byte* record) const noexcept { return reinterpret_cast<const RingHead*>(record + layout_.ring_head_offset); }
  [[nodiscard]] RingCursor* ring_cursor(std::byte* record, std::size_t edge) const noexcept { return reinterpret_cast<RingCursor*>(record + layout_.edges[edge].ring); }
  [[nodiscard]] std::byte* ring_entry(std::uint32_t location) const noexcept {
    return chunks_.at(location >> location_index_bits) + state::ChunkPool::head_bytes + (location & chunk_entries_max) * layout_.ring_entry_bytes;
  }
  [[nodiscard]] std::byte* raws_of(std::byte* ring_entry) const noexcept { return ring_entry + sizeof(Bits) + layout_.ring_words * sizeof(std::int64_t); }
  [[nodiscard]] std::uint32_t following(std::uint32_t location) const noexcept;
  void append_chunk(std::byte* record) noexcept;
  void bring_cursors(Index index) noexcept;
  void pass_in_ring(Index index, std::size_t edge) noexcept;
  // `end`: the position of the ring. A cursor that stands there has no location yet.
  void move_cursor(RingCursor& cursor, std::uint32_t to, std::uint32_t end) const noexcept;
  void advance_last_n_edges(Index index) noexcept;
  void free_passed_chunks(std::byte* record) noexcept;
  void free_ring(std::byte* record) noexcept;
  [[nodiscard]] std::uint32_t passed_by_all(const std::byte* record) const noexcept;

  // Windows `by` panes (panes.cpp).
  [[nodiscard]] Time time_of(const Batch& batch, std::size_t i) const noexcept { return layout_.pane == 0 ? batch.te[i] : pane_of(batch.te[i]); }
  [[nodiscard]] Time pane_of(Time te) const noexcept { return te / layout_.pane - (te % layout_.pane < 0); }
  [[nodiscard]] static Time& pane_in(std::byte* ring_entry) noexcept { return *reinterpret_cast<Time*>(ring_entry + sizeof(Bits)); }
  [[nodiscard]] static std::byte* block_in(std::byte* ring_entry) noexcept { return ring_entry + sizeof(Bits) + sizeof(Time); }
  [[nodiscard]] bool has_pane(std::byte* record, Time pane) const noexcept;
  void pass_panes(std::byte* record, Time pane) noexcept;
  void insert_into_pane(std::byte* record, std::size_t event, Time pane) noexcept;
  [[nodiscard]] bool improves(std::byte* ring_entry, const Raw& raw, std::int64_t value) const noexcept;

  // Events that may be late (late.cpp).
  [[nodiscard]] TreeHead* tree_of(std::byte* record) const noexcept { return reinterpret_cast<TreeHead*>(record + layout_.tree); }
  [[nodiscard]] const TreeHead* tree_of(const std::byte* record) const noexcept { return reinterpret_cast<const TreeHead*>(record + layout_.tree); }
  [[nodiscard]] NextEntry* dues_of(std::byte* record) const noexcept { return reinterpret_cast<NextEntry*>(record + layout_.dues); }
  void fetch_trees(const Batch& batch) const noexcept;
  void fetch_ends_of_trees(const Batch& batch) const noexcept;
  void bring_tree(std::byte* record, Time te, Time place) noexcept;
  void find_dues(std::byte* record) noexcept;
  [[nodiscard]] bool make_room_in_trees(Index index, Time te) noexcept;
  [[nodiscard]] std::byte* look_back(const std::byte* record, Time place) noexcept;
  void gather_fronts(bool before, const std::byte* record, Time place, std::byte* to) noexcept;
  void insert_into_tree(std::byte* record, const Batch& batch, std::size_t i) noexcept;

  // First, least and greatest values (chains.cpp).
  [[nodiscard]] Links* links_of(const Chain& chain, std::uint32_t location) const noexcept { return reinterpret_cast<Links*>(ring_entry(location) + chain.links); }
  [[nodiscard]] std::int64_t value_in(const Chain& chain, std::uint32_t location) const noexcept;
  [[nodiscard]] std::uint32_t find_better(const Chain& chain, const ChainEnds& ends, std::uint32_t from, std::int64_t value) const noexcept;
  [[nodiscard]] Links links_behind(const Chain& chain, const ChainEnds& ends, std::uint32_t earlier) const noexcept;
  void extend(std::byte* record, const Chain& chain, std::uint32_t location) noexcept;
  void leave(std::byte* record, const Chain& chain, const Chain::Window& window, std::uint32_t location) noexcept;
  void pass_in_chains(std::byte* record, std::size_t edge, std::uint32_t location) noexcept;

  // Operators of the program's own (folds.cpp).
  [[nodiscard]] std::byte* part_of(const Fold& fold, std::uint32_t location) const noexcept { return ring_entry(location) + fold.part; }
  [[nodiscard]] std::uint32_t preceding(std::uint32_t location) const noexcept;
  void enter(std::byte* record, const Fold& fold, std::uint32_t location, std::uint32_t position) noexcept;
  void leave(std::byte* record, const Fold& fold, RingCursor leaving) noexcept;
  void settle(std::byte* record, const Fold& fold, RingCursor front, std::uint32_t end) noexcept;
  void pass_in_folds(std::byte* record, std::size_t edge, RingCursor passing) noexcept;
  [[nodiscard]] Lowered read_fold(const Read& read, const std::byte* record) const noexcept;

  // Medians and percentiles (rankings.cpp).
  [[nodiscard]] RankNode* node_of(const Ranking& ranking, std::uint32_t location) const noexcept { return reinterpret_cast<RankNode*>(ring_entry(location) + ranking.node); }
  [[nodiscard]] std::uint32_t entries_below(const Ranking& ranking, std::uint32_t location) const noexcept { return location == no_location ? 0 : node_of(ranking, location)->entries; }
  [[nodiscard]] bool has_value(const Ranking& ranking, std::uint32_t location) const noexcept;
  [[nodiscard]] std::int64_t value_in(const Ranking& ranking, std::uint32_t location) const noexcept;
  void enter(std::byte* record, const Ranking& ranking, std::uint32_t location) noexcept;
  void leave(std::byte* record, const Ranking& ranking, std::uint32_t location) noexcept;
  void rotate(const Ranking& ranking, std::uint32_t* link, bool to_less) noexcept;
  void balance(const Ranking& ranking, std::uint32_t* link) noexcept;
  void pass_in_rankings(std::byte* record, std::size_t edge, std::uint32_t location) noexcept;
  [[nodiscard]] Scalar read_ranked(const Read& read, const std::byte* record) const noexcept;

  // Distinct values (distinct.cpp).
  template <class Visit>
  void visit(Span span, const Raw& raw, Visit visit) const noexcept;
  [[nodiscard]] bool count(Index index, std::size_t distinct, Span span) noexcept;
  void uncount(Index index, std::size_t distinct, Span span) noexcept;
  void count_passed(Index index, std::size_t edge) noexcept;
  void count_inserted(Index index, Bits bits) noexcept;
  void no_room(Index index, std::size_t distinct, std::uint32_t counted_end) noexcept;
  [[nodiscard]] Scalar read_distinct(Index index, const std::byte* record, std::size_t number) noexcept;
  [[nodiscard]] std::uint32_t scan(const Raw& raw, Span span) const noexcept;

  // Features (features.cpp).
  void look_closer(const Reads& reads, Rows& rows, Index index, const std::byte* record, Time te, std::size_t i, Place place) noexcept;
  // Nearly all windows of `distinct` hold one event, or none.
  [[gnu::always_inline]] inline void write_distinct(const Read& read, Index index, const std::byte* record, std::size_t i, Place place) noexcept;
  [[nodiscard]] static Place cells_of(const Batch& batch, state::Tiles& tiles) noexcept;
  void read_rows(const Reads& reads, const Rows& rows, const Batch& batch, Place place) const noexcept;
  void read_floats(const Reads& reads, const Rows& rows, const Batch& batch, Place place) const noexcept;
  void read_own(const Reads& reads, const Rows& rows, const Batch& batch, Place place) const noexcept;
  void read_exact(const Reads& reads, const Rows& rows, const Batch& batch, Place place) const noexcept;
  void write_missing(const Reads& reads, const Batch& batch, Place place) const noexcept;
  [[nodiscard]] Scalar read_rare(const Read& read, const std::byte* record, Time te) noexcept;
  [[nodiscard]] Scalar exact_sum(Index index, const std::byte* record, const Read& read) noexcept;
  [[nodiscard]] Scalar read_last(const std::byte* record, const Read& read, Time te) const noexcept;
  [[nodiscard]] Scalar narrow(Int128 sum) noexcept;

  Layout layout_;
  state::KeyTable table_;
  state::EntryQueue queue_;       // of time edges
  state::ChunkPool chunks_;       // of rings
  DistinctTable counted_;
  std::int64_t* wide_;            // per record, for now and each edge: a word per sum; touched for wide values only
  std::uint64_t* wide_keys_;      // a bit per record: a summed value left the narrow range since the key began
  std::uint64_t wide_seen_ = 0;   // 1: some bit was ever set
  std::vector<std::byte> blank_;  // a record as a new key has it; also what an event without a key reads
  LateTrees trees_;
  Peaks peaks_;
  std::vector<std::byte> past_;   // a record as of an earlier place
  std::vector<std::byte> gathered_;  // a block
  std::vector<std::byte> keys_;   // of the batch
  std::array<Work, batch_events> work_{};
  std::vector<Pass> passes_;      // the time edges
  PassBatch pass_batch_;
  const Edge* lone_ring_edge_ = nullptr;  // the only edge with a ring cursor, if nothing but cursors follows it
  const Read* lone_distinct_ = nullptr;   // the only feature that is read from records, not their copies, after the event
  Update update_plain_;           // null: its sums and counts are too many, or it has windows of `last N`
  UpdateRun update_run_;          // null: there is more to follow than sums and counts
  bool run_ = false;              // in this batch: all events are of one key, and work_[0] stands for all
  std::uint64_t run_key_ = 0, run_hash_ = 0;  // of the last batch of one key
  Index run_index_ = state::KeyTable::none;   // its record, or what was that
  std::array<const std::int64_t*, run_sums_max> run_words_{};  // what its events add to each sum, one behind the other
  std::vector<std::int64_t> run_masked_;     // where these are not the values themselves
  // What events of a run find: totals before the first one and after each, then those of each edge at each event. A run_row for each sum, or of four counts each.
  std::vector<std::uint64_t> run_sums_;
  std::vector<std::array<std::uint32_t, 4>> run_counts_;
  std::vector<Difference> run_differences32_, run_differences64_;  // by index there
  Reads run_before_, run_after_;             // the rest of the layout's
  static constexpr std::size_t touched_bits = 2048, deferred_max = 64;
  std::array<std::uint64_t, touched_bits / 64> touched_{};  // by records of the batch's keys, and by chance of others
  std::array<Due, deferred_max> deferred_;
  std::size_t deferred_count_ = 0, deferred_done_ = 0;
  bool passed_early_ = false;     // in this batch
  bool keys_changed_ = false;     // in this batch: a record was made or forgotten
  bool all_found_ = false;        // in this batch: every event has a record
  Time newest_ = no_time;         // of packed entries
  std::uint64_t wide_slots_ = 0;  // in the queue, beside those that begin an entry
  std::uint64_t passed_by_all_ = 0;  // places in the queue to free
  Chunk passed_chunk_ = 0;           // where they begin

  // What the events of the batch add.
  std::array<Facts, batch_events> facts_{};
  std::array<Bits, batch_events> bits_{};
  std::vector<std::int64_t> values_;  // a row of batch_events for each value
  std::vector<std::int64_t> words_;   // a row of words for each event
  std::vector<std::byte> raws_;   // of one event, one after the other, as they stand in a ring entry

  Rows before_, after_;
  EventBits missing_ = 0;      // it has no features of this group

  std::array<std::uint32_t, limits::partitions> hands_{};
  std::size_t next_partition_ = 0;
  std::uint64_t ring_entries_ = 0;
  std::uint64_t counted_windows_ = 0;  // windows whose values are counted as cursors pass them
  std::uint64_t entries_max_ = 0;
  std::uint64_t keys_evicted_ = 0, keys_refused_ = 0, entries_refused_ = 0, overflow_ = 0, distinct_refused_ = 0, late_ = 0, too_late_ = 0;
};

}  // namespace pawl::window

#include "pawl/core/window/group_inline.hpp"
