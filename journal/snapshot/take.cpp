#include "pawl/journal/snapshot/take.hpp"

#include <bit>
#include <cstring>

#include "pawl/core/base/planted.hpp"
#include "pawl/journal/block.hpp"
#include "pawl/journal/engine/activation.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"
#include "pawl/journal/model/files.hpp"
#include "pawl/journal/engine/replay_source.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/snapshot/pages.hpp"

namespace pawl::journal {
namespace {

constexpr const char* taking_lock_name = "LOCK";

// What is durable for certain: what the engine says, and else a block is submitted only when the one before it is.
struct Witnessed {
  Sequence sequence = no_sequence;
  Sequence emitted = no_sequence;
};

void note_emitted(const BlockView& block, Sequence& emitted) {
  for (const Record record : block.records()) {
    EmittedMark mark;
    if (record.header().type == static_cast<std::uint16_t>(AnnotationType::emitted) && load_payload(record.payload(), mark)) emitted = mark.sequence;
  }
}

Result<Witnessed> last_witnessed(const JournalReader& reader, Sequence durable) {
  auto blocks = reader.read({.from_sequence = INT64_MAX});
  if (!blocks.ok()) return std::move(blocks).error();
  BlockView block;
  Witnessed witnessed{blocks->position().next_sequence - 1, no_sequence};
  for (Sequence emitted = no_sequence;;) {
    auto more = blocks->next(block);
    if (!more.ok()) return std::move(more).error();
    if (!*more) return witnessed;
    witnessed = {block.header.first_sequence - 1, emitted};
    note_emitted(block, emitted);
    const Sequence last = block.header.first_sequence + block.header.inputs - 1;
    if (block.header.inputs > 0 && last <= durable) witnessed = {last, emitted};
  }
}

class Taking {
 public:
  Taking(const TakeOptions& options, JournalReader reader) : options_(options), reader_(std::move(reader)) { reader_.set_digest_interval(options.digest_interval); }

  Result<Taken> run() {
    for (const auto step : {&Taking::choose_sequence, &Taking::load_pipeline, &Taking::replay, &Taking::publish}) {
      if (auto done = (this->*step)(); !done.ok()) return std::move(done).error();
      if (taken_.was_there) break;
    }
    return std::move(taken_);
  }

 private:
  Result<void> choose_sequence();
  Result<bool> is_there();
  Result<void> load_pipeline();
  Result<std::unique_ptr<Machine>> make(Sequence after) const;
  Result<void> replay();
  [[nodiscard]] Result<void> check_going_on() const;
  [[nodiscard]] Result<void> check_replay(const ReplaySource& source);
  Result<void> publish();
  Result<void> write(const SnapshotOf& of, const std::string& temporary);
  Result<void> write_pages();
  Result<void> remove_older_pages();
  Result<void> remove_left_overs();

  const TakeOptions& options_;
  JournalReader reader_;
  Sequence sequence_ = no_sequence;
  LoadedPipeline loaded_;
  window::StateLimits limits_;
  std::unique_ptr<Machine> machine_;
  Taken taken_;
};

Result<void> Taking::choose_sequence() {
  auto last = last_witnessed(reader_, options_.durable);
  if (!last.ok()) return std::move(last).error();
  taken_.emitted = last->emitted;
  sequence_ = (last->sequence + 1) / options_.digest_interval * options_.digest_interval - 1;
  if (sequence_ < 0) {
    return Error{ErrorCode::usage, "the journal in " + options_.directory + " holds " + std::to_string(last->sequence + 1) + " durable inputs; snapshots are taken where " +
                                       std::to_string(options_.digest_interval) + " have ended, and so few replay in no time"};
  }
  auto there = is_there();
  if (!there.ok()) return std::move(there).error();
  taken_.was_there = *there;
  return {};
}

// Whole and of this history; one that is not is taken again, and replaced.
Result<bool> Taking::is_there() {
  taken_.path = snapshot_path(options_.directory, sequence_);
  auto exists = options_.disk->exists(taken_.path);
  if (!exists.ok() || !*exists) return exists;
  auto snapshot = SnapshotReader::open(*options_.disk, taken_.path, options_.digest_interval);
  auto header = snapshot.ok() ? verify_snapshot(*options_.disk, taken_.path, options_.digest_interval) : Result<SnapshotHeader>(snapshot.error());
  if (header.ok() && header->sequence == sequence_ && check_history(reader_, *header).ok()) {
    taken_.header = *header;
    taken_.bytes = snapshot->file_bytes();
    return true;
  }
  return false;
}

Result<void> Taking::load_pipeline() {
  auto beginning = read_beginning(reader_);
  if (!beginning.ok()) return std::move(beginning).error();
  DiskModelFiles models(*options_.disk, {}, options_.directory);
  auto checked = check_pipeline(beginning->pipeline, options_.directory + " (its recorded pipeline)", &models, &options_.operators);
  if (!checked.ok()) return std::move(checked).error();
  loaded_ = *std::move(checked);
  limits_ = beginning->state;
  return {};
}

Result<std::unique_ptr<Machine>> Taking::make(Sequence after) const {
  MachineOptions settings;
  settings.threads = options_.threads;
  settings.state = limits_;
  settings.after = after;
  settings.background = options_.background;
  settings.driver = options_.driver;
  settings.digest_interval = options_.digest_interval;
  if (options_.driver != nullptr) settings.ring_slots = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(options_.digest_interval)));  // a simulation makes thousands of shadows
  return Machine::make(*loaded_.pipeline, settings, *options_.clock, nullptr, nullptr, no_sequence);
}

Result<void> Taking::replay() {
  auto started = start_machine(reader_, *loaded_.pipeline, limits_, {.sequence = sequence_ - 1}, [&](Sequence after) { return make(after); });
  if (!started.ok()) return std::move(started).error();
  machine_ = std::move(started->machine);
  taken_.after = started->after;
  taken_.notes = std::move(started->notes);
  auto blocks = reader_.read({.from_sequence = taken_.after + 1});
  if (!blocks.ok()) return std::move(blocks).error();
  ReplaySource source(*std::move(blocks), {.sequence = sequence_}, machine_->digests(), taken_.after + 1);
  PAWL_ASSERT(machine_->sequence().add(source));
  if (auto running = machine_->start(); !running.ok()) return running;
  machine_->drain(options_.stop);
  if (auto going = check_going_on(); !going.ok()) return going;
  return check_replay(source);
}

Result<void> Taking::check_going_on() const {
  if (options_.stop == nullptr || !options_.stop->requested()) return {};
  return Error{ErrorCode::failed, "the snapshot behind input " + std::to_string(sequence_) + " of " + options_.directory + " was given up: the engine is closing"};
}

Result<void> Taking::check_replay(const ReplaySource& source) {
  if (source.error()) return *source.error();
  if (const auto& mismatch = machine_->digests().mismatch()) {
    return Error{ErrorCode::corrupt, "the shadow does not reproduce what was decided: sequences " + std::to_string(mismatch->first) + " to " + std::to_string(mismatch->last) + " give digest " +
                                         rules::to_hex(mismatch->computed) + ", the journal in " + options_.directory + " has " + rules::to_hex(mismatch->recorded) + ". No snapshot was taken"};
  }
  if (machine_->failed() || machine_->decide().sequence() != sequence_) {
    return Error{ErrorCode::corrupt, "the journal in " + options_.directory + " could not be replayed up to input " + std::to_string(sequence_) + ": run `pawl journal verify " + options_.directory + "`"};
  }
  return {};
}

// Of those who were killed on the way.
Result<void> Taking::remove_left_overs() {
  auto names = options_.disk->list(snapshots_directory(options_.directory));
  if (!names.ok()) return std::move(names).error();
  for (const std::string& name : *names) {
    if (!name.ends_with(snapshot_temporary_suffix)) continue;
    if (auto removed = options_.disk->remove(join(snapshots_directory(options_.directory), name)); !removed.ok()) return removed;
  }
  return {};
}

Result<void> Taking::publish() {
  const std::string temporary = taken_.path + std::string(snapshot_temporary_suffix);
  auto place = find_place(reader_, sequence_);
  if (!place.ok()) return std::move(place).error();
  if (auto removed = remove_left_overs(); !removed.ok()) return removed;
  const SnapshotOf of{loaded_.pipeline.get(), limits_, reader_.control().database, *place, options_.clock->now(), options_.stop};
  auto published = write(of, temporary);
  // Space, and a name that looks like work under way; if even that fails, the next one removes it.
  if (!published.ok()) static_cast<void>(options_.disk->remove(temporary));
  return published;
}

Result<void> Taking::write(const SnapshotOf& of, const std::string& temporary) {
  io::Disk& disk = *options_.disk;
  if (auto saved = save_machine(*machine_, of, disk, temporary); !saved.ok()) return saved;
  auto header = verify_snapshot(disk, temporary, options_.digest_interval);
  if (!header.ok()) return std::move(header).error();
  if (auto going = check_going_on(); !going.ok()) return going;
  if (auto renamed = disk.rename(temporary, taken_.path); !renamed.ok()) return renamed;
  if (auto synced = planted(Bug::snapshot_name_not_synced) ? Result<void>{} : disk.sync_directory(snapshots_directory(options_.directory)); !synced.ok()) return synced;
  auto published = SnapshotReader::open(disk, taken_.path, options_.digest_interval);
  if (!published.ok()) return std::move(published).error();
  taken_.header = *header;
  taken_.bytes = published->file_bytes();
  return options_.pages ? write_pages() : Result<void>{};
}

// A snapshot is one without them: an error is a note.
Result<void> Taking::write_pages() {
  io::Disk& disk = *options_.disk;
  auto written = publish_pages(*machine_, taken_.header, disk, taken_.path, options_.stop);
  if (written.ok()) written = remove_older_pages();
  if (!written.ok() && check_going_on().ok()) taken_.notes.push_back(written.error().text);
  return {};
}

// A start takes the newest.
Result<void> Taking::remove_older_pages() {
  auto names = options_.disk->list(snapshots_directory(options_.directory));
  if (!names.ok()) return std::move(names).error();
  for (const std::string& name : *names) {
    const std::string path = join(snapshots_directory(options_.directory), name);
    if (!name.ends_with(pages_path("")) || path == pages_path(taken_.path)) continue;
    if (auto removed = options_.disk->remove(path); !removed.ok()) return removed;
  }
  return {};
}

}  // namespace

Result<Taken> take_snapshot(const TakeOptions& options) {
  auto reader = JournalReader::open(options.directory, *options.disk);
  if (!reader.ok()) return std::move(reader).error();
  const std::string folder = snapshots_directory(options.directory);
  if (auto made = options.disk->make_directory(folder); !made.ok()) return std::move(made).error();
  auto lock = options.disk->lock(join(folder, taking_lock_name));
  if (!lock.ok()) return std::move(lock).error();
  return Taking(options, *std::move(reader)).run();
}

}  // namespace pawl::journal
