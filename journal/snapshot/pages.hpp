// The memory of a snapshot's state beside its rows: a start of the same build reads it as it is, many times as fast as rows. A cache: with
// another build, or damaged, or gone, the rows are read instead.
//
//   | chunks of 256 KiB of the groups' memory, but those of zeros | table: registers, then the chunks' places and hashes | footer, one page |
#pragma once

#include <string>

#include "pawl/journal/engine/machine.hpp"
#include "pawl/journal/snapshot/format.hpp"

namespace pawl::journal {

[[nodiscard]] std::string pages_path(const std::string& snapshot_path);

// Writes the state of the snapshot `header` under a temporary name, reads it back, renames it, syncs the directory. REQUIRES: the machine is
// drained, and stands behind the snapshot's input. Errors: of the operating system, failed (`stop`). Blocking.
Result<void> publish_pages(Machine& machine, const SnapshotHeader& header, io::Disk& disk, const std::string& snapshot_path, const ring::StopFlag* stop);

// True: the groups of the machine hold the state; every byte was checked. False: there are none, or not of this build or snapshot; nothing was
// changed. `threads`: that read at the same time. Errors (corrupt, of the operating system): the machine is of no use.
// REQUIRES: a new machine, as load_machine() has it. Blocking.
Result<bool> load_pages(Machine& machine, const SnapshotHeader& header, io::Disk& disk, const std::string& snapshot_path, int threads);

// Reads all of a pages file from the device. Errors: corrupt, of the operating system.
[[nodiscard]] Result<void> verify_pages(io::Disk& disk, const std::string& path);

}  // namespace pawl::journal
