// A damaged journal's good beginning as a journal of its own. The damaged one is only read.
#pragma once

#include <string>

#include "pawl/io/clock.hpp"
#include "pawl/journal/inspection.hpp"

namespace pawl::journal {

struct RepairReport {
  Finding damage;                   // the first one
  Position cut;                     // behind the last block that was kept
  std::uint64_t segments = 0;       // kept, the last one in part
  std::uint64_t snapshots = 0;      // copied: whole, and of what is kept
  Sequence first_kept = 0;          // later than 0 if older segments were retired
  Sequence last_known = no_sequence;  // that the damaged journal is known to have held
  std::uint64_t whole_behind = 0;   // inputs in whole blocks behind the cut: readable, but a journal has no gaps
  std::uint64_t dropped_bytes = 0;  // of pages behind the cut that are not zeros

  [[nodiscard]] Sequence last_kept() const noexcept { return cut.next_sequence - 1; }
  [[nodiscard]] std::uint64_t lost() const noexcept { return static_cast<std::uint64_t>(last_known - last_kept()); }
};

// Writes into `to`, an absent or empty directory, what is proved good: the blocks from the first on, without a gap, each with its chain,
// body hash and records' CRCs. The blocks keep their bytes, and so do the chain values and receipts of what is kept. A new epoch begins
// behind them, with a REPAIR annotation. The new journal is verified before this returns.
// Errors: usage (nothing is damaged; `to` holds files), corrupt (nothing can be kept, or CONTROL is lost), as read_identity, disk_full,
// io. After an error `to` may hold an incomplete copy.
Result<RepairReport> repair(const std::string& directory, const std::string& to, io::Disk& disk, io::Clock& clock);

}  // namespace pawl::journal
