// What every Disk promises (io/disk.hpp), tested alike over io_uring, pwritev2, both by length, buffered and simulated.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>
#include <thread>

#include "worlds.hpp"

namespace pawl::io::test {
namespace {

constexpr std::size_t block = 4096;
constexpr OpenOptions create{.access = Access::create_new, .direct = false, .durable = false};
constexpr OpenOptions create_durable{.access = Access::create_new, .direct = true, .durable = true};
constexpr OpenOptions read_only{.access = Access::read, .direct = false, .durable = false};
constexpr OpenOptions read_write{.access = Access::read_write, .direct = false, .durable = false};

std::unique_ptr<File> open(Disk& disk, const std::string& path, const OpenOptions& options) {
  auto file = disk.open(path, options);
  if (!file) FAIL(file.error().text);
  return *std::move(file);
}

void write_blocks(File& file, std::size_t count, std::uint8_t fill) {
  AlignedBytes bytes(count * block, fill);
  REQUIRE(file.write(bytes.span(), 0) == static_cast<std::int64_t>(count * block));
}

// Every completion of the writes under way, by tag.
std::map<std::uint64_t, std::int64_t> wait_for(File& file, std::size_t count) {
  std::map<std::uint64_t, std::int64_t> results;
  std::array<Completion, 3> ended;  // fewer than may end at once: what does not fit must come with the next call
  while (results.size() < count) {
    const std::size_t got = file.wait(ended, one_second);
    for (std::size_t i = 0; i < got; ++i) CHECK(results.emplace(ended[i].tag, ended[i].result).second);
  }
  return results;
}

}  // namespace

#define FOR_EVERY_DISK(name) \
  TEST_CASE_TEMPLATE(name, World, UringWorld, MixedWorld, PwriteWorld, BufferedWorld, SimulatedWorld, TimedSimulatedWorld)
#define WORLD_OR_SKIP() \
  World world;          \
  if (!world.disk) return; \
  Disk& disk = *world.disk

FOR_EVERY_DISK("what is written is read back, and short at the end of the file") {
  WORLD_OR_SKIP();
  const std::string path = world.root + "/a";
  const auto file = open(disk, path, create);
  CHECK(file->alignment_bytes() == 1);
  CHECK_FALSE(file->direct());
  const std::array<std::byte, 5> bytes{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
  CHECK(file->write(bytes, 700) == 5);
  CHECK(file->size() == 705);
  std::array<std::byte, 10> back;
  CHECK(file->read(back, 698) == 7);
  CHECK(back[0] == std::byte{0});
  CHECK(std::memcmp(back.data() + 2, bytes.data(), 5) == 0);
  CHECK(file->read(back, 705) == 0);
  CHECK(file->read(back, 4000) == 0);
  CHECK(file->sync() == 0);
}

FOR_EVERY_DISK("truncate cuts, and what it adds is zero") {
  WORLD_OR_SKIP();
  const auto file = open(disk, world.root + "/a", create);
  write_blocks(*file, 3, 7);
  CHECK(file->truncate(1000) == 0);
  CHECK(file->size() == 1000);
  CHECK(file->truncate(2 * block) == 0);
  AlignedBytes back(3 * block, 9);
  CHECK(file->read(back.span(), 0) == 2 * block);
  CHECK(back.data()[999] == std::byte{7});
  CHECK(std::ranges::all_of(back.span().subspan(1000, 2 * block - 1000), [](std::byte byte) { return byte == std::byte{0}; }));
}

FOR_EVERY_DISK("access: must exist, must not exist, read-only") {
  WORLD_OR_SKIP();
  const std::string path = world.root + "/a";
  auto none = disk.open(path, read_write);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::not_found);
  CHECK(none.error().text.find(path) != std::string::npos);
  CHECK_FALSE(disk.open(path, read_only));
  { const auto made = open(disk, path, create); }
  CHECK_FALSE(disk.open(path, create));
  CHECK_FALSE(disk.open(path, create_durable));
  const auto reader = open(disk, path, read_only);
  const std::array<std::byte, 1> one{};
  CHECK(reader->write(one, 0) == -EBADF);
  CHECK_FALSE(disk.open(world.root + "/none/a", create));
}

FOR_EVERY_DISK("a direct durable file writes asynchronously and reports every write once") {
  WORLD_OR_SKIP();
  const auto file = open(disk, world.root + "/a", create_durable);
  if (file->direct()) CHECK(file->alignment_bytes() >= block);
  if (World::is_direct && !file->direct()) MESSAGE("not direct here: ", file->notice());
  if (World::is_direct) CHECK(file->direct() == file->notice().empty());

  AlignedBytes bytes(Disk::max_in_flight * block);
  for (std::uint8_t i = 0; i < Disk::max_in_flight; ++i) {
    const auto part = bytes.span().subspan(i * block, block);
    std::memset(part.data(), i + 1, block);
    REQUIRE(file->submit_write(part, i * block, 100 + i) == 0);
  }
  const auto results = wait_for(*file, Disk::max_in_flight);
  for (std::uint64_t i = 0; i < Disk::max_in_flight; ++i) CHECK(results.at(100 + i) == block);
  CHECK(file->size() == Disk::max_in_flight * block);
  AlignedBytes back(Disk::max_in_flight * block);
  CHECK(file->read(back.span(), 0) == Disk::max_in_flight * block);
  CHECK(std::memcmp(back.data(), bytes.data(), Disk::max_in_flight * block) == 0);
}

FOR_EVERY_DISK("long and short writes in turn are each reported once, the short ones at once if they ended in the call") {
  WORLD_OR_SKIP();
  const auto file = open(disk, world.root + "/a", create_durable);
  constexpr std::size_t longest = 2 * mixed_async_bytes_min;
  AlignedBytes bytes(longest);
  std::uint64_t offset = 0;
  for (std::uint8_t i = 0; i < 10; ++i) {
    const std::size_t length = i % 2 == 0 ? longest : block;
    std::memset(bytes.data(), i + 1, length);
    REQUIRE(file->submit_write(bytes.span().first(length), offset, i) == 0);
    if (file->has_ended()) {
      std::array<Completion, 1> ended;
      CHECK(file->poll(ended) == 1);
      CHECK(ended[0].tag == i);
      CHECK(ended[0].result == static_cast<std::int64_t>(length));
    } else {
      CHECK(wait_for(*file, 1).at(i) == static_cast<std::int64_t>(length));
    }
    CHECK_FALSE(file->has_ended());
    AlignedBytes back(block);
    CHECK(file->read(back.span(), offset + length - block) == block);
    CHECK(back.data()[block - 1] == std::byte(i + 1));
    offset += length;
  }
}

FOR_EVERY_DISK("poll never blocks, and reports in the end") {
  WORLD_OR_SKIP();
  const auto file = open(disk, world.root + "/a", create_durable);
  AlignedBytes bytes(block, 5);
  std::array<Completion, 2> ended;
  CHECK(file->poll(ended) == 0);
  CHECK(file->wait(ended, one_second) == 0);  // nothing under way: at once
  REQUIRE(file->submit_write(bytes.span(), block, 42) == 0);
  std::size_t got = 0;
  while (got == 0) {
    got = file->poll(ended);
    if constexpr (std::is_same_v<World, TimedSimulatedWorld>) world.clock.advance(10'000);
  }
  CHECK(got == 1);
  CHECK(ended[0].tag == 42);
  CHECK(ended[0].result == block);
  CHECK(file->poll(ended) == 0);
}

FOR_EVERY_DISK("pinned memory writes the same bytes, inside it and outside it, file after file") {
  WORLD_OR_SKIP();
  for (std::uint8_t round = 1; round <= 3; ++round) {
    const auto file = open(disk, world.root + "/" + std::to_string(round), create_durable);
    AlignedBytes pinned(4 * block, round);
    AlignedBytes outside(block, 77);
    const int result = file->pin_buffers(pinned.span());
    if (result != 0) MESSAGE("pinning refused: ", std::strerror(-result));
    REQUIRE(file->submit_write(pinned.span().subspan(block, 2 * block), 0, 1) == 0);
    REQUIRE(file->submit_write(outside.span(), 2 * block, 2) == 0);
    wait_for(*file, 2);
    AlignedBytes back(3 * block);
    CHECK(file->read(back.span(), 0) == 3 * block);
    CHECK(back.data()[0] == std::byte{round});
    CHECK(back.data()[2 * block - 1] == std::byte{round});
    CHECK(back.data()[2 * block] == std::byte{77});
  }
}

FOR_EVERY_DISK("misaligned direct transfers are refused, not bent") {
  WORLD_OR_SKIP();
  const auto file = open(disk, world.root + "/a", create_durable);
  if (!file->direct()) return;
  AlignedBytes bytes(2 * block);
  CHECK(file->write(bytes.span().subspan(0, 512), 0) == -EINVAL);
  CHECK(file->write(bytes.span().subspan(0, block), 512) == -EINVAL);
  CHECK(file->write(bytes.span().subspan(512, block), 0) == -EINVAL);
  CHECK(file->read(bytes.span().subspan(512, block), 0) == -EINVAL);
  std::array<Completion, 1> ended;
  // A backend may say so at once or in the completion.
  if (file->submit_write(bytes.span().subspan(512, block), 0, 1) == 0) {
    REQUIRE(file->wait(ended, one_second) == 1);
    CHECK(ended[0].result == -EINVAL);
  }
  CHECK(file->size() == 0);
}

FOR_EVERY_DISK("a file opened on one thread is used on another, and closed with a write under way") {
  WORLD_OR_SKIP();
  auto file = open(disk, world.root + "/a", create_durable);
  AlignedBytes bytes(16 * block, 3);
  std::thread([&] {
    CHECK(file->submit_write(bytes.span(), 0, 1) == 0);
    wait_for(*file, 1);
    CHECK(file->submit_write(bytes.span(), 16 * block, 2) == 0);
  }).join();
  file.reset();
  CHECK(open(disk, world.root + "/a", read_only)->size() == 32 * block);
}

FOR_EVERY_DISK("files outlive their disk") {
  WORLD_OR_SKIP();
  const auto file = open(disk, world.root + "/a", create_durable);
  world.disk.reset();
  AlignedBytes bytes(block, 3);
  CHECK(file->submit_write(bytes.span(), 0, 1) == 0);
  CHECK(wait_for(*file, 1).at(1) == block);
}

FOR_EVERY_DISK("directories: make, list in order, rename over, remove, sync") {
  WORLD_OR_SKIP();
  const std::string wal = world.root + "/wal";
  CHECK(disk.make_directory(wal).ok());
  CHECK(disk.make_directory(wal).ok());
  CHECK_FALSE(disk.make_directory(world.root + "/none/wal").ok());
  for (const char* name : {"c", "a", "b"}) open(disk, wal + "/" + name, create);
  CHECK_FALSE(disk.make_directory(wal + "/a").ok());
  auto names = disk.list(wal);
  REQUIRE(names.ok());
  CHECK(*names == std::vector<std::string>{"a", "b", "c"});
  CHECK(*disk.list(world.root) == std::vector<std::string>{"wal"});
  const auto moved = open(disk, wal + "/c", read_write);
  write_blocks(*moved, 1, 3);
  CHECK(disk.rename(wal + "/c", wal + "/a").ok());
  CHECK(*disk.list(wal) == std::vector<std::string>{"a", "b"});
  CHECK(open(disk, wal + "/a", read_only)->size() == block);
  CHECK(disk.sync_directory(wal).ok());
  CHECK(disk.remove(wal + "/a").ok());
  CHECK_FALSE(*disk.exists(wal + "/a"));
  CHECK(*disk.exists(wal + "/b"));
  CHECK(*disk.exists(wal));
  CHECK(moved->size() == block);  // an open file outlives its name

  CHECK(disk.remove(wal + "/a").error().code == ErrorCode::not_found);
  CHECK(disk.rename(wal + "/a", wal + "/z").error().code == ErrorCode::not_found);
  CHECK(disk.list(world.root + "/none").error().code == ErrorCode::not_found);
  CHECK(disk.sync_directory(world.root + "/none").error().code == ErrorCode::not_found);
  CHECK_FALSE(disk.list(wal + "/b").ok());
  CHECK_FALSE(disk.remove(wal).ok());
}

FOR_EVERY_DISK("a lock has one holder") {
  WORLD_OR_SKIP();
  auto first = disk.lock(world.root + "/LOCK");
  REQUIRE(first.ok());
  const auto second = disk.lock(world.root + "/LOCK");
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::in_use);
  first->reset();
  CHECK(disk.lock(world.root + "/LOCK").ok());
  CHECK_FALSE(disk.lock(world.root + "/none/LOCK").ok());
}

FOR_EVERY_DISK("free space is told") {
  WORLD_OR_SKIP();
  const auto free = disk.free_bytes(world.root);
  REQUIRE(free.ok());
  CHECK(*free > block);
  CHECK_FALSE(disk.free_bytes(world.root + "/none").ok());
}

}  // namespace pawl::io::test
