#include "pawl/journal/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "pawl/core/base/planted.hpp"
#include "pawl/journal/errors.hpp"
#include "pawl/journal/files.hpp"

namespace pawl::journal {
namespace {

using Next = Observation::Next;
using Behind = Observation::Behind;

bool is_own_name(const std::string& name) {
  static constexpr std::array<std::string_view, 7> own = {lock_name, control_name, control_temporary_name, segments_name, snapshots_name, quarantine_name, models_name};
  return std::find(own.begin(), own.end(), name) != own.end();
}

Next observed(BlockFault fault) {
  switch (fault) {
    case BlockFault::zeros: return Next::zeros;
    case BlockFault::place: return Next::misplaced;
    case BlockFault::order:
    case BlockFault::chain: return Next::disordered;
    case BlockFault::database: return Next::other_database;
    case BlockFault::nonce: return Next::unknown_epoch;
    case BlockFault::version: return Next::newer_version;
    case BlockFault::none:
    case BlockFault::unreadable:
    case BlockFault::header:
    case BlockFault::body:
    case BlockFault::records:
    case BlockFault::body_hash: return Next::damaged;
  }
  return Next::damaged;
}

bool has_zero_sector(std::span<const std::byte> page) {
  constexpr std::size_t sector = 512;
  for (; page.size() >= sector; page = page.subspan(sector)) {
    if (all_zero(page.first(sector))) return true;
  }
  return false;
}

// One survey at work. The steps stand in the order in which run() calls them.
class Surveyor {
 public:
  Surveyor(io::Disk& disk, const std::string& directory, const ControlSlot& control)
      : disk_(disk), directory_(directory), control_(control), checker_({control.database, control.secret}, control.block_bytes_max) {}

  Result<Survey> run();
  // The last read that failed, of any segment.
  [[nodiscard]] const ReadError& read_error() const noexcept { return read_error_; }

 private:
  [[nodiscard]] bool numbers_hold() const;
  [[nodiscard]] std::uint64_t first_missing() const;
  Result<bool> pass_sealed(std::uint64_t segment);
  [[nodiscard]] BlockFault check_open_block(SegmentBytes& bytes);
  Result<void> read_tail(std::uint64_t segment);
  Result<void> read_previous(std::uint64_t segment);
  BlockFault read_blocks(SegmentBytes& bytes, BlockScanner& scanner);
  void judge(SegmentBytes& bytes, BlockFault fault);
  void judge_seal_page(SegmentBytes& bytes);
  void overlook_evidence(std::uint64_t segment_bytes);
  void look_behind(SegmentBytes& bytes, std::uint64_t from, std::uint64_t to);
  Result<void> look_at_spares();
  bool is_later_block(std::span<const std::byte> page, std::uint64_t segment, std::uint64_t offset);
  void damaged_for_certain(const std::string& path, std::uint64_t offset, BlockFault fault);
  void describe_block(std::span<const std::byte> page);
  Result<SegmentBytes> bytes_of_segment(std::uint64_t segment) {
    auto bytes = SegmentBytes::read_directly(disk_, segment_path(directory_, segment), control_.block_bytes_max);
    if (bytes) bytes->tell_errors_to(read_error_);
    return bytes;
  }

  io::Disk& disk_;
  const std::string& directory_;
  const ControlSlot& control_;
  BlockChecker checker_;
  std::vector<std::uint64_t> numbers_;
  Position position_;  // behind the last sealed segment
  Survey found_;
  ReadError read_error_;
  bool decided_ = false;
  // Of read_blocks: the segment's first blocks.
  bool only_open_ = true;  // none of another kind
};

Result<Survey> Surveyor::run() {
  auto numbers = list_segments(disk_, directory_, control_.oldest_segment);
  if (!numbers) return std::move(numbers).error();
  numbers_ = std::move(*numbers);
  found_.segments = numbers_.size();
  found_.durable_sequence = control_.durable_sequence;
  auto beginning = position_of_beginning(disk_, directory_, control_, checker_);
  if (!beginning && beginning.error().code == ErrorCode::corrupt) {
    found_.last.segment = control_.oldest_segment;
    damaged_for_certain(segment_path(directory_, control_.oldest_segment), 0, BlockFault::unreadable);
    read_error_ = {EIO, found_.path};
    return std::move(found_);
  }
  if (!beginning) return std::move(beginning).error();
  found_.last = position_ = *beginning;
  if (control_.epoch == 0 && numbers_.empty()) return std::move(found_);
  if (!numbers_hold()) {
    found_.seen.segments = Observation::Segments::gap;
    found_.path = segment_path(directory_, first_missing());
    return std::move(found_);
  }
  for (const std::uint64_t segment : numbers_) {
    auto sealed = pass_sealed(segment);
    if (!sealed) return std::move(sealed).error();
    if (decided_) return std::move(found_);
    if (*sealed) continue;
    if (auto read = read_tail(segment); !read) return read.error();
    if (!decided_) {
      if (auto looked = look_at_spares(); !looked) return looked.error();
    }
    return std::move(found_);
  }
  // The last one is sealed: its successor existed before that, and is gone.
  found_.seen.segments = Observation::Segments::gap;
  found_.detail = fmt::format("segment {} is sealed, so segment {} existed before that", numbers_.back(), numbers_.back() + 1);
  return std::move(found_);
}

bool Surveyor::numbers_hold() const {
  if (numbers_.empty() || numbers_.front() != control_.oldest_segment || numbers_.back() < control_.durable_segment) return false;
  return numbers_.back() - numbers_.front() + 1 == numbers_.size();
}

// REQUIRES: numbers_hold() is false.
std::uint64_t Surveyor::first_missing() const {
  std::uint64_t expected = control_.oldest_segment;
  for (const std::uint64_t segment : numbers_) {
    if (segment != expected) break;
    ++expected;
  }
  return expected;
}

// True: sealed, whole at both ends, and continues the one before it. False: not sealed; the tail of the journal.
Result<bool> Surveyor::pass_sealed(std::uint64_t segment) {
  auto bytes = bytes_of_segment(segment);
  if (!bytes) return std::move(bytes).error();
  found_.path = bytes->path();
  if (bytes->size() % page_bytes != 0 || bytes->size() < 2 * std::uint64_t{page_bytes}) {
    found_.seen.segments = Observation::Segments::cut;
    found_.detail = fmt::format("it has {} bytes", bytes->size());
    decided_ = true;
    return false;
  }
  BlockView seal;
  const std::uint64_t seal_offset = bytes->size() - page_bytes;
  const BlockFault fault = load_block(checker_, *bytes, segment, seal_offset, seal);
  if (fault != BlockFault::none || seal.header.kind != BlockKind::segment_seal) return false;
  const BlockHeader seal_header = seal.header;
  const BlockFault open_fault = check_open_block(*bytes);
  if (decided_) return false;
  if (open_fault != BlockFault::none) {
    damaged_for_certain(bytes->path(), 0, open_fault);
    return false;
  }
  if (seal_header.epoch > control_.epoch) {
    damaged_for_certain(bytes->path(), seal_offset, BlockFault::nonce);
    return false;
  }
  position_ = {.segment = segment + 1, .offset = 0, .block = seal_header.block, .next_sequence = seal_header.first_sequence,
               .epoch = seal_header.epoch, .chain = seal_header.chain};
  found_.last = position_;
  return true;
}

// That the first block of a sealed segment continues the segment before it.
BlockFault Surveyor::check_open_block(SegmentBytes& bytes) {
  BlockView open;
  if (const BlockFault fault = load_block(checker_, bytes, position_.segment, 0, open); fault != BlockFault::none) return fault;
  if (const BlockFault fault = checker_.check_order(open.bytes, position_); fault != BlockFault::none) return fault;
  Position before;
  if (!position_before(open, before)) return BlockFault::records;
  SegmentMark mark;
  (void)load_payload((*open.records().begin()).payload(), mark);
  if (mark.segment_bytes == bytes.size()) return BlockFault::none;
  found_.seen.segments = Observation::Segments::cut;
  found_.detail = fmt::format("it has {} bytes and was made with {}", bytes.size(), mark.segment_bytes);
  decided_ = true;
  return BlockFault::none;
}

// Damage in a segment that is sealed: everything in it was durable.
void Surveyor::damaged_for_certain(const std::string& path, std::uint64_t offset, BlockFault fault) {
  found_.path = path;
  found_.offset = offset;
  found_.fault = fault;
  found_.seen.next = observed(fault);
  if (found_.seen.next == Next::zeros) found_.seen.behind = Behind::later_block;
  found_.seen.witness = Observation::Witness::durable;
  decided_ = true;
}

Result<void> Surveyor::read_tail(std::uint64_t segment) {
  auto bytes = bytes_of_segment(segment);
  if (!bytes) return std::move(bytes).error();
  BlockScanner scanner(checker_, position_, true);
  const BlockFault fault = read_blocks(*bytes, scanner);
  found_.last = scanner.position();
  found_.segment_bytes = bytes->size();
  found_.path = bytes->path();
  if (decided_) return {};
  judge(*bytes, fault);
  if (!only_open_ || segment == control_.oldest_segment) return {};
  const Catalogue repeated = found_.catalogue;
  const Time last_block_time = found_.last_block_time;
  if (auto read = read_previous(segment - 1); !read) return read;
  // By what they say: crash after crash may have cut off a copy each, and the beginnings of two count as many records as a whole one.
  found_.opening = !repeated.repeats(found_.catalogue);
  if (found_.last.offset > 0) found_.last_block_time = last_block_time;
  return {};
}

// The catalogue of a journal whose last segment has no more than OPEN blocks, of which some may be missing, stands in the one before it.
Result<void> Surveyor::read_previous(std::uint64_t segment) {
  auto bytes = bytes_of_segment(segment);
  if (!bytes) return std::move(bytes).error();
  BlockView open;
  Position before;
  if (load_block(checker_, *bytes, segment, 0, open) != BlockFault::none || !position_before(open, before)) return {};
  BlockScanner scanner(checker_, before, true);
  const BlockFault fault = read_blocks(*bytes, scanner);
  BlockView seal;
  if (decided_) return {};
  if (fault != BlockFault::zeros) {
    damaged_for_certain(bytes->path(), scanner.position().offset, fault);
  } else if (const BlockFault seal_fault = scanner.next_seal(*bytes, seal); seal_fault != BlockFault::none) {
    // The seal is whole in itself: what it continues is not what stands there.
    damaged_for_certain(bytes->path(), scanner.position().offset, BlockFault::zeros);
  }
  return {};
}

BlockFault Surveyor::read_blocks(SegmentBytes& bytes, BlockScanner& scanner) {
  BlockView block;
  BlockFault fault;
  while ((fault = scanner.next(bytes, block)) == BlockFault::none) {
    if (block.header.epoch > control_.epoch) {  // CONTROL is durable before the first block of an epoch is written
      damaged_for_certain(bytes.path(), block.header.offset, BlockFault::nonce);
      return BlockFault::nonce;
    }
    for (const Record record : block.records()) found_.catalogue.apply(record);
    found_.last_block_time = block.header.time;
    found_.last_body_hash = block.header.body_hash_algorithm;
    only_open_ = only_open_ && block.header.kind == BlockKind::segment_open;
    if (block.header.offset == 0) {
      SegmentMark mark;
      Position before;
      if (!position_before(block, before) || !load_payload((*block.records().begin()).payload(), mark)) return BlockFault::records;
      if (mark.segment_bytes != bytes.size()) {
        found_.seen.segments = Observation::Segments::cut;
        found_.detail = fmt::format("it has {} bytes and was made with {}", bytes.size(), mark.segment_bytes);
        decided_ = true;
        return fault;
      }
    }
    if (block.header.block == control_.durable_block && block.header.chain != control_.durable_chain) {
      damaged_for_certain(bytes.path(), block.header.offset, BlockFault::chain);
      return fault;
    }
  }
  return fault;
}

// The place where the next block is due: [X, X + window) in the data area, or the seal's page. One of them may have been in flight.
void Surveyor::judge(SegmentBytes& bytes, BlockFault fault) {
  const std::uint64_t from = found_.last.offset;
  const std::uint64_t data_end = bytes.size() - page_bytes;
  found_.offset = from;
  found_.fault = fault;
  found_.seen.next = observed(fault);
  found_.seen.writes = control_.epoch_durability == static_cast<std::uint32_t>(Durability::os) ? Observation::Writes::unsynced
                                                                                               : Observation::Writes::synced;
  const std::uint64_t due = found_.last.block + 1;
  if (control_.durable_block >= due) found_.seen.witness = Observation::Witness::durable;
  std::uint64_t window = std::min<std::uint64_t>(control_.block_bytes_max, data_end - std::min(from, data_end));
  bool header_holds = false;
  if (const auto page = from < data_end ? bytes.at(from, page_bytes) : std::span<const std::byte>{}; !page.empty()) {
    describe_block(page);
    header_holds = checker_.check_header(page, found_.last.segment, from) == BlockFault::none;
    if (header_holds) window = std::min<std::uint64_t>(window, load_header(page).total_bytes);
    // Whole, in order, and yet wrong inside: no crash writes that.
    if (fault == BlockFault::records || fault == BlockFault::body_hash) found_.seen.witness = Observation::Witness::durable;
    // An epoch that CONTROL does know: then the nonce itself is damaged, in a header whose CRC was made for it.
    if (fault == BlockFault::nonce && load_header(page).epoch <= control_.epoch) found_.seen.next = Next::damaged;
  }
  // What stands inside the window belongs to the block, unless its header does not say so.
  bool any_bytes = fault != BlockFault::zeros;
  for (std::uint64_t at = from; at < from + window; at += page_bytes) {
    const auto page = bytes.at(at, page_bytes);
    any_bytes |= page.empty() || !all_zero(page);
    if (!header_holds && !page.empty() && is_later_block(page, found_.last.segment, at)) found_.seen.behind = Behind::later_block;
  }
  if (any_bytes && found_.seen.next == Next::zeros) found_.seen.next = Next::damaged;
  if (any_bytes) found_.torn.push_back({found_.last.segment, from, window});
  look_behind(bytes, from + window, data_end);
  judge_seal_page(bytes);
  const bool anything = !found_.torn.empty() || found_.seen.behind != Behind::zeros;
  if (found_.seen.writes == Observation::Writes::unsynced && anything) found_.torn = {{found_.last.segment, from, bytes.size() - from}};
  if (planted(Bug::truncate_on_any_damage)) overlook_evidence(bytes.size());
  if (planted(Bug::zero_sector_is_torn) && has_zero_sector(bytes.at(from, page_bytes))) overlook_evidence(bytes.size());
  if (planted(Bug::later_blocks_ignored) && control_.durable_block < due) overlook_evidence(bytes.size());
}

// A start that believes that whatever is damaged at the end was never acked.
void Surveyor::overlook_evidence(std::uint64_t segment_bytes) {
  found_.seen.witness = Observation::Witness::none;
  found_.seen.behind = Behind::zeros;
  if (found_.seen.next != Next::zeros) found_.torn = {{found_.last.segment, found_.last.offset, segment_bytes - found_.last.offset}};
}

void Surveyor::judge_seal_page(SegmentBytes& bytes) {
  const std::uint64_t at = bytes.size() - page_bytes;
  const auto page = bytes.at(at, page_bytes);
  if (!page.empty() && all_zero(page)) return;
  if (found_.torn.empty() && found_.seen.next == Next::zeros) {
    // The seal itself was in flight.
    found_.seen.next = Next::damaged;
    found_.offset = at;
    found_.torn.push_back({found_.last.segment, at, page_bytes});
  } else if (!page.empty() && is_later_block(page, found_.last.segment, at)) {
    found_.seen.behind = Behind::later_block;
  } else if (found_.seen.behind == Behind::zeros) {
    found_.seen.behind = Behind::residue;
  }
}

void Surveyor::look_behind(SegmentBytes& bytes, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t at = from; at < to; at += page_bytes) {
    const auto page = bytes.at(at, page_bytes);
    if (!page.empty() && all_zero(page)) continue;
    if (!page.empty() && is_later_block(page, found_.last.segment, at)) {
      found_.seen.behind = Behind::later_block;
      return;
    }
    if (found_.seen.behind == Behind::zeros) found_.seen.behind = Behind::residue;
  }
}

// Segments behind the tail. Nothing is written there before the tail is sealed, so bytes that are no block are rot in an unused
// file: it is made anew. A block is evidence.
Result<void> Surveyor::look_at_spares() {
  for (const std::uint64_t segment : numbers_) {
    if (segment <= found_.last.segment) continue;
    auto bytes = bytes_of_segment(segment);
    if (!bytes) return std::move(bytes).error();
    Spare spare{segment, bytes->size(), bytes->size() % page_bytes == 0};
    for (std::uint64_t at = 0; at + page_bytes <= bytes->size(); at += page_bytes) {
      const auto page = bytes->at(at, page_bytes);
      if (!page.empty() && all_zero(page)) continue;
      spare.zero = false;
      if (!page.empty() && is_later_block(page, segment, at)) found_.seen.behind = Behind::later_block;
    }
    found_.spares.push_back(spare);
  }
  return {};
}

// The header alone is proof: it was submitted after the block that is due had become durable.
bool Surveyor::is_later_block(std::span<const std::byte> page, std::uint64_t segment, std::uint64_t offset) {
  if (load_header(page).magic != block_magic || checker_.check_header(page, segment, offset) != BlockFault::none) return false;
  const BlockHeader header = load_header(page);
  if (header.block <= found_.last.block + 1 || !may_be_evidence(header, control_)) return false;
  if (header.durable_block > found_.last.block) found_.seen.witness = Observation::Witness::durable;
  if (!found_.later_sequence || header.first_sequence < *found_.later_sequence) found_.later_sequence = header.first_sequence;
  return true;
}

void Surveyor::describe_block(std::span<const std::byte> page) {
  const BlockHeader header = load_header(page);
  if (header.magic != block_magic || found_.fault == BlockFault::header) return;
  found_.detail = fmt::format("it says: block {} of segment {}, offset {}, epoch {}, format {}", header.block, header.segment, header.offset,
                              header.epoch, header.version);
}

}  // namespace

Result<Observation::Directory> look_at_directory(io::Disk& disk, const std::string& directory) {
  using Directory = Observation::Directory;
  auto exists = disk.exists(directory);
  if (!exists) return std::move(exists).error();
  if (!*exists) return Directory::absent;
  auto names = disk.list(directory);
  if (!names) return std::move(names).error();
  std::erase(*names, "lost+found");  // of a file system of its own
  if (names->empty()) return Directory::empty;
  const auto has = [&](std::string_view name) { return std::find(names->begin(), names->end(), name) != names->end(); };
  if (has(control_name)) return Directory::journal;
  if (planted(Bug::lost_journal_begun_anew)) return Directory::unfinished;
  const bool only_own = std::all_of(names->begin(), names->end(), is_own_name);
  bool any_files = false;
  for (const std::string_view name : {segments_name, snapshots_name, quarantine_name}) {
    if (!has(name) || (!only_own && name != segments_name)) continue;
    auto files = disk.list(join(directory, std::string(name)));
    if (!files) return std::move(files).error();
    any_files |= !files->empty();
    if (std::any_of(files->begin(), files->end(), [](const std::string& file) { return segment_number(file).has_value(); })) return Directory::journal;
  }
  if (!only_own) return Directory::other;
  // The mark of a creation stands before anything else does, and goes in the moment in which CONTROL comes.
  return has(control_temporary_name) && !any_files ? Directory::unfinished : Directory::journal;
}

Result<Survey> survey(io::Disk& disk, const std::string& directory, const ControlSlot& control) {
  Surveyor surveyor(disk, directory, control);
  auto found = surveyor.run();
  if (!found || surveyor.read_error().number == 0) return found;
  // A read that failed once proves nothing: neither damage, nor that a block which cannot be read was never acked.
  Surveyor second(disk, directory, control);
  auto again = second.run();
  if (!again || second.read_error().number != 0) return again;
  return passing_read_error(surveyor.read_error());
}

Result<Survey> survey_beside_writer(io::Disk& disk, const std::string& directory, ControlSlot control) {
  auto found = survey(disk, directory, control);
  const auto goes_on = [&] { return found ? !may_start(classify(found->seen).label) : found.error().code == ErrorCode::not_found; };
  while (goes_on()) {
    // An engine may have been started since, or have retired what was to be read.
    const std::uint64_t oldest = control.oldest_segment;
    if (auto newer = read_control(disk, directory); newer && newer->state == ControlState::valid) control = newer->slot;
    const bool retired = control.oldest_segment > oldest;
    if (!found && !retired) break;
    auto again = survey(disk, directory, control);
    const bool stood_still = !retired && found && again && again->last.block == found->last.block;
    found = std::move(again);
    if (stood_still) break;
  }
  return found;
}

namespace {

// What CONTROL or a later block knows to have been durable and is not to be had. A newer release's blocks are whole.
std::string loss(const RecoveryRow& row, const Survey& survey) {
  if (row.label == Label::newer_format) return "nothing is lost";
  if (survey.seen.next == Next::unknown_epoch) return "what stands behind was written by later starts, and is not lost by this";
  const Sequence first = survey.last.next_sequence;
  const Sequence last = std::max(survey.durable_sequence, survey.later_sequence.value_or(first) - 1);
  if (last < first) return "which later inputs are lost cannot be told";
  return fmt::format("lost: sequences {} to {} ({} inputs), or more", first, last, last - first + 1);
}

std::string cure(const RecoveryRow& row, const Survey& survey, const std::string& directory) {
  if (row.label == Label::newer_format) return "Use the newer release.";
  const std::string repair = survey.last.block > 0 ? fmt::format(", or keep what is whole: `pawl journal repair {} --to NEW`", directory) : std::string();
  return fmt::format("`pawl journal verify {}` lists every defect; restore the directory from a copy of one moment{}.", directory, repair);
}

}  // namespace

std::string explain(const RecoveryRow& row, const Survey& survey, const std::string& directory) {
  const std::string where = survey.path.empty() ? directory : fmt::format("{} at offset {}", survey.path, survey.offset);
  std::string text = fmt::format("{}: {}: {}", name(row.label), where, row.why);
  if (survey.fault != BlockFault::zeros && error_code(row.label) == ErrorCode::corrupt) {
    text += fmt::format(" ({})", describe(survey.fault));
  }
  if (!survey.detail.empty()) text += fmt::format("; {}", survey.detail);
  return text + fmt::format(". The journal is whole up to block {}, sequence {}; {}. Nothing was changed. {}", survey.last.block, survey.last.next_sequence - 1, loss(row, survey), cure(row, survey, directory));
}

}  // namespace pawl::journal
