// Each interval's digest stands in the journal, and a start that comes to another one is refused.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/io/simulated.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "pawl/journal/files.hpp"
#include "records.hpp"

namespace digest_check_test {

namespace {

struct Payment {
  pawl::Time at;
  std::int64_t id;
};
PAWL_EVENT(Payment, at, id);

constexpr const char* pipeline =
    "pipeline \"digest\" version 1\n"
    "event Payment { at: time, id: int }\n"
    "rule often { on Payment when count(per all, 1h) >= 3 then score 5 }\n";
constexpr pawl::Time start = 1'522'540'800'000'000'000;
constexpr std::int64_t interval = pawl::limits::digest_interval;

pawl::EngineOptions options_on(pawl::io::Disk& disk) {
  pawl::EngineOptions options;
  options.directory = "data";
  options.pipeline_text = pipeline;
  options.segment_bytes = std::uint64_t{4} << 20;
  options.disk = &disk;
  return options;
}

// The inputs up to `last`; the first one is the activation.
void write_up_to(pawl::io::Disk& disk, std::int64_t last) {
  auto engine = pawl::DurableEngine::open(options_on(disk));
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  (*engine)->on_decision([](const pawl::Decision&) {});
  auto lane = (*engine)->lane("gateway");
  REQUIRE(lane.ok());
  for (std::int64_t i = 1; i <= last; ++i) REQUIRE((*lane)->publish(Payment{start + i, i}).accepted());
  REQUIRE((*engine)->close().ok());
}

// An input without payload.
std::array<std::byte, pawl::record_header_bytes> tick(pawl::Time at) {
  std::array<std::byte, pawl::record_header_bytes> bytes{};
  pawl::journal::RecordHeader header{};
  header.at = header.ingest = at;
  header.type = 2;
  std::memcpy(bytes.data(), &header, sizeof header);
  header.crc = pawl::crc32c(std::span(bytes).subspan(pawl::record_crc_offset));
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

// Behind the engine's back: one more input, a digest for the interval that ends with it, and another input.
void append_with_digest(pawl::io::Disk& disk, pawl::Sequence sequence, const pawl::journal::Digest& digest) {
  pawl::io::SimulatedClock clock;
  pawl::journal::Options options;
  options.directory = "data";
  options.disk = &disk;
  options.clock = &clock;
  auto journal = pawl::journal::Journal::open(options);
  REQUIRE_MESSAGE(journal.ok(), (journal.ok() ? "" : journal.error().text));
  pawl::journal::Writer& writer = journal->writer();
  REQUIRE(writer.appended_sequence() == sequence - 1);
  REQUIRE(writer.append(tick(start + sequence)));
  REQUIRE(writer.annotate_digest(sequence, digest));
  REQUIRE(writer.append(tick(start + sequence + 1)));
  REQUIRE(journal->close().ok());
}

}  // namespace

TEST_CASE("an interval's digest stands in the journal, and a start comes to the same") {
  pawl::io::SimulatedDisk disk;
  write_up_to(disk, 3 * interval + 10);  // three segments, each of which repeats the last mark
  int marks = 0;
  pawl::test::for_each_record("data", disk, [&](const pawl::journal::Record& record) {
    pawl::journal::DigestMark mark;
    if (record.header().type != static_cast<std::uint16_t>(pawl::journal::AnnotationType::digest)) return;
    if (pawl::journal::load_payload(record.payload(), mark) && mark.sequence == interval - 1) ++marks;
  });
  CHECK(marks >= 1);
  CHECK(pawl::journal::list_segments(disk, "data")->size() >= 3);
  CHECK(pawl::DurableEngine::open(options_on(disk)).ok());
}

TEST_CASE("a start that does not reproduce a digest is refused, with the interval and both digests") {
  pawl::io::SimulatedDisk disk;
  write_up_to(disk, interval - 2);
  pawl::journal::Digest wrong{};
  append_with_digest(disk, interval - 1, wrong);
  const auto engine = pawl::DurableEngine::open(options_on(disk));
  REQUIRE_FALSE(engine.ok());
  CHECK(engine.error().code == pawl::ErrorCode::corrupt);
  CHECK_MESSAGE(engine.error().text.find("sequences 0 to 65535") != std::string::npos, engine.error().text);
  CHECK(engine.error().text.find("00000000000000000000000000000000") != std::string::npos);
}

// Its digest is passed on although no input comes behind it.
TEST_CASE("a journal that ends with a digest interval starts again") {
  for (const std::int64_t last : {63, 64, 127}) {
    pawl::io::SimulatedDisk disk;
    pawl::EngineOptions options = options_on(disk);
    options.digest_interval = 64;
    for (int run = 0; run < 2; ++run) {
      auto engine = pawl::DurableEngine::open(options);
      REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
      (*engine)->on_decision([](const pawl::Decision&) {});
      auto lane = (*engine)->lane("gateway");
      REQUIRE(lane.ok());
      for (std::int64_t i = 1; run == 0 && i <= last; ++i) REQUIRE((*lane)->publish(Payment{start + i, i}).accepted());
      const auto report = (*engine)->close();
      REQUIRE(report.ok());
      CHECK(report->last_sequence == last);
    }
  }
}

}  // namespace digest_check_test
