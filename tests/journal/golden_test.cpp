// The bytes of a small journal never change: golden/format-1.txt holds them for ever, and FORMAT.md prints parts of them.
#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "pawl/journal/files.hpp"
#include "world.hpp"

using namespace pawl;
using namespace pawl::world;

namespace {

std::string hex_row(std::span<const std::byte> row) {
  std::string text;
  for (std::size_t i = 0; i < row.size(); ++i) text += fmt::format("{}{:02x}", i == 0 ? "" : i == 8 ? "  " : " ", std::to_integer<unsigned>(row[i]));
  return text;
}

// Rows of 16 bytes that are not all zero.
std::string dump(const std::string& file, std::span<const std::byte> bytes) {
  std::string text = fmt::format("{} ({} bytes)\n", file, bytes.size());
  for (std::size_t at = 0; at + 16 <= bytes.size(); at += 16) {
    const auto row = bytes.subspan(at, 16);
    if (!journal::all_zero(row)) text += fmt::format("{:06x}  {}\n", at, hex_row(row));
  }
  return text;
}

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
std::string worked_example() {
  io::SimulatedClock clock;
  io::SimulatedDisk disk({.polls_max = 1});
  Journal journal = create_and_open(small_options(disk, clock));
  REQUIRE(journal.writer().annotate_source(0, "gateway-1"));
  REQUIRE(journal.writer().append(worked_input(0)));
  REQUIRE(journal.writer().append(worked_input(1)));
  REQUIRE(journal.close().ok());
  return dump("CONTROL", disk.content("data/CONTROL")) + dump("wal/0000000000000001.seg", disk.content(journal::segment_path(directory, 1)));
}

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  REQUIRE_MESSAGE(file.good(), path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("golden: the worked example has the bytes of format 1") {
  const std::string golden = std::string(PAWL_SOURCE_DIR) + "/tests/journal/golden/format-1.txt";
  const std::string now = worked_example();
  if (std::getenv("PAWL_WRITE_GOLDEN") != nullptr) std::ofstream(golden) << now;
  CHECK(now == read_text(golden));
}

TEST_CASE("golden: FORMAT.md prints bytes that are there") {
  const std::string golden = read_text(std::string(PAWL_SOURCE_DIR) + "/tests/journal/golden/format-1.txt");
  std::istringstream document(read_text(std::string(PAWL_SOURCE_DIR) + "/journal/FORMAT.md"));
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
  const std::string document = read_text(std::string(PAWL_SOURCE_DIR) + "/journal/FORMAT.md");
  for (const journal::RecoveryRow& row : journal::recovery_rows()) {
    CHECK_MESSAGE(document.find(std::string(row.why)) != std::string::npos, row.why);
    CHECK(document.find(std::string(journal::name(row.label))) != std::string::npos);
  }
}
