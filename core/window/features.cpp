// Reading features. Nearly all are differences of totals at two edges: at an event's turn only a part of its record is copied, and the
// differences are taken for the whole batch, feature by feature.
#include <array>
#include <bit>
#include <limits>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/decay.hpp"
#include "pawl/core/window/deviation.hpp"
#include "pawl/core/window/group.hpp"
#include "pawl/core/window/lowered.hpp"

namespace pawl::window {
namespace {

constexpr std::size_t next_column = state::Tiles::events;  // from a cell to that of the next column

void write(Group::Place place, std::size_t cell, Scalar value) noexcept {
  place.numbers[cell] = value.number;
  place.valid[cell] = value.valid;
}

// to[i] = lead - trail of row i. Four rows a turn, at addresses that a load can have: a batch of them costs half of what one by one does.
template <class T>
void subtract(const std::byte* lead, const std::byte* trail, std::size_t row_bytes, std::int64_t* to, std::size_t count) noexcept {
  const auto difference = [&](std::size_t offset) { return static_cast<std::int64_t>(static_cast<T>(load<T>(lead + offset) - load<T>(trail + offset))); };
  const std::size_t two_rows = 2 * row_bytes, three_rows = 3 * row_bytes;
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4, lead += 4 * row_bytes, trail += 4 * row_bytes) {
    to[i] = difference(0);
    to[i + 1] = difference(row_bytes);
    to[i + 2] = difference(two_rows);
    to[i + 3] = difference(three_rows);
  }
  for (; i < count; ++i, lead += row_bytes, trail += row_bytes) to[i] = difference(0);
}

template <class T>
[[gnu::always_inline]] inline void copy_cells(const T* from, T* to, std::size_t count) noexcept {
  if (count == usual_batch_events) [[likely]] std::memcpy(to, from, usual_batch_events * sizeof(T));  // no call
  else std::memcpy(to, from, count * sizeof(T));
}

void write_ratio(Group::Place place, std::size_t cell, Scalar numerator, std::int64_t denominator) noexcept {
  const bool valid = numerator.valid && denominator != 0;
  write(place, cell, {valid ? numerator.number : 0, valid});
  write(place, cell + next_column, {valid ? denominator : 0, valid});
}

}  // namespace

// What can't wait for the end of the batch.
void Group::look_closer(const Reads& reads, Rows& rows, Index index, const std::byte* record, Time te, std::size_t i, Place place) noexcept {
  for (const Read& read : reads.distincts) write_distinct(read, index, record, i, place);
  for (const Read& read : reads.folds) write_lowered(read, read_fold(read, record), i, place);
  for (const Read& read : reads.rare) {
    const Scalar value = read_rare(read, record, te);
    if (!read.ratio) write(place, read.cell + i, value);
    if (read.ratio) write_ratio(place, read.cell + i, value, load<std::int64_t>(record + read.lead_count) - (read.op == Read::Op::avg128 || read.op == Read::Op::share64 ? 0 : load<std::int64_t>(record + read.trail_count)));
  }
  if (!is_wide(index) || reads.sums.empty()) [[likely]] return;
  rows.wide |= EventBits{1} << i;
  for (std::size_t s = 0; s < reads.sums.size(); ++s) rows.exact[s * batch_events + i] = exact_sum(index, record, reads.sums[s]);
}

Group::Place Group::cells_of(const Batch& batch, state::Tiles& tiles) noexcept {
  const std::size_t cell = static_cast<std::size_t>(batch.first) % state::Tiles::events;
  return {tiles.numbers(0, batch.first) + cell, tiles.valid(0, batch.first) + cell};
}

void Group::read(const Batch& batch, state::Tiles& tiles) noexcept {
  const Place place = cells_of(batch, tiles);
  if (run_) {
    read_rows(run_before_, before_, batch, place);
    return read_rows(run_after_, after_, batch, place);
  }
  read_rows(layout_.before, before_, batch, place);
  read_rows(layout_.after, after_, batch, place);
  if (layout_.before.has_floats() || layout_.after.has_floats()) {
    read_floats(layout_.before, before_, batch, place);
    read_floats(layout_.after, after_, batch, place);
  }
  if (!layout_.operators.empty()) {
    read_own(layout_.before, before_, batch, place);
    read_own(layout_.after, after_, batch, place);
  }
  if (before_.wide != 0) read_exact(layout_.before, before_, batch, place);
  if (after_.wide != 0) read_exact(layout_.after, after_, batch, place);
  if (missing_ != 0) {
    write_missing(layout_.before, batch, place);
    write_missing(layout_.after, batch, place);
  }
}

// REQUIRES: the batch lies in one tile.
void Group::read_rows(const Reads& reads, const Rows& rows, const Batch& batch, Place place) const noexcept {
  const std::size_t count = batch.count, row_bytes = layout_.row_bytes;
  const std::byte* const first = rows.copies.data();
  const auto at = [&](std::uint32_t offset) { return first + (offset - layout_.row_offset); };
  for (const Difference& d : reads.differences32) subtract<std::uint32_t>(at(d.lead), at(d.trail), row_bytes, place.numbers + d.cell, count);
  // Modulo 2^64: right unless the key has wide values; the sum of no values is 0, as a missing cell must be.
  for (const Difference& d : reads.differences64) subtract<std::uint64_t>(at(d.lead), at(d.trail), row_bytes, place.numbers + d.cell, count);
  for (const Copy& copy : reads.copies) copy_cells(place.numbers + copy.from, place.numbers + copy.to, count);
  for (const Difference& d : reads.lasts) {
    const std::byte* const latest = at(d.lead);
    for (std::size_t i = 0; i < count; ++i) {
      const bool any = load<Time>(latest + i * row_bytes + carry_te_offset) != no_time;
      place.numbers[d.cell + i] = any ? load<std::int64_t>(latest + i * row_bytes) : 0;
      place.valid[d.cell + i] = any;
    }
  }
  for (const Rate& rate : reads.rates) {
    for (std::size_t i = 0; i < count; ++i) {
      const bool any = place.numbers[rate.cell + i] != 0;
      place.numbers[rate.cell + i] *= rate.factor;
      place.numbers[rate.cell + next_column + i] = any ? rate.seconds : 0;
      place.valid[rate.cell + i] = place.valid[rate.cell + next_column + i] = any;
    }
  }
  for (const std::uint32_t cell : reads.always) {
    if (count == usual_batch_events) [[likely]] std::memset(place.valid + cell, 1, usual_batch_events);  // no call
    else std::memset(place.valid + cell, 1, count);
  }
  for (const std::uint32_t cell : reads.ratios) {
    const std::int64_t* const denominator = place.numbers + cell + next_column;
    std::array<std::uint8_t, batch_events> valid;  // not the cells themselves: bytes may be anything's, so a loop over these would be one by one
    for (std::size_t i = 0; i < count; ++i) valid[i] = denominator[i] != 0;
    copy_cells(valid.data(), place.valid + cell, count);
    copy_cells(valid.data(), place.valid + cell + next_column, count);
  }
}

// Floats: of deviations and decayed means from the copies too, of others from the cells they were just written to.
void Group::read_floats(const Reads& reads, const Rows& rows, const Batch& batch, Place place) const noexcept {
  for (const std::uint32_t cell : reads.floats) {
    for (std::size_t i = 0; i < batch.count; ++i) place.numbers[cell + i] = ordered_float(place.numbers[cell + i]);  // of a cell without a value: 0
  }
  const auto at = [&](std::uint32_t offset, std::size_t i) { return rows.copies.data() + (offset - layout_.row_offset) + i * layout_.row_bytes; };
  for (const Read& read : reads.deviations) {
    const bool wide = layout_.has_wide_totals() && read.trail_edge >= 0, since_start = read.op == Read::Op::deviation64 && !wide;
    std::array<Sample, batch_events> samples;
    std::array<double, batch_events> roots;
    for (std::size_t i = 0; i < batch.count; ++i) {
      const auto moments = load<Moments>(at(read.lead, i));
      samples[i].count = wide                 ? load<std::uint64_t>(at(read.lead_count, i)) - load<std::uint64_t>(at(read.trail_count, i))
                                  : since_start     ? load<std::uint64_t>(at(read.lead_count, i))
                                                    : load<std::uint32_t>(at(read.lead_count, i)) - load<std::uint32_t>(at(read.trail_count, i));
      samples[i].moments = since_start ? moments : moments - load<Moments>(at(read.trail, i));
    }
    deviations({samples.data(), batch.count}, read.scale, roots.data());
    for (std::size_t i = 0; i < batch.count; ++i) write(place, read.cell + i, samples[i].count < 2 ? Scalar{} : Scalar{std::bit_cast<std::int64_t>(roots[i]), true});
  }
  for (const Read& read : reads.decayed) {
    for (std::size_t i = 0; i < batch.count; ++i) {
      const auto decayed = load<Decayed>(at(read.lead, i));
      write(place, read.cell + i, decayed.te == no_time ? Scalar{} : Scalar{std::bit_cast<std::int64_t>(decayed.mean(read.scale)), true});
    }
  }
}

void Group::read_own(const Reads& reads, const Rows& rows, const Batch& batch, Place place) const noexcept {
  if (reads.own_alone) return;  // written at its turn
  for (std::size_t i = 0; i < batch.count; ++i) write_own(reads, rows.copies.data() - layout_.row_offset + i * layout_.row_bytes, i, place);
}

// Sums of keys that have wide values once more, exactly.
void Group::read_exact(const Reads& reads, const Rows& rows, const Batch& batch, Place place) const noexcept {
  for (std::size_t i = 0; i < batch.count; ++i) {
    if ((rows.wide >> i & 1) == 0) continue;
    for (std::size_t s = 0; s < reads.sums.size(); ++s) {
      const Scalar sum = rows.exact[s * batch_events + i];
      const std::size_t cell = reads.sums[s].cell + i;
      if (reads.sums[s].op == Read::Op::sum64) write(place, cell, sum);
      if (reads.sums[s].op == Read::Op::avg32) write_ratio(place, cell, sum, place.numbers[cell + next_column]);
    }
  }
}

void Group::write_missing(const Reads& reads, const Batch& batch, Place place) const noexcept {
  for (std::size_t i = 0; i < batch.count; ++i) {
    if ((missing_ >> i & 1) == 0) continue;
    for (const Read& read : reads.all) {
      write(place, read.cell + i, {});
      if (read.ratio) write(place, read.cell + i + next_column, {});
    }
  }
}

// The value, or the numerator of a ratio.
Scalar Group::read_rare(const Read& read, const std::byte* record, Time te) noexcept {
  switch (read.op) {
    case Read::Op::total64: case Read::Op::share64: return {load<std::int64_t>(record + read.lead), true};
    case Read::Op::total128: case Read::Op::avg128: return narrow(load<Int128>(record + read.lead));
    case Read::Op::paned64: return {static_cast<std::int64_t>(load<std::uint64_t>(record + read.lead) - load<std::uint64_t>(record + read.trail)), true};
    case Read::Op::paned128: case Read::Op::paned_avg: return narrow(static_cast<Int128>(load<Uint128>(record + read.lead) - load<Uint128>(record + read.trail)));
    case Read::Op::ranked: return read_ranked(read, record);
    case Read::Op::front: return {load<Front>(record + read.lead).value, load<Front>(record + read.lead).location != no_location};
    default: return read_last(record, read, te);
  }
}

Scalar Group::read_last(const std::byte* record, const Read& read, Time te) const noexcept {
  const std::byte* const carry = record + read.lead;
  const Time last = load<Time>(carry + carry_te_offset);
  bool valid = last != no_time;
  if (read.op == Read::Op::last_time) valid = valid && last > earlier(te, read.reach);
  if (read.op == Read::Op::last_n) {
    valid = valid && load<std::uint32_t>(carry + carry_matched_offset) - load<std::uint32_t>(carry + carry_number_offset) < read.n;
  }
  return valid ? Scalar{load<std::int64_t>(carry), true} : Scalar{};
}

// The parts beyond the narrow range are known in full, the whole modulo 2^64: their difference, the narrow remainders, fits in 64 bits.
Scalar Group::exact_sum(Index index, const std::byte* record, const Read& read) noexcept {
  const auto place = [](std::int32_t edge) { return static_cast<std::size_t>(edge + 1); };
  const std::int64_t wide = wide_words(index, place(read.lead_edge))[read.total] - wide_words(index, place(read.trail_edge))[read.total];
  const std::uint64_t sum = load<std::uint64_t>(record + read.lead) - load<std::uint64_t>(record + read.trail);
  const auto remainders = static_cast<std::int64_t>(sum - (static_cast<std::uint64_t>(wide) << narrow_bits));
  return narrow((static_cast<Int128>(wide) << narrow_bits) + remainders);
}

Scalar Group::narrow(Int128 sum) noexcept {
  if (sum >= std::numeric_limits<std::int64_t>::min() && sum <= std::numeric_limits<std::int64_t>::max()) return {static_cast<std::int64_t>(sum), true};
  ++overflow_;
  return {};
}

}  // namespace pawl::window
