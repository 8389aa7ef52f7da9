// Reading features: differences of totals at two edges.
#include <limits>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {
namespace {

constexpr std::size_t next_column = state::Tiles::events;  // from a cell to that of the next column

std::uint32_t difference32(const std::byte* record, std::uint32_t lead, std::uint32_t trail) noexcept {
  return load<std::uint32_t>(record + lead) - load<std::uint32_t>(record + trail);
}

}  // namespace

void Group::write_missing(Place place) const noexcept {
  for (const Reads* reads : {&layout_.before, &layout_.after}) {
    for (const Read& read : reads->all) {
      for (std::size_t cell = read.cell; cell <= read.cell + (read.ratio ? next_column : 0); cell += next_column) {
        place.numbers[cell] = 0;
        place.valid[cell] = 0;
      }
    }
  }
}

// Whether no sum over any of the key's entries can leave 64 bits: at most so many, none larger than the largest.
bool Group::sums_fit(const std::byte* record) const noexcept {
  const RecordHead* const head = head_of(record);
  const std::uint32_t held = static_cast<std::uint32_t>(head->position) - head->oldest_end + layout_.chunk_entries;
  std::uint64_t bound;
  return !__builtin_mul_overflow(std::uint64_t{held}, head->largest, &bound) && bound <= static_cast<std::uint64_t>(INT64_MAX);
}

void Group::read_all(const Reads& reads, Index index, const std::byte* record, Time te, Place place) noexcept {
  std::int64_t* const numbers = place.numbers;
  std::uint8_t* const valid = place.valid;
  for (const Difference& d : reads.differences32) {
    numbers[d.cell] = load<std::uint32_t>(record + d.lead) - load<std::uint32_t>(record + d.trail);
    valid[d.cell] = 1;
  }
  for (const Difference& d : reads.differences64) {  // right if it fits, see below; the sum of no values is 0, as a missing cell must be
    numbers[d.cell] = static_cast<std::int64_t>(load<std::uint64_t>(record + d.lead) - load<std::uint64_t>(record + d.trail));
    valid[d.cell] = 1;
  }
  for (const std::uint32_t cell : reads.ratios) valid[cell] = valid[cell + next_column] = numbers[cell + next_column] != 0;
  for (const Difference& d : reads.lasts) {
    const bool any = load<Time>(record + d.lead + carry_te_offset) != no_time;
    numbers[d.cell] = any ? load<std::int64_t>(record + d.lead) : 0;
    valid[d.cell] = any;
  }
  if (!reads.rare.empty()) read_each(reads.rare, index, record, te, place);
  if (!reads.sums.empty() && !sums_fit(record)) [[unlikely]] read_each(reads.sums, index, record, te, place);
}

void Group::read_each(const std::vector<Read>& reads, Index index, const std::byte* record, Time te, Place place) noexcept {
  const auto write = [&](std::uint32_t cell, Scalar value) {
    place.numbers[cell] = value.number;
    place.valid[cell] = value.valid;
  };
  const auto write_ratio = [&](std::uint32_t cell, Scalar numerator, std::int64_t denominator) {
    const bool valid = numerator.valid && denominator != 0;
    write(cell, {valid ? numerator.number : 0, valid});
    write(cell + static_cast<std::uint32_t>(next_column), {valid ? denominator : 0, valid});
  };
  for (const Read& read : reads) {
    switch (read.op) {
      case Read::Op::sum64: write(read.cell, exact_sum(record, read)); break;
      case Read::Op::avg32: write_ratio(read.cell, exact_sum(record, read), difference32(record, read.lead_count, read.trail_count)); break;
      case Read::Op::total64: write(read.cell, {load<std::int64_t>(record + read.lead), true}); break;
      case Read::Op::total128: write(read.cell, narrow(load<Int128>(record + read.lead))); break;
      case Read::Op::avg128: write_ratio(read.cell, narrow(load<Int128>(record + read.lead)), load<std::int64_t>(record + read.lead_count)); break;
      case Read::Op::share64: write_ratio(read.cell, {load<std::int64_t>(record + read.lead), true}, load<std::int64_t>(record + read.lead_count)); break;
      case Read::Op::distinct: write(read.cell, read_distinct(index, record, read)); break;
      default: write(read.cell, read_last(record, read, te)); break;
    }
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

// Entry by entry in 128 bits: the totals before and after an entry differ by its value.
Scalar Group::exact_sum(const std::byte* record, const Read& read) noexcept {
  const std::size_t in_entry = sizeof(Time) + layout_.columns[read.total].offset;
  auto total = load<std::uint64_t>(record + read.trail);
  Position at = place_of(record, read.trail_edge);
  const std::uint32_t end = place_of(record, read.lead_edge).position;
  Int128 sum = 0;
  while (at.position != end) {
    const bool last = ++at.position == end;
    if (!last) at.location = following(at.location);
    const auto next = load<std::uint64_t>(last ? record + read.lead : entry(at.location) + in_entry);
    sum += static_cast<std::int64_t>(next - total);
    total = next;
  }
  return narrow(sum);
}

Scalar Group::narrow(Int128 sum) noexcept {
  if (sum >= std::numeric_limits<std::int64_t>::min() && sum <= std::numeric_limits<std::int64_t>::max()) return {static_cast<std::int64_t>(sum), true};
  ++overflow_;
  return {};
}

}  // namespace pawl::window
