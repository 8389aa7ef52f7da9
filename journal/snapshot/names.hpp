// Names of the snapshot files of a journal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pawl/io/disk.hpp"

namespace pawl::journal {

struct SnapshotName {
  Sequence sequence = no_sequence;
  std::string path;
};

inline constexpr std::string_view snapshot_temporary_suffix = ".tmp";

[[nodiscard]] std::string snapshots_directory(const std::string& directory);
[[nodiscard]] std::string snapshot_path(const std::string& directory, Sequence sequence);
// Of the published ones, the newest first, by their names; none of them is looked at. Errors: of the operating system.
Result<std::vector<SnapshotName>> list_snapshots(io::Disk& disk, const std::string& directory);

}  // namespace pawl::journal
