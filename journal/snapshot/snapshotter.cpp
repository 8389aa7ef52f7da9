#include "pawl/journal/snapshot/snapshotter.hpp"

#include <algorithm>

#include "pawl/core/base/planted.hpp"
#include "pawl/io/parker.hpp"
#include "pawl/journal/files.hpp"

namespace pawl::journal {
namespace {

constexpr Duration due_nap = 10'000'000;
constexpr Duration record_nap = 200'000;
constexpr int record_naps_max = 50'000;
constexpr int doublings_max = 6;

// Those that the engine's pipeline was checked with.
Operators operators_of(const language::Pipeline& pipeline) {
  std::vector<std::shared_ptr<const Operator>> all;
  for (const language::OwnOperator& own : pipeline.operators) {
    if (own.content != nullptr) all.push_back(own.content);
  }
  return Operators(std::move(all));
}

}  // namespace

Snapshotter::Snapshotter(const SnapshotOptions& options, const Engine& engine) : options_(options), engine_(engine), span_(longest_span(engine.pipeline)) {}

Result<void> Snapshotter::start() {
  auto snapshots = list_snapshots(engine_.disk, engine_.directory);
  if (!snapshots.ok()) return std::move(snapshots).error();
  // One from beyond the journal's end is of another history. (Too old a guess costs a look: it is found to be there.)
  const Sequence durable = engine_.durable.load_acquire();
  for (auto name = snapshots->rbegin(); name != snapshots->rend() && name->sequence <= durable; ++name) last_ = name->sequence;
  last_ns_ = engine_.clock.monotonic_ns();
  if (engine_.driver != nullptr) {
    stages_.add(stage_);
    engine_.driver->add("snapshots", stages_);
    return {};
  }
  auto thread = io::Thread::start({.name = "pawl-snapshot", .priority = io::Priority::background}, [this] { run(); });
  if (!thread.ok()) return std::move(thread).error();
  thread_ = *std::move(thread);
  return {};
}

Snapshotter::~Snapshotter() {
  stop();
  while (next_error()) {  // Boost's queue of a fixed capacity does not destroy what is left in it
  }
}

void Snapshotter::stop() {
  stop_.request();
  thread_.join();
}

void Snapshotter::run() {
  while (!stop_.requested()) {
    if (!step()) io::nap(due_nap);
  }
}

// Takes one if it is time. False: it is not.
bool Snapshotter::step() {
  if (at_it_ || stop_.requested() || !is_due()) return false;
  at_it_ = true;
  const auto done = take();
  at_it_ = false;
  if (!done.ok() && !stop_.requested()) failed(done.error());
  return true;
}

void Snapshotter::wait(Duration nap) { engine_.driver != nullptr ? engine_.driver->turn() : io::nap(nap); }

bool Snapshotter::is_due() const {
  const Sequence durable = engine_.durable.load_acquire();
  const std::int64_t now = engine_.clock.monotonic_ns();
  if (now < not_before_ns_ || durable < last_ + engine_.digest_interval) return false;
  const bool by_inputs = options_.every_inputs > 0 && durable >= last_ + options_.every_inputs;
  return by_inputs || (options_.every > 0 && now - last_ns_ >= options_.every);
}

Result<void> Snapshotter::take() {
  const auto driver = engine_.driver != nullptr ? engine_.driver->beside() : nullptr;
  auto taken = take_snapshot({.directory = engine_.directory, .threads = 1, .disk = &engine_.disk, .clock = &engine_.clock, .background = true, .durable = engine_.durable.load_acquire(),
                              .pages = options_.pages, .stop = &stop_, .operators = operators_of(engine_.pipeline), .driver = driver.get(), .digest_interval = engine_.digest_interval});
  if (!taken.ok()) return std::move(taken).error();
  last_ = taken->header.sequence;
  last_ns_ = engine_.clock.monotonic_ns();
  failures_ = 0;
  last_sequence_.publish(last_);
  if (!taken->was_there) taken_.publish(taken_.load_own() + 1);
  return retire(taken->emitted);
}

Result<void> Snapshotter::retire(Sequence emitted) {
  if (!options_.retention.enabled) return {};
  // What is removed is gone for certain, so whatever takes its place must be there for certain: the decisions in the sink, before a start needs no
  // snapshot older than the kept ones, and at durability os the blocks that the kept ones stand on.
  auto synced = planted(Bug::retention_trusts_flushed_sink) ? Result<Sequence>(emitted) : engine_.sync_sink();
  if (!synced.ok()) return std::move(synced).error();
  if (engine_.durability == Durability::os && !planted(Bug::retention_trusts_page_cache)) {
    if (auto blocks = sync_last_segments(engine_.disk, engine_.directory); !blocks.ok()) return blocks;
  }
  auto reader = JournalReader::open(engine_.directory, engine_.disk);
  if (!reader.ok()) return std::move(reader).error();
  reader->set_digest_interval(engine_.digest_interval);
  auto plan = plan_retention(*reader, options_.retention, span_, std::min(emitted, *synced));
  if (!plan.ok()) return std::move(plan).error();
  auto applied = apply_retention(*plan, engine_.directory, engine_.disk, [this](std::uint64_t segment) { return record_oldest(segment); });
  if (!applied.ok()) return applied;
  retired_.publish(retired_.load_own() + static_cast<std::int64_t>(plan->segments.size()));
  return {};
}

// The preparer's thread owns CONTROL.
Result<void> Snapshotter::record_oldest(std::uint64_t segment) {
  engine_.preparer.retire_before(segment);
  for (int naps = 0; engine_.preparer.retired_before() < segment; ++naps) {
    if (stop_.requested()) return Error{ErrorCode::failed, "the engine is closing"};
    if (engine_.preparer.was_control_lost()) return Error{ErrorCode::io, "CONTROL of " + engine_.directory + " could not be written: no segment was retired, and the engine stops with the next one"};
    if (naps == record_naps_max) return Error{ErrorCode::io, "CONTROL of " + engine_.directory + " was not written within 10 s: no segment was retired"};
    wait(record_nap);
  }
  return {};
}

void Snapshotter::failed(const Error& error) {
  not_before_ns_ = engine_.clock.monotonic_ns() + (retry_delay << std::min(failures_++, doublings_max));
  static_cast<void>(errors_.push(error.text));
  failed_.publish(failed_.load_own() + 1);
}

SnapshotStatus Snapshotter::was_status() const noexcept {
  return {taken_.load_acquire(), failed_.load_acquire(), last_sequence_.load_acquire(), retired_.load_acquire()};
}

std::optional<std::string> Snapshotter::next_error() {
  std::string text;
  return errors_.pop(text) ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace pawl::journal
