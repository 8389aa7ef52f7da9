// CONTROL: who this journal is and what is known to be durable. Two alternating pairs of slots, so that a write that a power cut
// tears never touches the generation before it, and one damaged sector never costs the newest.
#pragma once

#include <memory>
#include <string>

#include "pawl/io/disk.hpp"
#include "pawl/journal/aligned.hpp"
#include "pawl/journal/format.hpp"
#include "pawl/journal/hash.hpp"

namespace pawl::journal {

enum class ControlState : std::uint8_t {
  valid,
  absent,  // no CONTROL file
  newer,   // whole, but of a newer format
  lost,    // no slot is whole
};

struct ControlFound {
  ControlState state = ControlState::absent;
  ControlSlot slot{};               // if valid
  std::uint16_t newest_version = 0; // highest version in a whole slot
  std::uint32_t damaged_slots = 0;  // bit i: slot i holds bytes that are neither whole nor zeros
};

// Reads CONTROL without changing anything. An error is one of the operating system.
Result<ControlFound> read_control(io::Disk& disk, const std::string& directory);

// Whether the four slots in `bytes` (16 KiB) hold a generation; pure, so that tests can feed it anything.
[[nodiscard]] ControlFound choose_control(std::span<const std::byte> bytes, Hasher& hasher);

// The writer of CONTROL. Owned by one thread at a time: the opener, then the segment preparer, then the closer.
class ControlFile {
 public:
  // Makes the temporary file, still empty, durable in the directory: the mark of a journal that is not made yet. It may be there already.
  static Result<void> mark(io::Disk& disk, const std::string& directory);
  // Takes back a mark that came when CONTROL was there already: of a creation that lost a race. REQUIRES: CONTROL is there.
  static Result<void> unmark(io::Disk& disk, const std::string& directory);
  // Writes generation 1 into the temporary file, then renames it: the directory is a journal from that moment.
  // `first.created` may be 0: then it is `now`.
  static Result<void> create(io::Disk& disk, const std::string& directory, ControlSlot first, Time now);
  // REQUIRES: `current` was read from this file.
  static Result<ControlFile> open(io::Disk& disk, const std::string& directory, const ControlSlot& current);

  [[nodiscard]] const ControlSlot& current() const noexcept { return current_; }
  // Makes `next` durable as the next generation. Blocks for one synced write. After an error the generation on disk is unknown
  // and the file must not be written again.
  Result<void> publish(ControlSlot next, Time now);

 private:
  ControlFile(std::unique_ptr<io::File> file, const ControlSlot& current, std::string path);

  std::unique_ptr<io::File> file_;
  ControlSlot current_;
  std::string path_;
  AlignedBytes pair_{2 * page_bytes};
  Hasher hasher_;
};

// Whether a header that holds may tell of what was durable. The numbers from an epoch's first block on are its own: one that names an earlier
// epoch is payload that repeats what its secret was.
[[nodiscard]] inline bool may_be_evidence(const BlockHeader& header, const ControlSlot& control) noexcept {
  return header.epoch >= control.epoch || header.block < control.epoch_first_block;
}

[[nodiscard]] std::string control_path(const std::string& directory);

}  // namespace pawl::journal
