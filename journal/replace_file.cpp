#include "pawl/journal/replace_file.hpp"

#include "pawl/journal/files.hpp"

namespace pawl::journal {
namespace {

Result<void> write_draft(io::Disk& disk, const std::string& draft, std::span<const std::byte> bytes) {
  auto file = disk.open(draft, {.access = io::Access::create_new});
  if (!file.ok()) return std::move(file).error();
  if (auto written = write_whole(**file, bytes, 0, draft); !written.ok()) return written;
  return sync_file(**file, draft);
}

}  // namespace

Result<void> replace_file(io::Disk& disk, const std::string& path, const std::string& draft, std::span<const std::byte> bytes) {
  if (auto there = disk.exists(draft); there.ok() && *there) {
    if (auto removed = disk.remove(draft); !removed.ok()) return removed;
  }
  auto replaced = write_draft(disk, draft, bytes);
  if (replaced.ok()) replaced = disk.rename(draft, path);
  if (!replaced.ok()) static_cast<void>(disk.remove(draft));  // its space may be what is lacking
  return replaced;
}

}  // namespace pawl::journal
