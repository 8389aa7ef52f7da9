// Names of the files of a journal, and whole transfers over the disk seam.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pawl/io/disk.hpp"

namespace pawl::journal {

inline constexpr const char* lock_name = "LOCK";
inline constexpr const char* control_name = "CONTROL";
inline constexpr const char* control_temporary_name = "CONTROL.tmp";
inline constexpr const char* segments_name = "wal";
inline constexpr const char* snapshots_name = "snap";
inline constexpr const char* models_name = "models";  // only of pipelines with models: model/files.hpp
inline constexpr const char* quarantine_name = "quarantine";
inline constexpr const char* prepared_temporary_name = "prepared.tmp";  // in wal/: zeros under way

[[nodiscard]] std::string join(const std::string& directory, const std::string& name);
[[nodiscard]] std::string parent_of(const std::string& directory);  // where its own name stands
[[nodiscard]] std::string segments_directory(const std::string& directory);
[[nodiscard]] std::string segment_path(const std::string& directory, std::uint64_t segment);
// The number in "0000000000000042.seg"; nothing for other names.
[[nodiscard]] std::optional<std::uint64_t> segment_number(const std::string& name);
// Numbers of the segment files from `oldest` on, ascending. What stands before CONTROL's oldest one belongs to the journal no more.
Result<std::vector<std::uint64_t>> list_segments(io::Disk& disk, const std::string& directory, std::uint64_t oldest = 1);

// The whole range or an error: short counts and transient errors are tried again, at most 8 times. Blocking.
Result<void> write_whole(io::File& file, std::span<const std::byte> from, std::uint64_t offset, const std::string& path);
Result<void> read_whole(io::File& file, std::span<std::byte> into, std::uint64_t offset, const std::string& path);
Result<void> sync_file(io::File& file, const std::string& path);

// The last three segment files and their names: the one in use, its successor, and the one before, whose seal may be new. All others were synced
// before these were begun. Thread: any.
Result<void> sync_last_segments(io::Disk& disk, const std::string& directory);

inline constexpr int transfer_attempts = 8;

}  // namespace pawl::journal
