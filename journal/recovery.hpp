// Looks at a journal directory and decides what it is: pure reading, the decision is the table's (recovery_table.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pawl/journal/catalogue.hpp"
#include "pawl/journal/control.hpp"
#include "pawl/journal/options.hpp"
#include "pawl/journal/recovery_table.hpp"
#include "pawl/journal/segment_reader.hpp"

namespace pawl::journal {

// Absent, empty, unfinished, other or journal, by the names in it.
Result<Observation::Directory> look_at_directory(io::Disk& disk, const std::string& directory);
// Nothing durable was ever there: a journal may be made.
[[nodiscard]] constexpr bool may_create(Observation::Directory directory) noexcept {
  return directory == Observation::Directory::absent || directory == Observation::Directory::empty || directory == Observation::Directory::unfinished;
}

// Bytes of one segment that were being written when the system stopped.
struct TornRange {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// A segment file behind the last one in use.
struct Spare {
  std::uint64_t segment = 0;
  std::uint64_t bytes = 0;
  bool zero = false;  // fit for use as it is
};

// Everything that recovery learns by reading.
struct Survey {
  Observation seen;
  Position last;                    // behind the last whole block
  std::uint64_t segment_bytes = 0;  // of the file that holds `last`; 0: it does not exist yet
  std::vector<TornRange> torn;
  std::vector<Spare> spares;
  std::uint64_t segments = 0;
  Catalogue catalogue;
  bool opening = false;             // not all OPEN blocks of the last segment are there: to be written again behind them
  Time last_block_time = 0;
  BodyHash last_body_hash = BodyHash::xxh3_128;
  // The place that decided, for the report.
  std::string path;
  std::uint64_t offset = 0;
  BlockFault fault = BlockFault::zeros;
  std::string detail;                       // what stands there instead, if that can be told
  std::optional<Sequence> later_sequence;   // first sequence of a whole block behind the damage
  Sequence durable_sequence = no_sequence;  // that CONTROL knows to have been durable
};

// Reads CONTROL's evidence and the segments. Sealed segments are checked at both ends; the last one is read whole, and the one
// before it if the last is still empty. An error is one of the operating system, not damage. REQUIRES: synced before.
Result<Survey> survey(io::Disk& disk, const std::string& directory, const ControlSlot& control);

// The same beside a live engine, for tools. What a survey saw first may have been written since, so a verdict that refuses counts only if
// the journal's end stood still between two of them.
Result<Survey> survey_beside_writer(io::Disk& disk, const std::string& directory, ControlSlot control);

// What is wrong, where, why, what is lost, and what to do; for a label that refuses.
[[nodiscard]] std::string explain(const RecoveryRow& row, const Survey& survey, const std::string& directory);

}  // namespace pawl::journal
