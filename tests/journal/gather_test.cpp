// A writer that gathers: when a block waits for more, and that it never waits long.
#include "world.hpp"

using namespace pawl;
using namespace pawl::world;

namespace {

constexpr Duration gather_time = 1'000'000;
constexpr std::size_t gather_bytes = 4'096;

// Inputs of 100 payload bytes, `every` ns, for `time` ns; a turn of the writer after each.
void offer(Journal& journal, io::SimulatedClock& clock, std::uint64_t& next, Duration every, Duration time) {
  for (Duration passed = 0; passed < time; passed += every) {
    const auto record = make_input(next, 100);
    if (journal.writer().append(record)) ++next;
    journal.preparer()->step();
    journal.writer().poll();
    clock.advance(every);
  }
}

Options one_segment(io::Disk& disk, io::Clock& clock) {
  Options options = small_options(disk, clock);
  options.segment_bytes = 4 << 20;  // no blocks but those of the inputs
  return options;
}

struct Gathering {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  Journal journal = create_and_open(one_segment(disk, clock));
  std::uint64_t next = 0;
  Gathering() {
    REQUIRE(append_inputs(journal, clock, 0, 1));
    REQUIRE(all_durable(journal, clock));
    next = 1;
    journal.writer().gather(gather_bytes, gather_time);
  }
  [[nodiscard]] std::uint64_t blocks_of(Duration every, Duration time) {
    const std::uint64_t before = journal.writer().counters().blocks;
    offer(journal, clock, next, every, time);
    return journal.writer().counters().blocks - before;
  }
};

}  // namespace

TEST_CASE("slow inputs are never held back") {
  Gathering g;
  CHECK(g.blocks_of(100'000, 10'000'000) >= 49);  // 1.4 MB/s where 4.1 MB/s would be fast: a write takes a turn, the next turn sends the next
  CHECK_FALSE(g.journal.writer().gathering());
}

TEST_CASE("fast inputs are gathered into blocks of the length asked for, and all become durable") {
  Gathering g;
  const std::uint64_t blocks = g.blocks_of(5'000, 20'000'000);  // 28 MB/s
  const std::uint64_t bytes = g.next * make_input(1, 100).size();
  CHECK(blocks <= bytes / gather_bytes + 2);
  CHECK(blocks >= bytes / (2 * gather_bytes));
  REQUIRE(all_durable(g.journal, g.clock));
  CHECK(g.journal.writer().durable_sequence() == static_cast<Sequence>(g.next) - 1);
}

TEST_CASE("when a burst ends, what it left behind waits no longer than the time given") {
  Gathering g;
  offer(g.journal, g.clock, g.next, 5'000, 3'000'000);
  while (!g.journal.writer().gathering()) offer(g.journal, g.clock, g.next, 5'000, 5'000);
  const std::int64_t began = g.clock.monotonic_ns();
  REQUIRE(all_durable(g.journal, g.clock));
  CHECK(g.clock.monotonic_ns() - began <= gather_time + 100'000);
}

TEST_CASE("a journal that is to end does not gather") {
  Gathering g;
  offer(g.journal, g.clock, g.next, 5'000, 3'000'000);
  while (!g.journal.writer().gathering()) offer(g.journal, g.clock, g.next, 5'000, 5'000);
  CHECK_FALSE(g.journal.writer().drained());
  CHECK_FALSE(g.journal.writer().gathering());
}
