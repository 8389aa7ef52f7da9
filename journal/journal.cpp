#include "pawl/journal/journal.hpp"

#include <fmt/format.h>


#include "pawl/core/base/assert.hpp"
#include "pawl/journal/control.hpp"
#include "pawl/journal/errors.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/opening.hpp"
#include "pawl/journal/recovery.hpp"

namespace pawl::journal {

struct Journal::State {
  Options options;
  RecoveryReport report;
  Uuid database{};
  std::unique_ptr<io::Lock> lock;
  std::unique_ptr<ControlFile> control;
  std::unique_ptr<SegmentPreparer> preparer;
  std::unique_ptr<Writer> writer;
};

namespace {

Error not_empty(const std::string& directory, Observation::Directory seen) {
  if (seen == Observation::Directory::journal) {
    return {ErrorCode::foreign, fmt::format("cannot create a journal in {}: it holds one, or what is left of one. Open it, or name an empty directory.", directory)};
  }
  return {ErrorCode::foreign, fmt::format("cannot create a journal in {}: it holds other files. Name an empty or new directory.", directory)};
}

// The mark first, and durable, so that whatever else a cut leaves stands beside it.
Result<void> begin(io::Disk& disk, const std::string& directory) {
  if (auto made = disk.make_directory(directory); !made) return made;
  if (auto synced = disk.sync_directory(parent_of(directory)); !synced) return synced;
  return ControlFile::mark(disk, directory);
}

Result<void> make_directories(io::Disk& disk, const std::string& directory) {
  for (const char* name : {segments_name, snapshots_name, quarantine_name}) {
    if (auto made = disk.make_directory(join(directory, name)); !made) return made;
  }
  return disk.sync_directory(directory);
}

const std::string& lack_of(const Writer& writer, const SegmentPreparer& preparer) { return writer.lack().empty() ? preparer.lack() : writer.lack(); }

Error cannot_close_full(const Writer& writer, const std::string& lack) {
  const std::string what = writer.durable_sequence() == writer.appended_sequence()
                               ? fmt::format("no space for the mark of a clean end. Everything up to sequence {} is durable", writer.durable_sequence())
                               : fmt::format("no space for sequences {} to {}, which were not acked", writer.durable_sequence() + 1, writer.appended_sequence());
  return {ErrorCode::disk_full, "the journal cannot be closed cleanly: " + what + ". " + (lack.empty() ? "Free space" : lack + ". Cure that") + " and close again."};
}

// Small loops until everything is durable; a failed journal ends them, and a full disk that is still full when it is asked once more at once:
// space may have come back since the last try, and nobody waits for the next.
Result<void> drain(Writer& writer, SegmentPreparer& preparer) {
  bool asked = false;
  while (!writer.drained()) {
    const bool prepared = preparer.step();
    const std::size_t work = writer.wait(10'000'000);
    if (writer.state() != WriterState::disk_full || prepared || work > 0) continue;
    if (asked) return cannot_close_full(writer, lack_of(writer, preparer));
    asked = true;
    preparer.try_at_once();
    writer.try_at_once();
  }
  if (writer.state() == WriterState::failed) return Error{ErrorCode::failed, writer.error().text};
  return {};
}

}  // namespace

Result<void> Journal::create(const Options& options) {
  if (auto checked = check(options); !checked) return checked;
  if (options.durability == Durability::memory) return {};
  io::Disk& disk = *options.disk;
  auto seen = look_at_directory(disk, options.directory);
  if (!seen) return std::move(seen).error();
  if (!may_create(*seen)) return not_empty(options.directory, *seen);
  if (auto begun = begin(disk, options.directory); !begun) return begun;
  auto lock = disk.lock(join(options.directory, lock_name));
  if (!lock) return std::move(lock).error();
  // Again, now that nobody else can change it.
  seen = look_at_directory(disk, options.directory);
  if (!seen) return std::move(seen).error();
  if (*seen != Observation::Directory::unfinished) return not_empty(options.directory, *seen);
  if (auto made = make_directories(disk, options.directory); !made) return made;
  ControlSlot first{};
  options.random(first.database);
  options.random(first.secret);
  first.block_bytes_max = options.block_bytes_max;
  first.segment_bytes = options.segment_bytes;
  first.oldest_segment = 1;
  first.durable_sequence = no_sequence;
  return ControlFile::create(disk, options.directory, first, options.clock->now());
}

Result<Journal> Journal::open(const Options& options) {
  if (auto checked = check(options); !checked) return checked.error();
  auto state = std::make_unique<State>();
  state->options = options;
  if (options.durability == Durability::memory) {
    state->writer = Writer::without_files();
    return Journal(std::move(state));
  }
  auto opened = open_directory(state->options);
  if (!opened) return std::move(opened).error();
  state->report = std::move(opened->report);
  state->lock = std::move(opened->lock);
  state->control = std::move(opened->control);
  state->preparer = std::move(opened->preparer);
  state->database = state->control->current().database;
  const Identity identity(state->database, state->control->current().secret);
  auto writer = Writer::open(state->options, identity, std::move(opened->start), *state->preparer);
  if (!writer) return std::move(writer).error();
  state->writer = std::move(*writer);
  return Journal(std::move(state));
}

Journal::Journal(std::unique_ptr<State> state) : state_(std::move(state)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

const RecoveryReport& Journal::recovery() const noexcept { return state_->report; }
Writer& Journal::writer() noexcept { return *state_->writer; }
const std::string& Journal::lack() const noexcept { return lack_of(*state_->writer, *state_->preparer); }
SegmentPreparer* Journal::preparer() noexcept { return state_->preparer.get(); }
const Uuid& Journal::database() const noexcept { return state_->database; }

Result<void> Journal::close() {
  Writer& writer = *state_->writer;
  if (writer.state() == WriterState::closed) return {};
  if (state_->options.durability == Durability::memory) {
    writer.close();
    return {};
  }
  if (auto drained = drain(writer, *state_->preparer); !drained) return drained;
  const Position end = writer.durable_position();
  if (auto synced = writer.sync_if_unsynced(); !synced) return synced;
  writer.close();
  ControlSlot last = state_->control->current();
  last.durable_block = end.block;
  last.durable_segment = end.segment;
  last.durable_sequence = end.next_sequence - 1;
  last.durable_chain = end.chain;
  last.clean = 1;
  return state_->control->publish(last, state_->options.clock->now());
}

std::string RecoveryReport::summary() const {
  std::string text = fmt::format("{}: {} segments, last block {}, last sequence {}, epoch {}, {}", name(label), segments, last_block,
                                 last_sequence, epoch, clean ? "closed cleanly" : "not closed cleanly");
  if (label == Label::torn) text += fmt::format(", dropped {} bytes that were never acked to {}", dropped_bytes, quarantine_file);
  return text;
}

}  // namespace pawl::journal
