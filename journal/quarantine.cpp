#include "pawl/journal/quarantine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "pawl/journal/errors.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/segment_reader.hpp"

namespace pawl::journal {
namespace {

// Takes `word` and a number off the front.
template <class Number>
bool take_number(std::string_view& text, std::string_view word, Number& number) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::optional<DroppedFrom> parse_quarantine_name(std::string_view name) {
  DroppedFrom from;
  if (!take_number(name, "epoch-", from.epoch) || !take_number(name, "-segment-", from.segment) || !take_number(name, "-offset-", from.offset)) return std::nullopt;
  int copy = 0;
  if (name.starts_with('-') && !take_number(name, "-", copy)) return std::nullopt;
  return name == ".bin" ? std::optional(from) : std::nullopt;
}

// What the epoch's first block says; nothing if it does not stand there any more, or is another's.
std::optional<EpochMark> epoch_mark_at(io::Disk& disk, const std::string& directory, const ControlSlot& control, const DroppedFrom& from) {
  if (from.offset % page_bytes != 0) return std::nullopt;
  auto bytes = SegmentBytes::read_directly(disk, segment_path(directory, from.segment), control.block_bytes_max);
  if (!bytes) return std::nullopt;
  BlockChecker checker({control.database, control.secret}, control.block_bytes_max);
  BlockView block;
  if (load_block(checker, *bytes, from.segment, from.offset, block) != BlockFault::none) return std::nullopt;
  for (const Record record : block.records()) {
    EpochMark mark;
    const bool is_mark = record.header().type == static_cast<std::uint16_t>(AnnotationType::epoch) && load_payload(record.payload(), mark);
    if (is_mark && mark.epoch == from.epoch && mark.dropped_hash != Hash{}) return mark;
  }
  return std::nullopt;
}

// Of the whole file. Whole pages are all that a recovery writes.
Result<Hash> hash_of_quarantined(io::File& file, const std::string& path, std::uint64_t bytes) {
  const AlignedBytes page(page_bytes);
  Hasher hasher;
  Hash hash{};
  for (std::uint64_t at = 0; at + page_bytes <= bytes; at += page_bytes) {
    if (auto read = read_whole(file, page.span(), at, path); !read) return std::move(read).error();
    hash = quarantine_hash(hasher, hash, page.span());
  }
  return hash;
}

Result<QuarantineFile> inspect_quarantined(io::Disk& disk, const std::string& directory, const ControlSlot& control, const std::string& name) {
  QuarantineFile inspected{.path = join(join(directory, quarantine_name), name)};
  auto file = disk.open(inspected.path, {.access = io::Access::read});
  if (!file) return std::move(file).error();
  const std::int64_t bytes = (*file)->size();
  if (bytes < 0) return os_error("measure", inspected.path, bytes);
  inspected.bytes = static_cast<std::uint64_t>(bytes);
  const auto from = parse_quarantine_name(name);
  const auto mark = from ? epoch_mark_at(disk, directory, control, *from) : std::nullopt;
  if (!mark) return inspected;
  auto hash = hash_of_quarantined(**file, inspected.path, inspected.bytes);
  if (!hash) return std::move(hash).error();
  const bool holds = *hash == mark->dropped_hash && inspected.bytes % page_bytes == 0;
  inspected.state = holds ? QuarantineFile::State::whole : QuarantineFile::State::changed;
  return inspected;
}

bool is_copy_of(std::string_view name, const DroppedFrom& from) {
  const auto other = parse_quarantine_name(name);
  return other && other->epoch == from.epoch && other->segment == from.segment && other->offset == from.offset;
}

// One of several copies is the one: a recovery that was cut off left the others.
void excuse_copies(std::vector<QuarantineFile>& files, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto from = parse_quarantine_name(names[i]);
    if (!from || files[i].state != QuarantineFile::State::changed) continue;
    for (std::size_t k = 0; k < files.size(); ++k) {
      if (files[k].state == QuarantineFile::State::whole && is_copy_of(names[k], *from)) files[i].state = QuarantineFile::State::unknown;
    }
  }
}

}  // namespace

std::string quarantine_path(const std::string& directory, const DroppedFrom& from, int copy) {
  return fmt::format("{}/{}/epoch-{}-segment-{}-offset-{}{}.bin", directory, quarantine_name, from.epoch, from.segment, from.offset, copy == 0 ? std::string() : fmt::format("-{}", copy));
}

Hash quarantine_hash(Hasher& hasher, const Hash& before, std::span<const std::byte> page) { return hasher.sha_256({before, page}); }

Result<std::vector<QuarantineFile>> inspect_quarantine(io::Disk& disk, const std::string& directory, const ControlSlot& control) {
  const std::string place = join(directory, quarantine_name);
  const auto exists = disk.exists(place);
  if (!exists) return exists.error();
  if (!*exists) return std::vector<QuarantineFile>();
  const auto names = disk.list(place);
  if (!names) return names.error();
  std::vector<QuarantineFile> files;
  for (const std::string& name : *names) {
    auto file = inspect_quarantined(disk, directory, control, name);
    if (file) files.push_back(*std::move(file));
    else files.push_back({.path = join(place, name), .state = QuarantineFile::State::unreadable, .error = file.error().text});
  }
  excuse_copies(files, *names);
  return files;
}

}  // namespace pawl::journal
