#include "world.hpp"

using namespace pawl;
using namespace pawl::world;

TEST_CASE("inputs come back in order, byte for byte, over blocks, segments and restarts") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  const Options options = small_options(disk, clock);
  std::uint64_t written = 0;
  {
    Journal journal = create_and_open(options);
    CHECK(journal.recovery().label == Label::end);
    CHECK(journal.recovery().last_sequence == no_sequence);
    REQUIRE(append_inputs(journal, clock, 0, 2'000));
    REQUIRE(all_durable(journal, clock));
    CHECK(journal.writer().durable_sequence() == 1'999);
    CHECK(journal.writer().counters().segments > 2);
    written = 2'000;
  }
  for (int restart = 0; restart < 5; ++restart) {
    Journal journal = reopen(options);
    CHECK(journal.recovery().label == Label::end);
    CHECK(journal.recovery().last_sequence == static_cast<Sequence>(written) - 1);
    CHECK(journal.recovery().clean == (restart > 1));
    REQUIRE(append_inputs(journal, clock, written, written + 100));
    written += 100;
    REQUIRE(all_durable(journal, clock));
    if (restart > 0) {
      auto closed = journal.close();
      REQUIRE_MESSAGE(closed.ok(), (closed ? "" : closed.error().text));
    }
  }
  const Contents contents = read_all(disk);
  REQUIRE_MESSAGE(contents.end.ok(), (contents.end ? "" : contents.end.error().text));
  CHECK(contents.inputs.size() == written);
  CHECK(holds_inputs(contents, written));
}

namespace {

// The first input, of another source and ticket.
std::vector<std::byte> input_of(std::uint16_t source, Ticket ticket) {
  auto bytes = make_input(0);
  RecordHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  header.source = source;
  header.ticket = ticket;
  std::memcpy(bytes.data(), &header, sizeof header);
  header.crc = crc32c(std::span(bytes).subspan(record_crc_offset, record_header_bytes - record_crc_offset + header.length));
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

}  // namespace

TEST_CASE("pipeline, sources, tickets, digest and emitted survive, from any later segment") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  const Options options = small_options(disk, clock);
  const std::string pipeline(3'500, 'p');
  Digest digest{};
  digest[0] = std::byte{42};
  {
    Journal journal = create_and_open(options);
    Writer& writer = journal.writer();
    REQUIRE(writer.annotate_pipeline(pipeline));
    REQUIRE(writer.annotate_source(0, "gateway-1"));
    REQUIRE(writer.annotate_source(1, "gateway-2"));
    REQUIRE(writer.annotate_source(2, "files"));
    REQUIRE(writer.annotate_source(3, "quiet"));
    REQUIRE(append_inputs(journal, clock, 0, 9));
    REQUIRE(writer.append(input_of(3, 77)));
    REQUIRE(writer.annotate_digest(9, digest));
    REQUIRE(writer.annotate_emitted(8, 123));
    REQUIRE(append_inputs(journal, clock, 10, 3'000));
    REQUIRE(all_durable(journal, clock));
  }
  Journal journal = reopen(options);
  const RecoveryReport& report = journal.recovery();
  CHECK(report.segments > 4);
  CHECK(report.pipeline == pipeline);
  REQUIRE(report.sources.size() == 4);
  CHECK(report.sources[0].name == "gateway-1");
  CHECK(report.sources[0].last_ticket == 1'000);
  CHECK(report.sources[2].name == "files");
  CHECK(report.sources[2].last_ticket == 1'000);
  CHECK(report.sources[3].last_ticket == 77);  // though no later segment has an input of it
  REQUIRE(report.digest.has_value());
  CHECK(report.digest->sequence == 9);
  CHECK(report.digest->digest == digest);
  CHECK(report.emitted.sequence == 8);
  CHECK(report.emitted.position == 123);
}

TEST_CASE("an annotation alone waits for the idle timer, and is not lost") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  const Options options = small_options(disk, clock);
  Journal journal = create_and_open(options);
  REQUIRE(append_inputs(journal, clock, 0, 1));
  REQUIRE(all_durable(journal, clock));
  const std::uint64_t blocks = journal.writer().durable_block();
  REQUIRE(journal.writer().annotate_emitted(0, 0));
  journal.writer().poll();
  CHECK_FALSE(journal.writer().in_flight());
  REQUIRE(turn_until(journal, clock, [&] { return journal.writer().durable_block() > blocks; }));
  CHECK(journal.writer().counters().idle_seals == 0);
  turn_until(journal, clock, [] { return false; }, 1'000);
  CHECK(journal.writer().durable_block() == blocks + 1);
}

TEST_CASE("a seal witnesses the last data block after 2 ms, once") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  const Options options = small_options(disk, clock);
  Journal journal = create_and_open(options);
  REQUIRE(append_inputs(journal, clock, 0, 5));
  REQUIRE(all_durable(journal, clock));
  CHECK(journal.writer().counters().idle_seals == 0);
  turn_until(journal, clock, [] { return false; }, 2'000);
  CHECK(journal.writer().counters().idle_seals == 1);
}

TEST_CASE("durability os and memory") {
  io::SimulatedClock clock;
  SUBCASE("os: no data sync per block, and the process may die") {
    io::SimulatedDisk disk;
    Options options = small_options(disk, clock);
    options.durability = Durability::os;
    Journal journal = create_and_open(options);
    REQUIRE(append_inputs(journal, clock, 0, 500));
    REQUIRE(all_durable(journal, clock));
    CHECK(journal.writer().counters().syncs == 0);
    const auto after = disk.after_process_death();
    CHECK(holds_inputs(read_all(*after), 500));
  }
  SUBCASE("memory: no files, acks at once") {
    Options options;
    options.durability = Durability::memory;
    auto journal = Journal::open(options);
    REQUIRE(journal.ok());
    CHECK(journal->writer().append(make_input(0)));
    CHECK(journal->writer().durable_sequence() == 0);
    CHECK(journal->preparer() == nullptr);
    CHECK(journal->close().ok());
  }
}

TEST_CASE("reading from a sequence starts at its segment, and until a block ends there") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  const Options options = small_options(disk, clock);
  Journal journal = create_and_open(options);
  REQUIRE(append_inputs(journal, clock, 0, 3'000));
  REQUIRE(all_durable(journal, clock));
  auto reader = JournalReader::open(directory, disk);
  REQUIRE(reader.ok());
  auto cursor = reader->read({.from_sequence = 2'500, .until_block = journal.writer().durable_block()});
  REQUIRE(cursor.ok());
  BlockView block;
  Sequence first = no_sequence;
  Sequence last = no_sequence;
  for (;;) {
    auto more = cursor->next(block);
    REQUIRE_MESSAGE(more.ok(), (more ? "" : more.error().text));
    if (!*more) break;
    if (first == no_sequence) first = block.header.first_sequence;
    last = block.last_sequence();
  }
  CHECK(first > 0);
  CHECK(first <= 2'500);
  CHECK(last == 2'999);
}

namespace {

constexpr std::uint16_t many = 150;

std::string long_name(std::uint16_t number) { return "source " + std::to_string(number) + std::string(80, 'x'); }

void check_all_known(const RecoveryReport& report, std::uint64_t inputs) {
  REQUIRE(report.sources.size() == many);
  for (const auto& source : report.sources) {
    CHECK(source.name == long_name(source.number));
    const bool writes = source.number < 3 && inputs > source.number;
    CHECK(source.last_ticket == (writes ? (inputs - 1 - source.number) / 3 + 1 : 0));
  }
  CHECK(report.emitted.sequence == 5);
  REQUIRE(report.digest.has_value());
  CHECK(report.digest->sequence == 7);
}

}  // namespace

TEST_CASE("a cut between the first blocks of a segment, over which the sources are spread, forgets none of them") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  const Options options = small_options(disk, clock);
  std::uint64_t appended = 0, half_open = 0;
  Journal journal = create_and_open(options);
  for (std::uint16_t number = many; number-- > 0;) {  // those that write come last
    const auto said = [&] { return journal.writer().annotate_source(number, long_name(number)); };
    REQUIRE(turn_until(journal, clock, said));
    REQUIRE(append_inputs(journal, clock, appended, appended + 1));
    ++appended;
  }
  REQUIRE(journal.writer().annotate_emitted(5, 0));
  REQUIRE(journal.writer().annotate_digest(7, Digest{}));
  REQUIRE(turn_until(journal, clock, [&] { return journal.writer().filling_bytes() == 0; }));
  while (journal.writer().durable_position().segment < 4) {
    if (append_inputs(journal, clock, appended, appended + 1)) ++appended;
    turn(journal, clock);
    const auto& position = journal.writer().durable_position();
    if (position.segment < 2 || position.offset > 40'000) continue;
    auto cut = disk.after_power_cut({.policy = io::PowerCut::Policy::drop_all});
    Options after = options;
    after.disk = cut.get();
    for (int life = 0; life < 3; ++life) {  // the second start reads what the first one wrote behind the cut
      Journal again = reopen(after);
      const auto inputs = static_cast<std::uint64_t>(again.recovery().last_sequence + 1);
      check_all_known(again.recovery(), inputs);
      REQUIRE(append_inputs(again, clock, inputs, inputs + 1));
      REQUIRE(all_durable(again, clock));
    }
    ++half_open;
  }
  MESSAGE("cut " << half_open << " times");
  CHECK(half_open > 10);
}

TEST_CASE("audit: bodies are hashed with SHA-256 from one start to the next, and each block says which hash it has") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  Options options = small_options(disk, clock);
  std::uint64_t written = 0;
  std::vector<journal::BodyHash> asked;
  for (const journal::BodyHash algorithm : {journal::BodyHash::xxh3_128, journal::BodyHash::sha_256, journal::BodyHash::xxh3_128}) {
    options.body_hash = algorithm;
    Journal journal = written == 0 ? create_and_open(options) : reopen(options);
    REQUIRE(append_inputs(journal, clock, written, written + 50));
    REQUIRE(journal.close().ok());
    asked.push_back(algorithm);
    written += 50;
  }
  auto reader = JournalReader::open(directory, disk);
  REQUIRE(reader.ok());
  auto cursor = reader->read({.deep = true});
  REQUIRE(cursor.ok());
  journal::Hasher hasher;
  BlockView block;
  std::uint64_t audited = 0;
  while (*cursor->next(block)) {
    if (block.header.epoch == 0) continue;
    const journal::BodyHash algorithm = asked.at(block.header.epoch - 1);
    CHECK(block.header.body_hash_algorithm == algorithm);
    CHECK(block.header.body_hash == hasher.body(algorithm, block.bytes.subspan(journal::block_header_bytes)));
    audited += algorithm == journal::BodyHash::sha_256 ? 1U : 0U;
  }
  CHECK(audited >= 3);
  CHECK(holds_inputs(read_all(disk), written));
}
