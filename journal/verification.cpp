// verify: every segment from its first page to its last, going on behind each defect.
#include <fmt/format.h>

#include <algorithm>

#include "pawl/journal/files.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/journal/recovery.hpp"

namespace pawl::journal {
namespace {

class Verifier {
 public:
  Verifier(io::Disk& disk, const std::string& directory, const ControlSlot& control, std::uint64_t until_block)
      : disk_(disk), directory_(directory), control_(control), until_block_(until_block),
        checker_({control.database, control.secret}, control.block_bytes_max) {}

  Result<Verification> run();

 private:
  Result<void> verify_segment(std::uint64_t segment, bool last_in_use);
  void enter(SegmentBytes& bytes, std::uint64_t segment);
  bool read_on(SegmentBytes& bytes);
  bool resume_behind(SegmentBytes& bytes, BlockFault fault);
  void check_end(SegmentBytes& bytes, bool sealed, bool last_in_use);
  void check_seal(SegmentBytes& bytes);
  void check_tail();
  void check_size(SegmentBytes& bytes, const BlockView& open);
  void account(const BlockView& block);
  void missing_segments(std::uint64_t from, std::uint64_t to);
  [[nodiscard]] bool is_used(std::uint64_t segment);
  Finding& report(Label label, const std::string& path, std::uint64_t offset, std::string_view what);

  io::Disk& disk_;
  const std::string& directory_;
  const ControlSlot& control_;
  std::uint64_t until_block_;
  BlockChecker checker_;
  std::optional<BlockScanner> scanner_;
  Position position_;      // behind the last whole block
  bool trusted_ = true;    // position_ is where the next block must continue; false behind a defect whose length is unknown
  Verification result_;
};

Finding& Verifier::report(Label label, const std::string& path, std::uint64_t offset, std::string_view what) {
  Finding finding;
  finding.label = label;
  finding.path = path;
  finding.offset = offset;
  finding.text = fmt::format("{}: {} at offset {}: {}", name(label), path, offset, what);
  result_.findings.push_back(std::move(finding));
  return result_.findings.back();
}

Result<Verification> Verifier::run() {
  auto numbers = list_segments(disk_, directory_);
  if (!numbers) return std::move(numbers).error();
  position_ = {.segment = control_.oldest_segment, .offset = 0, .block = 0, .next_sequence = 0, .epoch = 0,
               .chain = checker_.identity().first_chain(checker_.hasher())};
  std::uint64_t last_used = 0;
  for (const std::uint64_t segment : *numbers) {
    if (is_used(segment)) last_used = segment;
  }
  std::uint64_t expected = control_.oldest_segment;
  for (const std::uint64_t segment : *numbers) {
    if (segment < control_.oldest_segment) continue;
    if (segment != expected) missing_segments(expected, segment - 1);
    expected = segment + 1;
    ++result_.segments;
    if (segment > last_used) continue;
    if (auto verified = verify_segment(segment, segment == last_used); !verified) return verified.error();
  }
  if (control_.epoch > 0 && expected <= control_.durable_segment) missing_segments(expected, control_.durable_segment);
  if (until_block_ == 0) check_tail();
  result_.end = position_;
  return std::move(result_);
}

// Its first page is not all zeros: something was written. A segment that cannot be read counts as used.
bool Verifier::is_used(std::uint64_t segment) {
  auto bytes = SegmentBytes::read_directly(disk_, segment_path(directory_, segment), control_.block_bytes_max);
  if (!bytes || bytes->size() < page_bytes) return true;
  const auto page = bytes->at(0, page_bytes);
  return page.empty() || !all_zero(page);
}

void Verifier::missing_segments(std::uint64_t from, std::uint64_t to) {
  report(Label::missing, segment_path(directory_, from), 0,
         from == to ? fmt::format("segment {} is gone", from) : fmt::format("segments {} to {} are gone", from, to));
  trusted_ = false;
}

Result<void> Verifier::verify_segment(std::uint64_t segment, bool last_in_use) {
  bool sealed = false;
  auto bytes = open_segment(disk_, directory_, segment, checker_, sealed);
  if (!bytes) return bytes.error();
  if (bytes->size() < 2 * std::uint64_t{page_bytes}) {
    report(Label::corrupt, bytes->path(), 0, fmt::format("the file has only {} bytes", bytes->size()));
    trusted_ = false;
    return {};
  }
  enter(*bytes, segment);
  while (read_on(*bytes)) {
  }
  check_end(*bytes, sealed, last_in_use);
  return {};
}

// Where the segment starts: behind the one before, or, if that end is not known, where its own SEGMENT record says.
void Verifier::enter(SegmentBytes& bytes, std::uint64_t segment) {
  position_.segment = segment;
  position_.offset = 0;
  BlockView open;
  Position own;
  const bool has_own = load_block(checker_, bytes, segment, 0, open) == BlockFault::none && position_before(open, own);
  if (has_own) check_size(bytes, open);
  if (has_own && trusted_ && (own.block != position_.block || own.chain != position_.chain)) {
    report(Label::swapped, bytes.path(), 0,
           fmt::format("the segment continues block {}, but the one before it ends with block {} (or another chain)", own.block, position_.block));
  }
  if (has_own) position_ = own;
  trusted_ = true;
  scanner_.emplace(checker_, position_, true);
}

void Verifier::check_size(SegmentBytes& bytes, const BlockView& open) {
  SegmentMark mark;
  (void)load_payload((*open.records().begin()).payload(), mark);
  if (mark.segment_bytes != bytes.size()) {
    report(Label::corrupt, bytes.path(), bytes.size(), fmt::format("the file has {} bytes and was made with {}", bytes.size(), mark.segment_bytes));
  }
}

void Verifier::account(const BlockView& block) {
  ++result_.blocks;
  result_.records += block.header.records;
  result_.inputs += block.header.inputs;
  result_.bytes += block.header.total_bytes;
}

// One block, or one defect. False at the end of the segment's data.
bool Verifier::read_on(SegmentBytes& bytes) {
  BlockView block;
  const BlockFault fault = scanner_->next(bytes, block);
  if (fault == BlockFault::none) account(block);
  position_ = scanner_->position();
  if (fault == BlockFault::none) return until_block_ == 0 || block.header.block < until_block_;
  return resume_behind(bytes, fault);
}

// Looks for the next whole block of this segment, and reports what lies between. False: there is none.
bool Verifier::resume_behind(SegmentBytes& bytes, BlockFault fault) {
  const std::uint64_t from = position_.offset;
  for (std::uint64_t at = from; at + page_bytes < bytes.size(); at += page_bytes) {
    BlockView block;
    if (load_block(checker_, bytes, position_.segment, at, block) != BlockFault::none) continue;
    if (checker_.check_records(block.bytes, true) != BlockFault::none) continue;
    Finding& finding = report(fault == BlockFault::place ? Label::misdirected : Label::corrupt, bytes.path(), from, describe(fault));
    const BlockHeader header = block.header;
    finding.bytes = at - from;
    finding.first_block = position_.block + 1;
    finding.last_block = header.block - 1;
    finding.first_sequence = position_.next_sequence;
    finding.last_sequence = header.first_sequence - 1;
    if (at == from) finding.text += fmt::format(": block {} does not continue block {}", header.block, position_.block);
    finding.text += fmt::format("; {} bytes, blocks {} to {}, sequences {} to {}", finding.bytes, finding.first_block, finding.last_block,
                                finding.first_sequence, finding.last_sequence);
    account(block);
    position_ = {.segment = position_.segment, .offset = at + header.total_bytes, .block = header.block,
                 .next_sequence = header.first_sequence + header.inputs, .epoch = header.epoch, .chain = header.chain};
    scanner_.emplace(checker_, position_, true);
    return true;
  }
  return false;
}

// Between the last block and the seal's page there are zeros, and a segment with a successor in use is sealed.
void Verifier::check_end(SegmentBytes& bytes, bool sealed, bool last_in_use) {
  if (sealed) {
    check_seal(bytes);
  } else if (!last_in_use) {
    report(Label::corrupt, bytes.path(), bytes.size() - page_bytes, "the seal is damaged, although a later segment is in use");
    trusted_ = false;
  }
  if (!sealed) return;
  const std::uint64_t data_end = bytes.size() - page_bytes;
  for (std::uint64_t at = position_.offset; at < data_end; at += page_bytes) {
    const auto page = bytes.at(at, page_bytes);
    if (!page.empty() && all_zero(page)) continue;
    Finding& finding = report(Label::corrupt, bytes.path(), at, "bytes behind the last block of a sealed segment, where zeros belong");
    finding.bytes = data_end - at;
    return;
  }
}

void Verifier::check_seal(SegmentBytes& bytes) {
  BlockView seal;
  const std::uint64_t from = position_.offset;
  const BlockFault fault = scanner_->next_seal(bytes, seal);
  if (fault == BlockFault::none) {
    account(seal);
    const std::uint64_t offset = position_.offset;
    position_ = scanner_->position();
    position_.offset = offset;
    return;
  }
  // The seal is whole in itself (or the segment would not count as sealed): blocks are gone before it.
  if (load_block(checker_, bytes, position_.segment, bytes.size() - page_bytes, seal) != BlockFault::none) return;
  Finding& finding = report(Label::corrupt, bytes.path(), from, "blocks are gone or damaged before the end of a sealed segment");
  finding.bytes = bytes.size() - page_bytes - from;
  finding.first_block = position_.block + 1;
  finding.last_block = seal.header.block - 1;
  finding.first_sequence = position_.next_sequence;
  finding.last_sequence = seal.header.first_sequence - 1;
  finding.text += fmt::format("; blocks {} to {}, sequences {} to {}", finding.first_block, finding.last_block, finding.first_sequence,
                              finding.last_sequence);
  position_.block = seal.header.block;
  position_.next_sequence = seal.header.first_sequence;
  position_.chain = seal.header.chain;
  account(seal);
}

// The end of the journal, as a start of the engine would judge it.
void Verifier::check_tail() {
  auto found = survey(disk_, directory_, control_);
  if (!found) {
    report(Label::corrupt, directory_, 0, found.error().text);
    return;
  }
  const RecoveryRow& row = classify(found->seen);
  if (row.label == Label::end) return;
  if (row.label == Label::torn) {
    Finding& finding = report(row.label, found->path, found->offset, row.why);
    finding.is_damage = false;
    finding.text += "; or it is being written just now";
    for (const TornRange& torn : found->torn) finding.bytes += torn.bytes;
    return;
  }
  const bool known = std::any_of(result_.findings.begin(), result_.findings.end(), [&](const Finding& finding) {
    return finding.is_damage && (finding.path == found->path || row.label == Label::missing);
  });
  if (known) return;
  report(row.label, found->path, found->offset, row.why).text = explain(row, *found, directory_);
}

}  // namespace

bool Verification::whole() const noexcept {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.is_damage; });
}

Result<Verification> verify(const std::string& directory, io::Disk& disk, std::uint64_t until_block) {
  std::vector<std::string> notes;
  auto control = read_identity(disk, directory, notes);
  if (!control) return std::move(control).error();
  auto verification = Verifier(disk, directory, *control, until_block).run();
  if (!verification) return verification;
  for (const std::string& note : notes) {
    Finding finding;
    finding.is_damage = false;
    finding.path = control_path(directory);
    finding.text = note;
    verification->findings.push_back(std::move(finding));
  }
  return verification;
}

}  // namespace pawl::journal
