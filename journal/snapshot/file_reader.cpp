#include "pawl/journal/snapshot/file_reader.hpp"

#include <algorithm>
#include <cstring>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/base/planted.hpp"
#include "pawl/journal/block.hpp"
#include "pawl/journal/errors.hpp"
#include "pawl/journal/files.hpp"

namespace pawl::journal {
namespace {

constexpr std::size_t window_bytes_max = std::size_t{1} << 20;

}  // namespace

SnapshotReader::SnapshotReader(std::unique_ptr<io::File> file, std::string path, std::uint64_t file_bytes)
    : file_(std::move(file)), path_(std::move(path)), file_bytes_(file_bytes), window_(std::min<std::uint64_t>(window_bytes_max, round_up_to_page(file_bytes))) {}

Result<SnapshotReader> SnapshotReader::open(io::Disk& disk, const std::string& path, std::int64_t digest_interval) {
  auto file = disk.open(path, {.access = io::Access::read, .direct = true});
  if (!file.ok()) return std::move(file).error();
  const std::int64_t bytes = (*file)->size();
  if (bytes < 0) return os_error("measure", path, bytes);
  SnapshotReader reader(*std::move(file), path, static_cast<std::uint64_t>(bytes));
  if (auto read = reader.read_header(digest_interval); !read.ok()) return std::move(read).error();
  return reader;
}

Error SnapshotReader::damaged(std::uint64_t offset, std::string_view what) const {
  return {ErrorCode::corrupt, path_ + " is damaged at offset " + std::to_string(offset) + ": " + std::string(what) +
                                  ". Nothing is lost by it while the journal is whole: a start takes an older snapshot, or replays. Remove the file, and `pawl snapshot now` makes another"};
}

void SnapshotReader::hash_in(std::span<const std::byte> bytes) { hash_ = hasher_.sha_256({hash_, bytes}); }

Result<void> SnapshotReader::read_header(std::int64_t digest_interval) {
  if (file_bytes_ < page_bytes || file_bytes_ % page_bytes != 0) return damaged(file_bytes_, "the file ends there, which no snapshot does");
  if (auto read = take(std::as_writable_bytes(std::span(&header_, 1))); !read.ok()) return read;
  const auto bytes = bytes_of(header_);
  if (header_.magic != snapshot_magic || header_.crc != crc32c(bytes.subspan(snapshot_crc_from))) return damaged(0, "its header's checksum is wrong");
  if (header_.version > snapshot_version) {
    return Error{ErrorCode::newer_format, path_ + " has snapshot format " + std::to_string(header_.version) + "; this release knows formats up to " + std::to_string(snapshot_version) + ". Use the newer release"};
  }
  const bool plausible = header_.version == snapshot_version && header_.reserved0 == 0 && all_zero(header_.reserved1) && header_.sequence >= 0 &&
                         (header_.sequence + 1) % digest_interval == 0;
  if (!plausible) return damaged(0, "its header holds what no header does");
  hash_in(bytes);
  return {};
}

Result<bool> SnapshotReader::next(Part& part) {
  const std::uint64_t at = offset_;
  auto header = read_part_header();
  if (!header.ok()) return std::move(header).error();
  const auto bytes = static_cast<std::size_t>(header->body_bytes);
  body_.resize(round_up_to_8(bytes));
  if (auto read = take(body_); !read.ok()) return std::move(read).error();
  part = {*header, std::span(body_).first(bytes)};
  const Hash hash = hasher_.body(BodyHash::xxh3_128, part.body);
  if (!std::equal(header->body_hash.begin(), header->body_hash.end(), hash.begin())) return damaged(at, "the hash of part " + std::to_string(header->number) + " is wrong");
  if (!all_zero(std::span(body_).subspan(bytes))) return damaged(at, "the padding of part " + std::to_string(header->number) + " is not zero");
  if (header->kind == PartKind::end) {
    if (auto whole = check_end(part); !whole.ok()) return std::move(whole).error();
    return false;
  }
  hash_in(bytes_of(*header));
  return true;
}

Result<PartHeader> SnapshotReader::read_part_header() {
  const std::uint64_t at = offset_;
  PartHeader header;
  if (auto read = take(std::as_writable_bytes(std::span(&header, 1))); !read.ok()) return std::move(read).error();
  const bool whole = header.magic == part_magic && header.crc == crc32c(bytes_of(header).subspan(part_crc_from)) && header.number == parts_;
  if (!whole) return damaged(at, "no header of part " + std::to_string(parts_));
  if (header.body_bytes > file_bytes_ - offset_) return damaged(at, "part " + std::to_string(parts_) + " is longer than the file");
  ++parts_;
  return header;
}

Result<void> SnapshotReader::check_end(const Part& part) {
  SnapshotEnd end;
  if (part.body.size() != sizeof end) return damaged(offset_, "its end has another length than ends have");
  std::memcpy(&end, part.body.data(), sizeof end);
  if (end.parts + 1 != parts_ || end.reserved != 0 || end.hash != hash_) return damaged(offset_, "its end does not vouch for the parts before it");
  if (round_up_to_page(offset_) != file_bytes_) return damaged(offset_, "something stands behind its end");
  std::array<std::byte, page_bytes> rest;
  const std::span<std::byte> padding = std::span(rest).first(static_cast<std::size_t>(file_bytes_ - offset_));
  if (auto read = take(padding); !read.ok()) return read;
  if (!all_zero(padding)) return damaged(offset_, "the padding behind its end is not zero");
  return {};
}

Result<void> SnapshotReader::take(std::span<std::byte> to) {
  if (to.size() > file_bytes_ - offset_) return damaged(offset_, "it ends too early");
  while (!to.empty()) {
    if (offset_ >= window_offset_ + window_bytes_) {
      window_offset_ += window_bytes_;
      window_bytes_ = static_cast<std::size_t>(std::min<std::uint64_t>(window_.size(), file_bytes_ - window_offset_));
      if (auto read = read_whole(*file_, window_.span().first(window_bytes_), window_offset_, path_); !read.ok()) return read;
    }
    const auto at = static_cast<std::size_t>(offset_ - window_offset_);
    const std::size_t count = std::min(to.size(), window_bytes_ - at);
    std::memcpy(to.data(), window_.data() + at, count);
    to = to.subspan(count);
    offset_ += count;
  }
  return {};
}

Result<SnapshotHeader> verify_snapshot(io::Disk& disk, const std::string& path, std::int64_t digest_interval) {
  auto reader = SnapshotReader::open(disk, path, digest_interval);
  if (!reader.ok()) return std::move(reader).error();
  if (planted(Bug::snapshot_not_read_back)) return reader->header();
  Part part;
  for (;;) {
    auto more = reader->next(part);
    if (!more.ok()) return std::move(more).error();
    if (!*more) return reader->header();
  }
}

}  // namespace pawl::journal
