// verify: every segment from its first page to its last, going on behind each defect. Segments say themselves where they start, so they
// are read in parallel; what lies between them is judged afterwards, in their order.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "pawl/io/thread.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/journal/quarantine.hpp"
#include "pawl/journal/recovery.hpp"

namespace pawl::journal {
namespace {

struct SegmentResult {
  std::optional<Position> own;  // before its first block, by its own SEGMENT record
  bool was_read = false;        // false: it does not say where it starts, and nobody has told
  Position end;                 // behind its last whole block, or its seal
  bool end_known = true;        // the next segment must continue `end`
  std::optional<Position> due;  // behind the last block that later headers prove to have been durable, if it is not whole
  Verification part;
};

Finding& add(std::vector<Finding>& findings, Label label, const std::string& path, std::uint64_t offset, std::string_view what) {
  Finding finding;
  finding.label = label;
  finding.path = path;
  finding.offset = offset;
  finding.what = what;
  findings.push_back(std::move(finding));
  return findings.back();
}

// What lies between two positions is gone.
void set_lost(Finding& finding, const Position& from, std::uint64_t next_block, Sequence next_sequence) {
  finding.first_block = from.block + 1;
  finding.last_block = next_block - 1;
  finding.first_sequence = from.next_sequence;
  finding.last_sequence = next_sequence - 1;
}

// One segment at work. Thread: one.
class SegmentVerifier {
 public:
  SegmentVerifier(io::Disk& disk, const std::string& directory, const ControlSlot& control, std::uint64_t segment, bool last_in_use)
      : disk_(disk), path_(segment_path(directory, segment)), segment_(segment), last_in_use_(last_in_use),
        control_(control), checker_({control.database, control.secret}, control.block_bytes_max) {}

  // `before`: where the segment before it ended, if that is known.
  Result<SegmentResult> run(const Position* before);

 private:
  [[nodiscard]] std::vector<Finding>& findings() noexcept { return result_.part.findings; }
  [[nodiscard]] bool is_sealed(SegmentBytes& bytes);
  void find_start(SegmentBytes& bytes);
  bool read_on(SegmentBytes& bytes);
  bool resume_behind(SegmentBytes& bytes, BlockFault fault);
  bool read_again_if_due(SegmentBytes& bytes);
  void check_end(SegmentBytes& bytes);
  void check_seal(SegmentBytes& bytes);
  void account(const BlockView& block);

  io::Disk& disk_;
  std::string path_;
  std::uint64_t segment_;
  bool last_in_use_;
  const ControlSlot& control_;
  BlockChecker checker_;
  bool sealed_ = false;
  std::optional<BlockScanner> scanner_;
  Position position_;  // behind the last whole block
  SegmentResult result_;
};

Result<SegmentResult> SegmentVerifier::run(const Position* before) {
  // From the device: a page cache would hide what has rotted since it was filled.
  auto bytes = SegmentBytes::read_directly(disk_, path_, checker_.block_bytes_max());
  if (!bytes) return bytes.error();
  if (bytes->size() < 2 * std::uint64_t{page_bytes}) {
    add(findings(), Label::corrupt, path_, 0, fmt::format("the file has only {} bytes", bytes->size()));
    result_.was_read = true;
    result_.end_known = false;
    return std::move(result_);
  }
  find_start(*bytes);
  if (!result_.own && before == nullptr) return std::move(result_);
  position_ = result_.own ? *result_.own : *before;
  position_.segment = segment_;
  position_.offset = 0;
  result_.was_read = true;
  scanner_.emplace(checker_, position_, true);
  sealed_ = is_sealed(*bytes);
  bytes->forget();
  while (read_on(*bytes)) {
  }
  check_end(*bytes);
  result_.end = position_;
  return std::move(result_);
}

bool SegmentVerifier::is_sealed(SegmentBytes& bytes) {
  BlockView seal;
  return load_block(checker_, bytes, segment_, bytes.size() - page_bytes, seal) == BlockFault::none && seal.header.kind == BlockKind::segment_seal;
}

// By its own SEGMENT record, which also tells its size.
void SegmentVerifier::find_start(SegmentBytes& bytes) {
  BlockView open;
  Position own;
  if (load_block(checker_, bytes, segment_, 0, open) != BlockFault::none || !position_before(open, own)) return;
  result_.own = own;
  SegmentMark mark;
  (void)load_payload((*open.records().begin()).payload(), mark);
  if (mark.segment_bytes != bytes.size()) {
    add(findings(), Label::corrupt, path_, bytes.size(), fmt::format("the file has {} bytes and was made with {}", bytes.size(), mark.segment_bytes));
  }
}

void SegmentVerifier::account(const BlockView& block) {
  ++result_.part.blocks;
  result_.part.records += block.header.records;
  result_.part.inputs += block.header.inputs;
  result_.part.bytes += block.header.total_bytes;
}

// One block, or one defect. False at the end of the segment's data.
bool SegmentVerifier::read_on(SegmentBytes& bytes) {
  BlockView block;
  const BlockFault fault = scanner_->next(bytes, block);
  if (fault == BlockFault::none) account(block);
  position_ = scanner_->position();
  return fault == BlockFault::none || resume_behind(bytes, fault);
}

// Looks for the next whole block of this segment, and reports what lies between. False: there is none.
bool SegmentVerifier::resume_behind(SegmentBytes& bytes, BlockFault fault) {
  const std::uint64_t from = position_.offset;
  for (std::uint64_t at = from; at + page_bytes < bytes.size(); at += page_bytes) {
    BlockView block;
    if (load_block(checker_, bytes, segment_, at, block) != BlockFault::none) continue;
    if (checker_.check_records(block.bytes, true) != BlockFault::none) continue;
    // A live engine has gone on: with a later block on the device, the one here must be whole by now.
    if (!sealed_) {
      bytes.forget();
      BlockView again;
      if (scanner_->next(bytes, again) == BlockFault::none) {
        account(again);
        position_ = scanner_->position();
        return true;
      }
      if (load_block(checker_, bytes, segment_, at, block) != BlockFault::none) return false;
    }
    const BlockHeader header = block.header;
    Finding& finding = add(findings(), fault == BlockFault::place ? Label::misdirected : Label::corrupt, path_, from, describe(fault));
    finding.bytes = at - from;
    set_lost(finding, position_, header.block, header.first_sequence);
    if (at == from) finding.what += fmt::format(": block {} does not continue block {}", header.block, position_.block);
    account(block);
    position_ = {.segment = segment_, .offset = at + header.total_bytes, .block = header.block,
                 .next_sequence = header.first_sequence + header.inputs, .epoch = header.epoch, .chain = header.chain};
    scanner_.emplace(checker_, position_, true);
    return true;
  }
  return !sealed_ && read_again_if_due(bytes);
}

// No whole block follows, but a header may: it was submitted after the block that belongs here had become durable, if it says so. False: that
// block is not whole even when read after such a header.
bool SegmentVerifier::read_again_if_due(SegmentBytes& bytes) {
  std::optional<Position> due;
  for (std::uint64_t at = position_.offset; at + page_bytes < bytes.size(); at += page_bytes) {
    const auto page = bytes.at(at, page_bytes);
    if (page.empty() || load_header(page).magic != block_magic || checker_.check_header(page, segment_, at) != BlockFault::none) continue;
    const BlockHeader header = load_header(page);
    if (header.durable_block <= position_.block || !may_be_evidence(header, control_) || (due && header.block <= due->block)) continue;
    due = {.block = header.block - 1, .next_sequence = header.first_sequence};
  }
  if (!due) return false;
  bytes.forget();
  BlockView again;
  if (scanner_->next(bytes, again) != BlockFault::none) {
    result_.due = due;
    return false;
  }
  account(again);
  position_ = scanner_->position();
  return true;
}

// Between the last block and the seal's page there are zeros, and a segment with a successor in use is sealed.
void SegmentVerifier::check_end(SegmentBytes& bytes) {
  if (!sealed_) {
    if (last_in_use_) return;
    Finding& finding = add(findings(), Label::corrupt, path_, bytes.size() - page_bytes, "the seal is damaged, although a later segment is in use");
    finding.bytes = page_bytes;
    result_.end_known = false;
    return;
  }
  check_seal(bytes);
  const std::uint64_t data_end = bytes.size() - page_bytes;
  for (std::uint64_t at = position_.offset; at < data_end; at += page_bytes) {
    const auto page = bytes.at(at, page_bytes);
    if (!page.empty() && all_zero(page)) continue;
    Finding& finding = add(findings(), Label::corrupt, path_, at, "bytes behind the last block of a sealed segment, where zeros belong");
    finding.bytes = data_end - at;
    finding.first_sequence = position_.next_sequence;
    finding.last_sequence = position_.next_sequence - 1;
    return;
  }
}

void SegmentVerifier::check_seal(SegmentBytes& bytes) {
  BlockView seal;
  const std::uint64_t from = position_.offset;
  const BlockFault fault = scanner_->next_seal(bytes, seal);
  if (fault == BlockFault::none) {
    account(seal);
    position_ = scanner_->position();
    position_.offset = from;
    return;
  }
  // The seal is whole in itself (or the segment would not count as sealed): blocks are gone before it.
  if (load_block(checker_, bytes, segment_, bytes.size() - page_bytes, seal) != BlockFault::none) return;
  Finding& finding = add(findings(), Label::corrupt, path_, from, "blocks are gone or damaged before the end of a sealed segment");
  finding.bytes = bytes.size() - page_bytes - from;
  set_lost(finding, position_, seal.header.block, seal.header.first_sequence);
  position_.block = seal.header.block;
  position_.next_sequence = seal.header.first_sequence;
  position_.chain = seal.header.chain;
  account(seal);
}

// The whole journal: all segments, then what lies between them, then its end.
class Verifier {
 public:
  Verifier(io::Disk& disk, const std::string& directory, const ControlSlot& control, int threads)
      : disk_(disk), directory_(directory), control_(control), threads_(threads) {}

  Result<Verification> run();
  // As it was read, but for segments that were retired since.
  [[nodiscard]] const ControlSlot& control() const noexcept { return control_; }

 private:
  Result<void> list();
  Result<bool> is_used(std::uint64_t segment);
  Result<void> read_all();
  void pass_retired();
  Result<Position> beginning();
  void read_some(std::size_t first, std::size_t step);
  Result<void> join_all();
  void join(SegmentResult& segment);
  void missing_segments(std::uint64_t from, std::uint64_t to);
  void close_gap(const Position& next);
  Result<void> check_tail();
  Result<void> judge_as_a_start(const Position& due);
  Finding& report(Label label, const std::string& path, std::uint64_t offset, std::string_view what) {
    return add(verification_.findings, label, path, offset, what);
  }

  io::Disk& disk_;
  const std::string& directory_;
  ControlSlot control_;
  int threads_;
  std::vector<std::uint64_t> numbers_;  // of segments in use, ascending
  std::vector<std::optional<Result<SegmentResult>>> results_;
  Position position_;                   // behind the last whole block
  bool trusted_ = true;                 // position_ is where the next block must continue
  std::optional<std::size_t> gap_;      // the finding whose extent is known once the next segment is
  std::optional<Position> due_;         // as SegmentResult::due, of the last segment
  Verification verification_;
};

Result<Verification> Verifier::run() {
  for (bool again = true; again;) {
    if (auto listed = list(); !listed) return listed.error();
    const bool any = !numbers_.empty();
    if (auto read = read_all(); !read) return read.error();
    pass_retired();
    again = any && numbers_.empty();  // so slow, or so few kept, that nothing of what was listed is left
  }
  if (auto joined = join_all(); !joined) return joined.error();
  if (auto checked = check_tail(); !checked) return checked.error();
  verification_.end = position_;
  return std::move(verification_);
}

Result<void> Verifier::list() {
  auto numbers = list_segments(disk_, directory_, control_.oldest_segment);
  if (!numbers) return std::move(numbers).error();
  verification_.segments = numbers->size();
  while (!numbers->empty() && numbers->back() > control_.durable_segment) {
    auto used = is_used(numbers->back());
    if (!used) return std::move(used).error();
    if (*used) break;
    numbers->pop_back();
  }
  numbers_ = std::move(*numbers);
  results_.clear();
  results_.resize(numbers_.size());
  return {};
}

// Beside an engine with retention: a segment that was retired since CONTROL was read is part of the journal no more, whatever was read of it. Its file
// goes only after CONTROL says so.
void Verifier::pass_retired() {
  const auto now = read_control(disk_, directory_);
  if (!now || now->state != ControlState::valid || now->slot.oldest_segment <= control_.oldest_segment) return;
  control_.oldest_segment = now->slot.oldest_segment;
  const auto first = std::lower_bound(numbers_.begin(), numbers_.end(), control_.oldest_segment);
  const auto gone = first - numbers_.begin();
  verification_.segments -= static_cast<std::uint64_t>(gone);
  results_.erase(results_.begin(), results_.begin() + gone);
  numbers_.erase(numbers_.begin(), first);
}

// By the first segment as it was read: it may have been retired since.
Result<Position> Verifier::beginning() {
  const bool is_read = !numbers_.empty() && numbers_.front() == control_.oldest_segment && results_.front()->ok();
  if (is_read && control_.oldest_segment > 1 && (**results_.front()).own) return *(**results_.front()).own;
  BlockChecker checker({control_.database, control_.secret}, control_.block_bytes_max);
  return position_of_beginning(disk_, directory_, control_, checker);
}

// Its first page is not all zeros: something was written. One that is gone by now, or cannot be read, counts as used.
Result<bool> Verifier::is_used(std::uint64_t segment) {
  auto bytes = SegmentBytes::read_directly(disk_, segment_path(directory_, segment), control_.block_bytes_max);
  if (!bytes && bytes.error().code != ErrorCode::not_found) return std::move(bytes).error();
  if (!bytes || bytes->size() < page_bytes) return true;
  const auto page = bytes->at(0, page_bytes);
  return page.empty() || !all_zero(page);
}

// Each thread takes every so-many-th segment: they are of one size.
Result<void> Verifier::read_all() {
  const std::size_t workers = std::clamp<std::size_t>(static_cast<std::size_t>(std::max(threads_, 1)), 1, std::max<std::size_t>(numbers_.size(), 1));
  std::vector<io::Thread> others;
  for (std::size_t i = 1; i < workers; ++i) {
    auto thread = io::Thread::start({.name = "verify"}, [this, i, workers] { read_some(i, workers); });
    if (!thread) return std::move(thread).error();
    others.push_back(*std::move(thread));
  }
  read_some(0, workers);
  return {};
}

void Verifier::read_some(std::size_t first, std::size_t step) {
  for (std::size_t i = first; i < numbers_.size(); i += step) {
    results_[i] = SegmentVerifier(disk_, directory_, control_, numbers_[i], i + 1 == numbers_.size()).run(nullptr);
  }
}

Result<void> Verifier::join_all() {
  auto beginning = this->beginning();
  if (!beginning && beginning.error().code != ErrorCode::corrupt) return std::move(beginning).error();
  // If its first page cannot be read, the segment's own reading says so.
  trusted_ = beginning.ok();
  position_ = beginning ? *beginning : Position{.segment = control_.oldest_segment};
  verification_.begin = position_;
  std::uint64_t expected = control_.oldest_segment;
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    if (numbers_[i] != expected) missing_segments(expected, numbers_[i] - 1);
    expected = numbers_[i] + 1;
    Result<SegmentResult> result = std::move(*results_[i]);
    if (result && !result->was_read) result = SegmentVerifier(disk_, directory_, control_, numbers_[i], i + 1 == numbers_.size()).run(&position_);
    if (!result) return std::move(result).error();
    join(*result);
  }
  if (control_.epoch == 0 || expected > control_.durable_segment) return {};
  missing_segments(expected, control_.durable_segment);
  close_gap({.block = control_.durable_block, .next_sequence = control_.durable_sequence + 1});
  return {};
}

void Verifier::join(SegmentResult& segment) {
  if (segment.own) {
    const Position& own = *segment.own;
    if (gap_) close_gap(own);
    if (trusted_ && (own.block != position_.block || own.chain != position_.chain)) {
      report(Label::swapped, segment_path(directory_, own.segment), 0,
             fmt::format("the segment continues block {}, but the one before it ends with block {} (or another chain)", own.block, position_.block));
    }
    position_ = own;
  }
  Verification& part = segment.part;
  std::move(part.findings.begin(), part.findings.end(), std::back_inserter(verification_.findings));
  verification_.blocks += part.blocks;
  verification_.records += part.records;
  verification_.inputs += part.inputs;
  verification_.bytes += part.bytes;
  if (part.blocks > 0) position_ = segment.end;
  due_ = segment.due;
  trusted_ = segment.end_known;
  if (!trusted_) gap_ = verification_.findings.size() - 1;
}

void Verifier::missing_segments(std::uint64_t from, std::uint64_t to) {
  report(Label::missing, segment_path(directory_, from), 0,
         from == to ? fmt::format("segment {} is gone", from) : fmt::format("segments {} to {} are gone", from, to));
  trusted_ = false;
  gap_ = verification_.findings.size() - 1;
}

// What the last finding has cost, now that it is known where the journal goes on.
void Verifier::close_gap(const Position& next) {
  Finding& finding = verification_.findings[*gap_];
  if (next.block > position_.block) set_lost(finding, position_, next.block + 1, next.next_sequence);
  gap_.reset();
}

// The end of the journal: as a start of the engine would judge it, which looks no further than the first defect; then what was durable and
// is not there.
Result<void> Verifier::check_tail() {
  Position due{.block = control_.durable_block, .next_sequence = control_.durable_sequence + 1};
  if (due_ && due_->block > due.block) due = *due_;
  if (gap_) close_gap(due);
  if (auto judged = judge_as_a_start(due); !judged) return judged;
  const bool known = std::any_of(verification_.findings.begin(), verification_.findings.end(), [&](const Finding& finding) {
    return finding.is_damage && finding.first_block <= finding.last_block && finding.last_block >= due.block;
  });
  if (known || due.block <= position_.block) return {};
  const bool inside = !numbers_.empty() && numbers_.back() == position_.segment;
  const std::string path = numbers_.empty() ? directory_ : segment_path(directory_, numbers_.back());
  Finding& finding = report(Label::corrupt, path, inside ? position_.offset : 0, "blocks that were durable are damaged or gone at the end of the journal");
  set_lost(finding, position_, due.block + 1, due.next_sequence);
  return {};
}

Result<void> Verifier::judge_as_a_start(const Position& due) {
  auto found = survey_beside_writer(disk_, directory_, control_);
  if (!found) return std::move(found).error();
  const RecoveryRow& row = classify(found->seen);
  if (row.label == Label::end) return {};
  if (row.label == Label::torn) {
    Finding& finding = report(row.label, found->path, found->offset, fmt::format("{}; or it is being written just now", row.why));
    finding.is_damage = false;
    for (const TornRange& torn : found->torn) finding.bytes += torn.bytes;
    return {};
  }
  const bool known = std::any_of(verification_.findings.begin(), verification_.findings.end(), [&](const Finding& finding) {
    return finding.is_damage && (finding.path == found->path || row.label == Label::missing);
  });
  if (known) return {};
  Finding& finding = report(row.label, found->path.empty() ? directory_ : found->path, found->offset, row.why);
  if (row.label == Label::corrupt) finding.what += fmt::format(" ({})", describe(found->fault));
  if (!found->detail.empty()) finding.what += "; " + found->detail;
  if (due.block > position_.block) set_lost(finding, found->last, due.block + 1, due.next_sequence);
  if (due.block > position_.block || found->seen.next != Observation::Next::unknown_epoch) return {};
  // An older CONTROL beside newer segments: all that was read here is whole, and stands behind it.
  finding.what += fmt::format("; every block up to {} is whole", position_.block);
  set_lost(finding, position_, position_.block + 1, position_.next_sequence);
  return {};
}

std::string loss_text(const Finding& finding) {
  if (!finding.is_damage) return "nothing that was acked is lost";
  if (finding.first_sequence == no_sequence) return "lost: unknown";
  const std::string blocks = finding.last_block >= finding.first_block ? fmt::format("blocks {} to {}, ", finding.first_block, finding.last_block) : std::string();
  if (finding.last_sequence < finding.first_sequence) return fmt::format("lost: {}no inputs", blocks);
  return fmt::format("lost: {}sequences {} to {} ({} inputs)", blocks, finding.first_sequence, finding.last_sequence,
                     finding.last_sequence - finding.first_sequence + 1);
}

// The first block of all is whole: a repair has something to keep.
bool first_block_holds(io::Disk& disk, const std::string& directory, const ControlSlot& control) {
  BlockChecker checker({control.database, control.secret}, control.block_bytes_max);
  auto bytes = SegmentBytes::read_directly(disk, segment_path(directory, control.oldest_segment), control.block_bytes_max);
  if (!bytes) return false;
  const auto beginning = position_of_beginning(disk, directory, control, checker);
  if (!beginning) return false;
  BlockScanner scanner(checker, *beginning, true);
  BlockView block;
  return scanner.next(*bytes, block) == BlockFault::none;
}

std::string cure_text(const Finding& finding, const std::string& directory, bool keeps_any) {
  if (finding.label == Label::newer_format) return "use the release that wrote it";
  if (finding.is_damage && !keeps_any) return "restore the directory from a copy of one moment: nothing stands before the damage that a repair could keep";
  if (finding.is_damage) return fmt::format("restore it from a copy of the same moment; or keep what stands before it: pawl journal repair {} --to NEW", directory);
  return finding.label == Label::torn ? "the next start of the engine drops it to quarantine/" : "the next start of the engine writes it anew";
}

// What was dropped was never acked, but somebody may want to look at it.
Result<void> verify_quarantine(Verification& verification, const std::string& directory, io::Disk& disk, const ControlSlot& control) {
  const auto files = inspect_quarantine(disk, directory, control);
  if (!files) return files.error();
  for (const QuarantineFile& file : *files) {
    if (file.state != QuarantineFile::State::changed && file.state != QuarantineFile::State::unreadable) continue;
    const bool changed = file.state == QuarantineFile::State::changed;
    Finding& finding = add(verification.findings, Label::corrupt, file.path, 0, changed ? "it is not what a recovery dropped: the journal has another hash" : file.error);
    finding.in_quarantine = true;
    finding.bytes = file.bytes;
    finding.loss = "nothing that was acked is lost";
    finding.cure = "restore it from a copy, or remove it: the journal needs it no more";
  }
  return {};
}

void describe_all(Verification& verification, const std::string& directory, bool keeps_any) {
  for (Finding& finding : verification.findings) {
    if (finding.loss.empty()) finding.loss = loss_text(finding);
    if (finding.cure.empty()) finding.cure = cure_text(finding, directory, keeps_any);
    finding.text = fmt::format("{}: {} at offset {}: {}{}; {}; {}", name(finding.label), finding.path, finding.offset, finding.what,
                               finding.bytes > 0 ? fmt::format("; {} bytes", finding.bytes) : std::string(), finding.loss, finding.cure);
  }
}

}  // namespace

bool Verification::whole() const noexcept {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.is_damage; });
}

bool Verification::log_whole() const noexcept {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.is_damage && !finding.in_quarantine; });
}

Result<Verification> verify(const std::string& directory, io::Disk& disk, int threads) {
  std::vector<std::string> notes;
  auto control = read_identity(disk, directory, notes);
  if (!control) return std::move(control).error();
  Verifier verifier(disk, directory, *control, threads);
  auto verification = verifier.run();
  if (!verification) return verification;
  for (const std::string& note : notes) add(verification->findings, Label::end, control_path(directory), 0, note).is_damage = false;
  const bool is_whole = verification->whole();
  if (auto kept = verify_quarantine(*verification, directory, disk, verifier.control()); !kept) return std::move(kept).error();
  describe_all(*verification, directory, is_whole || first_block_holds(disk, directory, verifier.control()));
  return verification;
}

}  // namespace pawl::journal
