// Receipts: of every block of a journal, against that journal, its earlier and later states, and others.
#include "pawl/journal/files.hpp"
#include "pawl/journal/receipt.hpp"
#include "world.hpp"

namespace receipt_test {

using namespace pawl;
using namespace pawl::world;
using journal::Receipt;
using Kind = journal::ReceiptVerdict::Kind;

namespace {

// A journal of several segments, and a receipt of every block that was durable at some time.
struct Written {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  Options options = small_options(disk, clock);
  std::vector<Receipt> receipts;

  Written() {
    options.segment_bytes = 32 * 1024;
    Journal journal = create_and_open(options);
    append(journal, 0, 900);
    REQUIRE(journal.close().ok());
    take(journal);
  }
  void append(Journal& journal, std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i < to; ++i) {
      REQUIRE(append_inputs(journal, clock, i, i + 1));
      if (i % 7 == 0) turn(journal, clock);
      take(journal);
    }
    REQUIRE(all_durable(journal, clock));
    take(journal);
  }
  void take(Journal& journal) {
    const auto& position = journal.writer().durable_position();
    const Receipt receipt{journal.database(), position.next_sequence - 1, position.block, position.chain};
    if (receipts.empty() || receipts.back().block != receipt.block) receipts.push_back(receipt);
  }
};

Kind kind_of(io::Disk& disk, const Receipt& receipt) {
  const auto verdict = journal::check_receipt(directory, disk, receipt);
  REQUIRE_MESSAGE(verdict.ok(), (verdict.ok() ? "" : verdict.error().text));
  CHECK_FALSE(verdict->text.empty());
  return verdict->kind;
}

}  // namespace

TEST_CASE("a receipt's text: one word, read back to the same, and any slip in it is found") {
  Written written;
  const Receipt& receipt = written.receipts.back();
  const std::string text = to_text(receipt);
  CHECK(text.find_first_of(" \n\t") == std::string::npos);
  CHECK(*journal::parse_receipt(text) == receipt);
  std::uint64_t slips = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : {'0', '7', 'f', ':', 'x'}) {
      std::string other = text;
      if (other[i] == c) continue;
      other[i] = c;
      const auto parsed = journal::parse_receipt(other);
      CHECK_FALSE(parsed.ok());
      ++slips;
    }
    CHECK_FALSE(journal::parse_receipt(text.substr(0, i)).ok());
  }
  CHECK(slips > 500);
  CHECK(journal::parse_receipt("hello").error().code == ErrorCode::bad_data);
  CHECK_FALSE(journal::parse_receipt("").ok());
}

TEST_CASE("the receipt of every block holds, seals of segments included, also after the journal has gone on") {
  Written written;
  REQUIRE(JournalReader::open(directory, written.disk)->segments()->size() > 4);
  for (const Receipt& receipt : written.receipts) CHECK(kind_of(written.disk, receipt) == Kind::holds);
  const std::size_t before = written.receipts.size();
  {
    Journal journal = reopen(written.options);
    written.append(journal, 900, 1'300);
    REQUIRE(journal.close().ok());
  }
  CHECK(written.receipts.size() > before + 5);
  for (const Receipt& receipt : written.receipts) CHECK(kind_of(written.disk, receipt) == Kind::holds);
}

TEST_CASE("an earlier state of the journal, and one that went on from it, break the receipts that were given since") {
  Written written;
  const auto earlier = written.disk.after_process_death();
  const std::size_t before = written.receipts.size();
  {
    Journal journal = reopen(written.options);
    written.append(journal, 900, 1'300);
    REQUIRE(journal.close().ok());
  }
  for (std::size_t i = 0; i < written.receipts.size(); ++i) CHECK(kind_of(*earlier, written.receipts[i]) == (i < before ? Kind::holds : Kind::lost));
  const auto verdict = journal::check_receipt(directory, *earlier, written.receipts.back());
  CHECK(verdict->text.find("ends at block") != std::string::npos);
  CHECK(verdict->text.find("sequence 1299, was acked: 400 inputs are gone") != std::string::npos);
  Options options = written.options;
  options.disk = earlier.get();
  {
    Journal journal = reopen(options);  // the same place in the log, other inputs
    REQUIRE(append_inputs(journal, written.clock, 2'000, 3'000));
    REQUIRE(journal.close().ok());
  }
  for (std::size_t i = 0; i < written.receipts.size(); ++i) CHECK(kind_of(*earlier, written.receipts[i]) == (i < before ? Kind::holds : Kind::altered));
}

TEST_CASE("damage before a receipt's block, and other journals") {
  Written written;
  written.disk.flip_bit(journal::segment_path(directory, 2), 9'000, 3);
  std::uint64_t holds = 0, damaged = 0;
  for (const Receipt& receipt : written.receipts) {
    const Kind kind = kind_of(written.disk, receipt);
    holds += kind == Kind::holds ? 1U : 0U;
    damaged += kind == Kind::damaged ? 1U : 0U;
  }
  CHECK(holds + damaged == written.receipts.size());  // those of other segments can still be read, verify() is for the rest
  CHECK(damaged > 0);
  Receipt other = written.receipts.front();
  other.database[0] ^= std::byte{1};
  CHECK(kind_of(written.disk, other) == Kind::foreign);
  CHECK(kind_of(written.disk, Receipt{written.receipts.front().database, no_sequence, 0, {}}) == Kind::holds);
}

TEST_CASE("a receipt does not hold over segments that are gone, swapped or damaged at their ends") {
  Written written;
  const Receipt& last = written.receipts.back();
  const auto check = [&](auto damage, const std::string& words) {
    const auto copy = written.disk.after_process_death();
    damage(*copy);
    const auto verdict = journal::check_receipt(directory, *copy, last);
    REQUIRE_MESSAGE(verdict.ok(), (verdict.ok() ? "" : verdict.error().text));
    CHECK(verdict->kind == Kind::damaged);
    CHECK_MESSAGE(verdict->text.find(words) != std::string::npos, verdict->text);
  };
  check([](io::SimulatedDisk& disk) { REQUIRE(disk.remove(journal::segment_path(directory, 2)).ok()); }, "0000000000000002.seg is gone");
  check([](io::SimulatedDisk& disk) { REQUIRE(disk.remove(journal::segment_path(directory, 1)).ok()); }, "0000000000000001.seg is gone");
  check([](io::SimulatedDisk& disk) { disk.flip_bit(journal::segment_path(directory, 2), 100, 1); }, "0000000000000002.seg is damaged at its beginning");
  check([](io::SimulatedDisk& disk) { disk.flip_bit(journal::segment_path(directory, 2), 32 * 1024 - 4000, 1); }, "0000000000000002.seg is damaged at its end");
  // Inside, only reading them tells, and the text says so.
  written.disk.flip_bit(journal::segment_path(directory, 2), 9'000, 3);
  const auto inside = journal::check_receipt(directory, written.disk, last);
  CHECK(inside->kind == Kind::holds);
  CHECK(inside->text.find("Damage inside them is found by reading them, which `pawl journal verify data` does") != std::string::npos);
}

TEST_CASE("a receipt whose segment begins with damage is not called lost") {
  Written written;
  const auto segments = *JournalReader::open(directory, written.disk)->segments();
  std::uint64_t last = 0;
  for (const auto& segment : segments) last = segment.opened ? segment.number : last;
  const std::uint64_t before = segments[last - 1].before.block;
  written.disk.flip_bit(journal::segment_path(directory, last), 300, 1);
  std::uint64_t damaged = 0;
  for (const Receipt& receipt : written.receipts) {
    CHECK(kind_of(written.disk, receipt) == (receipt.block <= before ? Kind::holds : Kind::damaged));
    damaged += receipt.block > before ? 1U : 0U;
  }
  CHECK(damaged > 0);
}

}  // namespace receipt_test
