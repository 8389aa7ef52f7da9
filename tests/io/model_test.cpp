// SimulatedDisk in lock step with a naive model of what must and may be there after a power cut, and with the real disk.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "pawl/io/random.hpp"
#include "pawl/io/simulated_node.hpp"
#include "worlds.hpp"

namespace pawl::io::test::model_test {
namespace {

constexpr std::uint64_t file_sectors = 24;  // three chunks of the simulation, so that whole, first and last parts all occur
constexpr OpenOptions create{.access = Access::create_new, .direct = false, .durable = false};
constexpr OpenOptions synced{.access = Access::read_write, .direct = false, .durable = true};

using Bytes = std::vector<std::byte>;

std::unique_ptr<File> open(Disk& disk, const std::string& path, const OpenOptions& options) {
  auto file = disk.open(path, options);
  if (!file) FAIL(file.error().text);
  return *std::move(file);
}

Bytes sector_of(const Bytes& content, std::uint64_t sector) {
  Bytes bytes(sector_bytes);
  for (std::uint64_t i = 0; i < sector_bytes; ++i) {
    const std::uint64_t at = sector * sector_bytes + i;
    if (at < content.size()) bytes[i] = content[at];
  }
  return bytes;
}

// Per sector, every content that a cut may leave. A sync of the sector leaves one.
class Model {
 public:
  Model() : may_hold_(file_sectors, {Bytes(sector_bytes)}) {}

  void write(const Bytes& from, std::uint64_t offset, bool durable) {
    if (current_.size() < offset + from.size()) current_.resize(offset + from.size());
    std::copy(from.begin(), from.end(), current_.begin() + static_cast<std::ptrdiff_t>(offset));
    for (std::uint64_t sector = offset / sector_bytes; sector * sector_bytes < offset + from.size(); ++sector) {
      if (durable) may_hold_[sector].clear();
      may_hold_[sector].push_back(sector_of(current_, sector));
    }
    // The last sector is durable whole, with what else stands in it.
    const std::uint64_t sector_end = (offset + from.size() + sector_bytes - 1) / sector_bytes * sector_bytes;
    if (durable) least_size_ = std::max(least_size_, std::min<std::uint64_t>(sector_end, current_.size()));
  }

  void sync() {
    for (std::uint64_t sector = 0; sector < file_sectors; ++sector) may_hold_[sector] = {sector_of(current_, sector)};
    least_size_ = current_.size();
  }

  // REQUIRES: everything is synced, so that the sizes a cut may leave are these two.
  void truncate(std::uint64_t bytes) {
    current_.resize(bytes);
    sync();
  }

  [[nodiscard]] const Bytes& current() const { return current_; }
  [[nodiscard]] std::uint64_t least_size() const { return least_size_; }

  // Also what lies behind the end reads as zeros, where a write has not landed.
  [[nodiscard]] bool allows(const Bytes& content) const {
    for (std::uint64_t sector = 0; sector < file_sectors; ++sector) {
      const Bytes found = sector_of(content, sector);
      const bool known = std::ranges::any_of(may_hold_[sector], [&](const Bytes& bytes) { return bytes == found; });
      if (!known) return false;
    }
    return content.size() >= least_size_ && content.size() <= current_.size();
  }

 private:
  Bytes current_;
  std::uint64_t least_size_ = 0;
  std::vector<std::vector<Bytes>> may_hold_;
};

Bytes random_bytes(Random& random, std::uint64_t bytes) {
  Bytes data(bytes);
  for (std::byte& byte : data) byte = static_cast<std::byte>(random.below(255) + 1);
  return data;
}

struct History {
  explicit History(std::uint64_t seed) : random(seed) { REQUIRE(simulated.sync_directory("/").ok()); }

  void step() {
    const std::uint64_t what = random.below(10);
    if (what == 0) {
      CHECK(file->sync() == 0);
      CHECK(real_file->sync() == 0);
      model.sync();
    } else if (what == 1) {
      truncate();
    } else {
      write(what >= 8);
    }
  }

  void write(bool durable) {
    const std::uint64_t offset = random.below(file_sectors * sector_bytes);
    const Bytes bytes = random_bytes(random, 1 + random.below(std::min<std::uint64_t>(file_sectors * sector_bytes - offset, 3000)));
    for (File* each : durable ? std::array{durable_file.get(), real_file.get()} : std::array{file.get(), real_file.get()}) {
      REQUIRE(each->write(bytes, offset) == static_cast<std::int64_t>(bytes.size()));
    }
    model.write(bytes, offset, durable);
  }

  void truncate() {
    const std::uint64_t bytes = random.below(file_sectors * sector_bytes);
    CHECK(file->sync() == 0);
    CHECK(file->truncate(bytes) == 0);
    CHECK(real_file->truncate(bytes) == 0);
    CHECK(file->sync() == 0);
    model.truncate(bytes);
  }

  void check() {
    CHECK(simulated.content("a") == model.current());
    Bytes real_content(file_sectors * sector_bytes);
    real_content.resize(static_cast<std::size_t>(real_file->read(real_content, 0)));
    CHECK(real_content == model.current());
    CHECK(simulated.after_power_cut({.policy = PowerCut::Policy::keep_all})->content("a") == model.current());
    const Bytes dropped = simulated.after_power_cut({.policy = PowerCut::Policy::drop_all})->content("a");
    CHECK(dropped.size() == model.least_size());
    CHECK(model.allows(dropped));
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      CHECK(model.allows(simulated.after_power_cut({.policy = PowerCut::Policy::subset, .seed = random.next()})->content("a")));
      CHECK(model.allows(simulated.after_power_cut({.policy = PowerCut::Policy::prefix, .kept = random.below(30)})->content("a")));
    }
  }

  Random random;
  Model model;
  TemporaryDirectory directory;
  SimulatedDisk simulated;
  std::unique_ptr<Disk> real = *make_real_disk(Backend::pwritev2);
  std::unique_ptr<File> file = open(simulated, "a", create);
  std::unique_ptr<File> durable_file = open(simulated, "a", synced);
  std::unique_ptr<File> real_file = open(*real, directory.path() + "/a", create);
};

}  // namespace

TEST_CASE("random histories: what is synced is there after every cut, what is not is old or new, sector by sector") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    History history(seed);
    for (int step = 0; step < 25; ++step) {
      history.step();
      history.check();
    }
  }
}

TEST_CASE("random names: the simulated disk and the real one list the same, and a directory sync makes it last") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const TemporaryDirectory directory;
    SimulatedDisk simulated;
    const auto real = *make_real_disk(Backend::pwritev2);
    const auto both = [&](auto operation) {
      const bool one = operation(static_cast<Disk&>(simulated), std::string());
      const bool other = operation(*real, directory.path());
      CHECK(one == other);
    };
    both([](Disk& disk, const std::string& root) { return disk.make_directory(root + "/d").ok(); });
    for (int step = 0; step < 60; ++step) {
      const auto name = [&] { return std::string(random.below(2) == 0 ? "/d/" : "/") + static_cast<char>('a' + random.below(3)); };
      const std::string from = name();
      const std::string to = name();
      const std::uint64_t what = random.below(4);
      both([&](Disk& disk, const std::string& root) {
        if (what == 0) return disk.open(root + from, create).ok();
        if (what == 1) return disk.remove(root + from).ok();
        if (what == 2) return disk.rename(root + from, root + to).ok();
        return *disk.exists(root + from);
      });
      for (const char* each : {"/", "/d"}) CHECK(*simulated.list(each) == *real->list(directory.path() + each));
    }
    for (const char* each : {"/", "/d"}) REQUIRE(simulated.sync_directory(each).ok());
    CHECK(simulated.unsynced().empty());
    CHECK(simulated.after_power_cut(PowerCut{})->fingerprint() == simulated.fingerprint());
  }
}

}  // namespace pawl::io::test::model_test
