#include "pawl/journal/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "pawl/core/base/planted.hpp"
#include "pawl/journal/errors.hpp"

namespace pawl::journal {
namespace {

constexpr std::size_t number_digits = 16;
constexpr std::string_view segment_suffix = ".seg";

// A transfer is all or nothing for the caller: a short one starts again from its beginning, because what part of it is on the
// device is unknown.
template <class Transfer>
Result<void> whole(Transfer transfer, std::size_t wanted, std::string_view what, const std::string& path) {
  std::int64_t moved = 0;
  for (int attempt = 0; attempt < transfer_attempts; ++attempt) {
    moved = transfer();
    if (moved == static_cast<std::int64_t>(wanted)) return {};
    if (moved < 0 && !is_transient(moved)) return os_error(what, path, moved);
  }
  return moved < 0 ? os_error(what, path, moved) : short_transfer(what, path, moved, wanted);
}

}  // namespace

std::string join(const std::string& directory, const std::string& name) { return directory + "/" + name; }

std::string parent_of(const std::string& directory) {
  const std::string parent = std::filesystem::path(directory).lexically_normal().parent_path().string();
  return parent.empty() ? "." : parent;
}

std::string segments_directory(const std::string& directory) { return join(directory, segments_name); }

std::string segment_path(const std::string& directory, std::uint64_t segment) {
  return fmt::format("{}/{}/{:016}{}", directory, segments_name, segment, segment_suffix);
}

std::optional<std::uint64_t> segment_number(const std::string& name) {
  if (name.size() != number_digits + segment_suffix.size() || !name.ends_with(segment_suffix)) return {};
  std::uint64_t number = 0;
  const char* const end = name.data() + number_digits;
  const auto [stopped, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc{} || stopped != end || number == 0) return {};
  return number;
}

Result<std::vector<std::uint64_t>> list_segments(io::Disk& disk, const std::string& directory, std::uint64_t oldest) {
  auto names = disk.list(segments_directory(directory));
  if (!names) return std::move(names).error();
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : *names) {
    if (const auto number = segment_number(name); number && *number >= oldest) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<void> write_whole(io::File& file, std::span<const std::byte> from, std::uint64_t offset, const std::string& path) {
  return whole([&] { return file.write(from, offset); }, from.size(), "write", path);
}

Result<void> read_whole(io::File& file, std::span<std::byte> into, std::uint64_t offset, const std::string& path) {
  return whole([&] { return file.read(into, offset); }, into.size(), "read", path);
}

Result<void> sync_file(io::File& file, const std::string& path) {
  // Never tried again: after a failed sync the kernel may have dropped the pages and call them clean.
  if (const int error = file.sync(); error != 0 && !planted(Bug::sync_error_ignored)) return os_error("sync", path, error);
  return {};
}

Result<void> sync_last_segments(io::Disk& disk, const std::string& directory) {
  constexpr std::size_t count = 3;
  auto segments = list_segments(disk, directory);
  if (!segments) return std::move(segments).error();
  for (std::size_t i = segments->size() > count ? segments->size() - count : 0; i < segments->size(); ++i) {
    const std::string path = segment_path(directory, (*segments)[i]);
    auto file = disk.open(path, {.access = io::Access::read_write});
    if (!file) return std::move(file).error();
    if (auto synced = sync_file(**file, path); !synced) return synced;
  }
  return disk.sync_directory(segments_directory(directory));
}

}  // namespace pawl::journal
