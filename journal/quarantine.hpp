// What recoveries dropped, kept in quarantine/: its files, and whether they are still what was put there.
#pragma once

#include <string>
#include <vector>

#include "pawl/io/disk.hpp"
#include "pawl/journal/control.hpp"
#include "pawl/journal/hash.hpp"

namespace pawl::journal {

// A place in the journal whose bytes a recovery dropped.
struct DroppedFrom {
  std::uint32_t epoch = 0;    // that the recovery began
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
};

// "epoch-3-segment-42-offset-8192.bin"; with a copy's number, of a recovery that was cut off before, "...-8192-1.bin".
[[nodiscard]] std::string quarantine_path(const std::string& directory, const DroppedFrom& from, int copy);

// Of a page and all before it; of the first, behind Hash{}.
[[nodiscard]] Hash quarantine_hash(Hasher& hasher, const Hash& before, std::span<const std::byte> page);

struct QuarantineFile {
  enum class State {
    whole,      // what the journal says was dropped
    changed,    // not that
    unreadable, // `error` says why
    unknown,    // the journal does not say: a recovery that was cut off, a retired segment, a name that Pawl does not give
  };
  std::string path;
  std::uint64_t bytes = 0;
  State state = State::unknown;
  std::string error = {};
};

// Each file of quarantine/, by name; none if there is no such directory. The block that the next epoch began with stands where the dropped bytes
// stood, and has their hash. Errors: the directory cannot be read.
Result<std::vector<QuarantineFile>> inspect_quarantine(io::Disk& disk, const std::string& directory, const ControlSlot& control);

}  // namespace pawl::journal
