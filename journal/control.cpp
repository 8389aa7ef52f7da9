#include "pawl/journal/control.hpp"

#include <algorithm>
#include <cstring>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/base/planted.hpp"
#include "pawl/journal/block.hpp"
#include "pawl/journal/errors.hpp"
#include "pawl/journal/files.hpp"

namespace pawl::journal {
namespace {

constexpr std::size_t checked_from = 8;
constexpr std::size_t hashed_to = offsetof(ControlSlot, sha_256);
constexpr std::size_t pair_bytes = std::size_t{2} * page_bytes;
constexpr std::size_t control_bytes = control_slots * page_bytes;

std::span<const std::byte> hashed(std::span<const std::byte> slot) { return slot.subspan(checked_from, hashed_to - checked_from); }

// The CRC is right; says nothing about the version.
bool whole(std::span<const std::byte> bytes, const ControlSlot& slot) {
  return slot.magic == control_magic && slot.crc == crc32c(bytes.subspan(checked_from));
}

// Of this version: the hash, the reserved bytes and the relations between fields.
bool plausible(std::span<const std::byte> bytes, const ControlSlot& slot, Hasher& hasher) {
  return slot.sha_256 == hasher.sha_256({hashed(bytes)}) && all_zero(slot.snapshots) && all_zero(slot.reserved1) && slot.reserved0 == 0 &&
         slot.generation > 0 && slot.blocks_in_flight == 1 && slot.block_bytes_max >= page_bytes &&
         slot.block_bytes_max <= limits::block_bytes_max && slot.clean <= 1;
}

void put_slot(std::span<std::byte> to, ControlSlot slot, Hasher& hasher) {
  std::memcpy(to.data(), &slot, sizeof slot);
  slot.sha_256 = hasher.sha_256({hashed(to)});
  std::memcpy(to.data(), &slot, sizeof slot);
  slot.crc = crc32c(to.subspan(checked_from, page_bytes - checked_from));
  std::memcpy(to.data(), &slot, sizeof slot);
}

// Both slots of the pair of generation `slot.generation`.
void put_pair(std::span<std::byte> to, const ControlSlot& slot, Hasher& hasher) {
  put_slot(to.first(page_bytes), slot, hasher);
  std::memcpy(to.data() + page_bytes, to.data(), page_bytes);
}

std::uint64_t pair_offset(std::uint64_t generation) { return generation % 2 * pair_bytes; }

}  // namespace

std::string control_path(const std::string& directory) { return join(directory, control_name); }

ControlFound choose_control(std::span<const std::byte> bytes, Hasher& hasher) {
  ControlFound found;
  found.state = ControlState::lost;
  for (std::uint32_t i = 0; i < control_slots && (i + 1) * page_bytes <= bytes.size(); ++i) {
    const auto at = bytes.subspan(i * page_bytes, page_bytes);
    if (i % 2 == 1 && std::memcmp(at.data(), at.data() - page_bytes, page_bytes) == 0) {  // says what the first of its pair says
      found.damaged_slots |= found.damaged_slots << 1 & 1U << i;
      continue;
    }
    ControlSlot slot;
    std::memcpy(&slot, at.data(), sizeof slot);
    const bool is_whole = whole(at, slot);
    if (is_whole) found.newest_version = std::max(found.newest_version, slot.version);
    if (is_whole && slot.version > format_version) continue;
    if (!is_whole || slot.version != format_version || !plausible(at, slot, hasher)) {
      if (!all_zero(at)) found.damaged_slots |= 1U << i;
      continue;
    }
    if (found.state == ControlState::valid && found.slot.generation >= slot.generation) continue;
    found.state = ControlState::valid;
    found.slot = slot;
  }
  if (found.newest_version > format_version) found.state = ControlState::newer;
  return found;
}

Result<ControlFound> read_control(io::Disk& disk, const std::string& directory) {
  const std::string path = control_path(directory);
  auto exists = disk.exists(path);
  if (!exists) return std::move(exists).error();
  if (!*exists) return ControlFound{};
  auto file = disk.open(path, {.access = io::Access::read, .direct = true});
  if (!file) return std::move(file).error();
  const AlignedBytes bytes(control_bytes);
  // Slot by slot: an unreadable sector must not hide the other three. A short file has fewer.
  for (std::size_t i = 0; i < control_slots; ++i) {
    const auto slot = bytes.span().subspan(i * page_bytes, page_bytes);
    if (!read_whole(**file, slot, i * page_bytes, path)) std::memset(slot.data(), 0xFF, slot.size());
  }
  Hasher hasher;
  return choose_control(bytes.span(), hasher);
}

Result<void> ControlFile::mark(io::Disk& disk, const std::string& directory) {
  const std::string temporary = join(directory, control_temporary_name);
  auto marked = disk.exists(temporary);
  if (!marked) return std::move(marked).error();
  if (!*marked) {
    auto file = disk.open(temporary, {.access = io::Access::create_new});
    if (!file) return std::move(file).error();
  }
  return disk.sync_directory(directory);
}

Result<void> ControlFile::unmark(io::Disk& disk, const std::string& directory) {
  const std::string temporary = join(directory, control_temporary_name);
  auto marked = disk.exists(temporary);
  if (!marked) return std::move(marked).error();
  if (!*marked) return {};
  if (auto removed = disk.remove(temporary); !removed) return removed;
  return disk.sync_directory(directory);
}

Result<void> ControlFile::create(io::Disk& disk, const std::string& directory, ControlSlot first, Time now) {
  const std::string temporary = join(directory, control_temporary_name);
  auto marked = disk.exists(temporary);
  if (!marked) return std::move(marked).error();
  // Never without a mark: it is written over, not made anew.
  auto file = disk.open(temporary, {.access = *marked ? io::Access::read_write : io::Access::create_new, .direct = true});
  if (!file) return std::move(file).error();
  const AlignedBytes bytes(control_bytes);
  Hasher hasher;
  first.magic = control_magic;
  first.version = format_version;
  first.blocks_in_flight = 1;
  first.generation = 1;
  first.written = now;
  if (first.created == 0) first.created = now;
  put_pair(bytes.span().subspan(pair_offset(1)), first, hasher);
  if (auto written = write_whole(**file, bytes.span(), 0, temporary); !written) return written;
  if (auto synced = planted(Bug::control_named_before_sync) ? Result<void>{} : sync_file(**file, temporary); !synced) return synced;
  file->reset();
  if (auto renamed = disk.rename(temporary, control_path(directory)); !renamed) return renamed;
  return disk.sync_directory(directory);
}

ControlFile::ControlFile(std::unique_ptr<io::File> file, const ControlSlot& current, std::string path)
    : file_(std::move(file)), current_(current), path_(std::move(path)) {}

Result<ControlFile> ControlFile::open(io::Disk& disk, const std::string& directory, const ControlSlot& current) {
  const std::string path = control_path(directory);
  auto file = disk.open(path, {.access = io::Access::read_write, .direct = true, .durable = !planted(Bug::control_not_synced)});
  if (!file) return std::move(file).error();
  return ControlFile(std::move(*file), current, path);
}

Result<void> ControlFile::publish(ControlSlot next, Time now) {
  PAWL_ASSERT(next.database == current_.database);
  PAWL_ASSERT(next.durable_block >= current_.durable_block);
  next.generation = current_.generation + 1;
  next.written = now;
  put_pair(pair_.span(), next, hasher_);
  if (auto written = write_whole(*file_, pair_.span(), pair_offset(next.generation), path_); !written) return written;
  current_ = next;
  return {};
}

}  // namespace pawl::journal
