// Runs: batches whose events are all of one key, as one hot key or windows over all events make them.
//
// Everything that an edge passes there seems to have to wait for its turn. But with sums and counts alone, what each event finds at an edge
// follows from its times and those of the entries: so the edges are walked one after the other, with totals in registers, and leave what each
// event finds in columns, whose differences are the features.
#include <algorithm>
#include <array>

#include "pawl/core/window/avx2.hpp"
#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"
#include "pawl/core/window/hash.hpp"

namespace pawl::window {
namespace {

constexpr std::size_t lines_ahead_bytes = 6144;  // of entries: beyond the end of a page, where the processor's own look ahead stops
constexpr std::size_t run_row = batch_events + 8;
constexpr std::size_t run_events_min = 4;  // below, phases cost more than they save

// All fit in a slot each.
[[gnu::always_inline]] inline bool all_packed(const std::int64_t* values, std::size_t count) noexcept {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < count; ++i) bits |= static_cast<std::uint64_t>(values[i]) + (std::uint64_t{1} << 31);
  return bits >> 32 == 0;
}

// Sums and counts of a block.
template <std::size_t Sums, std::size_t Counts>
struct Totals {
  static constexpr std::size_t quads = (Counts + 3) / 4;
  static constexpr std::size_t counts_bytes = std::min(Counts * sizeof(std::uint32_t), sizeof(Quad));  // of each four in a block

  std::array<std::uint64_t, Sums> sums;
  std::array<Quad, quads> counts{};

  [[gnu::always_inline]] explicit Totals(const std::byte* block) noexcept {
    for (std::size_t i = 0; i < Sums; ++i) sums[i] = load<std::uint64_t>(block + i * sizeof(std::uint64_t));
    for (std::size_t i = 0; i < quads; ++i) std::memcpy(&counts[i], block + Sums * sizeof(std::uint64_t) + i * sizeof(Quad), counts_bytes);
  }
  [[gnu::always_inline]] void write(std::byte* block) const noexcept {
    for (std::size_t i = 0; i < Sums; ++i) store(block + i * sizeof(std::uint64_t), sums[i]);
    for (std::size_t i = 0; i < quads; ++i) std::memcpy(block + Sums * sizeof(std::uint64_t) + i * sizeof(Quad), &counts[i], counts_bytes);
  }
  [[gnu::always_inline]] void count(std::uint64_t bits) noexcept {
    for (std::size_t i = 0; i < quads; ++i, bits >>= 4) counts[i] += load<Quad>(reinterpret_cast<const std::byte*>(quad_of_bits[bits & (Counts == 2 ? 3 : 15)]));
  }
};

// An edge on its way through the entries of one key, from event to event of a run.
template <std::size_t Sums, std::size_t Counts, bool Packed>
struct RunPass {
  static constexpr std::size_t entry_bytes = sizeof(EntryHead) + (Packed ? 0 : Sums * sizeof(std::uint64_t)), quads = Totals<Sums, Counts>::quads;

  static constexpr bool is_packed = Packed;

  const Time* te;
  std::size_t count;
  Duration offset;
  std::uint32_t record;
  std::uint64_t* sums;  // what the events find, from here on
  std::byte* counts;
  Totals<Sums, Counts> passed;
  std::size_t event = 0;
  std::byte* entry = nullptr;

  // Adds the entry there and steps over it. False: it is an obstacle.
  [[nodiscard, gnu::always_inline]] static bool pass(std::byte*& at, std::uint32_t record, Totals<Sums, Counts>& totals) noexcept {
    if constexpr (Packed) {
      const auto entry = load<packed::Entry>(at);
      if (entry.record != record || entry.wide()) [[unlikely]] return false;
      totals.sums[0] += static_cast<std::uint64_t>(std::int64_t{entry.value});
      totals.count(entry.counts());
    } else {
      const auto head = load<EntryHead>(at);
      if (head.record != record) [[unlikely]] return false;
      for (std::size_t k = 0; k < Sums; ++k) totals.sums[k] += load<std::uint64_t>(at + sizeof head + k * sizeof(std::uint64_t));
      totals.count(head.bits);
    }
    at += entry_bytes;
    return true;
  }
  [[nodiscard, gnu::always_inline]] static bool is_due(const std::byte* at, Time limit) noexcept {
    return Packed ? packed::is_due(load<std::uint64_t>(at), limit) : load<Time>(at) <= limit;
  }

  // False: an obstacle is in the way, an entry of another key or in two slots, or the end of a chunk. A function of its own, without calls: all stays in registers.
  [[nodiscard, gnu::noinline]] bool walk(const std::byte* end) noexcept {
    const RunPass run = *this;
    Totals<Sums, Counts> totals = passed;
    std::byte* at = entry;
    std::size_t i = event;
    const auto stop = [&](bool done) {
      passed = totals;
      entry = at;
      event = i;
      return done;
    };
    for (; i != run.count; ++i) {
      const Time limit = run.te[i] - run.offset;
      while (is_due(at, limit)) {
        if (!pass(at, run.record, totals) || at == end) [[unlikely]] return stop(false);
      }
      for (std::size_t k = 0; k < Sums; ++k) run.sums[k * run_row + i] = totals.sums[k];
      for (std::size_t k = 0; k < quads; ++k) store(run.counts + (i * quads + k) * sizeof(Quad), totals.counts[k]);
    }
    return stop(true);
  }
};

}  // namespace

bool Group::is_of_one_key(const Batch& batch, const TypePlan& type) noexcept {
  if (!type.quick_key) return true;
  if (batch.count < run_events_min) return false;
  const Quick key = *type.quick_key;
  const std::uint64_t first = key.number(batch.slot[0]);
  for (std::size_t i = 1; i < batch.count; ++i) {
    if (key.number(batch.slot[i]) != first) return false;
  }
  return true;
}

void Group::gather_one_key(const Batch& batch, const TypePlan& type) noexcept {
  const std::uint64_t key = type.quick_key ? type.quick_key->number(batch.slot[0]) : 0;
  store(keys_.data(), key);
  if (key != run_key_ || run_index_ == state::KeyTable::none) {  // else it is the key of the run before
    run_key_ = key;
    run_hash_ = hash_bytes(keys_.data(), layout_.key_bytes);
    run_index_ = state::KeyTable::none;
    table_.prefetch(run_hash_);
  }
  work_[0] = {.key = keys_.data(), .hash = run_hash_, .index = run_index_, .role = type.inserts ? Role::insert : Role::read};
  run_ = true;
}

// What the events add, column by column.
void Group::take_columns(const Batch& batch, const TypePlan& type) noexcept {
  if (update_run_ == nullptr) return take_plain_bits_and_words(batch.count, type);
  if (!type.plain_bits) take_bits(0, batch.count);
  else if (layout_.counts != 0) std::fill_n(bits_.data(), batch.count, *type.plain_bits);
  for (std::size_t w = 0; w < layout_.sums; ++w) {
    const Word word = layout_.words[w];
    run_words_[w] = values(word.value);
    if ((type.plain_facts & word.facts) == word.facts) continue;
    std::int64_t* const masked = run_masked_.data() + w * batch_events;
    for (std::size_t i = 0; i < batch.count; ++i) masked[i] = (facts_[i] & word.facts) == word.facts ? run_words_[w][i] : 0;
    run_words_[w] = masked;
  }
}

bool Group::may_run(const Batch& batch) const noexcept {
  const Work& work = work_[0];
  if (update_run_ == nullptr || work.role != Role::insert || work.index == state::KeyTable::none || batch.count < run_events_min) return false;
  if (earlier(batch.te[0], passes_.back().offset) == no_time) return false;  // else no event looks back beyond all time
  return queue_.size() + batch.count <= entries_max_ && !is_wide(work.index) && (!layout_.packed || may_pack_run(batch));
}

// The oldest entry is still in reach of the newest event (packed_entry.hpp), though no edge has moved yet.
bool Group::may_pack_run(const Batch& batch) const noexcept {
  const Time before = queue_.size() == 0 ? batch.te[0] : newest_;
  return before > earlier(batch.te[batch.count - 1], packed_span_max - passes_.back().offset);
}

bool Group::settle_run(const Batch& batch) noexcept {
  Work& work = work_[0];
  run_index_ = work.index = find(work);
  keys_changed_ = passed_early_ = false;
  run_ = may_run(batch);
  if (!run_) end_run(batch);
  return run_;
}

// It is a batch like any other, in which every event has its own work, bits and words.
void Group::end_run(const Batch& batch) noexcept {
  run_ = false;
  std::fill_n(work_.begin() + 1, batch.count - 1, work_[0]);
  if (update_run_ != nullptr && work_[0].role == Role::insert) take_plain_bits_and_words(batch.count, layout_.types[batch.type[0]]);
}

// Behind all entries there are, before any edge moves: an event may find others of its run at an edge.
template <std::size_t Sums, std::size_t Counts, bool Packed>
void Group::append_run(const Batch& batch) noexcept {
  constexpr std::size_t entry_bytes = sizeof(EntryHead) + (Packed ? 0 : Sums * sizeof(std::int64_t)), quads = Totals<Sums, Counts>::quads;
  const Index index = work_[0].index;
  std::byte* const record = table_.record(index);
  Totals<Sums, Counts> totals(record + layout_.totals_offset);
  const std::array<const std::int64_t*, run_sums_max> words = run_words_;
  std::uint64_t* const sums = run_sums_.data();
  auto* counts = reinterpret_cast<std::byte*>(run_counts_.data());
  for (std::size_t k = 0; k < Sums; ++k) sums[k * run_row] = totals.sums[k];
  for (std::size_t k = 0; k < quads; ++k, counts += sizeof(Quad)) store(counts, totals.counts[k]);
  for (std::size_t i = 0; i < batch.count;) {
    const std::span<std::byte> places = queue_.append(batch.count - i, entry_bytes);
    std::byte *entry = places.data(), *const end = entry + places.size();
#pragma GCC unroll 2
    for (; entry != end; entry += entry_bytes, ++i) {
      const Bits bits = Counts == 0 ? 0 : bits_[i];
      if constexpr (Packed) {
        store(entry, packed::make(batch.te[i], index, bits, static_cast<std::int32_t>(words[0][i])));
      } else {
        store(entry, batch.te[i]);
        store(entry + offsetof(EntryHead, record), index | bits << 32);  // and the bits, in one
      }
      for (std::size_t k = 0; k < Sums; ++k) {
        const std::int64_t word = words[k][i];
        if constexpr (!Packed) store(entry + sizeof(EntryHead) + k * sizeof word, word);
        sums[k * run_row + i + 1] = totals.sums[k] += static_cast<std::uint64_t>(word);
      }
      totals.count(bits);
      for (std::size_t k = 0; k < quads; ++k, counts += sizeof(Quad)) store(counts, totals.counts[k]);
    }
  }
  totals.write(record + layout_.totals_offset);
  head_of(record)->last_te = newest_ = batch.te[batch.count - 1];
}

template <class Run>
void Group::pass_obstacle(Pass& pass, Run& run) noexcept {
  if constexpr (Run::is_packed) {
    const auto entry = load<packed::Entry>(pass.cursor.at);
    if (entry.record == run.record) {  // in two slots
      run.passed.sums[0] += static_cast<std::uint64_t>(packed_value(pass.cursor));
      run.passed.count(entry.counts());
    } else {
      pass_packed_entry(pass, pass.cursor);
    }
  } else {
    pass_entry(pass, pass.cursor);
  }
}

template <std::size_t Sums, std::size_t Counts, bool Packed>
void Group::pass_in_run(std::size_t p, const Batch& batch) noexcept {
  using Run = RunPass<Sums, Counts, Packed>;
  Pass& pass = passes_[p];
  const Chunk chunk = pass.cursor.chunk;
  std::byte* const block = table_.record(work_[0].index) + pass.block;
  Run run{.te = batch.te.data(), .count = batch.count, .offset = pass.offset, .record = work_[0].index,
          .sums = run_sums_.data() + (p + 1) * Sums * run_row,
          .counts = reinterpret_cast<std::byte*>(run_counts_.data()) + (p + 1) * Run::quads * run_row * sizeof(Quad),
          .passed = Totals<Sums, Counts>(block)};
  std::size_t bytes = 0;
  for (bool done = false; !done;) {
    run.entry = pass.cursor.at;
#pragma GCC unroll 32
    for (std::size_t line = 0; line < batch_events * Run::entry_bytes; line += limits::cache_line_bytes) __builtin_prefetch(run.entry + lines_ahead_bytes + line);
    done = run.walk(pass.cursor.end);
    bytes += static_cast<std::size_t>(run.entry - pass.cursor.at);
    pass.cursor.at = run.entry;
    bool wide = false;
    if (!done && run.entry != pass.cursor.end) {
      pass_obstacle(pass, run);
      wide = Packed && (pass.cursor.first_word() & packed::wide_flag) != 0;
      pass.cursor.at += Run::entry_bytes;
      bytes += Run::entry_bytes;
    }
    if (pass.cursor.at == pass.cursor.end) queue_.enter_next(pass.cursor);
    if (wide) bytes += step_over_value(pass) * Run::entry_bytes;
  }
  run.passed.write(block);
  if (p + 1 == passes_.size()) note_passed_by_all(chunk, bytes / Run::entry_bytes);
}

void Group::read_run(std::size_t count, Place place) const noexcept {
  for (const Difference& d : run_differences64_) {
    const std::uint64_t *const lead = run_sums_.data() + d.lead, *const trail = run_sums_.data() + d.trail;
    std::int64_t* const to = place.numbers + d.cell;
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<std::int64_t>(lead[i] - trail[i]);
  }
  const std::size_t row = (layout_.counts + 3) / 4 * 4;
  for (const Difference& d : run_differences32_) {
    const std::uint32_t *lead = run_counts_.data()->data() + d.lead, *trail = run_counts_.data()->data() + d.trail;
    std::int64_t* const to = place.numbers + d.cell;
    for (std::size_t i = 0; i < count; ++i, lead += row, trail += row) to[i] = *lead - *trail;
  }
}

template <std::size_t Sums, std::size_t Counts, bool Packed>
void Group::update_whole_run(const Batch& batch, Place place) noexcept {
  for (std::size_t k = 0; k < Sums; ++k) {
    if (Packed ? all_packed(run_words_[k], batch.count) : all_narrow(run_words_[k], batch.count)) [[likely]] continue;
    end_run(batch);
    return update_one_by_one(batch, place);  // nearly always once for a key: from its first wide value on it has no runs
  }
  append_run<Sums, Counts, Packed>(batch);
  for (std::size_t p = 0; p < passes_.size(); ++p) pass_in_run<Sums, Counts, Packed>(p, batch);
  read_run(batch.count, place);
}

template <std::size_t Sums, std::size_t Counts, bool Packed>
void Group::update_run(const Batch& batch, Place place) noexcept {
  update_whole_run<Sums, Counts, Packed>(batch, place);
}

template <std::size_t Sums, std::size_t Counts, bool Packed>
PAWL_AVX2 void Group::update_run_avx2(const Batch& batch, Place place) noexcept {
  update_whole_run<Sums, Counts, Packed>(batch, place);
}

Group::UpdateRun Group::choose_update_run() const noexcept {
  const auto choose = [&]<std::size_t Sums, bool Packed>() {
    static constexpr UpdateRun known[4] = {&Group::update_run<Sums, 0, Packed>, &Group::update_run<Sums, 2, Packed>, &Group::update_run<Sums, 4, Packed>, &Group::update_run<Sums, 8, Packed>};
    static constexpr UpdateRun avx2[4] = {&Group::update_run_avx2<Sums, 0, Packed>, &Group::update_run_avx2<Sums, 2, Packed>, &Group::update_run_avx2<Sums, 4, Packed>,
                                          &Group::update_run_avx2<Sums, 8, Packed>};
    return (has_avx2() ? avx2 : known)[place_of_counts(layout_.counts)];
  };
  const bool sums_alone = layout_.edge_others.empty() && layout_.now_others.empty() && layout_.latests.empty() && layout_.raws.empty() && layout_.peaks.empty() && !layout_.keeps_rings();
  if (!layout_.keeps_queue() || layout_.time_edges != layout_.edges.size() || !sums_alone) return nullptr;
  if (layout_.sums > run_sums_max || layout_.counts > run_counts_max) return nullptr;
  if (layout_.before.from_record() || layout_.after.from_record()) return nullptr;  // `last` of a span
  if (layout_.packed) return choose.operator()<1, true>();
  return layout_.sums == 0 ? choose.operator()<0, false>() : layout_.sums == 1 ? choose.operator()<1, false>() : choose.operator()<2, false>();
}

// A feature is a difference of two totals: where they stand in the columns of a run.
void Group::plan_runs() {
  run_masked_.resize(layout_.sums * batch_events);
  run_sums_.resize((layout_.edges.size() + 1) * layout_.sums * run_row);
  const std::size_t quads = (layout_.counts + 3) / 4;
  run_counts_.resize((layout_.edges.size() + 1) * quads * run_row);
  const auto split = [&](std::uint32_t offset) {  // the edge, from 1, or 0 for the totals; and the place in its block
    std::size_t edge = layout_.edges.size();
    while (edge != 0 && offset < layout_.edges[edge - 1].block) --edge;
    return std::pair(edge, offset - (edge == 0 ? layout_.totals_offset : layout_.edges[edge - 1].block));
  };
  const auto plan = [&](const Reads& reads, Reads& rest, bool after) {
    rest = reads;
    rest.differences32.clear();
    rest.differences64.clear();
    const auto sum = [&](std::uint32_t offset) {
      const auto [edge, in_block] = split(offset);
      return static_cast<std::uint32_t>((edge * layout_.sums + in_block / sizeof(std::uint64_t)) * run_row + (edge == 0 && after));
    };
    const auto count = [&](std::uint32_t offset) {
      const auto [edge, in_block] = split(offset);
      const std::size_t number = (in_block - layout_.sums * sizeof(std::uint64_t)) / sizeof(std::uint32_t);
      return static_cast<std::uint32_t>((edge * run_row + (edge == 0 && after)) * quads * 4 + number);
    };
    for (const Difference& d : reads.differences64) run_differences64_.push_back({sum(d.lead), sum(d.trail), d.cell});
    for (const Difference& d : reads.differences32) run_differences32_.push_back({count(d.lead), count(d.trail), d.cell});
  };
  plan(layout_.before, run_before_, false);
  plan(layout_.after, run_after_, true);
}

}  // namespace pawl::window
