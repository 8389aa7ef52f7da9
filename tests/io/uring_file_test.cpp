// What becomes of a write that io_uring has ended when the sync behind it fails.
#include <array>
#include <cerrno>

#include "pawl/io/uring_file.hpp"
#include "worlds.hpp"

namespace pawl::io::test {
namespace {

constexpr std::size_t bytes_of_write = 64 * 1024;

class FileWhoseSyncFails final : public UringFile {
 public:
  using UringFile::UringFile;
  int sync() override { return -EIO; }
};

// Of one write, to a file that was opened durable or not.
std::int64_t result_of_write(const std::string& directory, bool durable, std::size_t async_bytes_min) {
  auto opened = PosixFile::open(directory + "/a", {.access = Access::create_new, .direct = true, .durable = durable}, true, DataSync::per_write);
  REQUIRE(opened.ok());
  FileWhoseSyncFails file(*std::move(opened), std::make_shared<UringStore>(), async_bytes_min);
  AlignedBytes bytes(bytes_of_write, 7);
  REQUIRE(file.submit_write(bytes.span(), 0, 5) == 0);
  std::array<Completion, 2> ended;
  REQUIRE(file.wait(ended, one_second) == 1);
  CHECK(ended[0].tag == 5);
  return ended[0].result;
}

}  // namespace

TEST_CASE("a durable write whose sync fails has failed, though all its bytes were written") {
  if (const std::string obstacle = io_uring_obstacle(); !obstacle.empty()) {
    MESSAGE("SKIPPED: io_uring: ", obstacle);
    return;
  }
  CHECK(result_of_write(TemporaryDirectory().path(), true, 0) == -EIO);
  CHECK(result_of_write(TemporaryDirectory().path(), true, bytes_of_write) == -EIO);
  CHECK(result_of_write(TemporaryDirectory().path(), false, 0) == bytes_of_write);
  // A shorter write carries its sync itself.
  CHECK(result_of_write(TemporaryDirectory().path(), true, bytes_of_write + 1) == bytes_of_write);
}

}  // namespace pawl::io::test
