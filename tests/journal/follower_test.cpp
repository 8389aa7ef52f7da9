// A follower beside a live writer: every block once, in order, and none before the writer knows it durable.
#include "pawl/journal/files.hpp"
#include "pawl/journal/follower.hpp"
#include "pawl/journal/inspection.hpp"
#include "world.hpp"

using namespace pawl;
using namespace pawl::world;
using journal::Follower;

namespace {

// Takes what a follower gives, and checks that it is the next of make_input.
class Reader {
 public:
  explicit Reader(io::Disk& disk) : reader_(open(disk)), follower_(follow(reader_)) {}

  // Until nothing more is durable. False: damage.
  bool read(std::uint64_t durable_block) {
    for (;;) {
      BlockView block;
      auto more = follower_.next(block);
      if (!more) return false;
      if (!*more) return true;
      CHECK(block.header.block <= durable_block);
      take(block);
    }
  }
  bool take_last() {
    BlockView block;
    if (!follower_.take_unwitnessed(block)) return false;
    take(block);
    return true;
  }
  [[nodiscard]] std::uint64_t inputs() const { return inputs_; }
  [[nodiscard]] std::uint64_t blocks() const { return last_block_; }

 private:
  static JournalReader open(io::Disk& disk) {
    auto reader = JournalReader::open(directory, disk);
    REQUIRE_MESSAGE(reader.ok(), (reader ? "" : reader.error().text));
    return *std::move(reader);
  }
  static Follower follow(const JournalReader& reader) {
    auto follower = Follower::open(reader, 0);
    REQUIRE_MESSAGE(follower.ok(), (follower ? "" : follower.error().text));
    return *std::move(follower);
  }

  void take(const BlockView& block) {
    CHECK(block.header.block > last_block_);  // seals of segments do not come by
    last_block_ = block.header.block;
    for (const Record record : block.records()) {
      if (!record.is_input()) continue;
      const auto expected = make_input(inputs_++);
      const auto got = record.bytes();
      CHECK(std::equal(got.begin(), got.end(), expected.begin(), expected.end()));
    }
  }

  JournalReader reader_;
  Follower follower_;
  std::uint64_t inputs_ = 0, last_block_ = 0;
};

// Inputs [from, to), a few at a time, with the reader looking in between.
void append_and_read(Journal& journal, io::SimulatedClock& clock, Reader& reader, std::uint64_t from, std::uint64_t to) {
  io::Random random(from + 1);
  while (from < to) {
    const std::uint64_t next = std::min(to, from + 1 + random.below(60));
    REQUIRE(append_inputs(journal, clock, from, next));
    from = next;
    for (std::uint64_t turns = random.below(8); turns > 0; --turns) turn(journal, clock);
    CHECK(reader.read(journal.writer().durable_block()));
  }
}

}  // namespace

TEST_CASE("a follower gives each block once it is durable, over rolls, clean ends and kills") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  const Options options = small_options(disk, clock);
  REQUIRE(Journal::create(options).ok());
  Reader reader(disk);  // before there is a segment
  CHECK(reader.read(0));
  CHECK(reader.blocks() == 0);
  std::uint64_t written = 0;
  for (const bool clean : {true, false, true}) {
    Journal journal = reopen(options);
    append_and_read(journal, clock, reader, written, written + 1'500);
    written += 1'500;
    REQUIRE(all_durable(journal, clock));
    turn_until(journal, clock, [] { return false; }, 300);  // the idle seal witnesses the last block
    CHECK(reader.read(journal.writer().durable_block()));
    CHECK(reader.inputs() == written);
    if (clean) REQUIRE(journal.close().ok());
  }
  CHECK(JournalReader::open(directory, disk)->segments()->size() > 4);
}

TEST_CASE("the last block is held back until something says that it is durable") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  const Options options = small_options(disk, clock);
  Journal journal = create_and_open(options);
  REQUIRE(append_inputs(journal, clock, 0, 50));
  REQUIRE(all_durable(journal, clock));
  Reader reader(disk);
  CHECK(reader.read(journal.writer().durable_block()));
  CHECK(reader.inputs() < 50);
  SUBCASE("by the idle seal") {
    turn_until(journal, clock, [] { return false; }, 300);
    CHECK(reader.read(journal.writer().durable_block()));
  }
  SUBCASE("by whoever knows that no engine is running") { CHECK(reader.take_last()); }
  SUBCASE("by the next start") {
    { const Journal killed = std::move(journal); }
    Journal again = reopen(options);
    turn_until(again, clock, [] { return false; }, 50);
    CHECK(reader.read(again.writer().durable_block()));
  }
  CHECK(reader.inputs() == 50);
}

TEST_CASE("at level os what is written is acked, and given at once") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  Options options = small_options(disk, clock);
  options.durability = Durability::os;
  Journal journal = create_and_open(options);
  REQUIRE(append_inputs(journal, clock, 0, 50));
  REQUIRE(all_durable(journal, clock));
  Reader reader(disk);
  CHECK(reader.read(journal.writer().durable_block()));
  CHECK(reader.inputs() == 50);
}

TEST_CASE("a follower gives what stands before damage, then names it") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  const Options options = small_options(disk, clock);
  Journal journal = create_and_open(options);
  REQUIRE(append_inputs(journal, clock, 0, 2'000));
  REQUIRE(journal.close().ok());
  disk.flip_bit(journal::segment_path(directory, 2), 20'000, 3);
  Reader reader(disk);
  CHECK_FALSE(reader.read(UINT64_MAX));
  CHECK(reader.inputs() > 300);
  CHECK(reader.inputs() < 2'000);
  auto verification = journal::verify(directory, disk);
  REQUIRE(verification.ok());
  CHECK(static_cast<Sequence>(reader.inputs()) == verification->findings.at(0).first_sequence);
}
