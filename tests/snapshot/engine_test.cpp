// Snapshots that the engine takes itself, what retention removes behind them, and what is left to say about it.
#include <chrono>
#include <thread>

#include "pawl/io/system_clock.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/journal/reader.hpp"
#include "pawl/journal/repair.hpp"
#include "pawl/journal/snapshot/snapshotter.hpp"
#include "written.hpp"

namespace pawl::snapshot_test::engine_test {
namespace {

template <class Done>
bool within_a_minute(Done done) {
  for (int i = 0; i < 60'000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return done();
}

// An engine with a sink and a lane.
struct Live {
  explicit Live(const EngineOptions& options) : engine(opened(options)), lane(*engine->lane("gateway")) { engine->set_sink(collector); }
  static std::unique_ptr<DurableEngine> opened(const EngineOptions& options) {
    auto engine = DurableEngine::open(options);
    REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
    return *std::move(engine);
  }
  void publish(std::int64_t from, std::int64_t to) {
    for (std::int64_t i = from; i < to; ++i) {
      while (!lane->publish(payment(i)).accepted()) {
      }
    }
  }
  Collector collector;
  std::unique_ptr<DurableEngine> engine;
  EngineLane* lane;
};

EngineOptions taking(const std::string& journal, bool retention) {
  EngineOptions options = options_for(journal);
  options.snapshots.every_inputs = interval;
  options.snapshots.retention.enabled = retention;
  return options;
}

// Publishes four intervals, and waits for a snapshot of each.
void run_four_intervals(Live& live, std::int64_t each = part, std::int64_t digest_interval = interval) {
  for (std::int64_t i = 0; i < 4; ++i) {
    live.publish(i * each + 1, (i + 1) * each + 1);
    REQUIRE(within_a_minute([&] { return live.engine->status().emitted >= (i + 1) * each; }));
    REQUIRE(within_a_minute([&] { return live.engine->snapshots().last_sequence >= (i + 1) * digest_interval - 1; }));
  }
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

}  // namespace

TEST_CASE("an engine takes snapshots beside its work, and the next one goes on from the newest") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  World world;
  {
    Live live(taking(journal, false));
    run_four_intervals(live);
    const auto report = live.engine->close();
    REQUIRE(report.ok());
    CHECK(report->snapshots.taken == 4);
    CHECK(report->snapshots.failed == 0);
    CHECK(report->snapshots.retired_segments == 0);
    CHECK_FALSE(live.engine->snapshot_error().has_value());
  }
  CHECK(journal::list_snapshots(*world.disk, journal)->size() == 4);
  const Replayed whole = replay({.directory = journal}), tail = replay({.directory = journal, .from_snapshot = true});
  CHECK(whole.report.last_sequence == 4 * part);
  CHECK(tail.after == 4 * interval - 1);
  CHECK(tail.report.digest == whole.report.digest);
  CHECK(run(options_for(journal), 4 * part + 1, 4 * part + 2).replayed_after == 4 * interval - 1);
}

TEST_CASE("an interval whose last block no other stands behind: the engine knows that it is durable") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  const World world;
  EngineOptions options = options_for(journal, small);
  options.segment_bytes = std::uint64_t{1} << 20;
  run(options, 1, interval + 1);
  const auto reader = journal::JournalReader::open(journal, *world.disk);
  REQUIRE(reader.ok());
  auto blocks = reader->read({});
  REQUIRE(blocks.ok());
  journal::BlockView block{};
  while (block.header.first_sequence + block.header.inputs < interval) REQUIRE(*blocks->next(block));
  REQUIRE(blocks->position().segment == 1);
  REQUIRE(blocks->position().next_sequence >= interval);
  const std::string segment = journal::segment_path(journal, 1);
  std::string cut = file_bytes(segment);
  std::fill(cut.begin() + static_cast<std::ptrdiff_t>(blocks->position().offset), cut.end(), '\0');
  write_bytes(segment, cut);

  io::SystemClock clock;
  ring::Cursor<> durable{interval};
  journal::Options prepared;
  prepared.directory = journal;
  prepared.disk = world.disk.get();
  prepared.clock = &clock;
  journal::SegmentPreparer preparer(prepared, nullptr);
  const auto loaded = journal::check_pipeline(small, "small.pawl");
  REQUIRE(loaded.ok());
  journal::Snapshotter snapshotter({.every_inputs = interval, .every = 0, .pages = true, .retention = {}},
                                   {journal, *world.disk, clock, durable, preparer, *loaded->pipeline, Durability::os, [] { return Result<Sequence>(no_sequence); }, nullptr, interval});
  REQUIRE(snapshotter.start().ok());
  const bool taken = within_a_minute([&] { return snapshotter.was_status().taken == 1; });
  CHECK_MESSAGE(taken, snapshotter.next_error().value_or("no error"));
  CHECK(snapshotter.was_status().failed == 0);
  CHECK(snapshotter.was_status().last_sequence == interval - 1);
}

TEST_CASE("retention keeps two snapshots, the segments behind the older one and the longest window; all tools know where the journal begins") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  World world;
  journal::Receipt old;
  rules::Digest128 digest{};
  {
    Live live(taking(journal, true));
    live.publish(1, 1001);
    REQUIRE(within_a_minute([&] { return live.engine->receipt().sequence >= 1000; }));
    old = live.engine->receipt();
    live.publish(1001, part + 1);
    REQUIRE(within_a_minute([&] { return live.engine->snapshots().last_sequence >= interval - 1; }));
    for (std::int64_t i = 1; i < 4; ++i) {
      live.publish(i * part + 1, (i + 1) * part + 1);
      REQUIRE(within_a_minute([&] { return live.engine->status().emitted >= (i + 1) * part; }));
      REQUIRE(within_a_minute([&] { return live.engine->snapshots().last_sequence >= (i + 1) * interval - 1; }));
    }
    live.publish(4 * part + 1, 5 * part - 100);
    REQUIRE(within_a_minute([&] { return live.engine->snapshots().taken >= 5; }));
    REQUIRE(within_a_minute([&] { return live.engine->snapshots().retired_segments > 0; }));
    const auto report = live.engine->close();
    REQUIRE(report.ok());
    CHECK_MESSAGE(report->snapshots.failed == 0, live.engine->snapshot_error().value_or(""));
    digest = report->digest;
  }
  const auto reader = journal::JournalReader::open(journal, *world.disk);
  REQUIRE(reader.ok());
  const Sequence first = reader->beginning()->next_sequence;
  CHECK(reader->control().oldest_segment > 1);
  CHECK(first > 0);
  CHECK_FALSE(std::filesystem::exists(journal + "/wal/0000000000000001.seg"));
  const auto snapshots = journal::list_snapshots(*world.disk, journal);
  REQUIRE(snapshots->size() >= 2);
  CHECK(first <= snapshots->back().sequence);

  // Events of the longest window, two hours, are there as well.
  const auto info = journal::inspect(journal, *world.disk);
  REQUIRE(info.ok());
  CHECK(info->label == journal::Label::end);
  CHECK(info->first_sequence == first);
  CHECK(info->snapshots.size() == snapshots->size());
  const auto verified = journal::verify(journal, *world.disk);
  REQUIRE(verified.ok());
  CHECK(verified->whole());
  CHECK(verified->begin.next_sequence == first);
  const auto verdict = journal::check_receipt(journal, *world.disk, old);
  REQUIRE(verdict.ok());
  CHECK(verdict->kind == journal::ReceiptVerdict::Kind::too_old);

  const auto refused = Replay::open({.directory = journal, .digest_interval = interval});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::missing);
  CHECK(refused.error().text.find("oldest snapshot is that behind input " + std::to_string(snapshots->back().sequence)) != std::string::npos);
  EngineOptions from_the_start = options_for(journal);
  from_the_start.from_snapshot = false;
  const auto not_started = DurableEngine::open(from_the_start);
  REQUIRE_FALSE(not_started.ok());
  CHECK(not_started.error().text.find("EngineOptions::from_snapshot") != std::string::npos);
  const Replayed tail = replay({.directory = journal, .from_snapshot = true});
  CHECK(tail.report.digest == digest);
  const Replayed older = replay({.directory = journal, .until = {.sequence = snapshots->front().sequence - 1}, .from_snapshot = true});
  CHECK(older.after == (*snapshots)[1].sequence);
  CHECK(run(options_for(journal), 5 * part - 100, 5 * part - 99).replayed_after == snapshots->front().sequence);
  CHECK(world.take(journal).notes.empty());
}

TEST_CASE("a repaired journal has the snapshots that its beginning needs") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal", repaired = directory.path() + "/repaired";
  World world;
  {
    EngineOptions options = taking(journal, true);  // a repair is told no other interval than the default
    options.digest_interval = options.snapshots.every_inputs = limits::digest_interval;
    options.segment_bytes = std::uint64_t{4} << 20;
    constexpr std::int64_t each = 16 * part;
    Live live(options);
    run_four_intervals(live, each, limits::digest_interval);
    live.publish(4 * each + 1, 5 * each - 1000);
    REQUIRE(within_a_minute([&] { return live.engine->snapshots().taken >= 5 && live.engine->snapshots().retired_segments > 0; }));
    REQUIRE(live.engine->close().ok());
  }
  const auto segments = journal::JournalReader::open(journal, *world.disk)->segments();
  REQUIRE(segments.ok());
  std::uint64_t last = 0;
  for (const auto& segment : *segments) last = segment.opened ? segment.number : last;
  flip(journal::segment_path(journal, last), 8192 + 500);
  const auto report = journal::repair(journal, repaired, *world.disk, world.clock);
  REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
  CHECK(report->first_kept > 0);
  CHECK(report->snapshots >= 1);
  CHECK(journal::verify(repaired, *world.disk)->whole());
  const Replayed tail = replay({.directory = repaired, .from_snapshot = true}, limits::digest_interval);
  CHECK(tail.report.last_sequence == report->last_kept());
}

TEST_CASE("a snapshot that cannot be written harms nothing, is told, and leaves no file; stopping gives up what is under way") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  World world;
  Live live(taking(journal, false));
  // Somebody else holds the right to take one.
  std::filesystem::create_directories(journal + "/snap");
  auto lock = world.disk->lock(journal + "/snap/LOCK");
  REQUIRE(lock.ok());
  live.publish(1, part + 1);
  REQUIRE(within_a_minute([&] { return live.engine->snapshots().failed > 0; }));
  const auto error = live.engine->snapshot_error();
  REQUIRE(error.has_value());
  CHECK(error->find("LOCK") != std::string::npos);
  CHECK_FALSE(live.engine->status().failed);
  lock = Error{ErrorCode::failed, ""};
  REQUIRE(within_a_minute([&] { return live.engine->snapshots().taken == 1; }));
  live.publish(part + 1, 2 * part + 1);
  REQUIRE(live.engine->close().ok());
  for (const std::string& name : names_in(journal + "/snap")) CHECK_FALSE(name.ends_with(".tmp"));
  CHECK(live.collector.taken.size() == 2 * part);
}

TEST_CASE("retention without snapshots is a contradiction") {
  EngineOptions options = options_for("nowhere");
  options.snapshots.retention.enabled = true;
  const auto engine = DurableEngine::open(options);
  REQUIRE_FALSE(engine.ok());
  CHECK(engine.error().code == ErrorCode::usage);
}

}  // namespace pawl::snapshot_test::engine_test
