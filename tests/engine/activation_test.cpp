// The bounds of keyed state stand in the log: what was refused at a bound is refused again in every replay and after every restart.
#include "pawl/journal/engine/activation.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "pawl/journal/replay.hpp"
#include "temporary_directory.hpp"

namespace activation_test {

namespace {

using pawl::ErrorCode;
using pawl::window::StateLimits;

struct Payment {
  pawl::Time at;
  std::int64_t id, customer;
};
PAWL_EVENT(Payment, at, id, customer);

constexpr const char* pipeline = R"(pipeline "bounded" version 1
event Payment { at: time, id: int, customer: int }
let n = count(per customer, 1h)
let others = distinct(id per customer, 1h)
rule many { on Payment when n >= 2 then score 1 }
)";
constexpr pawl::Time start = 1'522'540'800 * pawl::one_second;
constexpr StateLimits small{.keys_max = 256, .entries_max = 2000, .distinct_max = 64};

class CountingSink final : public pawl::DecisionSink {
 public:
  pawl::Result<void> on_decision(const pawl::Decision& decision) override {
    scores += decision.score();
    return {};
  }
  pawl::Result<void> flush() override { return {}; }
  std::int64_t scores = 0;
};

struct Run {
  std::string digest, error;
  ErrorCode code{};
  std::uint64_t refused = 0;
};

pawl::EngineOptions options_in(const std::string& directory, std::optional<StateLimits> state) {
  pawl::EngineOptions options;
  options.directory = directory;
  options.pipeline_text = pipeline;
  options.durability = pawl::Durability::os;
  options.segment_bytes = std::uint64_t{8} << 20;
  options.state = state;
  return options;
}

// `count` payments of ever new customers, each of whom pays twice.
Run run(const pawl::EngineOptions& options, std::int64_t first, std::int64_t count) {
  CountingSink sink;  // outlives the engine
  auto engine = pawl::DurableEngine::open(options);
  if (!engine.ok()) return {.digest = {}, .error = engine.error().text, .code = engine.error().code};
  (*engine)->set_sink(sink);
  auto lane = (*engine)->lane("a");
  REQUIRE(lane.ok());
  for (std::int64_t i = first; i < first + count; ++i) REQUIRE((*lane)->publish(Payment{start + i, i, i / 2}).accepted());
  const auto report = (*engine)->close();
  REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
  Run done{.digest = pawl::rules::to_hex(report->digest), .error = {}};
  for (const auto& group : report->windows) done.refused += group.keys_refused + group.entries_refused;
  return done;
}

Run replay(const std::string& directory, int threads) {
  pawl::ReplayOptions options;
  options.directory = directory;
  options.threads = threads;
  auto opened = pawl::Replay::open(options);
  if (!opened.ok()) return {.digest = {}, .error = opened.error().text, .code = opened.error().code};
  CountingSink sink;
  const auto report = (*opened)->run(sink);
  if (!report.ok()) return {.digest = {}, .error = report.error().text, .code = report.error().code};
  return {.digest = pawl::rules::to_hex(report->digest), .error = {}};
}

std::vector<std::byte> payload_of(const pawl::journal::ActivatePayload& payload) {
  const auto bytes = std::as_bytes(std::span(&payload, 1));
  return {bytes.begin(), bytes.end()};
}

std::string error_of(std::span<const std::byte> payload, ErrorCode code) {
  const auto limits = pawl::journal::recorded_limits(payload);
  REQUIRE_FALSE(limits.ok());
  CHECK(limits.error().code == code);
  return limits.error().text;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a log recorded within small bounds gives the same digest in replay and after a restart") {
  const pawl::test::TemporaryDirectory directory;
  const std::string bounded = directory.path() + "/bounded";
  const Run first = run(options_in(bounded, small), 0, 6000);
  REQUIRE(first.error.empty());
  CHECK(first.refused > 0);
  CHECK(run(options_in(directory.path() + "/free", {}), 0, 6000).digest != first.digest);  // the bounds do change decisions
  for (const int threads : {1, 2, 4}) CHECK(replay(bounded, threads).digest == first.digest);

  const Run again = run(options_in(bounded, {}), 6000, 1000);
  CHECK(again.error.empty());
  CHECK(again.digest != first.digest);
  CHECK(replay(bounded, 0).digest == again.digest);
  CHECK(run(options_in(bounded, small), 7000, 0).digest == again.digest);
}

TEST_CASE("other bounds than the journal's are an error that names both") {
  const pawl::test::TemporaryDirectory directory;
  REQUIRE(run(options_in(directory.path() + "/j", small), 0, 10).error.empty());
  StateLimits larger = small;
  larger.keys_max = 512;
  const Run refused = run(options_in(directory.path() + "/j", larger), 10, 1);
  CHECK(refused.code == ErrorCode::usage);
  CHECK_MESSAGE(has(refused.error, "EngineOptions::state has 512 keys, 2000 entries, 64 distinct values, but the journal in " + directory.path() +
                                       "/j was written with 256 keys, 2000 entries, 64 distinct values"), refused.error);
  const Run impossible = run(options_in(directory.path() + "/k", StateLimits{.keys_max = 0}), 0, 1);
  CHECK(impossible.code == ErrorCode::usage);
  CHECK_FALSE(std::filesystem::exists(directory.path() + "/k"));
}

TEST_CASE("the bounds in an ACTIVATE, form by form") {
  const auto payload = pawl::journal::activation(7, pipeline, small);
  CHECK(payload.version == 7);
  const auto read = pawl::journal::recorded_limits(payload_of(payload));
  REQUIRE(read.ok());
  CHECK(pawl::journal::same(*read, small));

  const std::vector<std::byte> whole = payload_of(payload);
  const auto old = pawl::journal::recorded_limits(std::span(whole).first(24));  // form 0 ended there
  REQUIRE(old.ok());
  CHECK(pawl::journal::describe(*old) == "1048576 keys, 16777216 entries, 1048576 distinct values");

  auto newer = payload;
  newer.form = 2;
  CHECK(has(error_of(payload_of(newer), ErrorCode::newer_format), "has form 2; this release knows forms up to 1. Use the newer release"));
  auto longer = payload_of(newer);
  longer.resize(80);
  error_of(longer, ErrorCode::newer_format);
  for (const unsigned bytes : {0U, 8U, 23U, 25U, 27U, 28U, 32U, 48U, 55U}) {
    CAPTURE(bytes);
    CHECK(has(error_of(std::span(whole).first(bytes), ErrorCode::corrupt), "has " + std::to_string(bytes) + " bytes"));
  }
  auto wrong = payload;
  wrong.form = 0;
  error_of(payload_of(wrong), ErrorCode::corrupt);
  wrong = payload;
  wrong.reserved = 1;
  error_of(payload_of(wrong), ErrorCode::corrupt);
  wrong = payload;
  wrong.keys_max = 0;
  CHECK(has(error_of(payload_of(wrong), ErrorCode::corrupt), "0 keys, 2000 entries"));
}

namespace {

// A log as an engine before these bounds wrote it: ACTIVATE of form 0, then payments. `payload`: of the ACTIVATE.
void write_log(const std::string& directory, std::span<const std::byte> payload) {
  auto disk = pawl::io::make_real_disk();
  REQUIRE(disk.ok());
  pawl::io::SystemClock clock;
  pawl::journal::Options options;
  options.directory = directory;
  options.segment_bytes = std::uint64_t{8} << 20;
  options.disk = disk->get();
  options.clock = &clock;
  REQUIRE(pawl::journal::Journal::create(options).ok());
  auto journal = pawl::journal::Journal::open(options);
  REQUIRE(journal.ok());
  REQUIRE(journal->writer().annotate_pipeline(pipeline));
  std::vector<std::byte> record(pawl::record_bytes(payload.size()));
  pawl::EventHeader header{};
  header.at = start;
  header.type = static_cast<std::uint16_t>(pawl::InputType::activate);
  header.length = static_cast<std::uint16_t>(payload.size());
  const auto* head = reinterpret_cast<const std::byte*>(&header);
  std::copy(head + pawl::record_offset, head + sizeof header, record.begin());
  std::copy(payload.begin(), payload.end(), record.begin() + pawl::record_header_bytes);
  const std::uint32_t crc = pawl::crc32c(std::span(record).subspan(pawl::record_crc_offset, pawl::record_header_bytes - pawl::record_crc_offset + payload.size()));
  std::memcpy(record.data(), &crc, sizeof crc);
  REQUIRE(journal->writer().append(record));
  REQUIRE(journal->close().ok());
}

}  // namespace

TEST_CASE("a log of form 0 replays and goes on; one of a form to come is refused by both, and named") {
  const pawl::test::TemporaryDirectory directory;
  const auto whole = payload_of(pawl::journal::activation(1, pipeline, {}));
  write_log(directory.path() + "/old", std::span(whole).first(24));
  CHECK(replay(directory.path() + "/old", 1).error.empty());
  const Run gone_on = run(options_in(directory.path() + "/old", {}), 0, 3000);
  CHECK(gone_on.error.empty());
  CHECK(replay(directory.path() + "/old", 2).digest == gone_on.digest);

  auto newer = pawl::journal::activation(1, pipeline, {});
  newer.form = 9;
  write_log(directory.path() + "/newer", payload_of(newer));
  for (const Run& refused : {replay(directory.path() + "/newer", 1), run(options_in(directory.path() + "/newer", {}), 0, 1)}) {
    CHECK(refused.code == ErrorCode::newer_format);
    CHECK_MESSAGE(has(refused.error, directory.path() + "/newer: the ACTIVATE at the start of the log has form 9"), refused.error);
  }
}

}  // namespace activation_test
