// A catalogue that needs two OPEN blocks, and power cuts between them, one start after the other: whatever was known is known again.
#include "world.hpp"

using namespace pawl;
using namespace pawl::world;

namespace open_blocks_test {
namespace {

constexpr std::uint16_t sources = 20;

// On a disk that loses power again and again.
struct World {
  io::SimulatedClock clock;
  std::vector<std::unique_ptr<io::SimulatedDisk>> disks;  // the last is there now; journals that a cut ended still stand on those before it

  // Writes end some polls later, so that a block can be durable while the next is not.
  World() { disks.push_back(std::make_unique<io::SimulatedDisk>(io::SimulatedOptions{.polls_max = 8})); }
  [[nodiscard]] io::SimulatedDisk& disk() { return *disks.back(); }
  [[nodiscard]] Options options() { return small_options(disk(), clock); }
  // While the journal lives: its end would wait for the block in flight.
  void cut() { disks.push_back(disk().after_power_cut(io::PowerCut{})); }

  // Until the OPEN block behind `block` is durable.
  void turn_past(Journal& journal, std::uint64_t block) {
    REQUIRE(turn_until(journal, clock, [&] { return journal.writer().durable_block() > block; }));
  }
  // A segment is full, and the first of two OPEN blocks stands in the next when the power goes.
  void first_life() {
    Journal journal = create_and_open(options());
    REQUIRE(journal.writer().annotate_pipeline(std::string(4'000, 'p')));
    for (std::uint16_t number = 0; number < sources; ++number) {
      const std::string name = "source-" + std::to_string(number) + std::string(200, 'x');
      REQUIRE(turn_until(journal, clock, [&] { return journal.writer().annotate_source(number, name); }));
    }
    journal::Digest digest{};
    digest[0] = std::byte{7};
    REQUIRE(turn_until(journal, clock, [&] { return journal.writer().annotate_digest(0, digest) && journal.writer().annotate_emitted(0, 5); }));
    std::uint64_t next = 0;
    REQUIRE(turn_until(journal, clock, [&] {
      if (journal.writer().append(make_input(next, 1'500))) ++next;
      return journal.writer().durable_position().segment == 2 && journal.writer().durable_position().offset > 0;
    }));
    REQUIRE(journal.writer().durable_position().offset == options().block_bytes_max);  // the second is on its way
    cut();
  }
};

void check_known(const RecoveryReport& report) {
  CHECK(report.pipeline.size() == 4'000);
  CHECK(report.sources.size() == sources);
  CHECK(report.digest.has_value());
  CHECK(report.emitted.sequence == 0);
  for (std::size_t i = 0; i < 3; ++i) CHECK(report.sources.at(i).last_ticket > 1);
}

}  // namespace

TEST_CASE("OPEN blocks cut off at each start: sources, tickets and marks are not forgotten") {
  for (int cuts = 0; cuts < 4; ++cuts) {
    CAPTURE(cuts);
    World world;
    world.first_life();
    for (int i = 0; i < cuts; ++i) {
      Journal journal = reopen(world.options());
      check_known(journal.recovery());
      world.turn_past(journal, journal.recovery().last_block);
      world.cut();
    }
    {
      Journal journal = reopen(world.options());
      check_known(journal.recovery());
      turn_until(journal, world.clock, [] { return false; }, 500);
      CHECK(journal.writer().state() == WriterState::running);
      world.cut();
    }
    const Journal journal = reopen(world.options());
    check_known(journal.recovery());
  }
}

TEST_CASE("OPEN blocks that are whole are not written again") {
  World world;
  world.first_life();
  std::uint64_t blocks = 0;
  {
    Journal journal = reopen(world.options());
    // Two more, the last of which ends a whole copy; then the epoch's.
    world.turn_past(journal, journal.recovery().last_block + 1);
    blocks = journal.writer().durable_block();
    world.cut();
  }
  Journal journal = reopen(world.options());
  check_known(journal.recovery());
  turn_until(journal, world.clock, [&] { return journal.writer().durable_block() > blocks; });
  auto reader = JournalReader::open(directory, world.disk());
  REQUIRE(reader.ok());
  auto cursor = reader->read({.from_sequence = INT64_MAX});
  REQUIRE(cursor.ok());
  BlockView block;
  std::vector<journal::BlockKind> kinds;
  for (auto more = cursor->next(block); more.ok() && *more; more = cursor->next(block)) kinds.push_back(block.header.kind);
  REQUIRE(kinds.size() >= 4);
  CHECK(kinds[2] == journal::BlockKind::segment_open);
  CHECK(kinds[3] == journal::BlockKind::epoch_open);
}

}  // namespace open_blocks_test
