#include "snapshot_scene.hpp"

#include <fmt/format.h>

#include <map>

#include "pawl/journal/snapshot/snapshots.hpp"

namespace pawl::snapshot_scene {
namespace {

struct Payment {
  Time at;
  std::int64_t customer, id;
};
PAWL_EVENT(Payment, at, customer, id);

constexpr const char* pipeline = R"(pipeline "scene" version 1
event Payment { at: time, customer: int, id: int }
let seen = count(per customer, 1m)
let all = sum(id per customer, since start)
rule often { on Payment when seen >= 6 then score 5 }
rule odd   { on Payment when all > 700 then score 2 }
)";

Payment payment(std::int64_t number) { return {number * one_second, number * number % 7, number}; }

EngineOptions options_on(io::Disk* disk, InTurn& driver, io::SimulatedClock& clock) {
  EngineOptions options;
  options.directory = world::directory;
  options.pipeline_text = pipeline;
  options.threads = 1;
  options.ring_slots = 128;
  options.decision_records = 1024;
  options.segment_bytes = 32 * 1024;
  options.block_bytes_max = 8 * 1024;
  options.state = window::StateLimits{.keys_max = 16, .entries_max = 128, .distinct_max = 16};
  options.disk = disk;
  options.clock = &clock;
  options.random = world::fixed_random;
  options.driver = &driver;
  options.digest_interval = interval;
  return options;
}

// What the engine makes of the events, without a journal.
struct Reference {
  std::vector<std::int64_t> scores;            // by sequence; the first input is no event
  std::map<Sequence, rules::Digest128> digests;  // by last sequence
};

class Scores final : public DecisionSink {
 public:
  explicit Scores(std::vector<std::int64_t>& scores) : scores_(scores) {}
  Result<void> on_decision(const Decision& decision) override {
    scores_.resize(static_cast<std::size_t>(decision.sequence()), -1);
    scores_.push_back(decision.score());
    return {};
  }
  Result<void> flush() override { return {}; }

 private:
  std::vector<std::int64_t>& scores_;
};

rules::Digest128 decide_alone(std::int64_t events, std::vector<std::int64_t>& scores) {
  io::SimulatedClock clock;
  InTurn driver(clock);
  Scores sink(scores);
  EngineOptions options = options_on(nullptr, driver, clock);
  options.durability = Durability::memory;
  auto engine = DurableEngine::open(options);
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  (*engine)->set_sink(sink);
  EngineLane& lane = **(*engine)->lane("gateway", {.max_future = 0});
  for (std::int64_t i = 1; i <= events; ++i) {
    while (!lane.publish(payment(i)).accepted()) driver.turn();
  }
  auto report = (*engine)->close();
  REQUIRE(report.ok());
  return report->digest;
}

constexpr std::int64_t events_max = 16 * interval;

Reference& reference() {
  static Reference made = [] {
    Reference reference;
    decide_alone(events_max, reference.scores);
    return reference;
  }();
  return made;
}

const rules::Digest128& digest_of(Sequence last) {
  auto& digests = reference().digests;
  const auto known = digests.find(last);
  if (known != digests.end()) return known->second;
  std::vector<std::int64_t> scores;
  return digests[last] = decide_alone(last, scores);
}

// Every published snapshot is whole; how many of them are of this history and not before its first input.
std::string check_snapshots(io::SimulatedDisk& disk) {
  auto reader = journal::JournalReader::open(world::directory, disk);
  if (!reader.ok()) return "reader: " + reader.error().text;
  const auto names = journal::list_snapshots(disk, world::directory);
  if (!names.ok()) return "list: " + names.error().text;
  const auto beginning = reader->beginning();
  if (!beginning.ok()) return "beginning: " + beginning.error().text;
  int good = 0;
  for (const journal::SnapshotName& name : *names) {
    const auto header = journal::verify_snapshot(disk, name.path, interval);
    if (!header.ok()) return "a published snapshot is not whole: " + header.error().text;
    good += name.sequence + 1 >= beginning->next_sequence && header->sequence == name.sequence && journal::check_history(*reader, *header).ok() ? 1 : 0;
  }
  if (beginning->next_sequence == 0 || good >= 2) return {};
  return fmt::format("the journal begins with input {}, and {} snapshots lead there", beginning->next_sequence, good);
}

}  // namespace

Result<void> Sink::on_decision(const Decision& decision) {
  const Sequence sequence = decision.sequence();
  if (last != no_sequence && sequence != last + 1) broken = fmt::format("decision {} behind decision {}", sequence, last);
  if (decision.score() != reference().scores.at(static_cast<std::size_t>(sequence))) broken = fmt::format("decision {} is another than the same inputs give", sequence);
  first = first == no_sequence ? sequence : first;
  last = sequence;
  return {};
}

Result<void> Sink::flush() {
  flushed = last;
  return {};
}

Result<void> Sink::sync() {
  synced = flushed;
  return {};
}

Scene::Scene(io::SimulatedDisk& disk, Durability durability, Sequence muted, bool snapshots, std::uint64_t segment_bytes) : driver_(clock_) {
  options_ = options_on(&disk, driver_, clock_);
  options_.durability = durability;
  options_.muted = muted;
  options_.segment_bytes = segment_bytes;  // of a new journal
  if (muted >= 0) sink_.flushed = sink_.synced = muted;
  if (snapshots) options_.snapshots = {.every_inputs = interval, .retention = {.enabled = true}};
}

Scene::~Scene() = default;

Result<void> Scene::open() {
  auto opened = DurableEngine::open(options_);
  if (!opened.ok()) return std::move(opened).error();
  engine_ = *std::move(opened);
  engine_->set_sink(sink_);
  auto lane = engine_->lane("gateway", {.when_full = WhenFull::refuse, .max_future = 0});
  if (!lane.ok()) return std::move(lane).error();
  lane_ = *lane;
  return {};
}

bool Scene::publish(std::int64_t count) {
  for (; count > 0; --count) {
    const auto number = static_cast<std::int64_t>(lane_->next_ticket());
    if (!turn_until([&] { return lane_->publish(payment(number)).accepted(); }, 2'000)) return false;
  }
  return true;
}

// The event with ticket n is input n: it is the only source, and the ACTIVATE is input 0.
bool Scene::has_emitted() const { return engine_->status().emitted + 1 >= static_cast<Sequence>(lane_->next_ticket()); }

std::string check(io::SimulatedDisk& disk, const Known& known, std::optional<Error>* error) {
  const bool forgets = known.durability == Durability::os;  // a power cut may take what was acked; its sink asks the journal how far it was
  Scene scene(disk, known.durability, forgets ? EngineOptions::as_recorded : known.synced, false);
  if (auto opened = scene.open(); !opened.ok()) {
    if (error != nullptr) *error = opened.error();
    if (!known.created && opened.error().code == ErrorCode::not_initialised) return {};
    return "refused: " + opened.error().text;
  }
  const journal::RecoveryReport& report = scene.engine().recovery();
  if (!forgets && report.last_sequence < known.acked) return fmt::format("acked up to {}, recovered up to {}", known.acked, report.last_sequence);
  if (std::string wrong = check_snapshots(disk); !wrong.empty()) return wrong;
  const auto closed = scene.close();
  if (!closed.ok()) return "cannot be closed: " + closed.error().text;
  if (!scene.sink().broken.empty()) return scene.sink().broken;
  if (report.last_sequence > 0 && closed->digest != digest_of(closed->last_sequence)) return "another digest than the same inputs give";
  if (!forgets && scene.sink().first > std::max<Sequence>(known.synced + 1, 1)) return fmt::format("the sink has decisions up to {}, and is given those from {} on", known.synced, scene.sink().first);
  if (!forgets && scene.sink().last != (report.last_sequence > known.synced && report.last_sequence > 0 ? report.last_sequence : no_sequence)) return "decisions are missing";
  return {};
}

Known Scene::known() const {
  Known known{.created = true, .synced = sink_.synced, .durability = options_.durability};
  if (options_.durability == Durability::disk) known.acked = engine_->status().durable;
  return known;
}

void live(Scene& scene, std::int64_t intervals) {
  for (std::int64_t i = 0; i < intervals; ++i) {
    const std::int64_t before = scene.engine().snapshots().taken;
    for (std::int64_t group = 0; group < interval; group += 8) {
      REQUIRE(scene.publish(8));
      REQUIRE(scene.turn_until([&] { return scene.has_emitted(); }));
    }
    REQUIRE(scene.turn_until([&] { return scene.engine().snapshots().taken > before; }));
    const auto failed = scene.engine().snapshot_error();
    REQUIRE_MESSAGE(!failed, failed.value_or(""));
  }
}

const io::SimulatedDisk& closed_behind(std::int64_t intervals) {
  static std::map<std::int64_t, std::unique_ptr<io::SimulatedDisk>> made;
  std::unique_ptr<io::SimulatedDisk>& disk = made[intervals];
  if (disk) return *disk;
  disk = std::make_unique<io::SimulatedDisk>();
  Scene scene(*disk, Durability::disk, no_sequence);
  const auto opened = scene.open();
  REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().text));
  live(scene, intervals);
  REQUIRE(scene.close().ok());
  return *disk;
}

}  // namespace pawl::snapshot_scene
