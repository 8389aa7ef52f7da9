#include "simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "model.hpp"
#include "payment.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"
#include "pawl/journal/reader.hpp"

namespace pawl::simulation {

using io::Fault;
using io::Operation;

namespace {

constexpr const char* directory = "data";
constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

void fixed_random(std::span<std::byte> into) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = static_cast<std::byte>(i * 37 + 11);
}

std::shared_ptr<const language::Pipeline> checked_pipeline() {
  static const std::shared_ptr<const language::Pipeline> pipeline = [] {
    auto loaded = journal::check_pipeline(pipeline_text, "simulated");
    return std::shared_ptr<const language::Pipeline>(std::move(loaded->pipeline));
  }();
  return pipeline;
}

}  // namespace

Swarm::Swarm(io::Random& random)
    : producers(1 + random.below(3)), lives(static_cast<int>(1 + random.below(3))), steps_max(4 + random.below(24)), device_errors(random.below(3) == 0),
      disk_fills(random.below(3) == 0), transient_errors(random.below(3) == 0), clock_jumps(random.below(3) == 0),
      faults_in_recovery(random.below(2) == 0), duplicates(random.below(2) == 0), ring_slots(std::int64_t{1} << random.below(8)),
      lane_capacity(std::size_t{1} << random.below(6)), segment_pages(8 + 4 * random.below(3)) {}

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
    if (at->second != emitted) s.broken_ = fmt::format("decision {} of input {} left twice, with different contents", output.second, sequence);
    s.acked_ = std::max(s.acked_, sequence);
    return {};
  }
  Result<void> flush() override { return {}; }
  void turn_deaf() { deaf_ = true; }

 private:
  Simulation& simulation_;
  Simulation::Output last_{no_sequence, 0};
  bool deaf_ = false;
};

Simulation::Simulation(std::uint64_t seed, Counts& counts, std::string* story)
    : seed_(seed), counts_(counts), story_(story), random_(seed * 0x9E37'79B9'7F4A'7C15 + 1), swarm_(random_), clock_(start_time),
      disk_(std::make_unique<io::SimulatedDisk>(io::SimulatedOptions{.seed = seed, .clock = &clock_})) {
  for (std::size_t i = 0; i < swarm_.producers; ++i) producers_.push_back({.name = "source " + std::to_string(i), .wanted = 1 + random_.below(20)});
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
  options.pipeline_text = pipeline_text;
  options.threads = static_cast<int>(1 + random_.below(3));  // shards: another number in each life
  options.ring_slots = swarm_.ring_slots;
  options.decision_records = 1024;
  options.tick_interval = 1'000'000;
  options.segment_bytes = swarm_.segment_pages * 4096;
  options.block_bytes_max = 8192;
  if (!created_) options.state = window::StateLimits{.keys_max = 64, .entries_max = 4096, .distinct_max = 64};
  options.disk = disk_.get();
  options.clock = &clock_;
  options.random = fixed_random;
  options.driver = scheduler_.get();
  return options;
}

void Simulation::live() {
  counts_.add("lives");
  tell("a new life");
  if (swarm_.faults_in_recovery && chance(3)) arm_recovery();
  if (!open()) return;
  for (std::uint64_t steps = 1 + random_.below(swarm_.steps_max); steps > 0; --steps) step();
  end();
}

bool Simulation::open() {
  scheduler_ = std::make_unique<Scheduler>(random_.next() ^ seed_, clock_);
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
  created_ = true;
  disk_->clear_faults();
  faults_before_ = disk_->counters().faults;
  faults_planned_ = faults_before_ > 0;  // the engine may not have shown it yet
  machine_ends_ = false;
  const journal::RecoveryReport& report = engine_->recovery();
  counts_.add("recovered " + std::string(name(report.label)));
  tell(report.summary());
  must(!closed_cleanly_ || report.label == journal::Label::end, "a journal that was closed cleanly is recovered as " + report.summary());
  check_recovered(report);
  engine_->set_sink(*sink_);
  for (Producer& producer : producers_) {
    auto lane = engine_->lane(producer.name, {.capacity = swarm_.lane_capacity, .when_full = WhenFull::refuse, .max_future = 0});
    must(lane.ok(), "no lane for " + producer.name);
    producer.lane = *lane;
    const auto known = static_cast<Ticket>(std::count_if(recovered_.begin(), recovered_.end(), [&](const Input& input) { return input.ticket > 0 && input.producer == static_cast<std::size_t>(&producer - producers_.data()); }));
    must(producer.lane->next_ticket() == known + 1, fmt::format("{} continues with ticket {}, {} events of it are in the journal", producer.name, producer.lane->next_ticket(), known));
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

// Soon after it was missed, and noticed: lives are short, and what a disk does of its own accord comes too late for most of them.
void Simulation::space_comes_back() {
  disk_->set_capacity(unlimited);
  disk_small_ = false;
  tell("space comes back");
  clock_.advance(20'000'000);
  turns(64);
}

void Simulation::step() {
  for (Producer& producer : producers_) {
    if (chance(12)) producer.alive = !producer.alive;
    if (producer.alive && chance(2)) offer(producer);
  }
  if (chance(4)) inject();
  turns(random_.below(24));
  if (was_disk_full_ && chance(2)) space_comes_back();
  if (chance(10)) {
    clock_.advance(5'000'000);  // long enough for the idle seal
    turns(4);
  }
}

void Simulation::offer(Producer& producer) {
  if (swarm_.duplicates && chance(3)) offer_out_of_order(producer);
  const auto source = static_cast<std::size_t>(&producer - producers_.data());
  for (std::uint64_t count = 1 + random_.below(8); count > 0; --count) {
    const Ticket ticket = producer.lane->next_ticket();
    const ring::Publication publication = producer.lane->publish(payment(source, ticket), ticket);
    counts_.add("events offered");
    if (!publication.accepted()) return note_refusal(publication.refusal());
    must(publication.ticket() == ticket, "another ticket was accepted than the one offered");
    counts_.add("events accepted");
    producer.accepted = ticket;
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
    eio_alone_ = !faults_planned_ && what == "EIO of a write";
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
  restart_on(chance(2) ? disk_->after_power_cut(io::PowerCut{.policy = Policy::torn, .seed = random_.next()}) : disk_->after_process_death());
}

void Simulation::cut_power() {
  constexpr std::pair<Policy, const char*> policies[] = {{Policy::drop_all, "drop"}, {Policy::keep_all, "keep"}, {Policy::prefix, "prefix"}, {Policy::subset, "reorder"}, {Policy::torn, "tear"}};
  const auto& [policy, what] = policies[random_.below(std::size(policies))];
  counts_.add(std::string("ended: power cut, ") + what);
  tell(std::string("power cut, ") + what);
  auto after = disk_->after_power_cut(io::PowerCut{.policy = policy, .seed = random_.next(), .kept = random_.below(disk_->unsynced().size() + 1)});
  restart_on(std::move(after));
}

void Simulation::die() {
  counts_.add("ended: process death");
  tell("process death");
  restart_on(disk_->after_process_death());
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

// --- the proofs ---

// Empty, or what a reader says.
std::string Simulation::read_journal(const journal::RecoveryReport& report, std::vector<Input>& inputs) const {
  if (report.last_sequence == no_sequence) return {};
  auto reader = journal::JournalReader::open(directory, *disk_);
  if (!reader.ok()) return reader.error().text;
  auto cursor = reader->read({.until_block = report.last_block, .deep = true});
  if (!cursor.ok()) return cursor.error().text;
  journal::BlockView block;
  for (;;) {
    auto more = cursor->next(block);
    if (!more.ok()) return more.error().text;
    if (!*more) return {};
    must(block.header.first_sequence == static_cast<Sequence>(inputs.size()), "a hole in the sequences");
    for (const journal::Record record : block.records()) {
      if (record.is_input()) inputs.push_back(input_of(record, report));
    }
  }
}

Simulation::Input Simulation::input_of(const journal::Record& record, const journal::RecoveryReport& report) const {
  Input input;
  if (is_event(record.header().type)) {
    const auto source = std::find_if(report.sources.begin(), report.sources.end(), [&](const auto& s) { return s.number == record.header().source; });
    must(source != report.sources.end(), "an event of a source that has no name");
    const auto producer = std::find_if(producers_.begin(), producers_.end(), [&](const Producer& p) { return p.name == source->name; });
    must(producer != producers_.end(), "an event of a source that nobody made");
    input.producer = static_cast<std::size_t>(producer - producers_.begin());
    input.ticket = record.header().ticket;
  }
  input.record.assign(record.bytes().begin(), record.bytes().end());
  return input;
}

// What was offered, and nothing else.
void Simulation::check_input(const Input& input) const {
  alignas(64) std::byte slot[256]{};
  static_assert(sizeof slot >= sizeof(EventHeader) + payload_bytes_of<Payment>);
  encode(payment(input.producer, input.ticket), first_event_type, slot);
  const std::size_t head = sizeof(EventHeader) - record_offset;
  const std::size_t payload = reinterpret_cast<const EventHeader*>(slot)->length;
  must(input.record.size() >= head + payload, "an event is shorter than it was offered");
  must(std::memcmp(input.record.data() + head, slot + sizeof(EventHeader), payload) == 0, fmt::format("ticket {} of source {} is not what was offered", input.ticket, input.producer));
}

void Simulation::check_recovered(const journal::RecoveryReport& report) {
  std::vector<Input> inputs;
  const std::string damage = read_journal(report, inputs);
  must(damage.empty(), "the journal that was recovered is damaged: " + damage);
  must(static_cast<Sequence>(inputs.size()) == report.last_sequence + 1, "the report's last sequence is not the last one");
  must(report.last_sequence >= acked_, fmt::format("acked up to {}, recovered up to {}", acked_, report.last_sequence));
  must(inputs.size() >= recovered_.size(), "less than an earlier start recovered");
  std::vector<Ticket> tickets(producers_.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (i < recovered_.size()) must(inputs[i].record == recovered_[i].record, fmt::format("sequence {} is not what an earlier start recovered", i));
    if (inputs[i].ticket == 0) continue;  // the ACTIVATE, ticks
    must(inputs[i].ticket == ++tickets[inputs[i].producer], fmt::format("sequence {} has ticket {} of a source whose next is {}", i, inputs[i].ticket, tickets[inputs[i].producer]));
    if (i >= recovered_.size()) check_input(inputs[i]);
    const auto emitted = emitted_.find({static_cast<Sequence>(i), 0});
    if (emitted == emitted_.end()) continue;
    const auto source = std::find_if(report.sources.begin(), report.sources.end(), [&](const auto& s) { return s.number == emitted->second.source; });
    must(source != report.sources.end() && source->name == producers_[inputs[i].producer].name && emitted->second.ticket == inputs[i].ticket,
         fmt::format("sequence {} was acked as another event than it is", i));
  }
  for (std::size_t p = 0; p < producers_.size(); ++p) {
    must(tickets[p] <= producers_[p].accepted, "an event that nobody offered");
    must(!closed_cleanly_ || tickets[p] == producers_[p].accepted, "a clean end lost events that were accepted");
  }
  recovered_ = inputs;
}

void Simulation::finish() {
  disk_->clear_faults();
  disk_->set_capacity(unlimited);
  disk_small_ = faults_planned_ = false;
  must(open(), "does not start on a disk that works");
  offer_the_rest();
  const auto report = engine_->close();
  must(broken_.empty(), broken_);
  must(report.ok(), report.ok() ? "" : "cannot be closed on a disk that works: " + report.error().text);
  closed_cleanly_ = true;
  restart_on(disk_->after_power_cut(io::PowerCut{}));
  if (chance(8)) {
    must(open(), "does not start after a clean end");
    const auto again = engine_->close();
    must(again.ok() && again->digest == report->digest, "another digest after a restart");
    restart_on(disk_->after_power_cut(io::PowerCut{}));
  }
  read_all();
  check_model(report->digest);
  if (chance(4)) damage_at_rest();
}

// As the journal's own recovery finds it, without an engine, which would cost most of a seed's time.
void Simulation::read_all() {
  journal::Options settings;
  settings.directory = directory;
  settings.disk = disk_.get();
  settings.clock = &clock_;
  settings.random = fixed_random;
  const auto opened = journal::Journal::open(settings);
  must(opened.ok(), opened.ok() ? "" : "refused after a clean end: " + opened.error().text);
  must(opened->recovery().clean, "a clean end is not recovered as one");
  check_recovered(opened->recovery());
}

void Simulation::offer_the_rest() {
  for (bool done = false; !done;) {
    done = true;
    for (std::size_t source = 0; source < producers_.size(); ++source) {
      Producer& producer = producers_[source];
      while (producer.lane->next_ticket() <= producer.wanted) {
        const Ticket ticket = producer.lane->next_ticket();
        counts_.add("events offered");
        if (!producer.lane->publish(payment(source, ticket), ticket).accepted()) break;
        counts_.add("events accepted");
        producer.accepted = ticket;
      }
      done = done && producer.lane->next_ticket() > producer.wanted;
    }
    scheduler_->turn();
    must(broken_.empty(), broken_);
  }
}

// Every decision that ever left, and the digest, are those of the plain model over what the journal holds.
void Simulation::check_model(const rules::Digest128& digest) {
  std::vector<std::vector<std::byte>> records;
  for (const Input& input : recovered_) records.push_back(input.record);
  const Model model = run_model(*checked_pipeline(), records);
  must(model.digest == digest, fmt::format("digest {} and not the model's {}", rules::to_hex(digest), rules::to_hex(model.digest)));
  std::size_t outputs = 0;
  for (std::size_t i = 0; i < model.judged.size(); ++i) {
    for (const Judged& judged : model.judged[i]) {
      const auto emitted = emitted_.find({static_cast<Sequence>(i), judged.output});
      must(emitted != emitted_.end(), fmt::format("decision {} of sequence {} never left", judged.output, i));
      must(emitted->second.fired == judged.fired && emitted->second.score == judged.score && emitted->second.first == judged.first, fmt::format("decision {} of sequence {} is not the model's", judged.output, i));
      ++outputs;
    }
    if (i > 0 && !model.is_event[i]) counts_.add("ticks");
  }
  must(outputs == emitted_.size(), "more decisions left than the model has");
  counts_.add("events decided as the model does", model.judged.size());
}

// One bit of one file rots after a clean end: named, or without effect; never silently different.
void Simulation::damage_at_rest() {
  std::vector<std::string> files{"data/CONTROL"};
  const auto segments = disk_->list("data/wal");
  for (const std::string& name : *segments) files.push_back("data/wal/" + name);
  const std::string& file = files[random_.below(files.size())];
  disk_->flip_bit(file, random_.below(disk_->content(file).size()), static_cast<unsigned>(random_.below(8)));
  counts_.add("bits flipped at rest");
  scheduler_ = std::make_unique<Scheduler>(seed_, clock_);
  const std::vector<Input> before = recovered_;
  auto opened = DurableEngine::open(options());
  if (!opened.ok()) {
    counts_.add("damage at rest: refused");
    must(opened.error().code != ErrorCode::io, "damage is called an error of the system: " + opened.error().text);
    return;
  }
  engine_ = *std::move(opened);
  // A start reads sealed segments as far as there are inputs; what stands behind the last one is seen by whoever reads that.
  std::vector<Input> inputs;
  const bool named = !read_journal(engine_->recovery(), inputs).empty();
  counts_.add(named ? "damage at rest: named by readers" : "damage at rest: harmless");
  must(inputs.size() == before.size(), "damage at rest lost inputs, and nobody says so");
  for (std::size_t i = 0; i < inputs.size(); ++i) must(inputs[i].record == before[i].record, "damage at rest changed inputs, and nobody says so");
}

}  // namespace pawl::simulation
