#include "pawl/core/window/reads.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "pawl/core/window/layout.hpp"

namespace pawl::window {
namespace {

Rate rate_of(const Read& read) {
  const Duration common = std::gcd(read.reach, one_second);
  return {read.cell, one_second / common, read.reach / common};
}

using language::AggregateKind;
using language::SpanKind;

Read::Op wide_op_of(AggregateKind kind) {
  switch (kind) {
    case AggregateKind::count: case AggregateKind::share: return Read::Op::paned64;
    case AggregateKind::sum: return Read::Op::paned128;
    case AggregateKind::avg: return Read::Op::paned_avg;
    case AggregateKind::stddev: return Read::Op::deviation64;
    case AggregateKind::rate: return Read::Op::rate64;
    case AggregateKind::last: return Read::Op::last_time;
    case AggregateKind::own: return Read::Op::own;
    default: return Read::Op::front;
  }
}

Read::Op own_op_of(const language::Aggregate& aggregate) {
  if (aggregate.span == SpanKind::last_n && aggregate.n <= operator_values_max) return Read::Op::recent;
  return aggregate.own->inverse != nullptr || aggregate.span == SpanKind::since_start ? Read::Op::own : Read::Op::fold;
}

// Takes out what is computed to another cell already, and notes it.
void take_out_copies(std::vector<Difference>& differences, std::vector<Copy>& copies) {
  std::vector<Difference> kept;
  for (const Difference& d : differences) {
    const auto first = std::find_if(kept.begin(), kept.end(), [&](const Difference& other) { return other.lead == d.lead && other.trail == d.trail; });
    if (first == kept.end()) kept.push_back(d);
    else copies.push_back({first->cell, d.cell});
  }
  differences = std::move(kept);
}

}  // namespace

Read::Op op_of(const language::Aggregate& aggregate, bool wide) {
  const bool since_start = aggregate.span == SpanKind::since_start;
  if (wide && !since_start) return wide_op_of(aggregate.kind);
  switch (aggregate.kind) {
    case AggregateKind::count: return since_start ? Read::Op::total64 : Read::Op::count32;
    case AggregateKind::sum: return since_start ? Read::Op::total128 : Read::Op::sum64;
    case AggregateKind::avg: return since_start ? Read::Op::avg128 : Read::Op::avg32;
    case AggregateKind::share: return since_start ? Read::Op::share64 : Read::Op::share32;
    case AggregateKind::rate: return Read::Op::rate32;
    case AggregateKind::stddev: return since_start ? Read::Op::deviation64 : Read::Op::deviation32;
    case AggregateKind::first: case AggregateKind::min: case AggregateKind::max: return since_start ? Read::Op::last_always : Read::Op::front;
    case AggregateKind::median: case AggregateKind::percentile: return Read::Op::ranked;
    case AggregateKind::ewma: return Read::Op::decayed;
    case AggregateKind::last:
      return since_start ? Read::Op::last_always : aggregate.span == SpanKind::time ? Read::Op::last_time : Read::Op::last_n;
    case AggregateKind::own: return own_op_of(aggregate);
    case AggregateKind::distinct: break;
  }
  return Read::Op::distinct;
}

void Reads::take_apart() {
  for (const Read& read : all) {
    const Difference value{read.lead, read.trail, read.cell};
    const Difference count{read.lead_count, read.trail_count, read.cell + static_cast<std::uint32_t>(limits::tile_events)};
    switch (read.op) {
      case Read::Op::count32: differences32.push_back(value); break;
      case Read::Op::sum64: differences64.push_back(value); break;
      case Read::Op::avg32: differences64.push_back(value); break;
      case Read::Op::share32: differences32.push_back(value); break;
      case Read::Op::rate64: differences64.push_back(value), rates.push_back(rate_of(read)); break;
      case Read::Op::rate32: differences32.push_back(value), rates.push_back(rate_of(read)); break;
      case Read::Op::deviation32: case Read::Op::deviation64: deviations.push_back(read); break;
      case Read::Op::decayed: decayed.push_back(read); break;
      case Read::Op::last_always: lasts.push_back(value); break;
      case Read::Op::own: case Read::Op::recent: own.push_back(read); break;
      case Read::Op::fold: folds.push_back(read); break;
      case Read::Op::distinct: distincts.push_back(read); break;
      case Read::Op::peak: break;  // with its list
      default: rare.push_back(read); break;
    }
    if (read.floating) floats.push_back(read.cell);
    if (read.op == Read::Op::count32 || read.op == Read::Op::sum64) always.push_back(read.cell);
    if (read.op == Read::Op::sum64 || read.op == Read::Op::avg32) sums.push_back(read);
    if (read.op != Read::Op::avg32 && read.op != Read::Op::share32) continue;
    differences32.push_back(count);
    ratios.push_back(read.cell);
  }
  take_out_copies(differences32, copies);
  take_out_copies(differences64, copies);
  own_alone = !own.empty() && own.size() == all.size();
}

void Layout::place_row() {
  const std::size_t blocks_end = edges.empty() ? ring_head_offset : edges.back().block + block_bytes;
  std::size_t begin = blocks_end, end = 0;
  const auto cover = [&](std::size_t from, std::size_t to) {
    begin = std::min(begin, from < ring_head_offset ? totals_offset : from);  // of the totals all: the event is added to the copy
    end = std::max(end, from < ring_head_offset ? std::max(to, ring_head_offset) : to);
  };
  for (const Reads* reads : {&before, &after}) {
    const auto cover_both = [&](const Difference& d, std::size_t bytes) {
      cover(d.lead, d.lead + bytes);
      cover(d.trail, d.trail + bytes);
    };
    for (const Difference& d : reads->differences32) cover_both(d, sizeof(std::uint32_t));
    for (const Difference& d : reads->differences64) cover_both(d, sizeof(std::uint64_t));
    for (const Difference& d : reads->lasts) cover(d.lead, d.lead + carry_te_offset + sizeof(Time));
    if (!reads->own.empty() || !reads->deviations.empty() || !reads->decayed.empty()) cover(totals_offset, blocks_end);
  }
  begin = std::min(begin, end);
  row_bytes = std::max<std::size_t>(32, (end - begin + 31) / 32 * 32);  // never empty: `distinct` alone reads none
  row_offset = end - std::min(end, row_bytes);                           // ends where it must, so that it does not leave the record
  row_has_totals = end >= ring_head_offset && row_offset <= totals_offset;
}

}  // namespace pawl::window
