// The loops of conditions over whole tiles, written once over an instruction set: see kernel_loops.hpp, also for what is forbidden here.
//
// Isa::In16, In32, In64: Cell, the integer of that many bits; Column, the 64 cells of a column, in registers where there are enough;
// load(cells) -> Column; less(Column, Column), equal(Column, Column), below(Column, Cell) -> Lanes. Isa::In32 also add(Column, Column).
#pragma once

#include <cstdint>

#include "pawl/core/rules/kernels.hpp"

namespace pawl::rules {

template <class Isa>
class ConditionLoops {
 public:
  template <class In>
  static void steps(const typename In::Cell* cells, const typename In::Cell* steps, std::size_t count, Lanes* words) noexcept {
    const typename In::Column column = In::load(cells);
    for (std::size_t i = 0; i < count; ++i) put(words + 2 * i, ~In::below(column, steps[i]));
  }

  static void narrow(Cells cells, NarrowCells& out) noexcept {
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < limits::tile_events; ++i) any |= static_cast<std::uint64_t>(cells[i] ^ (cells[i] >> 63));
    for (std::size_t i = 0; i < limits::tile_events; ++i) out.in32[i] = static_cast<std::int32_t>(clamp(cells[i], INT32_MIN, INT32_MAX));
    for (std::size_t i = 0; i < limits::tile_events; ++i) out.in16[i] = static_cast<std::int16_t>(clamp(out.in32[i], INT16_MIN, INT16_MAX));
    out.in64 = cells;
    out.bits = any == 0 ? 0 : 64U - static_cast<unsigned>(__builtin_clzll(any));
  }

  static void pairs(const PairTask* tasks, std::size_t count, const NarrowCells* columns, Lanes* words) noexcept {
    for (const PairTask* task = tasks; task != tasks + count; ++task) {
      const NarrowCells &a = columns[task->a], &b = columns[task->b];
      const unsigned bits = a.bits < b.bits ? b.bits : a.bits;
      const Lanes holds = bits <= 15 ? pair<typename Isa::In16>(a.in16, b.in16, task->equal)
                          : bits <= 31 ? pair<typename Isa::In32>(a.in32, b.in32, task->equal)
                                       : pair<typename Isa::In64>(a.in64, b.in64, task->equal);
      put(words + task->word, holds);
    }
  }

  static void scale(const std::int32_t* cells, std::int32_t factor, std::int32_t* out) noexcept {
    for (std::size_t i = 0; i < limits::tile_events; ++i) out[i] = cells[i] * factor;
  }

  static void sums(const SumTask* tasks, std::size_t count, const Cells32* columns) noexcept {
    using In = typename Isa::In32;
    for (const SumTask* task = tasks; task != tasks + count; ++task) {
      typename In::Column total = In::load(columns[task->terms[0]]);
      for (std::size_t i = 1; i < task->count; ++i) total = In::add(total, In::load(columns[task->terms[i]]));
      for (std::size_t i = 0; i < task->step_count; ++i) put(task->words + 2 * i, ~In::below(total, task->steps[i]));
    }
  }

  static void non_zero(const Lanes* words, std::size_t count, std::uint64_t* bits) noexcept {
    for (std::size_t i = 0; i < count; i += 64) {
      const std::size_t end = count - i < 64 ? count - i : 64;
      std::uint64_t all = 0;
      for (std::size_t j = 0; j < end; ++j) all |= static_cast<std::uint64_t>(words[i + j] != 0) << j;
      bits[i / 64] = all;
    }
  }

 private:
  static std::int64_t clamp(std::int64_t value, std::int64_t low, std::int64_t high) noexcept { return value < low ? low : value > high ? high : value; }

  static void put(Lanes* words, Lanes holds) noexcept {
    words[0] = holds;
    words[1] = ~holds;
  }

  template <class In>
  static Lanes pair(const typename In::Cell* a, const typename In::Cell* b, bool equal) noexcept {
    return equal ? In::equal(In::load(a), In::load(b)) : In::less(In::load(a), In::load(b));
  }
};

}  // namespace pawl::rules
