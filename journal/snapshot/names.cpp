#include "pawl/journal/snapshot/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "pawl/journal/files.hpp"

namespace pawl::journal {
namespace {

constexpr std::string_view suffix = ".snap";
constexpr std::size_t number_digits = 19;

std::optional<Sequence> sequence_in(const std::string& name) {
  if (name.size() != number_digits + suffix.size() || !name.ends_with(suffix)) return {};
  Sequence sequence = 0;
  const char* const end = name.data() + number_digits;
  const auto [stopped, error] = std::from_chars(name.data(), end, sequence);
  if (error != std::errc{} || stopped != end || sequence < 0) return {};
  return sequence;
}

}  // namespace

std::string snapshots_directory(const std::string& directory) { return join(directory, snapshots_name); }

std::string snapshot_path(const std::string& directory, Sequence sequence) {
  return fmt::format("{}/{}/{:0{}}{}", directory, snapshots_name, sequence, number_digits, suffix);
}

Result<std::vector<SnapshotName>> list_snapshots(io::Disk& disk, const std::string& directory) {
  const std::string folder = snapshots_directory(directory);
  auto there = disk.exists(folder);
  if (!there.ok()) return std::move(there).error();
  if (!*there) return std::vector<SnapshotName>{};
  auto names = disk.list(folder);
  if (!names.ok()) return std::move(names).error();
  std::vector<SnapshotName> snapshots;
  for (const std::string& name : *names) {
    if (const auto sequence = sequence_in(name)) snapshots.push_back({*sequence, join(folder, name)});
  }
  std::sort(snapshots.begin(), snapshots.end(), [](const SnapshotName& a, const SnapshotName& b) { return a.sequence > b.sequence; });
  return snapshots;
}

}  // namespace pawl::journal
