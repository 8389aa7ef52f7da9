// What a start of the engine finds, and what it must call it. The decision is a table over closed enums, so that a test can walk
// every combination of inputs and demand exactly one row for each. FORMAT.md prints the same table.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "pawl/core/base/result.hpp"

namespace pawl::journal {

enum class Label : std::uint32_t {
  end = 0,          // the last block is whole and only zeros follow
  torn,             // one block that was never acked is incomplete: dropped to quarantine
  corrupt,          // durable data is damaged
  missing,          // segment files are gone
  misdirected,      // a whole block stands at a place that is not its own
  swapped,          // a file or block of another history of this journal
  rollback,         // CONTROL and segments are of different times
  control_lost,     // no generation of CONTROL can be read
  newer_format,
  not_initialised,
  in_use,
  foreign,          // another journal's blocks, or a directory that is no journal
};
inline constexpr std::uint32_t labels = 12;

[[nodiscard]] std::string_view name(Label label) noexcept;  // "TORN"
// The engine may start after it. All others refuse.
[[nodiscard]] constexpr bool may_start(Label label) noexcept { return label == Label::end || label == Label::torn; }
[[nodiscard]] ErrorCode error_code(Label label) noexcept;

// What was observed, each in one of a few values. Later ones mean nothing if an earlier one already decides; the table says so by
// accepting any value there.
struct Observation {
  enum class Lock : std::uint8_t { free, held };
  enum class Directory : std::uint8_t {
    absent,
    empty,
    unfinished,  // what a `create` that was cut off leaves: CONTROL.tmp, and nothing but it that a journal needs
    other,       // files, but nothing of a journal
    journal,     // CONTROL, segments, or names that a journal has: one was here
  };
  enum class Control : std::uint8_t { valid, newer, lost };  // lost: absent from a journal counts too
  enum class Segments : std::uint8_t {
    whole,       // numbers without a gap, from the oldest to the newest that CONTROL knows or later; successor of a sealed one there
    gap,
    cut,         // a file is shorter or longer than it was made
  };
  // The page at which the next block is due, behind the last whole one.
  enum class Next : std::uint8_t {
    zeros,         // and zeros for the rest of the window
    damaged,       // anything that is not a whole block
    misplaced,     // a whole block of this journal that names another place
    disordered,    // a whole block at its own place that does not continue the one before
    other_database,
    unknown_epoch, // right database, but an epoch that CONTROL does not know
    newer_version,
  };
  // Behind the window, that is behind the one block that may have been in flight.
  enum class Behind : std::uint8_t {
    zeros,
    residue,     // other bytes, no whole block
    later_block, // a whole later block: the missing one was durable before it was written
  };
  enum class Witness : std::uint8_t {
    none,        // nothing says that the next block was ever durable
    durable,     // CONTROL or a block says so
  };
  // How the epoch wrote: synced, one block in flight; or unsynced (durability os), where a power cut may leave any part of the
  // segment, in any order. Decides only how much may be torn.
  enum class Writes : std::uint8_t { synced, unsynced };

  Lock lock = Lock::free;
  Directory directory = Directory::journal;
  Control control = Control::valid;
  Segments segments = Segments::whole;
  Next next = Next::zeros;
  Behind behind = Behind::zeros;
  Witness witness = Witness::none;
  Writes writes = Writes::synced;
};

// A set of values of one enum, as bits.
using Values = std::uint8_t;
inline constexpr Values any = 0xFF;
template <class Enum>
[[nodiscard]] constexpr Values one_of(std::initializer_list<Enum> values) noexcept {
  unsigned bits = 0;
  for (const Enum value : values) bits |= 1U << static_cast<unsigned>(value);
  return static_cast<Values>(bits);
}

struct RecoveryRow {
  Label label;
  Values lock, directory, control, segments, next, behind, witness, writes;
  std::string_view why;
};

[[nodiscard]] std::span<const RecoveryRow> recovery_rows() noexcept;
[[nodiscard]] bool matches(const RecoveryRow& row, const Observation& seen) noexcept;
// The one row that matches.
[[nodiscard]] const RecoveryRow& classify(const Observation& seen) noexcept;

}  // namespace pawl::journal
