#include "directory.hpp"

#include <algorithm>

#include "pawl/journal/control.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/snapshot/file_reader.hpp"
#include "pawl/journal/snapshot/file_writer.hpp"
#include "pawl/journal/snapshot/snapshots.hpp"

namespace pawl::damage {

using namespace world;

Directory::Directory(bool clean) : disk_(std::make_unique<io::SimulatedDisk>()) {
  write(clean);
  write_snapshot();
  files_.push_back(journal::control_path(directory));
  auto segments = journal::list_segments(*disk_, directory);
  REQUIRE(segments.ok());
  REQUIRE(segments->size() == 3);
  for (const std::uint64_t segment : *segments) files_.push_back(journal::segment_path(directory, segment));
  const auto in_use = content(files_.back());
  const auto written = std::find_if(in_use.rbegin(), in_use.rend(), [](std::byte byte) { return byte != std::byte{0}; });
  seal_page_ = static_cast<std::uint64_t>(in_use.rend() - written - 1) / journal::page_bytes;
  auto disk = copy();
  options_.disk = disk.get();
  const Journal journal = reopen(options_);
  state_.last_sequence = journal.recovery().last_sequence;
  state_.chain = journal.recovery().chain;
  state_.pipeline = journal.recovery().pipeline;
  state_.sources = journal.recovery().sources;
  state_.digest = journal.recovery().digest;
  state_.emitted = journal.recovery().emitted;
  REQUIRE(!state_.pipeline.empty());
  REQUIRE(state_.sources.size() == 2);
  REQUIRE(state_.digest.has_value());
  for (const auto& input : read_all(*disk).inputs) state_.inputs.insert(state_.inputs.end(), input.begin(), input.end());
  REQUIRE(judge(*copy()) == Outcome::identical);
  REQUIRE(judge_snapshot(*copy()) == Outcome::identical);
}

void Directory::write(bool clean) {
  options_ = small_options(*disk_, clock_);
  options_.segment_bytes = 32 * 1024;
  {
    Journal torn = create_and_open(options_);
    REQUIRE(append_inputs(torn, clock_, 0, 20));
    REQUIRE(all_durable(torn, clock_));
    REQUIRE(append_inputs(torn, clock_, 20, 50));
    torn.writer().poll();
    auto after = disk_->after_power_cut({.policy = io::PowerCut::Policy::torn, .seed = 3});
    disk_ = std::move(after);
  }
  options_.disk = disk_.get();
  Journal journal = reopen(options_);
  REQUIRE(journal.recovery().label == Label::torn);
  quarantined_ = journal.recovery().quarantine_file;
  const auto next = static_cast<std::uint64_t>(journal.recovery().last_sequence + 1);
  Writer& writer = journal.writer();
  REQUIRE(writer.annotate_pipeline(std::string(300, 'p')));
  REQUIRE(writer.annotate_source(0, "gateway"));
  REQUIRE(writer.annotate_source(1, "files"));
  REQUIRE(writer.annotate_digest(9, Digest{std::byte{42}}));
  REQUIRE(writer.annotate_emitted(8, 123));
  // Without a turn of the preparer at the end there is no fourth segment.
  std::uint64_t i = next;
  for (; writer.counters().segments < 3; ++i) REQUIRE(append_inputs(journal, clock_, i, i + 1));
  const auto poll_until = [&](auto done) {
    for (int turns = 0; turns < 5'000 && !done(); ++turns, clock_.advance(20'000)) writer.poll();
    REQUIRE(done());
  };
  for (int block = 0; block < 2; ++block) {
    for (const std::uint64_t end = i + 10; i < end; ++i) poll_until([&] { return writer.append(make_input(i)); });
    poll_until([&] { return writer.durable_sequence() == writer.appended_sequence(); });
  }
  poll_until([&] { return writer.counters().idle_seals > 0; });
  if (clean) REQUIRE(journal.close().ok());
}

// Of a few parts. Bound to this journal by its id alone: where snapshots are taken, a journal has 65,536 inputs.
void Directory::write_snapshot() {
  auto control = journal::read_control(*disk_, directory);
  REQUIRE(control.ok());
  journal::SnapshotHeader header{};
  header.database = control->slot.database;
  header.sequence = limits::digest_interval - 1;
  snapshot_ = journal::snapshot_path(directory, header.sequence);
  auto writer = journal::SnapshotWriter::create(*disk_, snapshot_, header);
  REQUIRE(writer.ok());
  io::Random random(7);
  for (const auto kind : {journal::PartKind::pipeline, journal::PartKind::firings, journal::PartKind::schema, journal::PartKind::rows}) {
    std::vector<std::byte> body(100 + random.below(900));
    for (std::byte& byte : body) byte = static_cast<std::byte>(random.next());
    REQUIRE(writer->add(kind, 0, body).ok());
  }
  REQUIRE(writer->finish().ok());
}

namespace {

// Names a file of the journal, or the directory if that is what is wrong: its name alone is a word of many sentences.
Outcome declared(const Error& error) {
  const std::string name = directory;
  const bool named = error.text.find(name + "/") != std::string::npos || error.text.find(" in " + name + ".") != std::string::npos || error.text.find(name + " holds ") != std::string::npos;
  return named ? Outcome::declared : Outcome::silent;
}

}  // namespace

// The reader first: most damage ends there, and a start need not be tried.
Outcome Directory::judge(io::SimulatedDisk& disk, bool with_witness) const {
  std::size_t read_bytes = 0;
  if (const Outcome read = judge_reading(disk, read_bytes); read != Outcome::identical) return read;
  journal::Options options = options_;
  options.disk = &disk;
  auto opened = Journal::open(options);
  if (!opened) return declared(opened.error());
  const RecoveryReport& report = opened->recovery();
  if (with_witness && report.label == Label::torn && report.dropped_bytes > 0 && !report.quarantine_file.empty()) return Outcome::declared;
  if (!is_as_it_was(report)) return Outcome::silent;
  if (report.chain != state_.chain || read_bytes != state_.inputs.size()) {  // else the same blocks stand there that were read
    if (const Outcome read = judge_reading(disk, read_bytes); read != Outcome::identical) return read;
  }
  if (read_bytes != state_.inputs.size()) return Outcome::silent;
  return report.notes.empty() && report.label == Label::end ? Outcome::identical : Outcome::repaired;
}

// Identical: what was read is the beginning of the inputs; before a start has looked at it, the end is not known to be one.
Outcome Directory::judge_reading(io::SimulatedDisk& disk, std::size_t& read_bytes) const {
  auto reader = JournalReader::open(directory, disk);
  if (!reader) return declared(reader.error());
  auto cursor = reader->read({.deep = true});
  if (!cursor) return declared(cursor.error());
  BlockView block;
  std::size_t at = 0;
  for (;;) {
    auto more = cursor->next(block);
    if (!more) return declared(more.error());
    if (!*more) break;
    for (const Record record : block.records()) {
      if (!record.is_input()) continue;
      const auto bytes = record.bytes();
      if (bytes.size() > state_.inputs.size() - at || std::memcmp(bytes.data(), state_.inputs.data() + at, bytes.size()) != 0) return Outcome::silent;
      at += bytes.size();
    }
  }
  read_bytes = at;
  return Outcome::identical;
}

bool Directory::is_as_it_was(const RecoveryReport& report) const {
  const auto same = [](const journal::SourceState& a, const journal::SourceState& b) { return a.number == b.number && a.name == b.name && a.last_ticket == b.last_ticket && a.missing == b.missing; };
  return report.last_sequence == state_.last_sequence && report.pipeline == state_.pipeline && std::equal(report.sources.begin(), report.sources.end(), state_.sources.begin(), state_.sources.end(), same) && report.digest &&
         report.digest->sequence == state_.digest->sequence && report.digest->digest == state_.digest->digest && report.emitted.sequence == state_.emitted.sequence &&
         report.emitted.position == state_.emitted.position;
}

Outcome Directory::judge_snapshot(io::SimulatedDisk& disk) const {
  auto whole = journal::verify_snapshot(disk, snapshot_);
  if (whole.ok()) return Outcome::identical;
  return whole.error().text.find(snapshot_) != std::string::npos ? Outcome::declared : Outcome::silent;
}

}  // namespace pawl::damage
