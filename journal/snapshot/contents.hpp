// What a snapshot holds: the state of a machine behind one input, as rows.
#pragma once

#include "pawl/journal/engine/machine.hpp"
#include "pawl/journal/snapshot/file_reader.hpp"
#include "pawl/journal/snapshot/file_writer.hpp"

namespace pawl::journal {

// Where an input stands in a journal, and the history that led there.
struct Place {
  std::uint64_t block = 0;
  std::uint64_t segment = 0;
  Hash chain{};
  friend bool operator==(const Place&, const Place&) = default;
};

struct SnapshotOf {
  const language::Pipeline* pipeline = nullptr;
  window::StateLimits limits;
  Uuid database{};
  Place place;        // of the last input decided
  Time created = 0;
  const ring::StopFlag* stop = nullptr;  // once requested, it is given up
};

// Writes a new file at `path` and syncs it. REQUIRES: the machine is drained, and the last input it decided ends a digest interval.
// Errors: of the operating system, failed (`stop`). Blocking.
Result<void> save_machine(Machine& machine, const SnapshotOf& of, io::Disk& disk, const std::string& path);

// Reads the whole of it into the machine. REQUIRES: made with options.after = reader.header().sequence and the bounds of the header;
// not started. Errors: corrupt, unsupported (another pipeline, or rows that this release keeps otherwise); the machine is then of no use.
Result<void> load_machine(SnapshotReader& reader, const language::Pipeline& pipeline, Machine& machine);

// The same, but the groups: their memory was loaded from pages.
Result<void> load_standing(SnapshotReader& reader, const language::Pipeline& pipeline, Machine& machine);

}  // namespace pawl::journal
