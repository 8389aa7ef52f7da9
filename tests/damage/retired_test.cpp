// The same for a directory as an engine leaves it that takes snapshots and retires segments: each start from it decides what it decided before, or
// says why not. What lies before the first segment is gone, so the snapshots count: one of them may be lost, and no more is harmed.
#include <array>

#include "../fault_matrix/snapshot_scene.hpp"
#include "pawl/journal/reader.hpp"

namespace pawl::damage::retired_test {
namespace {

using snapshot_scene::interval;

// Sanitizers make a start some forty times as slow.
#ifdef PAWL_SANITIZED
constexpr std::uint64_t slower = 40;
#else
constexpr std::uint64_t slower = 1;
#endif

constexpr std::int64_t intervals = 6;
constexpr snapshot_scene::Known known{.created = true, .acked = intervals * interval, .synced = 5 * interval + 10};  // behind the newest snapshot but one

std::unique_ptr<io::SimulatedDisk> copy() { return snapshot_scene::closed_behind(intervals).after_power_cut(io::PowerCut{}); }

std::vector<std::string> files_in(io::SimulatedDisk& disk) {
  std::vector<std::string> files{"data/CONTROL"};
  for (const std::string folder : {"data/wal", "data/snap"}) {
    const auto names = disk.list(folder);
    REQUIRE(names.ok());
    for (const std::string& name : *names) {
      if (const std::string path = folder + "/" + name; !disk.content(path).empty()) files.push_back(path);
    }
  }
  return files;
}

bool is_snapshot(const std::string& file) { return file.find("/snap/") != std::string::npos; }

// Empty, or what a reader says that reads all of the journal.
std::string read_through(io::SimulatedDisk& disk) {
  auto reader = journal::JournalReader::open(world::directory, disk);
  if (!reader.ok()) return reader.error().text;
  auto blocks = reader->read({.deep = true});
  if (!blocks.ok()) return blocks.error().text;
  journal::BlockView block;
  for (;;) {
    auto more = blocks->next(block);
    if (!more.ok()) return more.error().text;
    if (!*more) return {};
  }
}

struct Sweep {
  std::array<std::uint64_t, 3> counts{};  // as before, named, silent
  // `may_refuse`: more is damaged than one snapshot.
  template <class Damage>
  void run(const std::string& what, bool may_refuse, Damage damage) {
    const auto disk = copy();
    damage(*disk);
    const std::string read = read_through(*disk);
    std::optional<Error> refused;
    const std::string wrong = snapshot_scene::check(*disk, known, &refused);
    const bool named = (refused && refused->text.find("data") != std::string::npos && may_refuse) || wrong.starts_with("a published snapshot is not whole") || (may_refuse && wrong.ends_with("snapshots lead there")) || (!read.empty() && may_refuse);
    ++counts[wrong.empty() && read.empty() ? 0 : named ? 1 : 2];
    if (!wrong.empty() && !named && counts[2] <= 5) FAIL_CHECK(what << ": " << wrong);
  }
  void print(const std::string& name) const {
    MESSAGE(name << ": " << counts[0] + counts[1] + counts[2] << " states, " << counts[0] << " as before, " << counts[1] << " named, " << counts[2] << " silent");
    CHECK(counts[2] == 0);
    CHECK(counts[1] > 0);
  }
};

}  // namespace

TEST_CASE("damage: a directory with retired segments, every sector zeroed, made garbage, unreadable, and bits flipped") {
  Sweep sectors, bits;
  const auto disk = copy();
  io::Random random(5);
  for (const std::string& file : files_in(*disk)) {
    const std::uint64_t size = disk->content(file).size();
    const bool pages = file.ends_with(".pages");  // megabytes of the same
    for (std::uint64_t offset = random.below(slower) * 512; offset < size; offset += 512 * slower * (pages ? 61 : 1)) {
      std::vector<std::byte> garbage(512);
      for (std::byte& byte : garbage) byte = static_cast<std::byte>(random.next());
      const std::string what = file + " at " + std::to_string(offset);
      sectors.run(what, !is_snapshot(file), [&](io::SimulatedDisk& damaged) { damaged.overwrite(file, offset, std::vector<std::byte>(512)); });
      sectors.run(what, !is_snapshot(file), [&](io::SimulatedDisk& damaged) { damaged.overwrite(file, offset, garbage); });
      sectors.run("unreadable " + what, !is_snapshot(file), [&](io::SimulatedDisk& damaged) { damaged.make_unreadable(file, offset, 512); });
    }
    for (std::uint64_t bit = random.below(499); bit < size * 8; bit += 499 * slower * (pages ? 61 : 1)) {
      bits.run(file + " bit " + std::to_string(bit), !is_snapshot(file), [&](io::SimulatedDisk& damaged) { damaged.flip_bit(file, bit / 8, static_cast<unsigned>(bit % 8)); });
    }
  }
  sectors.print("sectors, retired journal");
  bits.print("bits, retired journal");
}

TEST_CASE("damage: a directory with retired segments, every file deleted, cut, exchanged, and earlier ones put back") {
  Sweep sweep;
  const auto disk = copy();
  const std::vector<std::string> files = files_in(*disk);
  for (const std::string& file : files) {
    sweep.run(file + " deleted", !is_snapshot(file), [&](io::SimulatedDisk& damaged) { REQUIRE(damaged.remove(file).ok()); });
    const std::uint64_t size = disk->content(file).size();
    const std::uint64_t step = size > 200'000 ? size / 20 : 4096;
    for (std::uint64_t bytes = 0; bytes < size; bytes += step * slower) {
      sweep.run(file + " cut", !is_snapshot(file), [&](io::SimulatedDisk& damaged) {
        auto opened = damaged.open(file, {.access = io::Access::read_write});
        REQUIRE((*opened)->truncate(bytes) == 0);
      });
    }
    for (const std::string& other : files) {
      if (other == file) continue;
      sweep.run(file + " under the name of " + other, true, [&](io::SimulatedDisk& damaged) { REQUIRE(damaged.rename(file, other).ok()); });
    }
  }
  // A file as it was earlier: segments that are retired by now, snapshots that were removed, CONTROL that knows less.
  const auto earlier = snapshot_scene::closed_behind(4).after_power_cut(io::PowerCut{});
  for (const std::string& file : files_in(*earlier)) {
    sweep.run(file + " put back", !is_snapshot(file), [&](io::SimulatedDisk& damaged) {
      const auto content = earlier->content(file);
      if (*damaged.exists(file)) REQUIRE(damaged.remove(file).ok());
      auto made = damaged.open(file, {.access = io::Access::create_new});
      REQUIRE((*made)->write(content, 0) == static_cast<std::int64_t>(content.size()));
    });
  }
  sweep.print("files, retired journal");
}

// Of two snapshots that a retired journal has, both: the state that led to its first segment is gone.
TEST_CASE("damage: every snapshot of a journal with retired segments, and the start says what is missing") {
  const auto disk = copy();
  for (const std::string& file : files_in(*disk)) {
    if (is_snapshot(file)) disk->flip_bit(file, 5'000, 1);
  }
  std::optional<Error> refused;
  const std::string wrong = snapshot_scene::check(*disk, known, &refused);
  REQUIRE(refused.has_value());
  CHECK(refused->code == ErrorCode::missing);
  CHECK(refused->text.find("none of its snapshots is whole") + 1 + refused->text.find("was retired") + 1 > 0);
}

}  // namespace pawl::damage::retired_test
