#include "pawl/journal/replace_file.hpp"

#include "pawl/journal/files.hpp"

namespace pawl::journal {

Result<void> replace_file(io::Disk& disk, const std::string& path, const std::string& draft, std::span<const std::byte> bytes) {
  if (auto there = disk.exists(draft); there.ok() && *there) {
    if (auto removed = disk.remove(draft); !removed.ok()) return removed;
  }
  auto file = disk.open(draft, {.access = io::Access::create_new});
  if (!file.ok()) return std::move(file).error();
  if (auto written = write_whole(**file, bytes, 0, draft); !written.ok()) return written;
  if (auto synced = sync_file(**file, draft); !synced.ok()) return synced;
  return disk.rename(draft, path);
}

}  // namespace pawl::journal
