#include "pawl/journal/snapshot/snapshots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "pawl/core/base/planted.hpp"
#include "pawl/io/cpus.hpp"
#include "pawl/journal/engine/activation.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/snapshot/pages.hpp"

namespace pawl::journal {
namespace {

int usable_cpus() {
  const auto cpus = io::discover_cpus();
  return cpus.ok() ? cpus->usable() : 1;
}

// The machine with the snapshot's state; nothing if it is not within bounds.
Result<std::unique_ptr<Machine>> start_from(const SnapshotName& name, const JournalReader& reader, const language::Pipeline& pipeline, const window::StateLimits& limits,
                                            const SnapshotBounds& bounds, const std::function<Result<std::unique_ptr<Machine>>(Sequence)>& make,
                                            std::vector<std::string>& notes) {
  auto snapshot = SnapshotReader::open(reader.disk(), name.path, reader.digest_interval());
  if (!snapshot.ok()) return std::move(snapshot).error();
  const SnapshotHeader& header = snapshot->header();
  if (auto named = check_name(name, header); !named.ok()) return std::move(named).error();
  if (header.sequence > bounds.sequence) return std::unique_ptr<Machine>();
  if (auto ours = check_history(reader, header); !ours.ok()) return Error{ours.error().code, name.path + ": " + ours.error().text};
  if (!same(limits, {header.keys_max, header.entries_max, header.distinct_max})) return Error{ErrorCode::foreign, name.path + " was taken under other bounds of state than the journal's"};
  auto machine = make(header.sequence);
  if (!machine.ok()) return machine;
  const auto paged = load_pages(**machine, header, reader.disk(), name.path, (*machine)->is_driven() ? 1 : usable_cpus());
  if (paged.ok() && *paged) {
    if (auto loaded = load_standing(*snapshot, pipeline, **machine); !loaded.ok()) return std::move(loaded).error();
    return machine;
  }
  if (!paged.ok()) {  // its memory holds what is not to be believed
    notes.push_back(paged.error().text);
    machine = make(header.sequence);
    if (!machine.ok()) return machine;
  }
  if (auto loaded = load_machine(*snapshot, pipeline, **machine); !loaded.ok()) return std::move(loaded).error();
  return machine;
}

// That all of the log is there. `notes`: why no snapshot was taken instead.
Result<void> check_beginning(const JournalReader& reader, const std::vector<std::string>& notes, std::string_view cure) {
  const auto beginning = reader.beginning();
  if (!beginning.ok()) return beginning.error();
  const Sequence first = beginning->next_sequence;
  if (first == 0) return {};
  std::string text = fmt::format("the journal in {} begins with input {}: what stood before it was retired, so nothing can be replayed from the start", reader.directory(), first);
  const auto snapshots = list_snapshots(reader.disk(), reader.directory());
  if (snapshots.ok() && !snapshots->empty()) {
    text += fmt::format(". The oldest snapshot is that behind input {}{}{}", snapshots->back().sequence, cure.empty() ? "" : ": ", cure);
  }
  for (const std::string& note : notes) text += "; " + note;
  return Error{ErrorCode::missing, std::move(text)};
}

}  // namespace

Result<Place> find_place(const JournalReader& reader, Sequence sequence) {
  auto blocks = reader.read({.from_sequence = sequence});
  if (!blocks.ok()) return std::move(blocks).error();
  BlockView block;
  for (;;) {
    auto more = blocks->next(block);
    if (!more.ok()) return std::move(more).error();
    if (!*more) return Error{ErrorCode::missing, "the journal in " + reader.directory() + " ends before input " + std::to_string(sequence)};
    if (block.header.first_sequence > sequence) return Error{ErrorCode::missing, "the journal in " + reader.directory() + " begins behind input " + std::to_string(sequence)};
    if (block.header.first_sequence + block.header.inputs > sequence) return Place{block.header.block, block.header.segment, block.header.chain};
  }
}

Result<void> check_name(const SnapshotName& name, const SnapshotHeader& header) {
  if (header.sequence == name.sequence) return {};
  return Error{ErrorCode::corrupt, fmt::format("{} holds the state behind input {}: the file was renamed, or is another's copy. Remove it", name.path, header.sequence)};
}

Result<void> check_history(const JournalReader& reader, const SnapshotHeader& header) {
  if (header.database != reader.control().database) return Error{ErrorCode::foreign, "taken of another journal than that in " + reader.directory()};
  auto place = find_place(reader, header.sequence);
  if (!place.ok()) return std::move(place).error();
  if (*place != Place{header.block, header.segment, header.chain} && !planted(Bug::snapshot_of_any_history)) {
    return Error{ErrorCode::foreign, "taken of another history: the journal in " + reader.directory() + " has a different chain at input " + std::to_string(header.sequence)};
  }
  return {};
}

namespace {

using MakeMachine = std::function<Result<std::unique_ptr<Machine>>(Sequence)>;

// From the first of these that can be used; without a machine if none can.
Started start_from_any(std::span<const SnapshotName> names, const JournalReader& reader, const language::Pipeline& pipeline, const window::StateLimits& limits,
                       const SnapshotBounds& bounds, const MakeMachine& make) {
  Started started;
  for (const SnapshotName& name : names) {
    if (name.sequence > bounds.sequence) continue;
    auto machine = start_from(name, reader, pipeline, limits, bounds, make, started.notes);
    if (!machine.ok()) {
      started.notes.push_back(machine.error().text);
    } else if (*machine != nullptr) {
      started.machine = *std::move(machine);
      started.after = name.sequence;
      break;
    }
  }
  return started;
}

}  // namespace

Result<Started> start_machine(const JournalReader& reader, const language::Pipeline& pipeline, const window::StateLimits& limits, const SnapshotBounds& bounds, const MakeMachine& make) {
  auto snapshots = list_snapshots(reader.disk(), reader.directory());
  std::vector<SnapshotName> names = snapshots.ok() ? *std::move(snapshots) : std::vector<SnapshotName>();
  Started started = start_from_any(names, reader, pipeline, limits, bounds, make);
  if (!snapshots.ok()) started.notes.push_back(snapshots.error().text);
  if (started.machine != nullptr) return started;
  if (auto possible = check_beginning(reader, started.notes, bounds.cure); !possible.ok()) {
    if (!bounds.or_oldest || possible.error().code != ErrorCode::missing) return std::move(possible).error();
    std::reverse(names.begin(), names.end());
    Started later = start_from_any(names, reader, pipeline, limits, {}, make);
    if (later.machine == nullptr) return std::move(possible).error();
    return later;
  }
  auto machine = make(no_sequence);
  if (!machine.ok()) return std::move(machine).error();
  started.machine = *std::move(machine);
  return started;
}

}  // namespace pawl::journal
