#include "pawl/journal/repair.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pawl/journal/control.hpp"
#include "pawl/journal/errors.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/journal.hpp"
#include "pawl/journal/recovery.hpp"
#include "pawl/journal/model/files.hpp"
#include "pawl/journal/snapshot/file_reader.hpp"
#include "pawl/journal/snapshot/snapshots.hpp"

namespace pawl::journal {
namespace {

// A segment, as far as it is good.
struct Kept {
  std::uint64_t segment = 0;
  std::uint64_t data_bytes = 0;  // from its start
  std::uint64_t file_bytes = 0;  // that it was made with
  bool sealed = false;
};

class Repairer {
 public:
  Repairer(io::Disk& disk, const std::string& directory, const std::string& to, const ControlSlot& control)
      : disk_(disk), directory_(directory), to_(to), control_(control), checker_({control.database, control.secret}, control.block_bytes_max) {}

  // From the first block on to the first that does not follow, in each segment's data. Errors: of the operating system.
  Result<void> find_prefix();
  void count_dropped();
  Result<void> copy();
  Result<void> start_epoch(io::Clock& clock);
  [[nodiscard]] RepairReport& report() noexcept { return report_; }
  [[nodiscard]] const Position& begin() const noexcept { return begin_; }

 private:
  [[nodiscard]] bool pass_segment();
  Result<void> copy_segment(const Kept& kept);
  Result<void> copy_snapshots();
  Result<void> copy_file(const std::string& from, const std::string& to);
  [[nodiscard]] RepairMark mark() const;

  io::Disk& disk_;
  const std::string& directory_;
  const std::string& to_;
  const ControlSlot& control_;
  BlockChecker checker_;
  std::vector<Kept> kept_;
  Position begin_;
  std::uint32_t epoch_ = 0;  // the highest that any block was written in
  RepairReport report_;
};

Result<void> Repairer::find_prefix() {
  auto beginning = position_of_beginning(disk_, directory_, control_, checker_);
  if (!beginning) return std::move(beginning).error();
  report_.cut = begin_ = *beginning;
  while (pass_segment()) {
  }
  report_.segments = kept_.size();
  return {};
}

// True: all of it is good, and sealed.
bool Repairer::pass_segment() {
  Position& cut = report_.cut;
  kept_.push_back({cut.segment, 0, control_.segment_bytes, false});
  auto bytes = SegmentBytes::read_directly(disk_, segment_path(directory_, cut.segment), control_.block_bytes_max);
  if (!bytes || bytes->size() < 2 * std::uint64_t{page_bytes}) return false;
  Kept& kept = kept_.back();
  BlockScanner scanner(checker_, cut, true);
  BlockView block;
  while (!kept.sealed && scanner.next(*bytes, block) == BlockFault::none) {
    SegmentMark own;
    if (block.header.offset == 0 && load_payload((*block.records().begin()).payload(), own)) kept.file_bytes = own.segment_bytes;
    kept.sealed = block.header.kind == BlockKind::segment_seal;  // of a file that became longer
    if (!kept.sealed) kept.data_bytes = scanner.position().offset;
  }
  cut = scanner.position();
  // A seal that continues the last block proves that nothing stood between them, whatever stands there now.
  kept.sealed = kept.sealed || (bytes->size() == kept.file_bytes && scanner.next_seal(*bytes, block) == BlockFault::none);
  if (!kept.sealed) return false;
  cut = scanner.position();
  cut.segment += 1;
  cut.offset = 0;
  return true;
}

// What is not zeros behind the cut, in all segments; and the epochs there, whose nonces are used.
void Repairer::count_dropped() {
  auto numbers = list_segments(disk_, directory_, control_.oldest_segment);
  for (const std::uint64_t segment : numbers ? *numbers : std::vector<std::uint64_t>()) {
    if (segment < report_.cut.segment) continue;
    auto bytes = SegmentBytes::read_directly(disk_, segment_path(directory_, segment), control_.block_bytes_max);
    if (!bytes) continue;
    for (std::uint64_t at = segment == report_.cut.segment ? report_.cut.offset : 0; at + page_bytes <= bytes->size(); at += page_bytes) {
      const auto page = bytes->at(at, page_bytes);
      if (page.empty() || !all_zero(page)) report_.dropped_bytes += page_bytes;
      if (page.empty() || load_header(page).magic != block_magic || checker_.check_header(page, segment, at) != BlockFault::none) continue;
      epoch_ = std::max(epoch_, load_header(page).epoch);
    }
  }
}

// Segments first, CONTROL last: the copy is a journal only when all of it is there.
Result<void> Repairer::copy() {
  if (auto made = disk_.make_directory(to_); !made) return made;
  if (auto synced = disk_.sync_directory(parent_of(to_)); !synced) return synced;
  for (const char* name : {segments_name, snapshots_name, quarantine_name}) {
    if (auto made = disk_.make_directory(join(to_, name)); !made) return made;
  }
  for (const Kept& kept : kept_) {
    if (auto copied = copy_segment(kept); !copied) return copied;
  }
  if (auto synced = disk_.sync_directory(segments_directory(to_)); !synced) return synced;
  if (auto copied = copy_snapshots(); !copied) return copied;
  if (auto copied = copy_models(disk_, directory_, to_); !copied) return copied;
  return disk_.sync_directory(to_);
}

// Those of what is kept: a journal whose beginning was retired starts with nothing else. One that is not whole is left behind.
Result<void> Repairer::copy_snapshots() {
  auto names = list_snapshots(disk_, directory_);
  if (!names) return std::move(names).error();
  for (const SnapshotName& name : *names) {
    if (name.sequence > report_.last_kept()) continue;
    if (const auto header = verify_snapshot(disk_, name.path); !header || !check_name(name, *header)) continue;
    if (auto copied = copy_file(name.path, snapshot_path(to_, name.sequence)); !copied) return copied;
    ++report_.snapshots;
  }
  return disk_.sync_directory(snapshots_directory(to_));
}

Result<void> Repairer::copy_file(const std::string& from, const std::string& to) {
  auto source = disk_.open(from, {.access = io::Access::read, .direct = true});
  if (!source) return std::move(source).error();
  auto file = disk_.open(to, {.access = io::Access::create_new});
  if (!file) return std::move(file).error();
  const std::int64_t bytes = (*source)->size();
  if (bytes < 0) return os_error("measure", from, bytes);
  const AlignedBytes window(control_.block_bytes_max);
  for (std::uint64_t at = 0; at < static_cast<std::uint64_t>(bytes); at += window.size()) {
    const auto piece = window.span().first(std::min<std::uint64_t>(window.size(), static_cast<std::uint64_t>(bytes) - at));
    if (auto read = read_whole(**source, piece, at, from); !read) return read;
    if (auto written = write_whole(**file, piece, at, to); !written) return written;
  }
  return sync_file(**file, to);
}

Result<void> Repairer::copy_segment(const Kept& kept) {
  const std::string path = segment_path(to_, kept.segment);
  auto file = disk_.open(path, {.access = io::Access::create_new});
  if (!file) return std::move(file).error();
  const std::string source_path = segment_path(directory_, kept.segment);
  std::optional<SegmentBytes> source;
  if (kept.data_bytes > 0) {
    auto opened = SegmentBytes::read_directly(disk_, source_path, control_.block_bytes_max);
    if (!opened) return std::move(opened).error();
    source.emplace(std::move(*opened));
  }
  const AlignedBytes zeros(control_.block_bytes_max);
  const std::uint64_t seal_offset = kept.file_bytes - page_bytes;
  for (std::uint64_t at = 0; at < kept.file_bytes;) {
    const bool is_kept = at < kept.data_bytes || (kept.sealed && at == seal_offset);
    const std::uint64_t end = at < kept.data_bytes ? kept.data_bytes : at < seal_offset ? seal_offset : kept.file_bytes;
    const std::size_t bytes = std::min<std::uint64_t>(zeros.size(), end - at);
    const auto from = is_kept ? source->at(at, bytes) : std::span<const std::byte>(zeros.span().first(bytes));
    if (from.empty()) return Error{ErrorCode::io, fmt::format("{} at offset {} was read a moment ago, and cannot be read now; look at dmesg", source_path, at)};
    if (auto written = write_whole(**file, from, at, path); !written) return written;
    at += bytes;
  }
  return sync_file(**file, path);
}

RepairMark Repairer::mark() const {
  return {.last_kept = report_.last_kept(), .last_known = report_.last_known, .last_block = report_.cut.block, .segment = report_.cut.segment,
          .offset = report_.cut.offset, .dropped_bytes = report_.dropped_bytes, .label = static_cast<std::uint32_t>(report_.damage.label),
          .reserved = 0, .chain = report_.cut.chain};
}

// CONTROL knows no more than what was kept; the epoch's number goes on, because the damaged journal has used its nonces: those that CONTROL knows, and, if
// CONTROL itself is older than the segments, those of the blocks.
Result<void> Repairer::start_epoch(io::Clock& clock) {
  ControlSlot first = control_;
  first.epoch = std::max({control_.epoch, report_.cut.epoch, epoch_});
  first.durable_block = report_.cut.block;
  first.durable_segment = report_.cut.segment;
  first.durable_sequence = report_.last_kept();
  first.durable_chain = report_.cut.chain;
  first.epoch_durability = static_cast<std::uint32_t>(Durability::disk);
  first.dropped_bytes = 0;
  first.clean = 0;
  if (auto created = ControlFile::create(disk_, to_, first, clock.now()); !created) return created;
  Options options;
  options.directory = to_;
  options.disk = &disk_;
  options.clock = &clock;
  auto journal = Journal::open(options);
  if (!journal) return std::move(journal).error();
  const RepairMark content = mark();
  while (!journal->writer().annotate(AnnotationType::repair, bytes_of(content))) {
    journal->preparer()->step();
    (void)journal->writer().wait(one_second);
    if (journal->writer().state() == WriterState::failed) return journal->writer().error();
  }
  return journal->close();
}

Result<void> check_target(io::Disk& disk, const std::string& to) {
  const auto seen = look_at_directory(disk, to);
  if (!seen) return seen.error();
  if (*seen == Observation::Directory::absent) return {};
  const auto names = disk.list(to);
  if (!names) return names.error();
  if (names->empty()) return {};
  return Error{ErrorCode::usage, fmt::format("{} is not empty: name a new directory for the repaired journal", to)};
}

}  // namespace

Result<RepairReport> repair(const std::string& directory, const std::string& to, io::Disk& disk, io::Clock& clock) {
  std::vector<std::string> notes;
  auto control = read_identity(disk, directory, notes);
  if (!control) return std::move(control).error();
  if (auto empty = check_target(disk, to); !empty) return empty.error();
  const auto found = verify(directory, disk);
  if (!found) return found.error();
  if (found->log_whole()) return Error{ErrorCode::usage, fmt::format("{} is whole: there is nothing to repair", directory)};
  Repairer repairer(disk, directory, to, *control);
  RepairReport& report = repairer.report();
  report.damage = *std::find_if(found->findings.begin(), found->findings.end(), [](const Finding& finding) { return finding.is_damage && !finding.in_quarantine; });
  if (auto searched = repairer.find_prefix(); !searched) return searched.error();
  report.first_kept = repairer.begin().next_sequence;
  if (report.cut.block == repairer.begin().block) return Error{ErrorCode::corrupt, fmt::format("nothing of {} can be kept: {}", directory, report.damage.text)};
  report.last_known = std::max({found->end.next_sequence - 1, control->durable_sequence, report.last_kept()});
  report.whole_behind = found->inputs - static_cast<std::uint64_t>(report.cut.next_sequence - repairer.begin().next_sequence);
  repairer.count_dropped();
  if (auto copied = repairer.copy(); !copied) return copied.error();
  if (auto started = repairer.start_epoch(clock); !started) return started.error();
  const auto after = verify(to, disk);
  if (!after) return after.error();
  if (!after->whole()) return Error{ErrorCode::io, fmt::format("the copy in {} is damaged as well: {}", to, after->findings.front().text)};
  return std::move(report);
}

}  // namespace pawl::journal
