// How features are read of records: each as it was compiled, and all of a group taken apart into loops without branches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pawl/core/base/types.hpp"
#include "pawl/core/window/program.hpp"
#include "pawl/core/window/windows.hpp"

namespace pawl::window {

// One feature, compiled: offsets in the record of the totals it subtracts.
struct Read {
  enum class Op : std::uint8_t { count32, sum64, avg32, share32, total64, total128, avg128, share64, last_time, last_always, last_n, distinct, front, ranked, paned64, paned128, paned_avg, rate32, rate64, deviation32, deviation64, decayed, own, recent, fold, peak };
  Op op = Op::count32;
  bool ratio = false;             // takes two columns
  std::uint32_t cell = 0;         // of the column's first cell in a tile, from column 0
  std::uint32_t lead = 0, trail = 0;              // the value's total, or the numerator's
  std::uint32_t lead_count = 0, trail_count = 0;  // the denominator's
  std::uint32_t total = 0;        // sum64, avg32: index of the sum64 column; distinct, ranked, fold: index of the Distinct, the Ranking, the Fold; recent: Column::room
  std::int32_t lead_edge = -1, trail_edge = -1;
  Duration reach = 0;             // last_time: te > te(e) - reach; rate32: the span
  std::uint64_t n = 0;            // last_n; ranked: the percentile
  bool floating = false;          // its number is an ordered_float(), and its cell gets the bits of the double
  unsigned scale = 0;             // deviation, decayed: the value counts units of 10^-scale
  const Operator* operator_ = nullptr;  // own, recent, fold
};

// REQUIRES: a supported aggregate. `wide`: totals are of 64 and 128 bits.
[[nodiscard]] Read::Op op_of(const language::Aggregate& aggregate, bool wide);

// A difference of two totals and the cell it goes to.
struct Difference {
  std::uint32_t lead = 0, trail = 0;  // offsets in the record
  std::uint32_t cell = 0;
};

// A column of cells that is the same as one before.
struct Copy {
  std::uint32_t from = 0, to = 0;
};

// A count at `cell` becomes a count a second: times `factor` / `seconds`.
struct Rate {
  std::uint32_t cell = 0;
  std::int64_t factor = 1, seconds = 1;
};

// Features taken apart into loops without branches: nearly all are differences of totals.
struct Reads {
  std::vector<Difference> differences32, differences64;
  std::vector<Copy> copies;           // an average's sum and count are often features themselves
  std::vector<std::uint32_t> always;  // cells that are always valid
  std::vector<std::uint32_t> ratios;  // cells of numerators; valid if the denominator is not 0
  std::vector<Difference> lasts;      // last, first, min, max .. since start: what is kept at `lead`
  std::vector<Rate> rates;
  std::vector<std::uint32_t> floats;  // cells of ordered_float()s
  std::vector<Read> deviations;
  std::vector<Read> decayed;          // what is kept at `lead`
  std::vector<Read> sums;             // sum64 and avg32 again, for keys with wide values
  std::vector<Read> own;              // of operators, from what is kept at `lead` and `trail`
  std::vector<Read> distincts;
  std::vector<Read> folds;
  std::vector<Read> rare;             // what else is read from the record itself
  std::vector<Read> all;
  bool own_alone = false;             // nothing but operators, and not folded: they are asked at the event's turn, and no row is copied

  // Fills the lists above from `all`.
  void take_apart();
  [[nodiscard]] bool from_record() const noexcept { return !distincts.empty() || !folds.empty() || !rare.empty(); }
  [[nodiscard]] bool has_floats() const noexcept { return !floats.empty() || !deviations.empty() || !decayed.empty(); }
};

}  // namespace pawl::window
