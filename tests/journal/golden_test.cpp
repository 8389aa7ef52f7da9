// The bytes of a small journal never change: golden/format-1.txt and golden/format-1-audit.txt hold them for ever, and FORMAT.md prints parts of them.
#include <sstream>

#include "pawl/journal/files.hpp"
#include "pawl/journal/inspection.hpp"
#include "golden.hpp"
#include "world.hpp"

using namespace pawl;
using namespace pawl::world;

namespace {

std::vector<std::byte> worked_input(std::uint64_t i) {
  std::vector<std::byte> bytes(record_bytes(12));
  const std::string_view payload = i == 0 ? "first input." : "second one..";
  RecordHeader header{};
  header.at = 1'700'000'000'000'000'000 + static_cast<Time>(i);
  header.ingest = header.at + 1'000;
  header.ticket = i + 1;
  header.type = first_event_type;
  header.length = 12;
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + record_header_bytes, payload.data(), payload.size());
  const std::uint32_t crc = crc32c(std::span(bytes).subspan(record_crc_offset, record_header_bytes - record_crc_offset + 12));
  std::memcpy(bytes.data(), &crc, sizeof crc);
  return bytes;
}

// Two inputs of one source, closed at once: OPEN, EPOCH, DATA and the witnessing seal.
std::string worked_example(journal::BodyHash body_hash) {
  io::SimulatedClock clock;
  io::SimulatedDisk disk({.polls_max = 1});
  Options options = small_options(disk, clock);
  options.body_hash = body_hash;
  Journal journal = create_and_open(options);
  REQUIRE(journal.writer().annotate_source(0, "gateway-1"));
  REQUIRE(journal.writer().append(worked_input(0)));
  REQUIRE(journal.writer().append(worked_input(1)));
  REQUIRE(journal.close().ok());
  return golden::dump("CONTROL", disk.content("data/CONTROL")) + golden::dump("wal/0000000000000001.seg", disk.content(journal::segment_path(directory, 1)));
}

const std::string folder = std::string(PAWL_SOURCE_DIR) + "/tests/journal/golden/";

// A journal as an earlier release left it: read, continued, read again.
void check_readable(const std::string& golden, journal::BodyHash body_hash) {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  golden::restore(golden, disk, directory);
  const auto check = [&](std::size_t inputs) {
    const Contents contents = read_all(disk);
    CHECK_MESSAGE(contents.end.ok(), (contents.end ? "" : contents.end.error().text));
    REQUIRE(contents.inputs.size() == inputs);
    CHECK(contents.inputs[0] == worked_input(0));
    CHECK(contents.inputs[1] == worked_input(1));
  };
  check(2);
  auto verified = journal::verify(directory, disk);
  REQUIRE(verified.ok());
  CHECK(verified->findings.empty());
  CHECK(journal::inspect(directory, disk)->body_hash == body_hash);
  Journal journal = reopen(small_options(disk, clock));
  CHECK(journal.recovery().clean);
  CHECK(journal.recovery().sources.at(0).last_ticket == 2);
  REQUIRE(append_inputs(journal, clock, 2, 5));
  REQUIRE(journal.close().ok());
  check(5);
}

}  // namespace

TEST_CASE("golden: the worked example has the bytes of format 1") { golden::check(folder + "format-1.txt", worked_example(journal::BodyHash::xxh3_128)); }
TEST_CASE("golden: and so it has with bodies hashed for an audit") { golden::check(folder + "format-1-audit.txt", worked_example(journal::BodyHash::sha_256)); }
TEST_CASE("golden: this release reads and continues journals of format 1") {
  check_readable(folder + "format-1.txt", journal::BodyHash::xxh3_128);
  check_readable(folder + "format-1-audit.txt", journal::BodyHash::sha_256);
}

TEST_CASE("golden: FORMAT.md prints bytes that are there") {
  const std::string golden = golden::read_text(folder + "format-1.txt");
  std::istringstream document(golden::read_text(std::string(PAWL_SOURCE_DIR) + "/journal/FORMAT.md"));
  std::uint64_t rows = 0;
  for (std::string line; std::getline(document, line);) {
    // "002000  50 4c ..." with a remark behind two spaces or more.
    if (line.size() < 56 || line.substr(6, 2) != "  " || line.find_first_not_of("0123456789abcdef") != 6) continue;
    ++rows;
    CHECK_MESSAGE(golden.find(line.substr(0, 56)) != std::string::npos, line);
  }
  CHECK(rows >= 12);
}

TEST_CASE("golden: FORMAT.md prints the rows of the recovery table") {
  const std::string document = golden::read_text(std::string(PAWL_SOURCE_DIR) + "/journal/FORMAT.md");
  for (const journal::RecoveryRow& row : journal::recovery_rows()) {
    CHECK_MESSAGE(document.find(std::string(row.why)) != std::string::npos, row.why);
    CHECK(document.find(std::string(journal::name(row.label))) != std::string::npos);
  }
}
