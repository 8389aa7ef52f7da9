// Golden files: bytes of a format as text, one row of 16 per line, rows of zeros left out. Written anew with PAWL_WRITE_GOLDEN set.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "pawl/io/simulated.hpp"
#include "pawl/journal/block.hpp"

namespace pawl::golden {

inline std::string hex_row(std::span<const std::byte> row) {
  std::string text;
  for (std::size_t i = 0; i < row.size(); ++i) text += fmt::format("{}{:02x}", i == 0 ? "" : i == 8 ? "  " : " ", std::to_integer<unsigned>(row[i]));
  return text;
}

inline std::string dump(const std::string& file, std::span<const std::byte> bytes) {
  std::string text = fmt::format("{} ({} bytes)\n", file, bytes.size());
  for (std::size_t at = 0; at + 16 <= bytes.size(); at += 16) {
    const auto row = bytes.subspan(at, 16);
    if (!journal::all_zero(row)) text += fmt::format("{:06x}  {}\n", at, hex_row(row));
  }
  return text;
}

inline std::string read_text(const std::string& path) {
  std::ifstream file(path);
  REQUIRE_MESSAGE(file.good(), path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void check(const std::string& golden, const std::string& now) {
  if (std::getenv("PAWL_WRITE_GOLDEN") != nullptr) std::ofstream(golden) << now;
  CHECK(now == read_text(golden));
}

// The files of a golden file on a disk, below `directory` if it is not empty. Returns their paths.
inline std::vector<std::string> restore(const std::string& golden, io::Disk& disk, const std::string& directory = "") {
  std::vector<std::string> paths;
  std::vector<std::byte> bytes;
  const auto put = [&] {
    if (paths.empty()) return;
    for (std::size_t slash = paths.back().find('/'); slash != std::string::npos; slash = paths.back().find('/', slash + 1)) {
      REQUIRE(disk.make_directory(paths.back().substr(0, slash)).ok());
    }
    auto file = disk.open(paths.back(), {.access = io::Access::create_new});
    REQUIRE(file.ok());
    REQUIRE((*file)->write(bytes, 0) == static_cast<std::int64_t>(bytes.size()));
    REQUIRE((*file)->sync() == 0);
  };
  std::istringstream text(read_text(golden));
  for (std::string line; std::getline(text, line);) {
    if (const std::size_t size = line.find(" ("); size != std::string::npos) {
      put();
      paths.push_back((directory.empty() ? "" : directory + "/") + line.substr(0, size));
      bytes.assign(std::stoull(line.substr(size + 2)), std::byte{});
      continue;
    }
    std::istringstream row(line);
    std::size_t at = 0;
    row >> std::hex >> at;
    for (unsigned value = 0; row >> value; ++at) bytes.at(at) = static_cast<std::byte>(value);
  }
  put();
  return paths;
}

}  // namespace pawl::golden
