// What the simulated disk does that no real one does on demand: crashes, faults, damage.
#include <doctest/doctest.h>

#include <array>
#include <set>

#include "pawl/io/simulated_node.hpp"
#include "worlds.hpp"

namespace pawl::io::test::simulated_test {
namespace {

constexpr std::size_t block = 4096;
constexpr OpenOptions create{.access = Access::create_new, .direct = false, .durable = false};
constexpr OpenOptions create_durable{.access = Access::create_new, .direct = true, .durable = true};
constexpr OpenOptions read_buffered{.access = Access::read, .direct = false, .durable = false};
constexpr OpenOptions read_direct{.access = Access::read, .direct = true, .durable = false};

std::unique_ptr<File> open(Disk& disk, const std::string& path, const OpenOptions& options) {
  auto file = disk.open(path, options);
  if (!file) FAIL(file.error().text);
  return *std::move(file);
}

// A file of whole blocks, durable with its name.
std::unique_ptr<File> durable_file(Disk& disk, const std::string& path, std::size_t blocks, std::uint8_t fill,
                                   const OpenOptions& options = create) {
  auto file = open(disk, path, options);
  AlignedBytes bytes(blocks * block, fill);
  REQUIRE(file->write(bytes.span(), 0) == static_cast<std::int64_t>(blocks * block));
  REQUIRE(file->sync() == 0);
  REQUIRE(disk.sync_directory("/").ok());
  return file;
}

void overwrite(File& file, std::uint8_t fill, std::size_t bytes, std::uint64_t offset) {
  AlignedBytes data(bytes, fill);
  REQUIRE(file.write(data.span(), offset) == static_cast<std::int64_t>(bytes));
}

std::uint8_t byte_at(const SimulatedDisk& disk, const std::string& path, std::size_t offset) {
  return static_cast<std::uint8_t>(disk.content(path).at(offset));
}

const PowerCut drop_all{.policy = PowerCut::Policy::drop_all, .seed = 1, .kept = 0};
const PowerCut keep_all{.policy = PowerCut::Policy::keep_all, .seed = 1, .kept = 0};

}  // namespace

TEST_CASE("a power cut drops what is not synced, or keeps it, and the run goes on") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 2, 1);
  overwrite(*file, 2, block, block);
  overwrite(*file, 3, block, 2 * block);

  const auto dropped = disk.after_power_cut(drop_all);
  CHECK(dropped->content("a").size() == 2 * block);
  CHECK(byte_at(*dropped, "a", block) == 1);
  const auto kept = disk.after_power_cut(keep_all);
  CHECK(kept->content("a").size() == 3 * block);
  CHECK(byte_at(*kept, "a", block) == 2);
  CHECK(byte_at(*kept, "a", 2 * block) == 3);
  CHECK(dropped->fingerprint() != kept->fingerprint());

  CHECK(file->sync() == 0);
  CHECK(disk.unsynced().empty());
  CHECK(disk.after_power_cut(drop_all)->fingerprint() == kept->fingerprint());
  CHECK(disk.fingerprint() == kept->fingerprint());
}

TEST_CASE("every subset of un-synced sectors, old, new or garbage, is reached exactly once") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 1, 1);
  overwrite(*file, 2, 3 * sector_bytes, sector_bytes);
  overwrite(*file, 3, sector_bytes, 3 * sector_bytes);  // over the last of the three: its old state may be of either write
  const auto choices = disk.unsynced();
  REQUIRE(choices.size() == 4);
  CHECK(choices[0].path == "/a");
  CHECK(choices[0].offset == sector_bytes);
  CHECK(choices[3].offset == 3 * sector_bytes);

  std::set<std::uint64_t> images;
  for (unsigned code = 0; code < 81; ++code) {
    std::array<Fate, 4> fates;
    for (unsigned i = 0, rest = code; i < 4; ++i, rest /= 3) fates[i] = static_cast<Fate>(rest % 3);
    const auto crashed = disk.after_power_cut(fates, 7);
    images.insert(crashed->fingerprint());
    const auto bytes = crashed->content("a");
    CHECK(bytes[0] == std::byte{1});
    CHECK(bytes[4 * sector_bytes] == std::byte{1});
    if (fates[0] == Fate::landed) CHECK(bytes[sector_bytes] == std::byte{2});
    if (fates[0] == Fate::lost) CHECK(bytes[sector_bytes] == std::byte{1});
    if (fates[3] == Fate::landed) CHECK(bytes[4 * sector_bytes - 1] == std::byte{3});
  }
  // The first two sectors: 9 states. The last: old, of write one, of write two, garbage of either (which depends on what else is).
  CHECK(images.size() >= 9 * 4);
}

TEST_CASE("crash states of one moment are those of a power cut, whatever the disk does meanwhile") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 1, 1);
  overwrite(*file, 2, 2 * sector_bytes, 0);
  REQUIRE(disk.open("b", {.access = Access::create_new}).ok());
  REQUIRE(disk.unsynced().size() == 3);
  const CrashStates states(disk);
  std::vector<std::pair<std::array<Fate, 3>, std::uint64_t>> expected;
  for (unsigned code = 0; code < 27; ++code) {
    std::array<Fate, 3> fates;
    for (unsigned i = 0, rest = code; i < 3; ++i, rest /= 3) fates[i] = static_cast<Fate>(rest % 3);
    expected.emplace_back(fates, disk.after_power_cut(fates)->fingerprint());
  }
  CHECK(file->sync() == 0);
  for (const auto& [fates, fingerprint] : expected) {
    const auto crashed = states.after(fates);
    CHECK(crashed->fingerprint() == fingerprint);
    CHECK(crashed->unsynced().empty());
  }
}

TEST_CASE("garbage in one sector is the same whatever became of its neighbours") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 1, 1);
  overwrite(*file, 2, 2 * sector_bytes, 0);
  const auto one = disk.after_power_cut(std::array{Fate::lost, Fate::garbage})->content("a");
  const auto both = disk.after_power_cut(std::array{Fate::garbage, Fate::garbage})->content("a");
  CHECK(std::equal(one.begin() + sector_bytes, one.end(), both.begin() + sector_bytes));
  CHECK_FALSE(std::equal(one.begin(), one.begin() + sector_bytes, both.begin()));
}

TEST_CASE("who watches sees every state before it goes, blocking writes in flight too") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 1, 1);
  std::set<std::size_t> pending;
  int looks = 0;
  disk.watch([&] {
    ++looks;
    pending.insert(disk.unsynced().size());
    CHECK(disk.after_power_cut(PowerCut{})->content("a").size() == block);  // a look is no operation, and is not shown itself
  });
  overwrite(*file, 2, 2 * sector_bytes, 0);
  CHECK(file->sync() == 0);
  CHECK(pending == std::set<std::size_t>{0, 2});
  CHECK(looks == 3);  // before the write, while it is in flight, before the sync
  std::array<std::byte, sector_bytes> buffer;
  CHECK(file->read(buffer, 0) == static_cast<std::int64_t>(buffer.size()));
  disk.watch({});
  CHECK(disk.sync_directory("/").ok());
  CHECK(looks == 3);
}

TEST_CASE("a prefix cut keeps the first things in order of time") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 1, 1);
  for (std::uint8_t i = 0; i < 4; ++i) overwrite(*file, static_cast<std::uint8_t>(10 + i), sector_bytes, (3U - i) * sector_bytes);
  for (std::size_t kept = 0; kept <= 4; ++kept) {
    const auto crashed = disk.after_power_cut({.policy = PowerCut::Policy::prefix, .seed = 1, .kept = kept});
    for (std::size_t i = 0; i < 4; ++i) CHECK(byte_at(*crashed, "a", (3 - i) * sector_bytes) == (i < kept ? 10 + i : 1));
  }
}

TEST_CASE("random cuts are the same under the same seed and many over many seeds") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 1, 1);
  overwrite(*file, 2, block, 0);
  for (const auto policy : {PowerCut::Policy::subset, PowerCut::Policy::torn}) {
    std::set<std::uint64_t> images;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      const PowerCut cut{.policy = policy, .seed = seed, .kept = 0};
      images.insert(disk.after_power_cut(cut)->fingerprint());
      REQUIRE(disk.after_power_cut(cut)->fingerprint() == disk.after_power_cut(cut)->fingerprint());
    }
    CHECK(images.size() > 100);  // of 256 or more
    if (policy == PowerCut::Policy::subset) CHECK(images.size() <= 256);
  }
}

TEST_CASE("a write with data sync is durable when it has ended, and not before; its neighbours are not") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 4, 1, {.access = Access::create_new, .direct = true, .durable = false});
  const auto synced = open(disk, "a", {.access = Access::read_write, .direct = true, .durable = true});
  overwrite(*file, 2, block, 0);
  AlignedBytes bytes(block, 3);
  REQUIRE(synced->submit_write(bytes.span(), block, 1) == 0);
  CHECK(disk.unsynced().size() == 2 * block / sector_bytes);  // both are at risk
  CHECK(byte_at(*disk.after_power_cut(drop_all), "a", block) == 1);
  CHECK(byte_at(*disk.after_power_cut(keep_all), "a", block) == 3);

  std::array<Completion, 1> ended;
  REQUIRE(synced->wait(ended, one_second) == 1);
  const auto crashed = disk.after_power_cut(drop_all);
  CHECK(byte_at(*crashed, "a", 0) == 1);
  CHECK(byte_at(*crashed, "a", block) == 3);
  CHECK(disk.unsynced().size() == block / sector_bytes);
}

TEST_CASE("a synced write beyond the end takes the size with it") {
  SimulatedDisk disk;
  durable_file(disk, "empty", 1, 1);
  const auto file = open(disk, "a", create_durable);
  REQUIRE(disk.sync_directory("").ok());
  overwrite(*file, 5, block, 2 * block);
  CHECK(disk.unsynced().empty());
  CHECK(disk.after_power_cut(drop_all)->content("a").size() == 3 * block);
}

TEST_CASE("a size may become durable without its data") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 1, 1);
  overwrite(*file, 2, sector_bytes, block);
  REQUIRE(disk.unsynced().size() == 2);
  CHECK(disk.unsynced()[0].kind == Unsynced::Kind::size);
  const auto crashed = disk.after_power_cut(std::array{Fate::landed, Fate::lost});
  CHECK(crashed->content("a").size() == block + sector_bytes);
  CHECK(byte_at(*crashed, "a", block) == 0);
}

TEST_CASE("truncation is durable after a sync only, and pulls what stands before it along") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 2, 1);
  CHECK(file->truncate(100) == 0);
  CHECK(disk.after_power_cut(drop_all)->content("a").size() == 2 * block);
  CHECK(disk.after_power_cut(keep_all)->content("a").size() == 100);
  CHECK(file->truncate(block) == 0);
  CHECK(file->sync() == 0);
  const auto crashed = disk.after_power_cut(drop_all);
  CHECK(crashed->content("a").size() == block);
  CHECK(byte_at(*crashed, "a", 99) == 1);
  CHECK(byte_at(*crashed, "a", 100) == 0);
}

TEST_CASE("names are durable after a sync of their directory only: every subset") {
  SimulatedDisk disk;
  REQUIRE(disk.make_directory("/wal").ok());
  REQUIRE(disk.sync_directory("/").ok());
  durable_file(disk, "wal/old", 1, 1);
  REQUIRE(disk.sync_directory("/wal").ok());
  const auto made = open(disk, "wal/new", create);
  CHECK(made->sync() == 0);
  REQUIRE(disk.rename("wal/new", "wal/named").ok());
  REQUIRE(disk.remove("wal/old").ok());
  REQUIRE(disk.unsynced().size() == 3);

  std::set<std::vector<std::string>> seen;
  for (unsigned code = 0; code < 8; ++code) {
    std::array<Fate, 3> fates;
    for (unsigned i = 0; i < 3; ++i) fates[i] = (code >> i & 1) != 0 ? Fate::landed : Fate::lost;
    seen.insert(*disk.after_power_cut(fates)->list("wal"));
  }
  CHECK(seen == std::set<std::vector<std::string>>{{"old"}, {"new", "old"}, {"named", "old"}, {}, {"new"}, {"named"}});
  REQUIRE(disk.sync_directory("wal").ok());
  CHECK(disk.unsynced().empty());
  CHECK(*disk.after_power_cut(drop_all)->list("wal") == std::vector<std::string>{"named"});
}

TEST_CASE("a rename into another directory is durable with either, and never leaves two names") {
  SimulatedDisk disk;
  REQUIRE(disk.make_directory("/from").ok());
  REQUIRE(disk.make_directory("/to").ok());
  REQUIRE(disk.sync_directory("/").ok());
  open(disk, "from/a", create);
  REQUIRE(disk.rename("from/a", "to/b").ok());
  SUBCASE("target synced") { REQUIRE(disk.sync_directory("to").ok()); }
  SUBCASE("source synced") { REQUIRE(disk.sync_directory("from").ok()); }
  for (const auto& cut : {drop_all, keep_all}) {
    const auto crashed = disk.after_power_cut(cut);
    CHECK(*crashed->list("to") == std::vector<std::string>{"b"});
    CHECK(crashed->list("from")->empty());
  }
}

TEST_CASE("a rename over a file replaces it at once or not at all") {
  SimulatedDisk disk;
  durable_file(disk, "a", 1, 1);
  durable_file(disk, "tmp", 1, 2);
  REQUIRE(disk.rename("tmp", "a").ok());
  CHECK(byte_at(*disk.after_power_cut(drop_all), "a", 0) == 1);
  CHECK(byte_at(*disk.after_power_cut(keep_all), "a", 0) == 2);
  CHECK(*disk.after_power_cut(keep_all)->list("/") == std::vector<std::string>{"a"});
}

TEST_CASE("a crashed disk can crash again, and locks do not survive") {
  SimulatedDisk disk;
  const auto lock = disk.lock("LOCK");
  REQUIRE(lock.ok());
  CHECK_FALSE(disk.lock("LOCK").ok());
  const auto file = durable_file(disk, "a", 1, 1);
  overwrite(*file, 2, block, 0);
  const auto once = disk.after_power_cut(keep_all);
  CHECK(once->lock("LOCK").ok());
  CHECK(once->unsynced().empty());
  const auto again = open(*once, "a", {.access = Access::read_write, .direct = false, .durable = false});
  overwrite(*again, 3, block, 0);
  const auto twice = once->after_power_cut(drop_all);
  CHECK(byte_at(*twice, "a", 0) == 2);
  CHECK(byte_at(disk, "a", 0) == 2);
}

TEST_CASE("process death keeps the page cache and lets writes in flight land") {
  SimulatedDisk disk;
  AlignedBytes bytes(block, 2);  // outlives the file, which is closed with the write under way
  const auto file = durable_file(disk, "a", 2, 1, create_durable);
  REQUIRE(file->submit_write(bytes.span(), block, 1) == 0);
  const auto next = disk.after_process_death();
  CHECK(byte_at(*next, "a", block) == 2);
  CHECK(byte_at(*next->after_power_cut(drop_all), "a", block) == 2);
  CHECK(byte_at(disk, "a", block) == 1);
  CHECK(next->counters().operations == 0);
}

TEST_CASE("faults strike the k-th matching operation, so many times, and leave the rest alone") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 1, 1);
  const auto other = durable_file(disk, "b", 1, 1);
  disk.add_fault({.operation = Operation::write, .path_part = "a", .after = 1, .times = 2, .error_number = ENOSPC});
  AlignedBytes bytes(block, 2);
  CHECK(file->write(bytes.span(), 0) == block);
  CHECK(other->write(bytes.span(), 0) == block);
  CHECK(file->write(bytes.span(), 0) == -ENOSPC);
  CHECK(other->write(bytes.span(), 0) == block);
  CHECK(file->write(bytes.span(), 0) == -ENOSPC);
  CHECK(file->write(bytes.span(), 0) == block);

  disk.add_fault({.operation = Operation::any, .times = Fault::for_ever, .error_number = EIO});
  CHECK(file->write(bytes.span(), 0) == -EIO);
  CHECK(file->sync() == -EIO);
  CHECK_FALSE(disk.open("a", read_buffered).ok());
  CHECK_FALSE(disk.rename("a", "c").ok());
  CHECK_FALSE(disk.list("/").ok());
  disk.clear_faults();
  CHECK(disk.list("/").ok());
}

TEST_CASE("asynchronous writes report their faults in the completion") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 1, 1, create_durable);
  AlignedBytes bytes(block, 2);
  std::array<Completion, 1> ended;
  const auto once = [&](Fault fault) {
    fault.operation = Operation::write;
    disk.add_fault(fault);
    REQUIRE(file->submit_write(bytes.span(), 0, 9) == 0);
    REQUIRE(file->wait(ended, one_second) == 1);
    CHECK(ended[0].tag == 9);
    return ended[0].result;
  };
  CHECK(once({.error_number = EAGAIN}) == -EAGAIN);
  CHECK(once({.error_number = ECANCELED}) == -ECANCELED);
  CHECK(byte_at(disk, "a", 0) == 1);
  CHECK(once({.kind = Fault::Kind::short_count, .amount = sector_bytes}) == static_cast<std::int64_t>(sector_bytes));
  CHECK(byte_at(disk, "a", sector_bytes - 1) == 2);
  CHECK(byte_at(disk, "a", sector_bytes) == 1);
  CHECK(once({.error_number = EIO}) == -EIO);
}

TEST_CASE("lost and misdirected writes say that all is well") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 3, 1);
  disk.add_fault({.kind = Fault::Kind::lost, .operation = Operation::write});
  overwrite(*file, 2, block, 0);
  CHECK(byte_at(disk, "a", 0) == 1);
  disk.add_fault({.kind = Fault::Kind::misdirected, .operation = Operation::write, .amount = block});
  overwrite(*file, 3, block, 0);
  CHECK(byte_at(disk, "a", 0) == 1);
  CHECK(byte_at(disk, "a", block) == 3);
}

TEST_CASE("after a failed sync the page cache shows what the device does not have, and the next sync says all is well") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 1, 1);
  overwrite(*file, 2, block, 0);
  disk.add_fault({.operation = Operation::sync});
  CHECK(file->sync() == -EIO);
  CHECK(file->sync() == 0);
  AlignedBytes back(block);
  CHECK(open(disk, "a", read_buffered)->read(back.span(), 0) == block);
  CHECK(back.all(2));
  CHECK(open(disk, "a", read_direct)->read(back.span(), 0) == block);
  CHECK(back.all(1));
  CHECK(byte_at(*disk.after_power_cut(keep_all), "a", 0) == 1);
}

TEST_CASE("a full disk refuses new space, not overwriting, and removal frees") {
  SimulatedDisk disk;
  disk.set_capacity(4 * block);
  const auto file = durable_file(disk, "a", 2, 1);
  auto other = durable_file(disk, "b", 2, 1);
  CHECK(*disk.free_bytes("/") == 0);
  AlignedBytes bytes(block, 2);
  CHECK(file->write(bytes.span(), 2 * block) == -ENOSPC);
  CHECK(file->write(bytes.span(), block) == block);
  REQUIRE(disk.remove("b").ok());
  CHECK(*disk.free_bytes("/") == 0);  // an open file keeps its space
  other.reset();
  CHECK(*disk.free_bytes("/") == 2 * block);
  CHECK(file->write(bytes.span(), 2 * block) == block);
}

TEST_CASE("damage: flipped bits, overwritten bytes, unreadable sectors") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 2, 1);
  const auto clean = disk.fingerprint();
  disk.flip_bit("a", 100, 7);
  CHECK(byte_at(disk, "a", 100) == 0x81);
  CHECK(disk.fingerprint() != clean);
  disk.flip_bit("a", 100, 7);
  CHECK(disk.fingerprint() == clean);
  const std::array<std::byte, 2> bytes{std::byte{8}, std::byte{9}};
  disk.overwrite("a", 4095, bytes);
  CHECK(byte_at(*disk.after_power_cut(drop_all), "a", 4096) == 9);
  disk.make_unreadable("a", block, sector_bytes);
  AlignedBytes back(2 * block);
  CHECK(file->read(back.span(), 0) == -EIO);
  CHECK(file->read(back.span().first(block), 0) == block);
  CHECK(open(*disk.after_power_cut(drop_all), "a", read_buffered)->read(back.span(), 0) == -EIO);
}

TEST_CASE("counters: data syncs rise with every acknowledged write of a durable file") {
  SimulatedDisk disk;
  const auto file = open(disk, "a", create_durable);
  AlignedBytes bytes(block);
  for (std::uint64_t i = 0; i < 10; ++i) {
    CHECK(disk.counters().durable_writes == i);
    REQUIRE(file->submit_write(bytes.span(), i * block, i) == 0);
    CHECK(disk.counters().durable_writes == i);
    std::array<Completion, 1> ended;
    REQUIRE(file->wait(ended, one_second) == 1);
  }
  CHECK(disk.counters().flushes() == 10);
  CHECK(disk.counters().written_bytes == 10 * block);
  disk.add_fault({.operation = Operation::write});
  CHECK(file->write(bytes.span(), 0) == -EIO);
  CHECK(disk.counters().durable_writes == 10);
}

TEST_CASE("a disk without power fails everything") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 1, 1);
  disk.power_off();
  AlignedBytes bytes(block);
  CHECK(file->write(bytes.span(), 0) == -EIO);
  CHECK(file->read(bytes.span(), 0) == -EIO);
  CHECK(file->sync() == -EIO);
  CHECK_FALSE(disk.open("a", read_buffered).ok());
  CHECK_FALSE(disk.free_bytes("/").ok());
  CHECK(byte_at(*disk.after_power_cut(keep_all), "a", 0) == 1);
}

TEST_CASE("waiting on a simulated disk takes simulated time") {
  SimulatedClock clock;
  SimulatedDisk disk({.clock = &clock, .write_ns_min = 100, .write_ns_max = 100});
  const auto file = durable_file(disk, "a", 1, 1, create_durable);
  AlignedBytes bytes(block);
  std::array<Completion, 1> ended;
  const Time wall = clock.now();
  REQUIRE(file->submit_write(bytes.span(), 0, 1) == 0);
  CHECK(file->poll(ended) == 0);
  CHECK(file->wait(ended, 40) == 0);
  CHECK(clock.monotonic_ns() == 40);
  clock.step_wall_clock(-one_second);
  CHECK(file->wait(ended, one_second) == 1);
  CHECK(clock.monotonic_ns() == 100);
  CHECK(clock.now() == wall + 100 - one_second);
}

TEST_CASE("crash states are cheap: thousands a second") {
  SimulatedDisk disk;
  const auto file = durable_file(disk, "a", 64, 1);
  overwrite(*file, 2, 4 * block, 8 * block);
  std::set<std::uint64_t> images;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    images.insert(disk.after_power_cut({.policy = PowerCut::Policy::torn, .seed = seed, .kept = 0})->fingerprint());
  }
  CHECK(images.size() > 1900);
}

}  // namespace pawl::io::test::simulated_test
