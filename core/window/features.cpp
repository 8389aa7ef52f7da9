// Reading features: differences of totals at two edges.
#include <limits>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {
namespace {

constexpr std::size_t column_cells = state::Tiles::events;

std::uint32_t difference32(const std::byte* record, std::uint32_t lead, std::uint32_t trail) noexcept {
  return load<std::uint32_t>(record + lead) - load<std::uint32_t>(record + trail);
}

bool takes_two(Read::Op op) noexcept {
  return op == Read::Op::avg32 || op == Read::Op::avg128 || op == Read::Op::share32 || op == Read::Op::share64;
}

}  // namespace

void Group::write_missing(Place place) const noexcept {
  const auto clear = [&](const std::vector<Read>& reads) {
    for (const Read& read : reads) {
      for (std::size_t column = read.column; column <= read.column + std::size_t{takes_two(read.op)}; ++column) {
        place.numbers[column * column_cells] = 0;
        place.valid[column * column_cells] = 0;
      }
    }
  };
  clear(layout_.before);
  clear(layout_.after);
}

void Group::read_all(std::span<const Read> reads, Index index, const std::byte* record, Time te, Place place) noexcept {
  const auto write = [&](std::uint32_t column, Scalar value) {
    place.numbers[column * column_cells] = value.number;
    place.valid[column * column_cells] = value.valid;
  };
  const auto write_ratio = [&](std::uint32_t column, Scalar numerator, std::int64_t denominator) {
    const bool valid = numerator.valid && denominator != 0;
    write(column, {valid ? numerator.number : 0, valid});
    write(column + 1, {valid ? denominator : 0, valid});
  };
  for (const Read& read : reads) {
    switch (read.op) {
      case Read::Op::count32: write(read.column, {difference32(record, read.lead, read.trail), true}); break;
      case Read::Op::sum64: write(read.column, window_sum(record, read)); break;
      case Read::Op::avg32: write_ratio(read.column, window_sum(record, read), difference32(record, read.lead_count, read.trail_count)); break;
      case Read::Op::share32:
        write_ratio(read.column, {difference32(record, read.lead, read.trail), true}, difference32(record, read.lead_count, read.trail_count));
        break;
      case Read::Op::total64: write(read.column, {load<std::int64_t>(record + read.lead), true}); break;
      case Read::Op::total128: write(read.column, narrow(load<Int128>(record + read.lead))); break;
      case Read::Op::avg128: write_ratio(read.column, narrow(load<Int128>(record + read.lead)), load<std::int64_t>(record + read.lead_count)); break;
      case Read::Op::share64: write_ratio(read.column, {load<std::int64_t>(record + read.lead), true}, load<std::int64_t>(record + read.lead_count)); break;
      case Read::Op::last_time: case Read::Op::last_always: case Read::Op::last_n: write(read.column, read_last(record, read, te)); break;
      case Read::Op::distinct: write(read.column, read_distinct(index, record, read)); break;
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

// The difference of two totals mod 2^64 is the sum if that fits, which it does for few entries of known size.
Scalar Group::window_sum(const std::byte* record, const Read& read) noexcept {
  const std::uint32_t entries = difference32(record, read.lead_position, read.trail_position);
  if (entries > load<std::uint64_t>(record + layout_.columns[read.total].safe_offset)) return exact_sum(record, read);
  const std::uint64_t sum = load<std::uint64_t>(record + read.lead) - load<std::uint64_t>(record + read.trail);
  return {static_cast<std::int64_t>(sum), true};
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
