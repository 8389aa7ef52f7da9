#include "pawl/journal/receipt.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/base/planted.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/reader.hpp"

namespace pawl::journal {
namespace {

constexpr std::string_view prefix = "pawl1";

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

template <class Number>
bool parse_number(std::string_view text, Number& number, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc{} && end == text.data() + text.size();
}

bool parse_hex(std::string_view text, std::span<std::byte> into) {
  if (text.size() != 2 * into.size()) return false;
  for (std::size_t i = 0; i < into.size(); ++i) {
    std::uint8_t byte = 0;
    if (!parse_number(text.substr(2 * i, 2), byte, 16)) return false;
    into[i] = std::byte{byte};
  }
  return true;
}

std::uint32_t checksum(std::string_view text) { return crc32c(std::as_bytes(std::span(text))); }

// What stands where the receipt's block belongs.
struct Seen {
  std::uint64_t last_block = 0;      // that could be reached
  Sequence last_sequence = no_sequence;
  std::optional<Receipt> at_block;   // chain and sequence there
  bool ends = false;                 // zeros follow, and no later segment is in use
  std::string gap;                   // what is wrong with the segments before it, by both their ends; empty: nothing
};

// From the segment in which the journal begins up to `last`: each is there, and continues the one before it. Empty, or what does not hold.
std::string find_gap(const JournalReader& reader, const Position& begin, std::span<const SegmentSummary> segments, std::uint64_t last) {
  Position due = begin;
  for (const SegmentSummary& segment : segments) {
    if (due.segment > last) break;
    const std::string path = segment_path(reader.directory(), due.segment);
    if (segment.number != due.segment) return fmt::format("{} is gone", path);
    if (!segment.opened) return fmt::format("{} is damaged at its beginning", path);
    if (segment.before.block != due.block || segment.before.chain != due.chain) return fmt::format("{} does not continue the segment before it", path);
    if (segment.number < last && !segment.sealed) return fmt::format("{} is damaged at its end", path);
    due = {.segment = segment.number + 1, .block = segment.last_block, .chain = segment.chain};
  }
  return {};
}

// From the last segment that starts before the block.
Result<Seen> look(const JournalReader& reader, const Position& begin, const Receipt& receipt) {
  auto segments = reader.segments();
  if (!segments) return std::move(segments).error();
  const SegmentSummary* from = nullptr;
  const SegmentSummary* last = nullptr;
  for (const SegmentSummary& segment : *segments) {
    if (segment.opened || segment.damaged) last = &segment;
    if (!segment.opened) continue;
    if (segment.before.block < receipt.block) from = &segment;
  }
  Seen seen;
  if (from == nullptr) {
    seen.ends = last == nullptr;
    return seen;
  }
  BlockChecker checker({reader.control().database, reader.control().secret}, reader.control().block_bytes_max);
  auto bytes = SegmentBytes::read_directly(reader.disk(), segment_path(reader.directory(), from->number), checker.block_bytes_max());
  if (!bytes) return std::move(bytes).error();
  BlockScanner scanner(checker, from->before, true);
  BlockView block;
  BlockFault fault = BlockFault::none;
  while (scanner.position().block < receipt.block && (fault = scanner.next(*bytes, block)) == BlockFault::none) {
  }
  if (fault == BlockFault::zeros && from->sealed) (void)scanner.next_seal(*bytes, block);
  const Position& position = scanner.position();
  seen.last_block = position.block;
  seen.last_sequence = position.next_sequence - 1;
  seen.ends = fault == BlockFault::zeros && from == last;
  seen.gap = find_gap(reader, begin, *segments, from->number);
  if (position.block == receipt.block) seen.at_block = Receipt{receipt.database, seen.last_sequence, position.block, position.chain};
  return seen;
}

ReceiptVerdict judge(const Seen& seen, const Receipt& receipt, const std::string& directory) {
  using Kind = ReceiptVerdict::Kind;
  constexpr std::string_view cure = "Look into quarantine/, and restore the directory from a copy of one moment";
  if (seen.at_block && (*seen.at_block == receipt || planted(Bug::receipt_chain_ignored))) {
    if (!seen.gap.empty()) {
      return {Kind::damaged, fmt::format("block {}, sequence {}, is there as it was acked, but what stands before it is not all there: {}. `pawl journal verify {}` tells what is lost", receipt.block,
                                         receipt.sequence, seen.gap, directory)};
    }
    return {Kind::holds, fmt::format("up to sequence {} nothing was lost or put in another's place: block {} is there as it was acked, and so are all segments before it, each where the one before it "
                                     "ended. Damage inside them is found by reading them, which `pawl journal verify {}` does", receipt.sequence, receipt.block, directory)};
  }
  if (seen.ends && seen.last_block < receipt.block && seen.last_sequence <= receipt.sequence) {
    return {Kind::lost, fmt::format("{} ends at block {}, sequence {}, but block {}, sequence {}, was acked: {} inputs are gone. {}", directory, seen.last_block, seen.last_sequence,
                                    receipt.block, receipt.sequence, receipt.sequence - seen.last_sequence, cure)};
  }
  if (seen.at_block || seen.ends) {
    return {Kind::altered, fmt::format("{} has another history than the one that was acked up to block {}, sequence {}: inputs were changed, or lost and others written in their place. {}",
                                       directory, receipt.block, receipt.sequence, cure)};
  }
  return {Kind::damaged, fmt::format("block {} of {} cannot be reached behind block {}: `pawl journal verify {}` tells where the damage is", receipt.block, directory, seen.last_block, directory)};
}

}  // namespace

std::string to_text(const Receipt& receipt) {
  std::string text = fmt::format("{}:{}:{}:{}:{}", prefix, hex(receipt.database), receipt.sequence, receipt.block, hex(receipt.chain));
  return text + fmt::format(":{:08x}", checksum(text));
}

Result<Receipt> parse_receipt(std::string_view text) {
  const Error malformed{ErrorCode::bad_data, fmt::format("`{}` is no receipt: one reads pawl1:<database>:<sequence>:<block>:<chain>:<checksum>", text.substr(0, 200))};
  std::array<std::string_view, 6> parts;
  std::string_view rest = text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = i + 1 < parts.size() ? rest.find(':') : rest.size();
    if (end == std::string_view::npos) return malformed;
    parts[i] = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  Receipt receipt;
  std::uint32_t crc = 0;
  const bool has_form = parts[0] == prefix && parse_hex(parts[1], receipt.database) && parse_number(parts[2], receipt.sequence) && parse_number(parts[3], receipt.block) &&
                        parse_hex(parts[4], receipt.chain) && parts[5].size() == 8 && parse_number(parts[5], crc, 16);
  if (!has_form) return malformed;
  if (crc == checksum(text.substr(0, text.size() - 9))) return receipt;
  return Error{ErrorCode::bad_data, fmt::format("the receipt `{}` was changed since it was given: its checksum does not fit. Copy it again", text)};
}

std::string_view name(ReceiptVerdict::Kind kind) noexcept {
  switch (kind) {
    case ReceiptVerdict::Kind::holds: return "HOLDS";
    case ReceiptVerdict::Kind::lost: return "LOST";
    case ReceiptVerdict::Kind::altered: return "ALTERED";
    case ReceiptVerdict::Kind::damaged: return "DAMAGED";
    case ReceiptVerdict::Kind::foreign: return "FOREIGN";
    case ReceiptVerdict::Kind::too_old: return "TOO OLD TO SAY";
  }
  return "UNKNOWN";
}

Result<ReceiptVerdict> check_receipt(const std::string& directory, io::Disk& disk, const Receipt& receipt) {
  auto reader = JournalReader::open(directory, disk);
  if (!reader) return std::move(reader).error();
  if (receipt.database != reader->control().database) {
    return ReceiptVerdict{ReceiptVerdict::Kind::foreign, fmt::format("it is of journal {}, and {} holds {}", hex(receipt.database), directory, hex(reader->control().database))};
  }
  if (receipt.block == 0) return ReceiptVerdict{ReceiptVerdict::Kind::holds, "it promises nothing: no block was durable when it was given"};
  const auto begin = reader->beginning();
  if (!begin) return begin.error();
  if (begin->block >= receipt.block) {
    return ReceiptVerdict{ReceiptVerdict::Kind::too_old, fmt::format("block {} was retired: {} begins with block {}, sequence {}, and what stood before it is in snapshots alone. Ask a copy "
                                                                      "of the directory from before", receipt.block, directory, begin->block + 1, begin->next_sequence)};
  }
  auto seen = look(*reader, *begin, receipt);
  if (!seen) return std::move(seen).error();
  auto verdict = judge(*seen, receipt, directory);
  // Beside an engine with retention: segments that went while they were looked at are no damage.
  const auto now = read_control(disk, directory);
  const bool moved = now && now->state == ControlState::valid && now->slot.oldest_segment > reader->control().oldest_segment;
  if (moved && verdict.kind == ReceiptVerdict::Kind::damaged) return check_receipt(directory, disk, receipt);
  return verdict;
}

}  // namespace pawl::journal
