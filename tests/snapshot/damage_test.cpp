// A small snapshot with every byte changed in turn, and cut at every page: always refused, always with a reason.
#include "pawl/io/simulated.hpp"
#include "written.hpp"

namespace pawl::snapshot_test {
namespace {

// The file in memory, where a change costs no sync.
class Copy {
 public:
  explicit Copy(const std::string& bytes) {
    auto file = disk.open("copy", {.access = io::Access::create_new});
    REQUIRE(file.ok());
    file_ = *std::move(file);
    write(0, bytes);
  }
  void write(std::size_t at, const std::string& bytes) {
    REQUIRE(file_->write(std::as_bytes(std::span(bytes)), at) == static_cast<std::int64_t>(bytes.size()));
  }
  void cut(std::size_t bytes) { REQUIRE(file_->truncate(bytes) == 0); }

  io::SimulatedDisk disk;

 private:
  std::unique_ptr<io::File> file_;
};

}  // namespace

TEST_CASE("no byte of a snapshot can change unseen") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  World world;
  static_cast<void>(run(options_for(journal, small), 1, part + 1));
  const std::string bytes = file_bytes(world.take(journal).path);
  REQUIRE(bytes.size() < 64 * 1024);
  Copy copy(bytes);
  REQUIRE(journal::verify_snapshot(copy.disk, "copy", interval).ok());
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    copy.write(at, std::string(1, static_cast<char>(bytes[at] ^ (1 << at % 8))));
    const auto verified = journal::verify_snapshot(copy.disk, "copy", interval);
    refused += !verified.ok();
    if (!verified.ok() && verified.error().text.find("copy is damaged at offset ") == std::string::npos) FAIL_CHECK(verified.error().text);
    copy.write(at, bytes.substr(at, 1));
  }
  CHECK(refused == bytes.size());
  for (std::size_t end = bytes.size() - bytes.size() % 4096; end > 0; end -= 512) {
    copy.cut(end - 512);
    CHECK_FALSE(journal::verify_snapshot(copy.disk, "copy", interval).ok());
  }
}

}  // namespace pawl::snapshot_test
