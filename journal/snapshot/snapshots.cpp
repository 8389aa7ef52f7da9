#include "pawl/journal/snapshot/snapshots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "pawl/journal/engine/activation.hpp"
#include "pawl/journal/files.hpp"

namespace pawl::journal {
namespace {

constexpr std::string_view suffix = ".snap";
constexpr std::size_t number_digits = 19;

std::optional<Sequence> sequence_in(const std::string& name) {
  if (name.size() != number_digits + suffix.size() || !name.ends_with(suffix)) return {};
  Sequence sequence = 0;
  const char* const end = name.data() + number_digits;
  const auto [stopped, error] = std::from_chars(name.data(), end, sequence);
  if (error != std::errc{} || stopped != end || sequence < 0) return {};
  return sequence;
}

// The machine with the snapshot's state; nothing if it is not within bounds.
Result<std::unique_ptr<Machine>> start_from(const SnapshotName& name, const JournalReader& reader, const language::Pipeline& pipeline, const window::StateLimits& limits,
                                            const SnapshotBounds& bounds, const std::function<Result<std::unique_ptr<Machine>>(Sequence)>& make) {
  auto snapshot = SnapshotReader::open(reader.disk(), name.path);
  if (!snapshot.ok()) return std::move(snapshot).error();
  const SnapshotHeader& header = snapshot->header();
  if (header.sequence > bounds.sequence || header.effective_time > bounds.time) return std::unique_ptr<Machine>();
  if (auto ours = check_history(reader, header); !ours.ok()) return Error{ours.error().code, name.path + ": " + ours.error().text};
  if (!same(limits, {header.keys_max, header.entries_max, header.distinct_max})) return Error{ErrorCode::foreign, name.path + " was taken under other bounds of state than the journal's"};
  auto machine = make(header.sequence);
  if (!machine.ok()) return machine;
  if (auto loaded = load_machine(*snapshot, pipeline, **machine); !loaded.ok()) return std::move(loaded).error();
  return machine;
}

}  // namespace

std::string snapshot_path(const std::string& directory, Sequence sequence) {
  return fmt::format("{}/{}/{:0{}}{}", directory, snapshots_name, sequence, number_digits, suffix);
}

Result<std::vector<SnapshotName>> list_snapshots(io::Disk& disk, const std::string& directory) {
  const std::string folder = join(directory, snapshots_name);
  auto there = disk.exists(folder);
  if (!there.ok()) return std::move(there).error();
  if (!*there) return std::vector<SnapshotName>{};
  auto names = disk.list(folder);
  if (!names.ok()) return std::move(names).error();
  std::vector<SnapshotName> snapshots;
  for (const std::string& name : *names) {
    if (const auto sequence = sequence_in(name)) snapshots.push_back({*sequence, join(folder, name)});
  }
  std::sort(snapshots.begin(), snapshots.end(), [](const SnapshotName& a, const SnapshotName& b) { return a.sequence > b.sequence; });
  return snapshots;
}

Result<Place> find_place(const JournalReader& reader, Sequence sequence) {
  auto blocks = reader.read({.from_sequence = sequence});
  if (!blocks.ok()) return std::move(blocks).error();
  BlockView block;
  for (;;) {
    auto more = blocks->next(block);
    if (!more.ok()) return std::move(more).error();
    if (!*more) return Error{ErrorCode::missing, "the journal in " + reader.directory() + " ends before input " + std::to_string(sequence)};
    if (block.header.first_sequence + block.header.inputs > sequence) return Place{block.header.block, block.header.segment, block.header.chain};
  }
}

Result<void> check_history(const JournalReader& reader, const SnapshotHeader& header) {
  if (header.database != reader.control().database) return Error{ErrorCode::foreign, "taken of another journal than that in " + reader.directory()};
  auto place = find_place(reader, header.sequence);
  if (!place.ok()) return std::move(place).error();
  if (*place != Place{header.block, header.segment, header.chain}) {
    return Error{ErrorCode::foreign, "taken of another history: the journal in " + reader.directory() + " has a different chain at input " + std::to_string(header.sequence)};
  }
  return {};
}

Result<Started> start_machine(const JournalReader& reader, const language::Pipeline& pipeline, const window::StateLimits& limits, const SnapshotBounds& bounds,
                              const std::function<Result<std::unique_ptr<Machine>>(Sequence)>& make) {
  Started started;
  auto snapshots = list_snapshots(reader.disk(), reader.directory());
  if (!snapshots.ok()) started.notes.push_back(snapshots.error().text);
  if (snapshots.ok()) {
    for (const SnapshotName& name : *snapshots) {
      if (name.sequence > bounds.sequence) continue;
      auto machine = start_from(name, reader, pipeline, limits, bounds, make);
      if (!machine.ok()) {
        started.notes.push_back(machine.error().text);
      } else if (*machine != nullptr) {
        started.machine = *std::move(machine);
        started.after = name.sequence;
        return started;
      }
    }
  }
  auto machine = make(no_sequence);
  if (!machine.ok()) return std::move(machine).error();
  started.machine = *std::move(machine);
  return started;
}

}  // namespace pawl::journal
