#include "pawl/journal/snapshot/file_writer.hpp"

#include <algorithm>
#include <cstring>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/base/planted.hpp"
#include "pawl/journal/block.hpp"
#include "pawl/journal/files.hpp"

namespace pawl::journal {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

}  // namespace

SnapshotWriter::SnapshotWriter(std::unique_ptr<io::File> file, std::string path)
    : file_(std::move(file)), path_(std::move(path)), buffer_(buffer_bytes) {}

Result<SnapshotWriter> SnapshotWriter::create(io::Disk& disk, const std::string& path, SnapshotHeader header) {
  auto file = disk.open(path, {.access = io::Access::create_new});
  if (!file.ok()) return std::move(file).error();
  SnapshotWriter writer(*std::move(file), path);
  header.magic = snapshot_magic;
  header.version = snapshot_version;
  header.crc = crc32c(bytes_of(header).subspan(snapshot_crc_from));
  writer.hash_in(bytes_of(header));
  if (auto put = writer.put(bytes_of(header)); !put.ok()) return std::move(put).error();
  return writer;
}

void SnapshotWriter::hash_in(std::span<const std::byte> bytes) { hash_ = hasher_.sha_256({hash_, bytes}); }

Result<void> SnapshotWriter::add(PartKind kind, std::uint32_t group, std::span<const std::byte> body) {
  PartHeader header{part_magic, 0, kind, group, parts_++, body.size(), {}};
  const Hash hash = hasher_.body(BodyHash::xxh3_128, body);
  std::copy_n(hash.begin(), header.body_hash.size(), header.body_hash.begin());
  header.crc = crc32c(bytes_of(header).subspan(part_crc_from));
  hash_in(bytes_of(header));
  constexpr std::array<std::byte, 8> zeros{};
  for (const std::span<const std::byte> piece : {bytes_of(header), body, std::span(zeros).first(round_up_to_8(body.size()) - body.size())}) {
    if (auto done = put(piece); !done.ok()) return done;
  }
  return {};
}

Result<void> SnapshotWriter::finish() {
  const SnapshotEnd end{parts_, 0, hash_};
  if (auto added = add(PartKind::end, 0, bytes_of(end)); !added.ok()) return added;
  const auto padded = static_cast<std::size_t>(round_up_to_page(filled_));
  std::memset(buffer_.data() + filled_, 0, padded - filled_);
  filled_ = padded;
  if (auto flushed = flush(); !flushed.ok()) return flushed;
  return planted(Bug::snapshot_named_before_sync) ? Result<void>{} : sync_file(*file_, path_);
}

Result<void> SnapshotWriter::put(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), buffer_.size() - filled_);
    std::memcpy(buffer_.data() + filled_, bytes.data(), count);
    filled_ += count;
    bytes = bytes.subspan(count);
    if (filled_ < buffer_.size()) continue;
    if (auto flushed = flush(); !flushed.ok()) return flushed;
  }
  return {};
}

Result<void> SnapshotWriter::flush() {
  if (auto written = write_whole(*file_, buffer_.span().first(filled_), offset_, path_); !written.ok()) return written;
  offset_ += filled_;
  filled_ = 0;
  return {};
}

}  // namespace pawl::journal
