// Time edges: what has become due is added to the totals of its keys.
//
// Passing is exact event by event, but nearly all of it can be done for a batch at once: until the batch's last event, an edge may pass any
// entry whose key has no event in the batch, as nobody looks. The others wait for their turn.
#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {
namespace {

// Far enough that a record comes from memory in time, near enough that it is still there when it is needed. Where all records do not fit in a
// second-level cache, they and the entries that name them come from farther away.
constexpr std::size_t entries_ahead = 24, entries_ahead_far = 48, lines_ahead_far = 128;
constexpr std::size_t near_bytes_max = std::size_t{4} << 20;
constexpr std::size_t any = SIZE_MAX;  // counts known at run time only

EntryHead head_at(const std::byte* entry) noexcept { return load<EntryHead>(entry); }
const std::byte* words_at(const std::byte* entry) noexcept { return entry + sizeof(EntryHead); }
Time time_of_plain(const state::EntryQueue::Cursor& cursor) noexcept { return static_cast<Time>(cursor.first_word()); }

}  // namespace

// Each pass of an edge goes to another key: the next ones are known long before.
void Group::fetch_ahead(const Pass& pass, state::Records records, bool far) const noexcept {
  if (far) __builtin_prefetch(queue_.ahead(pass.cursor, lines_ahead_far));
  __builtin_prefetch(records[head_at(queue_.ahead(pass.cursor, far ? entries_ahead_far : entries_ahead)).record] + pass.block, 1);
}

// Whether all that becomes due in the batch is in the queue already, and no bound can be reached in it, so that the order of passing shows nowhere.
bool Group::may_pass_early(const Batch& batch) const noexcept {
  const std::size_t places = layout_.packed ? 2 : 1;  // of the queue, that an event may take
  if (passes_.empty() || batch.count < 4 || queue_.size() + places * batch.count >= entries_max_) return false;
  return earlier(batch.te[batch.count - 1], passes_.front().offset) < batch.te[0];
}

void Group::pass_early(const Batch& batch) noexcept {
  for (std::size_t i = 0; i < batch.count; ++i) {
    const Index index = work_[i].index;
    if (index != state::KeyTable::none) touched_[index % touched_bits / 64] |= std::uint64_t{1} << index % 64;
  }
  for (std::uint32_t p = 0; p < passes_.size(); ++p) {
    Pass& pass = passes_[p];
    const Time limit = earlier(batch.te[batch.count - 1], pass.offset);
    if (!has_due(pass, limit)) continue;
    const Chunk chunk = pass.cursor.chunk;
    const std::uint64_t passed = (this->*pass_batch_)(p, limit);
    if (p + 1 == passes_.size()) note_passed_by_all(chunk, passed);
  }
  touched_.fill(0);
  if (deferred_count_ != 0) order_deferred(batch);
}

// Entries that the last edge has passed; another edge or a deferred pass may still need them.
void Group::note_passed_by_all(Chunk chunk, std::uint64_t entries) noexcept {
  if (passed_by_all_ == 0) passed_chunk_ = chunk;
  passed_by_all_ += entries;
}

// REQUIRES: all edges stand at the same effective time.
void Group::free_passed() noexcept {
  if (passed_by_all_ != 0) queue_.release(passed_chunk_, passes_.back().cursor.chunk, passed_by_all_);
  passed_by_all_ = 0;
}

// The loop of the data path: once per event and edge.
template <std::size_t Sums, std::size_t Counts, bool Others>
std::uint64_t Group::pass_batch(std::uint32_t p, Time limit) noexcept {
  const state::Records records = table_.records();
  const bool far = table_.size() * layout_.record_bytes > near_bytes_max;
  Pass pass = passes_[p];
  std::uint64_t passed = 0;
  do {
    fetch_ahead(pass, records, far);
    const std::byte* const entry = pass.cursor.at;
    const EntryHead head = head_at(entry);
    if (touched(head.record)) [[unlikely]] {
      if (deferred_count_ == deferred_max) break;  // a hot key: the rest goes one by one
      deferred_[deferred_count_++] = {pass.cursor, p, 0};
    } else if (Sums == any) {
      pass_entry(pass, pass.cursor);
    } else {
      std::byte* const block = records[head.record] + pass.block;
      add_to_block(block, head.bits, words_at(entry), Sums, Counts);
      if constexpr (Others) {
        for (const Column& column : layout_.edge_others) add_column(block + column.offset, column, head.bits, words_at(entry), head.te);
      }
      if (Sums != 0 && (head.bits & wide_bit) != 0) [[unlikely]] add_wide(head.record, pass.edge + 1, words_at(entry));
    }
    queue_.step(pass.cursor);
    ++passed;
  } while (time_of_plain(pass.cursor) <= limit);
  passes_[p].cursor = pass.cursor;
  return passed;
}

template <std::size_t Counts>
std::uint64_t Group::pass_packed_batch(std::uint32_t p, Time limit) noexcept {
  const state::Records records = table_.records();
  const bool far = table_.size() * layout_.record_bytes > near_bytes_max;
  const Time bound = packed::near(limit, newest_);
  Pass pass = passes_[p];
  std::uint64_t passed = 0;
  do {
    fetch_ahead(pass, records, far);
    const auto entry = load<packed::Entry>(pass.cursor.at);
    if (touched(entry.record)) [[unlikely]] {
      if (deferred_count_ == deferred_max) break;  // a hot key: the rest goes one by one
      deferred_[deferred_count_++] = {pass.cursor, p, 0};
    } else if (entry.wide()) [[unlikely]] {
      pass_packed_entry(pass, pass.cursor);
    } else {
      const std::int64_t value = entry.value;
      add_to_block(records[entry.record] + pass.block, entry.counts(), reinterpret_cast<const std::byte*>(&value), 1, Counts);
    }
    ++passed;
    queue_.step(pass.cursor);
    if (entry.wide()) [[unlikely]] passed += step_over_value(pass);
  } while (packed::is_due(pass.cursor.first_word(), bound));
  passes_[p].cursor = pass.cursor;
  return passed;
}

Group::PassBatch Group::choose_pass_batch() const noexcept {
  const auto choose = [&]<bool Others>() {
    static constexpr PassBatch known[3][4] = {
        {&Group::pass_batch<0, 0, Others>, &Group::pass_batch<0, 2, Others>, &Group::pass_batch<0, 4, Others>, &Group::pass_batch<0, 8, Others>},
        {&Group::pass_batch<1, 0, Others>, &Group::pass_batch<1, 2, Others>, &Group::pass_batch<1, 4, Others>, &Group::pass_batch<1, 8, Others>},
        {&Group::pass_batch<2, 0, Others>, &Group::pass_batch<2, 2, Others>, &Group::pass_batch<2, 4, Others>, &Group::pass_batch<2, 8, Others>}};
    return known[layout_.sums][place_of_counts(layout_.counts)];
  };
  static constexpr PassBatch packed[4] = {&Group::pass_packed_batch<0>, &Group::pass_packed_batch<2>, &Group::pass_packed_batch<4>, &Group::pass_packed_batch<8>};
  if (layout_.packed) return packed[place_of_counts(layout_.counts)];
  if (layout_.sums >= 3 || layout_.counts > 8) return &Group::pass_batch<any, any, true>;
  return layout_.edge_others.empty() ? choose.operator()<false>() : choose.operator()<true>();
}

// By the event before which each is due; the order in which an edge passes is kept.
void Group::order_deferred(const Batch& batch) noexcept {
  std::uint32_t pass = UINT32_MAX, before = 0;
  for (std::size_t d = 0; d < deferred_count_; ++d) {
    Due due = deferred_[d];
    if (due.pass != pass) before = 0;  // an edge passes in the order of time
    pass = due.pass;
    const Time te = time_at(due.entry);
    while (earlier(batch.te[before], passes_[pass].offset) < te) ++before;
    due.before = before;
    std::size_t to = d;
    for (; to > 0 && deferred_[to - 1].before > due.before; --to) deferred_[to] = deferred_[to - 1];
    deferred_[to] = due;
  }
}

// Brings all time edges to the event's effective time, the nearest first: what enters a window enters before it leaves.
void Group::advance(Time te) noexcept {
  for (std::uint32_t p = 0; p < passes_.size(); ++p) {
    Pass& pass = passes_[p];
    const Time limit = earlier(te, pass.offset);
    if (!has_due(pass, limit)) continue;
    const Chunk chunk = pass.cursor.chunk;
    const std::uint64_t passed = pass_one_by_one(p, limit);
    if (p + 1 == passes_.size()) note_passed_by_all(chunk, passed);
  }
  if (!passed_early_) free_passed();
}

void Group::pass_deferred(std::size_t event) noexcept {
  while (is_due(event)) {
    const Due& due = deferred_[deferred_done_++];
    if (layout_.packed) pass_packed_entry(passes_[due.pass], due.entry);
    else pass_entry(passes_[due.pass], due.entry);
  }
}

std::uint64_t Group::pass_one_by_one(std::uint32_t p, Time limit) noexcept {
  Pass& pass = passes_[p];
  std::uint64_t passed = 0;
  if (!layout_.packed) {
    do {
      fetch_ahead(pass, table_.records(), false);
      pass_entry(pass, pass.cursor);
      queue_.step(pass.cursor);
      ++passed;
    } while (time_of_plain(pass.cursor) <= limit);
    return passed;
  }
  const Time bound = packed::near(limit, newest_);
  do {
    fetch_ahead(pass, table_.records(), false);
    pass_packed_entry(pass, pass.cursor);
    const bool wide = (pass.cursor.first_word() & packed::wide_flag) != 0;
    queue_.step(pass.cursor);
    ++passed;
    if (wide) [[unlikely]] passed += step_over_value(pass);
  } while (packed::is_due(pass.cursor.first_word(), bound));
  return passed;
}

// The slot with a packed entry's wide value.
std::uint64_t Group::step_over_value(Pass& pass) noexcept {
  queue_.step(pass.cursor);
  wide_slots_ -= pass.edge + 1 == passes_.size();
  return 1;
}

Time Group::time_at(const state::EntryQueue::Cursor& at) const noexcept {
  return layout_.packed ? newest_ - packed::since(at.first_word(), newest_) : time_of_plain(at);
}

std::int64_t Group::packed_value(const state::EntryQueue::Cursor& at) const noexcept {
  const auto entry = load<packed::Entry>(at.at);
  return entry.wide() ? load<std::int64_t>(queue_.behind(at) + sizeof(std::uint64_t)) : entry.value;
}

void Group::pass_packed_entry(const Pass& pass, const state::EntryQueue::Cursor& at) noexcept {
  const auto entry = load<packed::Entry>(at.at);
  const std::int64_t value = packed_value(at);
  const auto* const words = reinterpret_cast<const std::byte*>(&value);
  add_to_block(table_.record(entry.record) + pass.block, entry.counts(), words, 1, layout_.counts);
  if (!is_narrow(value)) [[unlikely]] add_wide(entry.record, pass.edge + 1, words);
}

void Group::pass_entry(const Pass& pass, const state::EntryQueue::Cursor& at) noexcept {
  const std::byte* const entry = at.at;
  const EntryHead head = head_at(entry);
  std::byte* const block = table_.record(head.record) + pass.block;
  add_to_block(block, head.bits, words_at(entry), layout_.sums, layout_.counts);
  if (layout_.sums != 0 && (head.bits & wide_bit) != 0) [[unlikely]] add_wide(head.record, pass.edge + 1, words_at(entry));
  for (const Column& column : layout_.edge_others) add_column(block + column.offset, column, head.bits, words_at(entry), head.te);
}

std::int64_t* Group::wide_words(Index index, std::size_t place) const noexcept {
  return wide_ + (index * (layout_.edges.size() + 1) + place) * layout_.sums;
}

// See narrow_bits. `place`: 0 for the totals, 1 + the edge.
void Group::add_wide(Index index, std::size_t place, const std::byte* words) noexcept {
  std::int64_t* const wide = wide_words(index, place);
  for (std::size_t i = 0; i < layout_.sums; ++i) wide[i] += load<std::int64_t>(words + i * sizeof(std::int64_t)) / (std::int64_t{1} << narrow_bits);
}

}  // namespace pawl::window
