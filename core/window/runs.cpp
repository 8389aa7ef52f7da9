// Runs: batches whose events are all of one key, as one hot key or windows over all events make them.
//
// Everything that an edge passes there seems to have to wait for its turn. But with sums and counts alone, what each event finds at an edge
// follows from its times and those of the entries: so the edges are walked one after the other, totals in registers, and leave the block of
// each event's turn in a row, from which features are read as from copies of records.
#include <algorithm>
#include <array>
#include <type_traits>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"
#include "pawl/core/window/hash.hpp"

namespace pawl::window {
namespace {

constexpr std::size_t run_events_min = 4;  // below, phases cost more than they save

// Sums and counts of a block.
template <std::size_t Sums, std::size_t Counts>
class Totals {
 public:
  static constexpr std::size_t bytes = Sums * sizeof(std::uint64_t) + Counts * sizeof(std::uint32_t);

  explicit Totals(const std::byte* block) noexcept {
    for (std::size_t i = 0; i < Sums; ++i) sums_[i] = load<std::uint64_t>(block + i * sizeof(std::uint64_t));
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] = load<Lanes>(block + Sums * sizeof(std::uint64_t) + i * sizeof(Lanes));
  }
  void keep(std::byte* block) const noexcept {
    for (std::size_t i = 0; i < Sums; ++i) store(block + i * sizeof(std::uint64_t), sums_[i]);
    for (std::size_t i = 0; i < counts_.size(); ++i) store(block + Sums * sizeof(std::uint64_t) + i * sizeof(Lanes), counts_[i]);
  }
  void add(std::uint64_t bits, const std::byte* words) noexcept {
    for (std::size_t i = 0; i < Sums; ++i) sums_[i] += load<std::uint64_t>(words + i * sizeof(std::uint64_t));
    for (std::size_t i = 0; i < counts_.size(); ++i, bits >>= 4) counts_[i] += load<Lanes>(reinterpret_cast<const std::byte*>(quad_of_bits[bits & (Counts == 2 ? 3 : 15)]));
  }

 private:
  using Lanes = std::conditional_t<Counts == 2, Pair, Quad>;
  std::array<std::uint64_t, Sums> sums_;
  std::array<Lanes, Counts * sizeof(std::uint32_t) / sizeof(Lanes)> counts_;
};

}  // namespace

bool Group::is_of_one_key(const Batch& batch, const TypePlan& type) noexcept {
  if (!type.quick_key) return true;
  const Quick key = *type.quick_key;
  const std::uint64_t first = key.number(batch.slot[0]);
  for (std::size_t i = 1; i < batch.count; ++i) {
    if (key.number(batch.slot[i]) != first) return false;
  }
  return true;
}

void Group::gather_one_key(const Batch& batch, const TypePlan& type) noexcept {
  if (type.quick_key) store(keys_.data(), type.quick_key->number(batch.slot[0]));
  const std::uint64_t hash = hash_bytes(keys_.data(), layout_.key_bytes);
  work_[0] = {.key = keys_.data(), .hash = hash, .index = state::KeyTable::none, .role = type.inserts ? Role::insert : Role::read};
  run_ = true;
}

// False: it is a batch like any other, and every event has its own work.
bool Group::settle_run(const Batch& batch) noexcept {
  const auto wide = [&] {
    Bits bits = 0;
    for (std::size_t i = 0; i < batch.count; ++i) bits |= bits_[i];
    return (bits & wide_bit) != 0;
  };
  Work& work = work_[0];
  work.index = find(work);
  const bool found = update_run_ != nullptr && work.role == Role::insert && work.index != state::KeyTable::none && batch.count >= run_events_min;
  run_ = found && queue_.size() + batch.count <= entries_max_ && !is_wide(work.index) && !wide() && (!layout_.packed || may_pack_run(batch));
  if (!run_) std::fill_n(work_.begin() + 1, batch.count - 1, work);
  return run_;
}

// Each event in one slot, and the oldest entry still in reach of the newest event.
bool Group::may_pack_run(const Batch& batch) const noexcept {
  bool fit = true;
  for (std::size_t i = 0; i < batch.count; ++i) fit &= packed::fits(words_[i * layout_.words.size()]);
  return fit && (queue_.size() == 0 || newest_ > earlier(batch.te[batch.count - 1], packed_span_max - passes_.back().offset));
}

// Behind all entries there are, before any edge moves: an event may find others of its run at an edge.
template <std::size_t Sums, std::size_t Counts>
void Group::append_run(const Batch& batch) noexcept {
  constexpr std::size_t words_bytes = Sums * sizeof(std::int64_t);
  const Index index = work_[0].index;
  std::byte* const record = table_.record(index);
  const std::size_t row = layout_.words.size() * sizeof(std::int64_t);
  const auto* words = reinterpret_cast<const std::byte*>(words_.data());
  Totals<Sums, Counts> totals(record + layout_.totals_offset);
  std::byte* rows = run_rows_.data();
  totals.keep(rows);
  for (std::size_t i = 0; i < batch.count;) {
    const std::span<std::byte> places = queue_.append(batch.count - i);
    for (std::size_t at = 0; at != places.size(); at += layout_.entry_bytes, ++i, words += row) {
      std::byte* const entry = places.data() + at;
      if (Sums == 1 && layout_.packed) {
        store(entry, packed::make(batch.te[i], index, bits_[i], load<std::int64_t>(words)));
      } else {
        store(entry, EntryHead{batch.te[i], index, static_cast<std::uint32_t>(bits_[i])});
        std::memcpy(entry + sizeof(EntryHead), words, words_bytes);
      }
      totals.add(bits_[i], words);
      totals.keep(rows += totals.bytes);
    }
  }
  totals.keep(record + layout_.totals_offset);
  head_of(record)->last_te = newest_ = batch.te[batch.count - 1];
}

// Returns how many entries were passed.
template <std::size_t Sums, std::size_t Counts>
std::uint64_t Group::pass_in_run(Pass& pass, const Batch& batch, std::byte* rows) noexcept {
  const Index index = work_[0].index;
  std::byte* const block = table_.record(index) + pass.block;
  Totals<Sums, Counts> passed(block);
  state::EntryQueue::Cursor cursor = pass.cursor;
  std::uint64_t entries = 0;
  for (std::size_t i = 0; i < batch.count; ++i, rows += passed.bytes) {
    const Time limit = earlier(batch.te[i], pass.offset);
    for (; static_cast<Time>(cursor.first_word()) <= limit; ++entries) {
      const auto head = load<EntryHead>(cursor.at);
      if (head.record == index) [[likely]] passed.add(head.bits, cursor.at + sizeof head);
      else pass_entry(pass, cursor);
      queue_.step(cursor);
    }
    passed.keep(rows);
  }
  passed.keep(block);
  pass.cursor = cursor;
  return entries;
}

template <std::size_t Counts>
std::uint64_t Group::pass_packed_in_run(Pass& pass, const Batch& batch, std::byte* rows) noexcept {
  const Index index = work_[0].index;
  std::byte* const block = table_.record(index) + pass.block;
  Totals<1, Counts> passed(block);
  Pass at = pass;
  std::uint64_t entries = 0;
  for (std::size_t i = 0; i < batch.count; ++i, rows += passed.bytes) {
    const Time limit = packed::near(earlier(batch.te[i], pass.offset), newest_);
    while (packed::is_due(at.cursor.first_word(), limit)) {
      const auto entry = load<packed::Entry>(at.cursor.at);
      const std::int64_t value = entry.wide() ? packed_value(at.cursor) : entry.value;
      if (entry.record == index) [[likely]] passed.add(entry.counts(), reinterpret_cast<const std::byte*>(&value));
      else pass_packed_entry(pass, at.cursor);
      queue_.step(at.cursor);
      ++entries;
      if (entry.wide()) [[unlikely]] entries += step_over_value(at);
    }
    passed.keep(rows);
  }
  passed.keep(block);
  pass.cursor = at.cursor;
  return entries;
}

template <std::size_t Sums, std::size_t Counts>
void Group::update_run(const Batch& batch) noexcept {
  constexpr std::size_t block_bytes = Totals<Sums, Counts>::bytes;
  append_run<Sums, Counts>(batch);
  std::byte* rows = run_rows_.data() + (batch_events + 1) * block_bytes;
  for (Pass& pass : passes_) {
    const Chunk chunk = pass.cursor.chunk;
    const std::uint64_t passed = Sums == 1 && layout_.packed ? pass_packed_in_run<Counts>(pass, batch, rows) : pass_in_run<Sums, Counts>(pass, batch, rows);
    if (&pass == &passes_.back()) note_passed_by_all(chunk, passed);
    rows += batch_events * block_bytes;
  }
}

Group::UpdateRun Group::choose_update_run() const noexcept {
  static constexpr UpdateRun known[3][4] = {{&Group::update_run<0, 0>, &Group::update_run<0, 2>, &Group::update_run<0, 4>, &Group::update_run<0, 8>},
                                            {&Group::update_run<1, 0>, &Group::update_run<1, 2>, &Group::update_run<1, 4>, &Group::update_run<1, 8>},
                                            {&Group::update_run<2, 0>, &Group::update_run<2, 2>, &Group::update_run<2, 4>, &Group::update_run<2, 8>}};
  const bool sums_alone = layout_.edge_others.empty() && layout_.now_others.empty() && layout_.latests.empty() && layout_.raws.empty() && layout_.peaks.empty() && !layout_.keeps_rings();
  if (!layout_.keeps_queue() || layout_.time_edges != layout_.edges.size() || !sums_alone || layout_.sums >= 3 || layout_.counts > 8) return nullptr;
  if (layout_.before.from_record() || layout_.after.from_record()) return nullptr;  // `last` of a span
  return known[layout_.sums][place_of_counts(layout_.counts)];
}

// A feature is a difference of two totals: where they stand in the rows of a run.
Reads Group::in_run_rows(const Reads& reads, bool after) const {
  Reads result = reads;
  const auto move = [&](std::uint32_t& offset) {
    std::size_t block = layout_.totals_offset, rows = after ? layout_.block_bytes : 0;
    for (const Edge& edge : layout_.edges) {
      if (offset < edge.block) break;
      block = edge.block;
      rows = ((static_cast<std::size_t>(&edge - layout_.edges.data()) + 1) * batch_events + 1) * layout_.block_bytes;
    }
    offset = static_cast<std::uint32_t>(rows + (offset - block));
  };
  for (std::vector<Difference>* const differences : {&result.differences32, &result.differences64}) {
    for (Difference& difference : *differences) {
      move(difference.lead);
      move(difference.trail);
    }
  }
  return result;
}

}  // namespace pawl::window
