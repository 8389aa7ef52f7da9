#include "pawl/io/simulated_node.hpp"

#include <algorithm>
#include <array>

namespace pawl::io {
namespace {

constexpr std::uint64_t sector_floor(std::uint64_t bytes) { return bytes - bytes % sector_bytes; }
constexpr bool is_whole_chunks(std::uint64_t offset, std::uint64_t bytes) { return (offset | bytes) % Image::chunk_bytes == 0; }
constexpr std::uint64_t sector_ceiling(std::uint64_t bytes) { return sector_floor(bytes + sector_bytes - 1); }

std::span<const std::byte> data_of(const UnsyncedPiece& piece) {
  return std::span<const std::byte>(*piece.data).subspan(piece.skip_bytes, piece.bytes);
}

void split_into_sectors(const UnsyncedPiece& piece, std::vector<UnsyncedPiece>& into) {
  if (piece.kind != UnsyncedPiece::Kind::sectors) {
    into.push_back(piece);
    return;
  }
  for (std::uint64_t done = 0; done < piece.bytes;) {
    UnsyncedPiece sector = piece;
    sector.offset += done;
    sector.skip_bytes += done;
    sector.bytes = std::min(sector_bytes - sector.offset % sector_bytes, piece.bytes - done);
    into.push_back(sector);
    done += sector.bytes;
  }
}

}  // namespace

void SimulatedNode::write(std::span<const std::byte> from, std::uint64_t offset, std::uint64_t stamp) {
  if (from.empty()) return;
  const std::uint64_t end = offset + from.size();
  if (end > device_.size()) {
    unsynced_.push_back({.kind = UnsyncedPiece::Kind::grow, .stamp = stamp, .offset = 0, .bytes = end, .skip_bytes = 0, .data = {}});
  }
  show(from, offset);
  add_unsynced(offset, from.size(), stamp);
}

void SimulatedNode::write_and_sync(std::span<const std::byte> from, std::uint64_t offset, std::uint64_t stamp) {
  if (from.empty()) return;
  if (unsynced_.empty() && is_whole_chunks(offset, from.size())) {  // the same, without pieces that the sync would take away again
    show(from, offset);
    return durable_.copy_range(device_, offset, from.size());
  }
  write(from, offset, stamp);
  sync_range(offset, from.size());
}

// To whoever reads.
void SimulatedNode::show(std::span<const std::byte> from, std::uint64_t offset) {
  device_.write(from, offset);
  if (is_whole_chunks(offset, from.size())) {
    cached_.copy_range(device_, offset, from.size());  // which shares them
  } else {
    cached_.write(from, offset);
  }
}

// A device writes whole sectors, so a piece takes in what else stands in its first and last one.
void SimulatedNode::add_unsynced(std::uint64_t offset, std::uint64_t bytes, std::uint64_t stamp) {
  const std::uint64_t first = sector_floor(offset);
  const std::uint64_t end = std::min(sector_ceiling(offset + bytes), device_.size());
  auto data = std::make_shared<std::vector<std::byte>>(end - first);
  device_.read(*data, first);
  unsynced_.push_back({.kind = UnsyncedPiece::Kind::sectors,
                       .stamp = stamp,
                       .offset = first,
                       .bytes = end - first,
                       .skip_bytes = 0,
                       .data = std::move(data)});
}

void SimulatedNode::truncate(std::uint64_t bytes, std::uint64_t stamp) {
  cached_.resize(bytes);
  device_.resize(bytes);
  unsynced_.push_back({.kind = UnsyncedPiece::Kind::resize, .stamp = stamp, .offset = 0, .bytes = bytes, .skip_bytes = 0, .data = {}});
}

void SimulatedNode::sync() {
  for (const UnsyncedPiece& piece : unsynced_) {
    if (piece.kind == UnsyncedPiece::Kind::resize) durable_.resize(piece.bytes);
    if (piece.kind == UnsyncedPiece::Kind::grow) durable_.resize(std::max(durable_.size(), piece.bytes));
    if (piece.kind == UnsyncedPiece::Kind::sectors) durable_.copy_range(device_, piece.offset, piece.bytes);
  }
  unsynced_.clear();
}

void SimulatedNode::sync_range(std::uint64_t offset, std::uint64_t bytes) {
  const bool resized = std::any_of(unsynced_.begin(), unsynced_.end(),
                                   [](const UnsyncedPiece& piece) { return piece.kind == UnsyncedPiece::Kind::resize; });
  if (resized) return sync();  // the size is one thing: it cannot become durable without the truncation before it
  const std::uint64_t first = sector_floor(offset);
  const std::uint64_t end = sector_ceiling(offset + bytes);
  durable_.copy_range(device_, first, end - first);
  cut_out(first, end);
  std::erase_if(unsynced_, [this](const UnsyncedPiece& piece) {
    return piece.kind == UnsyncedPiece::Kind::grow && piece.bytes <= durable_.size();
  });
}

void SimulatedNode::cut_out(std::uint64_t first, std::uint64_t end) {
  std::vector<UnsyncedPiece> rest;
  for (const UnsyncedPiece& piece : unsynced_) {
    const std::uint64_t piece_end = piece.offset + piece.bytes;
    if (piece.kind != UnsyncedPiece::Kind::sectors || piece_end <= first || piece.offset >= end) {
      rest.push_back(piece);
      continue;
    }
    if (piece.offset < first) {
      rest.push_back(piece);
      rest.back().bytes = first - piece.offset;
    }
    if (piece_end > end) {
      rest.push_back(piece);
      rest.back().skip_bytes += end - piece.offset;
      rest.back().offset = end;
      rest.back().bytes = piece_end - end;
    }
  }
  unsynced_ = std::move(rest);
}

void SimulatedNode::fail_sync() {
  for (const UnsyncedPiece& piece : unsynced_) {
    if (piece.kind != UnsyncedPiece::Kind::sectors) continue;
    std::vector<std::byte> before(std::min(piece.bytes, device_.size() - std::min(device_.size(), piece.offset)));
    durable_.read(before, piece.offset);
    device_.write(before, piece.offset);
  }
  unsynced_.clear();
}

void SimulatedNode::damage(std::span<const std::byte> from, std::uint64_t offset) {
  for (Image* image : {&cached_, &device_, &durable_}) image->write(from, offset);
}

std::vector<UnsyncedPiece> SimulatedNode::unsynced_sectors() const {
  std::vector<UnsyncedPiece> sectors;
  for (const UnsyncedPiece& piece : unsynced_) split_into_sectors(piece, sectors);
  for (const WriteInFlight& write : in_flight) {
    const std::uint64_t end = write.plan.offset + write.plan.lands;
    if (end > device_.size() && write.plan.lands > 0) {
      sectors.push_back(
          {.kind = UnsyncedPiece::Kind::grow, .stamp = write.stamp, .offset = 0, .bytes = end, .skip_bytes = 0, .data = {}});
    }
    split_into_sectors({.kind = UnsyncedPiece::Kind::sectors,
                        .stamp = write.stamp,
                        .offset = write.plan.offset,
                        .bytes = write.plan.lands,
                        .skip_bytes = 0,
                        .data = write.data},
                       sectors);
  }
  return sectors;
}

void SimulatedNode::land(const UnsyncedPiece& piece, Random* garbage) {
  if (piece.kind == UnsyncedPiece::Kind::resize) return durable_.resize(piece.bytes);
  if (piece.kind == UnsyncedPiece::Kind::grow) return durable_.resize(std::max(durable_.size(), piece.bytes));
  if (garbage == nullptr) return durable_.write(data_of(piece), piece.offset);
  std::array<std::uint64_t, sector_bytes / sizeof(std::uint64_t)> noise;
  for (std::uint64_t& word : noise) word = garbage->next();
  durable_.write(std::as_bytes(std::span(noise)).first(piece.bytes), piece.offset);
}

void SimulatedNode::keep_durable_alone() {
  unsynced_.clear();
  in_flight.clear();
  cached_ = {};
  device_ = {};
}

void SimulatedNode::lose_power() {
  unsynced_.clear();
  in_flight.clear();
  cached_ = durable_;
  device_ = durable_;
}

}  // namespace pawl::io
