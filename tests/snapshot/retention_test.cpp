// What retention removes is gone for certain: nothing goes before what takes its place is on the device.
#include <atomic>
#include <chrono>
#include <thread>

#include "pawl/io/parker.hpp"
#include "pawl/io/simulated.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/files.hpp"
#include "written.hpp"

namespace pawl::snapshot_test {
namespace {

template <class Done>
bool soon(Done done) {
  for (int i = 0; i < 60'000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return done();
}

// A file that knows what is on its device.
class FileLikeSink final : public DecisionSink {
 public:
  Result<void> on_decision(const Decision& decision) override {
    first = first == no_sequence ? decision.sequence() : first;
    last_ = decision.sequence();
    return {};
  }
  Result<void> flush() override {
    flushed_ = last_;
    return {};
  }
  Result<void> sync() override {
    if (refuses) return Error{ErrorCode::io, "the decisions cannot be synced"};
    durable = flushed_.load();
    return {};
  }

  Sequence first = no_sequence;
  std::atomic<Sequence> durable = no_sequence;
  std::atomic<bool> refuses = false;

 private:
  Sequence last_ = no_sequence;
  std::atomic<Sequence> flushed_ = no_sequence;
};

EngineOptions retiring(const std::string& journal) {
  EngineOptions options = options_for(journal, small);
  options.snapshots.every_inputs = interval;
  options.snapshots.retention.enabled = true;
  return options;
}

std::unique_ptr<DurableEngine> opened(const EngineOptions& options, DecisionSink& sink) {
  auto engine = DurableEngine::open(options);
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  (*engine)->set_sink(sink);
  return *std::move(engine);
}

void publish(DurableEngine& engine, EngineLane& lane, std::int64_t from, std::int64_t to) {
  for (std::int64_t i = from; i < to; ++i) {
    while (!lane.publish(payment(i)).accepted()) {
    }
  }
  REQUIRE(soon([&] { return engine.status().emitted >= to - 1; }));
}

// A journal of four parts with retired segments; the sequence of its oldest snapshot.
Sequence write_retired(const std::string& journal) {
  FileLikeSink sink;
  const auto engine = opened(retiring(journal), sink);
  EngineLane& lane = **engine->lane("gateway");
  for (std::int64_t i = 0; i < 4; ++i) {
    publish(*engine, lane, i * part + 1, (i + 1) * part + 1);
    REQUIRE(soon([&] { return engine->snapshots().last_sequence >= (i + 1) * interval - 1; }));
  }
  REQUIRE(soon([&] { return engine->snapshots().retired_segments > 0; }));
  REQUIRE(engine->close().ok());
  const auto disk = io::make_real_disk();
  const auto names = journal::list_snapshots(**disk, journal);
  REQUIRE(names.ok());
  REQUIRE(names->size() >= 2);
  return names->back().sequence;
}

}  // namespace

TEST_CASE("retention waits until the sink has made its decisions durable, and keeps snapshots that need no more of them") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  FileLikeSink sink;
  sink.refuses = true;
  const auto engine = opened(retiring(journal), sink);
  EngineLane& lane = **engine->lane("gateway");
  for (std::int64_t i = 0; i < 4; ++i) {
    publish(*engine, lane, i * part + 1, (i + 1) * part + 1);
    REQUIRE(soon([&] { return engine->snapshots().last_sequence >= (i + 1) * interval - 1; }));
  }
  REQUIRE(soon([&] { return engine->snapshots().failed > 0; }));
  CHECK(engine->snapshots().retired_segments == 0);
  CHECK(std::filesystem::exists(journal + "/wal/0000000000000001.seg"));
  const auto told = engine->snapshot_error();
  REQUIRE(told.has_value());
  CHECK(told->find("the decisions cannot be synced") != std::string::npos);
  CHECK_FALSE(engine->status().failed);
  sink.refuses = false;
  publish(*engine, lane, 4 * part + 1, 5 * part + 1);
  REQUIRE(soon([&] { return engine->snapshots().retired_segments > 0; }));
  REQUIRE(engine->close().ok());
  const auto disk = io::make_real_disk();
  const auto names = journal::list_snapshots(**disk, journal);
  REQUIRE(names.ok());
  REQUIRE(names->size() >= 2);
  CHECK((*names)[1].sequence <= sink.durable);
}

TEST_CASE("decisions that were taken, lost, and cannot be made again: refused, or a declared gap") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  const Sequence oldest = write_retired(journal);
  EngineOptions options = options_for(journal, small);
  for (const Sequence muted : {no_sequence, Sequence{100}, oldest - 1}) {
    options.muted = muted;
    options.allow_gap = false;
    const auto refused = DurableEngine::open(options);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::missing);
    options.allow_gap = true;
    FileLikeSink sink;
    const auto engine = opened(options, sink);
    REQUIRE(engine->gap().has_value());
    CHECK(engine->gap()->first == muted + 1);
    CHECK(engine->gap()->last == oldest);
    CHECK(engine->replayed_after() == oldest);
    REQUIRE(soon([&] { return engine->status().emitted == engine->recovery().last_sequence; }));
    CHECK(engine->close().ok());
    CHECK(sink.first == oldest + 1);
  }
  options.muted = oldest;
  FileLikeSink sink;
  const auto engine = opened(options, sink);
  CHECK_FALSE(engine->gap().has_value());
  CHECK(engine->close().ok());
  CHECK(sink.first == oldest + 1);
}

TEST_CASE("durability os: what retention leaves opens after a power cut, from a snapshot") {
  io::SimulatedDisk disk;
  io::SystemClock clock;
  EngineOptions options = retiring("journal");
  options.durability = Durability::os;
  options.disk = &disk;
  options.clock = &clock;
  options.threads = 2;
  options.segment_bytes = std::uint64_t{1} << 20;  // both snapshots kept stand in the one that is being written
  FileLikeSink sink;
  std::unique_ptr<io::SimulatedDisk> after;
  {
    const auto engine = opened(options, sink);
    EngineLane& lane = **engine->lane("gateway");
    for (std::int64_t i = 0; i < 12 && engine->snapshots().retired_segments == 0; ++i) {
      publish(*engine, lane, i * part + 1, (i + 1) * part + 1);
      REQUIRE(soon([&] { return engine->snapshots().last_sequence >= (i + 1) * interval - 1; }));
      std::this_thread::sleep_for(std::chrono::milliseconds(300));  // for retention
    }
    REQUIRE(engine->snapshots().retired_segments > 0);
    after = disk.after_power_cut(io::PowerCut{});
    static_cast<void>(engine->close());
  }
  options.disk = after.get();
  options.snapshots = {};
  const auto reader = journal::JournalReader::open("journal", *after);
  REQUIRE(reader.ok());
  const auto names = journal::list_snapshots(*after, "journal");
  REQUIRE(names.ok());
  int usable = 0;
  for (const journal::SnapshotName& name : *names) {
    const auto header = journal::verify_snapshot(*after, name.path, interval);
    usable += header.ok() && journal::check_history(*reader, *header).ok() ? 1 : 0;
  }
  CHECK(usable >= 2);
  const auto again = DurableEngine::open(options);
  REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().text));
  CHECK((*again)->replayed_after() > 0);
  CHECK((*again)->close().ok());
}

}  // namespace pawl::snapshot_test
