// A file that is written whole, or stays as it was.
#include "pawl/journal/replace_file.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "pawl/io/simulated.hpp"

namespace replace_file_test {

using namespace pawl;

namespace {

std::vector<std::byte> bytes_of(char letter, std::size_t count) { return std::vector<std::byte>(count, static_cast<std::byte>(letter)); }

}  // namespace

TEST_CASE("replace file: each operation fails with each error, and the file is as it was or new, and no draft is left") {
  const auto old_bytes = bytes_of('o', 3'000), new_bytes = bytes_of('n', 5'000);
  std::size_t failures = 0;
  for (const int error : {ENOSPC, EIO, EROFS, EMFILE}) {
    for (std::uint64_t after = 0;; ++after) {
      io::SimulatedDisk disk;
      REQUIRE(journal::replace_file(disk, "file", "draft", old_bytes).ok());
      disk.add_fault({.operation = io::Operation::any, .after = after, .error_number = error});
      const auto replaced = journal::replace_file(disk, "file", "draft", new_bytes);
      const bool struck = disk.counters().faults > 0;
      disk.clear_faults();
      CHECK(disk.content("file") == (replaced.ok() ? new_bytes : old_bytes));
      CHECK_FALSE(*disk.exists("draft"));
      failures += replaced.ok() ? 0U : 1U;
      if (!struck) break;
    }
  }
  CHECK(failures >= 4 * 4);  // the making, the writing, the sync, the rename
}

TEST_CASE("replace file: a full disk gets its space back, and the draft of a call that was cut off does not stand in the way") {
  io::SimulatedDisk disk({.capacity_bytes = 24 * 1024});
  REQUIRE(journal::replace_file(disk, "file", "draft", bytes_of('o', 4'000)).ok());
  const std::uint64_t before = *disk.free_bytes("/");
  const auto refused = journal::replace_file(disk, "file", "draft", bytes_of('n', 100'000));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::disk_full);
  CHECK(disk.content("file") == bytes_of('o', 4'000));
  CHECK(*disk.free_bytes("/") == before);
  disk.add_fault({.operation = io::Operation::rename, .times = io::Fault::for_ever});
  disk.add_fault({.operation = io::Operation::remove, .times = io::Fault::for_ever});
  CHECK_FALSE(journal::replace_file(disk, "file", "draft", bytes_of('n', 4'000)).ok());
  CHECK(*disk.exists("draft"));
  disk.clear_faults();
  CHECK(journal::replace_file(disk, "file", "draft", bytes_of('m', 5'000)).ok());
  CHECK(disk.content("file") == bytes_of('m', 5'000));
  CHECK_FALSE(*disk.exists("draft"));
}

}  // namespace replace_file_test
