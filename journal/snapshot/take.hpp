// Taking a snapshot: a shadow of the engine replays the journal from the newest snapshot on, beside a live engine or a closed one, and is
// written down. The engine itself does nothing for it.
#pragma once

#include <string>
#include <vector>

#include "pawl/io/clock.hpp"
#include "pawl/journal/snapshot/snapshots.hpp"

namespace pawl::journal {

struct TakeOptions {
  std::string directory;
  int threads = 0;             // of the shadow; 0: as the CPUs allow
  // REQUIRES: both outlive the call.
  io::Disk* disk = nullptr;
  io::Clock* clock = nullptr;
  bool background = false;     // the threads give way to all others
  Sequence durable = no_sequence;  // the engine knows that inputs up to here are; else the next block tells
  bool pages = true;           // beside the rows
  const ring::StopFlag* stop = nullptr;  // once requested, it is given up soon
  Operators operators = {};    // that the journal's pipeline declares
  // Of tests: polls the shadow's stages instead of threads; another length of digest intervals.
  StageDriver* driver = nullptr;
  std::int64_t digest_interval = limits::digest_interval;
};

struct Taken {
  std::string path;
  SnapshotHeader header{};
  std::uint64_t bytes = 0;
  Sequence emitted = no_sequence;  // up to this one a sink has taken the decisions, and the journal says so durably
  Sequence after = no_sequence;    // the snapshot that the shadow began with; no_sequence: none
  bool was_there = false;          // it is no older than the newest digest interval: nothing was done
  std::vector<std::string> notes;  // snapshots that could not be used
};

// At the end of the last digest interval that is durable. Published only once it was read back whole: temporary name, sync, read back,
// rename, sync of the directory. Blocking; takes the memory of a second engine.
// Errors: usage (no interval has ended yet), failed (`stop` was requested), in_use (another one is being taken), corrupt (damage; a digest that is not reproduced),
// those of the operating system. Nothing but a temporary file, which the next one removes, is left by an error.
Result<Taken> take_snapshot(const TakeOptions& options);

}  // namespace pawl::journal
