#include "simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace pawl::simulation {

using io::Fault;
using io::Operation;

namespace {

// They take several times as long, for they need some hundred events.
constexpr std::uint64_t snapshots_one_in = 8;

}  // namespace

Swarm::Swarm(io::Random& random)
    : producers(1 + random.below(3)), lives(static_cast<int>(1 + random.below(3))), steps_max(4 + random.below(24)), device_errors(random.below(3) == 0),
      disk_fills(random.below(3) == 0), transient_errors(random.below(3) == 0), clock_jumps(random.below(3) == 0),
      faults_in_recovery(random.below(2) == 0), duplicates(random.below(2) == 0), ring_slots(std::int64_t{1} << random.below(8)),
      lane_capacity(std::size_t{1} << random.below(6)), segment_pages(8 + 4 * random.below(3)), snapshots(random.below(snapshots_one_in) == 0), retention(random.below(16) != 0), pages(random.below(8) == 0),
      os(random.below(6) == 0), file(!os && random.below(2) == 0), offers_max(snapshots ? 24 : 8), reorder(random.below(4) == 0) {
  if (!snapshots) return;
  steps_max += 40;
  lane_capacity = std::max<std::size_t>(lane_capacity, 16);
  if (retires()) segment_pages = 8;
}

// Whoever takes decisions, and remembers each: it does not die with the engine.
class Simulation::Sink final : public DecisionSink {
 public:
  explicit Sink(Simulation& simulation) : simulation_(simulation) {}

  Result<void> on_decision(const Decision& decision) override {
    if (deaf_) return {};  // the power is gone already; what the dying engine still does is nobody's
    Simulation& s = simulation_;
    const Sequence sequence = decision.sequence();
    Emitted emitted{decision.source(), decision.ticket(), 0, decision.score(), decision.is_timed() ? decision.first_sequence() : no_sequence};
    for (std::size_t rule = 0; rule < decision.plan().rules.size(); ++rule) emitted.fired |= std::uint64_t{decision.fired(rule)} << rule;
    const std::pair output(sequence, decision.output());
    if (output <= last_) s.broken_ = fmt::format("decision {} of input {} after decision {} of {}", output.second, sequence, last_.second, last_.first);
    if (sequence == last_.first && decision.output() != last_.second + 1) s.broken_ = fmt::format("input {} lacks an output before {}", sequence, decision.output());
    if (sequence > s.engine_->status().durable) s.broken_ = fmt::format("decision {} left before its input was durable", sequence);
    if (s.durable_at_failure_ && sequence > *s.durable_at_failure_) s.broken_ = fmt::format("decision {} left behind a failure", sequence);
    last_ = output;
    const auto [at, is_new] = s.emitted_.try_emplace(output, emitted);
    s.counts_.add(!is_new ? "decisions emitted again" : decision.is_timed() ? "timed outputs" : "events acked");
    if (s.swarm_.file && !is_new) s.broken_ = fmt::format("decision {} of input {} stands twice in its file", output.second, sequence);
    if (at->second != emitted) s.broken_ = fmt::format("decision {} of input {} left twice, with different contents", output.second, sequence);
    s.acked_ = std::max(s.acked_, sequence);
    return {};
  }
  Result<void> flush() override {
    if (!deaf_) simulation_.flushed_ = last_.first;
    return {};
  }
  // Something will be retired now.
  Result<void> sync() override {
    if (deaf_) return {};
    simulation_.synced_ = simulation_.flushed_;
    return simulation_.remember_inputs();
  }
  void turn_deaf() { deaf_ = true; }

 private:
  Simulation& simulation_;
  Simulation::Output last_{no_sequence, 0};
  bool deaf_ = false;
};

Simulation::Simulation(std::uint64_t seed, Counts& counts, std::string* story)
    : seed_(seed), counts_(counts), story_(story), random_(seed * 0x9E37'79B9'7F4A'7C15 + 1), swarm_(random_), clock_(start_time),
      disk_(std::make_unique<io::SimulatedDisk>(io::SimulatedOptions{.seed = seed, .clock = &clock_})) {
  for (std::size_t i = 0; i < swarm_.producers; ++i) producers_.push_back({.name = "source " + std::to_string(i), .wanted = (swarm_.retires() ? 220 / swarm_.producers : swarm_.snapshots ? 60 : 1) + random_.below(20)});
}

Simulation::~Simulation() {
  if (sink_) sink_->turn_deaf();
  engine_.reset();
}

void Simulation::must(bool holds, const std::string& what) const {
  if (!holds) throw Broken(what);
}

void Simulation::tell(std::string_view what) {
  if (story_ != nullptr) *story_ += fmt::format("  {:>9} us  {}\n", clock_.monotonic_ns() / 1'000, what);
}

void Simulation::run() {
  for (int life = 0; life < swarm_.lives; ++life) live();
  finish();
}

// --- a life ---

EngineOptions Simulation::options() {
  EngineOptions options;
  options.directory = directory;
  options.pipeline_text = pipeline_text(swarm_.variant());
  options.threads = static_cast<int>(1 + random_.below(3));  // shards: another number in each life
  options.ring_slots = swarm_.ring_slots;
  options.decision_records = 1024;
  options.tick_interval = 1'000'000;
  options.segment_bytes = swarm_.segment_pages * (swarm_.reorder ? 8192 : 4096);
  options.block_bytes_max = swarm_.reorder ? 16384 : 8192;
  options.state = window::StateLimits{.keys_max = 64, .entries_max = 1024, .distinct_max = 64};
  options.disk = hooked_.get();
  options.clock = &clock_;
  options.random = fixed_random;
  options.driver = scheduler_.get();
  options.digest_interval = digest_interval;
  options.durability = swarm_.os ? Durability::os : Durability::disk;
  if (swarm_.file) options.muted = flushed_;
  if (swarm_.snapshots) options.snapshots = {.every_inputs = digest_interval, .pages = swarm_.pages, .retention = {.enabled = swarm_.retention, .keep_time = 0}};
  return options;
}

void Simulation::live() {
  counts_.add("lives");
  tell(fmt::format("a new life{}{}{}", swarm_.os ? ", level os" : "", swarm_.snapshots ? ", snapshots" : "", swarm_.file ? ", decisions in a file" : ""));
  if (swarm_.faults_in_recovery && chance(3)) arm_recovery();
  if (!open()) return;
  for (std::uint64_t steps = 1 + random_.below(swarm_.steps_max); steps > 0; --steps) step();
  end();
}

void Simulation::start_scheduler() {
  scheduler_ = std::make_unique<Scheduler>(random_.next() ^ seed_, clock_);
  hooked_ = std::make_unique<world::HookedDisk>(*disk_);
  if (!swarm_.snapshots) return;
  hooked_->set_hook([this](Operation, const std::string& path) {
    if (path.find("/snap") != std::string::npos && chance(2)) scheduler_->turn();
  });
}

bool Simulation::open() {
  start_scheduler();
  sink_ = std::make_unique<Sink>(*this);
  durable_at_failure_.reset();
  durable_at_eio_.reset();
  eio_alone_ = false;
  auto opened = DurableEngine::open(options());
  if (!opened.ok()) {
    refused_to_open(opened.error());
    return false;
  }
  engine_ = *std::move(opened);
  disk_->clear_faults();
  faults_before_ = disk_->counters().faults;
  faults_planned_ = faults_before_ > 0;  // the engine may not have shown it yet
  machine_ends_ = snapshot_faults_planned_ = false;
  snapshots_ = {};
  const journal::RecoveryReport& report = engine_->recovery();
  if (engine_->replayed_after() != no_sequence) counts_.add("starts from a snapshot");
  counts_.add("recovered " + std::string(name(report.label)));
  tell(report.summary());
  must(!closed_cleanly_ || report.label == journal::Label::end, "a journal that was closed cleanly is recovered as " + report.summary());
  check_recovered(report);
  engine_->set_sink(*sink_);
  for (Producer& producer : producers_) {
    auto lane = engine_->lane(producer.name, {.capacity = swarm_.lane_capacity, .when_full = WhenFull::refuse, .max_future = 0});
    must(lane.ok(), "no lane for " + producer.name);
    producer.lane = *lane;
    std::set<Ticket> tickets;
    for (const Input& input : recovered_) {
      if (input.ticket > 0 && input.producer == static_cast<std::size_t>(&producer - producers_.data())) tickets.insert(input.ticket);
    }
    const Ticket known = tickets.size();
    Ticket due = 1;
    while (tickets.contains(due)) ++due;
    if (due <= known) counts_.add("lanes with events that were held back");
    must(producer.lane->next_ticket() == due, fmt::format("{} continues with ticket {}, {} events of it are in the journal, the first that is not is {}", producer.name, producer.lane->next_ticket(), known, due));
    counts_.add("events accepted and lost before their ack", producer.accepted - known);
    producer.accepted = known;
  }
  return true;
}

// One operation of the recovery fails, or all from one on: the latter is how the end of the machine looks from inside. Reads fail in the
// latter alone: a page that cannot be read is damage, which is no matter of this place.
void Simulation::arm_recovery() {
  constexpr Operation operations[] = {Operation::open, Operation::write, Operation::sync, Operation::rename, Operation::remove, Operation::sync_directory, Operation::make_directory, Operation::lock, Operation::list};
  constexpr int errors[] = {EIO, ENOSPC, EMFILE, EROFS};
  machine_ends_ = chance(2);
  Fault fault{.operation = Operation::any, .after = random_.below(70), .times = Fault::for_ever};
  if (!machine_ends_) fault = {.operation = operations[random_.below(std::size(operations))], .after = random_.below(6), .times = chance(2) ? Fault::for_ever : 1, .error_number = errors[random_.below(std::size(errors))]};
  disk_->add_fault(fault);
  faults_planned_ = true;
  tell(fmt::format("in recovery: {} after {}, times {}, errno {}", static_cast<int>(fault.operation), fault.after, fault.times, fault.error_number));
  counts_.add(machine_ends_ ? "faults planned: end of the machine in recovery" : "faults planned: error in recovery");
}

void Simulation::refused_to_open(const Error& error) {
  const bool excused = faults_planned_ || disk_small_;
  must(excused, "false alarm: nothing but crashes happened, and the engine does not start: " + error.text);
  const ErrorCode code = error.code;
  must(machine_ends_ || code == ErrorCode::io || code == ErrorCode::disk_full || code == ErrorCode::failed, "an error of the system is called damage: " + error.text);
  counts_.add("starts refused by errors");
  closed_cleanly_ = false;  // the start may have begun an epoch
  tell(error.text);
  if (chance(2)) disk_->set_capacity(unlimited), disk_small_ = false;
  if (chance(2)) return cut_power();
  die();
}

void Simulation::turns(std::uint64_t count) {
  for (; count > 0; --count) {
    scheduler_->turn();
    look_at_failure();
  }
}

void Simulation::look_at_failure() {
  must(broken_.empty(), broken_);
  const EngineStatus status = engine_->status();
  look_at_snapshots();
  scheduler_->progress();
  // A block whose write failed may be lost from every cache: it is not tried again, and nothing behind it is acked.
  if (eio_alone_ && !durable_at_eio_ && disk_->counters().faults > faults_before_) durable_at_eio_ = status.durable;
  must(!durable_at_eio_ || status.durable <= *durable_at_eio_, "went on after EIO of a block");
  if (status.failed && !durable_at_failure_) {
    durable_at_failure_ = status.durable;
    counts_.add("engines failed");
    tell(fmt::format("failed; durable {}", status.durable));
    if (!faults_planned_) {
      const auto closed = engine_->close();
      throw Broken("the engine failed, and no fault was planned: " + (closed.ok() ? "closes well" : closed.error().text));
    }
  }
  if (status.journal == journal::WriterState::disk_full) was_disk_full_ = true;
  if (status.journal == journal::WriterState::running && was_disk_full_) {
    was_disk_full_ = false;
    counts_.add("disk full, resumed");
  }
}

// Whatever fails, the engine goes on; and nothing fails by itself.
void Simulation::look_at_snapshots() {
  const journal::SnapshotStatus now = engine_->snapshots();
  counts_.add("snapshots taken", static_cast<std::uint64_t>(now.taken - snapshots_.taken));
  counts_.add("segments retired", static_cast<std::uint64_t>(now.retired_segments - snapshots_.retired_segments));
  if (now.retired_segments > 0 && !std::exchange(retired_, true)) counts_.add("seeds that retire segments");
  counts_.add("snapshots failed", static_cast<std::uint64_t>(now.failed - snapshots_.failed));
  snapshots_ = now;
  const std::optional<std::string> error = engine_->snapshot_error();
  if (error) tell("snapshot: " + *error);
  must(!error || faults_planned_ || snapshot_faults_planned_ || disk_small_, "a snapshot failed, and no fault was planned: " + error.value_or(""));
}

// Soon after it was missed, and noticed: lives are short, and what a disk does of its own accord comes too late for most of them.
void Simulation::space_comes_back() {
  disk_->set_capacity(unlimited);
  disk_small_ = false;
  tell("space comes back");
  clock_.advance(20'000'000);
  turns(64);
}

// Of what is durable soon.
void Simulation::await_snapshot() {
  turns(16);
  for (int i = 0; i < 400 && !engine_->status().failed && engine_->status().durable >= engine_->snapshots().last_sequence + digest_interval; ++i) turns(1);
}

void Simulation::step() {
  for (Producer& producer : producers_) {
    if (chance(12)) producer.alive = !producer.alive;
    if (producer.alive && chance(2)) offer(producer);
  }
  if (chance(4)) inject();
  turns(random_.below(24));
  if (swarm_.retires() && chance(4)) await_snapshot();
  if (was_disk_full_ && chance(2)) space_comes_back();
  if (chance(10)) {
    clock_.advance(5'000'000);  // long enough for the idle seal
    turns(4);
  }
}

void Simulation::offer(Producer& producer) {
  if (swarm_.duplicates && chance(3)) offer_out_of_order(producer);
  const auto source = static_cast<std::size_t>(&producer - producers_.data());
  for (std::uint64_t count = 1 + random_.below(swarm_.offers_max); count > 0; --count) {
    const Ticket ticket = producer.lane->next_ticket();
    const ring::Publication publication = producer.lane->publish(payment(source, ticket), ticket);
    counts_.add("events offered");
    if (!publication.accepted()) return note_refusal(publication.refusal());
    must(publication.ticket() == ticket, "another ticket was accepted than the one offered");
    counts_.add("events accepted");
    ++producer.accepted;
  }
}

// One that came back and does not know how far it was.
void Simulation::offer_out_of_order(Producer& producer) {
  const auto source = static_cast<std::size_t>(&producer - producers_.data());
  const Ticket due = producer.lane->next_ticket();
  for (Ticket ticket = due - std::min<Ticket>(due - 1, random_.below(4)); ticket < due; ++ticket) {
    must(producer.lane->publish(payment(source, ticket), ticket).refusal() == ring::Refusal::duplicate, "a duplicate was not refused as one");
    counts_.add("duplicates refused");
  }
  must(producer.lane->publish(payment(source, due + 1), due + 1).refusal() == ring::Refusal::gap, "a gap was not refused as one");
  must(producer.lane->next_ticket() == due, "a refused event took a ticket");
  counts_.add("gaps refused");
}

void Simulation::note_refusal(ring::Refusal refusal) {
  counts_.add("events refused: " + std::string(to_text(refusal)));
  must(refusal == ring::Refusal::full || refusal == ring::Refusal::disk_full || refusal == ring::Refusal::failed, "refused as " + std::string(to_text(refusal)));
  if (refusal == ring::Refusal::failed) must(engine_->status().failed, "refused as failed by an engine that has not");
}

void Simulation::inject() {
  const auto plan = [&](const std::string& what, const Fault& fault) {
    eio_alone_ = !faults_planned_ && !snapshot_faults_planned_ && what == "EIO of a write";
    disk_->add_fault(fault);
    faults_planned_ = true;
    tell(fmt::format("{} after {}, times {}", what, fault.after, fault.times));
    counts_.add("faults planned: " + what);
  };
  const std::uint64_t after = random_.below(12);
  const std::uint64_t times = chance(4) ? Fault::for_ever : 1 + random_.below(3);
  if (swarm_.clock_jumps && chance(2)) {
    clock_.step_wall_clock((static_cast<Duration>(random_.below(7'201)) - 3'600) * one_second);
    counts_.add("faults planned: wall clock set");
  }
  if (swarm_.snapshots && chance(3)) {
    constexpr std::pair<Operation, const char*> operations[] = {{Operation::any, "error in a snapshot"}, {Operation::remove, "error of a removal"}};
    const auto& [operation, what] = operations[random_.below(std::size(operations))];
    constexpr int errors[] = {EIO, ENOSPC, EMFILE};
    disk_->add_fault({.operation = operation, .path_part = operation == Operation::any ? "snap" : "", .after = random_.below(60), .times = times, .error_number = errors[random_.below(std::size(errors))]});
    snapshot_faults_planned_ = true;
    eio_alone_ = false;
    tell(what);
    counts_.add(std::string("faults planned: ") + what);
    return;
  }
  if (swarm_.transient_errors && chance(2)) {
    if (chance(2)) return plan("short write", {.kind = Fault::Kind::short_count, .operation = Operation::write, .path_part = ".seg", .after = after, .times = times, .amount = random_.below(9) * 512});
    return plan("EAGAIN", {.operation = Operation::write, .path_part = "wal/", .after = after, .times = times, .error_number = EAGAIN});
  }
  if (swarm_.disk_fills && chance(2)) {
    if (chance(3)) return plan("ENOSPC", {.operation = chance(2) ? Operation::write : Operation::any, .path_part = "wal/", .after = after, .times = times, .error_number = ENOSPC});
    disk_small_ = !disk_small_;
    disk_->set_capacity(disk_small_ ? 40'000 + random_.below(200'000) : unlimited);
    tell(disk_small_ ? "disk small" : "disk large again");
    counts_.add(disk_small_ ? "faults planned: disk small" : "faults planned: disk large again");
    return;
  }
  if (swarm_.device_errors && chance(3)) {
    constexpr std::pair<Operation, const char*> operations[] = {{Operation::write, "EIO of a write"}, {Operation::sync, "EIO of a sync"}, {Operation::open, "EIO of an open"},
                                                                {Operation::rename, "EIO of a rename"}, {Operation::sync_directory, "EIO of a directory sync"}};
    const auto& [operation, what] = operations[random_.below(std::size(operations))];
    return plan(what, {.operation = operation, .path_part = operation == Operation::write ? ".seg" : "", .after = after, .times = times});
  }
}

// --- its end ---

void Simulation::end() {
  closed_cleanly_ = false;
  if (chance(4)) {  // a producer's last word before all ends
    for (Producer& producer : producers_) offer(producer);
  }
  switch (random_.below(4)) {
    case 0: return close();
    case 1: return die();
    default: return cut_power();
  }
}

void Simulation::close() {
  if (!chance(4)) {
    disk_->clear_faults();
    disk_->set_capacity(unlimited);
    disk_small_ = false;
  } else if (chance(2)) {  // the power goes while it closes
    disk_->add_fault({.operation = Operation::any, .after = random_.below(12), .times = Fault::for_ever});
    faults_planned_ = true;
  }
  const bool may_fail = faults_planned_ || disk_small_ || durable_at_failure_;
  const auto report = engine_->close();
  must(broken_.empty(), broken_);
  if (!report.ok()) {
    must(may_fail, "cannot be closed: " + report.error().text);
    counts_.add("closes that failed");
    return chance(2) ? cut_power() : die();
  }
  counts_.add("ended: closed");
  tell("closed");
  closed_cleanly_ = true;
  if (swarm_.os || chance(2)) return restart_on(disk_->after_process_death());
  lose_decisions(true);
  restart_on(disk_->after_power_cut(io::PowerCut{.policy = Policy::torn, .seed = random_.next()}));
}

void Simulation::cut_power() {
  constexpr std::pair<Policy, const char*> policies[] = {{Policy::drop_all, "drop"}, {Policy::keep_all, "keep"}, {Policy::prefix, "prefix"}, {Policy::subset, "reorder"}, {Policy::torn, "tear"}};
  const auto& [policy, what] = policies[random_.below(std::size(policies))];
  counts_.add(std::string("ended: power cut, ") + what);
  tell(std::string("power cut, ") + what);
  lose_decisions(true);
  auto after = disk_->after_power_cut(io::PowerCut{.policy = policy, .seed = random_.next(), .kept = random_.below(disk_->unsynced().size() + 1)});
  restart_on(std::move(after));
}

void Simulation::die() {
  counts_.add("ended: process death");
  tell("process death");
  lose_decisions(false);
  restart_on(disk_->after_process_death());
}

// Of a file: what was not flushed, and after a power cut what was not synced.
void Simulation::lose_decisions(bool power) {
  may_forget_ = may_forget_ || power || faults_planned_;  // level os: a sync that fails takes what it was to keep
  if (!swarm_.file) return;
  if (power && flushed_ > synced_) flushed_ = synced_ + static_cast<Sequence>(random_.below(static_cast<std::uint64_t>(flushed_ - synced_) + 1));
  emitted_.erase(emitted_.upper_bound({flushed_, UINT32_MAX}), emitted_.end());
}

void Simulation::restart_on(std::unique_ptr<io::SimulatedDisk> disk) {
  if (sink_) sink_->turn_deaf();
  disk_->power_off();
  scheduler_->progress();
  engine_.reset();
  counts_.add("disk faults struck", disk_->counters().faults);
  disk_ = std::move(disk);
  faults_planned_ = machine_ends_ = false;
  was_disk_full_ = false;
  broken_.clear();
}

}  // namespace pawl::simulation
