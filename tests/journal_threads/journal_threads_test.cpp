// The journal's three threads on a real disk: one appends and polls, one prepares segments, one reads up to what is durable.
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "../journal/world.hpp"
#include "pawl/core/ring/cursor.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/follower.hpp"
#include "pawl/journal/inspection.hpp"

using namespace pawl;
using namespace pawl::world;

namespace {

constexpr std::uint64_t inputs = 40'000;

// Reads the whole journal up to a durable block, again and again, as a tool beside a live engine does. Returns inputs seen, 0 if wrong.
std::uint64_t read_until(io::Disk& disk, const std::string& place, std::uint64_t block_number) {
  auto reader = JournalReader::open(place, disk);
  if (!reader) return 0;
  auto cursor = reader->read({.until_block = block_number, .deep = true});
  if (!cursor) return 0;
  BlockView block;
  std::uint64_t seen = 0;
  for (;;) {
    auto more = cursor->next(block);
    if (!more) return 0;
    if (!*more) return seen;
    for (const Record record : block.records()) {
      if (!record.is_input()) continue;
      const auto expected = make_input(seen++);
      const auto got = record.bytes();
      if (!std::equal(got.begin(), got.end(), expected.begin(), expected.end())) return 0;
    }
  }
}

// A journal whose writer and preparer are at work, each on a thread of its own.
class LiveJournal {
 public:
  LiveJournal() : disk_(make_disk()), journal_(create_and_open(options())), preparer_([this] { prepare(); }) {
    while (writer().durable_block() < 2) writer().wait(1'000'000);
  }
  ~LiveJournal() {
    done_.publish(1);
    if (preparer_.joinable()) preparer_.join();
    std::filesystem::remove_all(place_);
  }

  // Appends all inputs; `observe(durable block)` runs again and again beside it, on its own thread. Returns how often it ran.
  template <class Observe>
  std::uint64_t write_all(Observe observe) {
    std::uint64_t observed = 0;
    std::thread observer([&] {
      while (done_.load_acquire() == 0) {
        observe(static_cast<std::uint64_t>(durable_.load_acquire()));
        ++observed;
      }
    });
    append_all();
    done_.publish(1);
    preparer_.join();
    observer.join();
    CHECK(writer().durable_sequence() == static_cast<Sequence>(inputs) - 1);
    return observed;
  }
  [[nodiscard]] io::Disk& disk() { return *disk_; }
  [[nodiscard]] const std::string& place() const { return place_; }
  [[nodiscard]] Writer& writer() { return journal_.writer(); }
  [[nodiscard]] Result<void> close() { return journal_.close(); }

 private:
  static std::unique_ptr<io::Disk> make_disk() {
    auto disk = io::make_real_disk();
    REQUIRE(disk.ok());
    return *std::move(disk);
  }
  Options options() {
    std::filesystem::remove_all(place_);
    Options options;
    options.directory = place_;
    options.segment_bytes = 1 << 20;
    options.block_bytes_max = 64 * 1024;
    options.disk = disk_.get();
    options.clock = &clock_;
    return options;
  }
  void prepare() {
    while (done_.load_acquire() == 0) {
      if (!journal_.preparer()->step()) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }
  void append_all() {
    for (std::uint64_t i = 0; i < inputs;) {
      if (writer().append(make_input(i))) {
        if (++i % 64 == 0) writer().poll();
      } else {
        writer().wait(1'000'000);
      }
      durable_.publish(static_cast<Sequence>(writer().durable_block()));
      if (writer().state() == WriterState::failed) return;
    }
    while (writer().durable_sequence() < writer().appended_sequence() && writer().state() == WriterState::running) writer().wait(1'000'000);
  }

  std::string place_ = std::string(PAWL_BINARY_DIR) + "/journal_threads_" + std::to_string(::getpid());
  io::SystemClock clock_;
  std::unique_ptr<io::Disk> disk_;
  ring::Cursor<> durable_{2};  // durable block, published by the writer's thread
  ring::Cursor<> done_{0};
  Journal journal_;
  std::thread preparer_;
};

}  // namespace

TEST_CASE("writer, preparer and a live reader, each on its own thread") {
  LiveJournal live;
  std::uint64_t wrong = 0;
  std::uint64_t last_seen = 0;
  const std::uint64_t readings = live.write_all([&](std::uint64_t block) {
    const std::uint64_t seen = read_until(live.disk(), live.place(), block);
    if (block > 2 && (seen == 0 || seen < last_seen)) ++wrong;
    last_seen = seen;
  });
  CHECK(wrong == 0);
  CHECK(readings > 0);
  CHECK(read_until(live.disk(), live.place(), live.writer().durable_block()) == inputs);
  CHECK(live.close().ok());
}

TEST_CASE("verify and info beside a live writer find no damage, and a follower every input once") {
  LiveJournal live;
  auto reader = JournalReader::open(live.place(), live.disk());
  REQUIRE(reader.ok());
  auto follower = journal::Follower::open(*reader, 0);
  REQUIRE(follower.ok());
  std::string wrong;
  std::uint64_t followed = 0;
  const auto follow = [&] {
    BlockView block;
    for (;;) {
      auto more = follower->next(block);
      if (!more) wrong = more.error().text;
      if (!more || !*more) return;
      for (const Record record : block.records()) {
        if (!record.is_input()) continue;
        const auto expected = make_input(followed++);
        const auto got = record.bytes();
        if (!std::equal(got.begin(), got.end(), expected.begin(), expected.end())) wrong = "input " + std::to_string(followed - 1);
      }
    }
  };
  const std::uint64_t looks = live.write_all([&](std::uint64_t) {
    const auto verification = journal::verify(live.place(), live.disk(), 2);
    if (!verification) wrong = verification.error().text;
    if (verification && !verification->whole()) wrong = verification->findings.front().text;
    const auto info = journal::inspect(live.place(), live.disk());
    if (!info) wrong = info.error().text;
    if (info && !may_start(info->label)) wrong = info->text;
    follow();
  });
  CHECK_MESSAGE(wrong.empty(), wrong);
  CHECK(looks > 0);
  CHECK(live.close().ok());
  follow();
  CHECK(followed == inputs);
}
