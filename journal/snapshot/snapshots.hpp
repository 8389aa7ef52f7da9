// The snapshots of a journal: where they are, whether they belong to its history, and starting from the newest that does.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pawl/journal/reader.hpp"
#include "pawl/journal/snapshot/contents.hpp"
#include "pawl/journal/snapshot/names.hpp"

namespace pawl::journal {

// The block that holds an input. Errors: damage; missing, if the journal ends before.
Result<Place> find_place(const JournalReader& reader, Sequence sequence);
// That a snapshot was taken of this journal, and of what it holds now. Errors: foreign (database, chain), missing.
Result<void> check_history(const JournalReader& reader, const SnapshotHeader& header);

// That it is the one whose name it has: a renamed or misplaced file is whole, of this history, and of another input. Errors: corrupt.
Result<void> check_name(const SnapshotName& name, const SnapshotHeader& header);

// How far a start may skip what led there.
struct SnapshotBounds {
  Sequence sequence = INT64_MAX;  // the snapshot's at most
  // If retention has removed whatever leads there: the oldest snapshot that can be used, although it is beyond `sequence`.
  bool or_oldest = false;
  std::string_view cure = {};  // of that, if it is not asked for: what the caller's user can do
};

struct Started {
  std::unique_ptr<Machine> machine;
  Sequence after = no_sequence;    // its state is that behind this input; no_sequence: a new one
  std::vector<std::string> notes;  // snapshots that could not be used, each one sentence
};

// A machine with the state of the newest snapshot within bounds that is whole and belongs to the journal; else a new one, if the journal has its
// first input, or with or_oldest one that begins beyond the bounds.
// `make` makes one that begins behind a sequence. Errors: make's.
Result<Started> start_machine(const JournalReader& reader, const language::Pipeline& pipeline, const window::StateLimits& limits, const SnapshotBounds& bounds,
                              const std::function<Result<std::unique_ptr<Machine>>(Sequence after)>& make);

}  // namespace pawl::journal
