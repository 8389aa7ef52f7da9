// What is checked after every start, and at the end.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "model.hpp"
#include "payment.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"
#include "simulation.hpp"

namespace pawl::simulation {
namespace {

const language::Pipeline& checked_pipeline(const Variant& variant) {
  static std::map<Variant, journal::LoadedPipeline> pipelines;
  const auto known = pipelines.find(variant);
  if (known != pipelines.end()) return *known->second.pipeline;
  return *pipelines.emplace(variant, *journal::check_pipeline(pipeline_text(variant), "simulated")).first->second.pipeline;
}

}  // namespace

// Empty, or what a reader says.
std::string Simulation::read_journal(const journal::RecoveryReport& report, std::vector<Input>& inputs) const {
  if (report.last_sequence == no_sequence) return {};
  auto reader = journal::JournalReader::open(directory, *disk_);
  if (!reader.ok()) return reader.error().text;
  const auto beginning = reader->beginning();
  if (!beginning.ok()) return beginning.error().text;
  while (static_cast<Sequence>(inputs.size()) < beginning->next_sequence) inputs.push_back(retired_input(inputs.size(), report));
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

std::size_t Simulation::producer_of(std::uint16_t number, const journal::RecoveryReport& report) const {
  const auto source = std::find_if(report.sources.begin(), report.sources.end(), [&](const auto& s) { return s.number == number; });
  must(source != report.sources.end(), "an event of a source that has no name");
  const auto producer = std::find_if(producers_.begin(), producers_.end(), [&](const Producer& p) { return p.name == source->name; });
  must(producer != producers_.end(), "an event of a source that nobody made");
  return static_cast<std::size_t>(producer - producers_.begin());
}

// What stands in the journal, as long as it does.
Result<void> Simulation::remember_inputs() {
  auto reader = journal::JournalReader::open(directory, *disk_);
  if (!reader.ok()) return std::move(reader).error();
  auto cursor = reader->read();
  if (!cursor.ok()) return std::move(cursor).error();
  journal::BlockView block;
  for (;;) {
    auto more = cursor->next(block);
    if (!more.ok()) return std::move(more).error();
    if (!*more) return {};
    auto sequence = static_cast<std::size_t>(block.header.first_sequence);
    seen_.resize(std::max(seen_.size(), sequence + block.header.inputs));
    for (const journal::Record record : block.records()) {
      if (record.is_input()) seen_[sequence++].assign(record.bytes().begin(), record.bytes().end());
    }
  }
}

// What stood there: an earlier start has seen it, or it was remembered before it was retired.
Simulation::Input Simulation::retired_input(std::size_t sequence, const journal::RecoveryReport& report) const {
  if (sequence < recovered_.size()) return recovered_[sequence];
  must(sequence < seen_.size() && !seen_[sequence].empty(), fmt::format("input {} is retired, and no sink was asked to sync before", sequence));
  return input_of(journal::Record(seen_[sequence].data()), report);
}

Simulation::Input Simulation::input_of(const journal::Record& record, const journal::RecoveryReport& report) const {
  Input input;
  if (is_event(record.header().type)) {
    input.producer = producer_of(record.header().source, report);
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
  if (swarm_.os && may_forget_) {
    acked_ = std::min(acked_, report.last_sequence);
    emitted_.erase(emitted_.lower_bound({static_cast<Sequence>(inputs.size()), 0}), emitted_.end());
  }
  may_forget_ = false;
  must(report.last_sequence >= acked_, fmt::format("acked up to {}, recovered up to {}", acked_, report.last_sequence));
  must(inputs.size() >= recovered_.size(), "less than an earlier start recovered");
  std::vector<std::set<Ticket>> tickets(producers_.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (i < recovered_.size()) must(inputs[i].record == recovered_[i].record, fmt::format("sequence {} is not what an earlier start recovered", i));
    if (inputs[i].ticket == 0) continue;  // the ACTIVATE, ticks
    std::set<Ticket>& known = tickets[inputs[i].producer];
    must(known.insert(inputs[i].ticket).second, fmt::format("sequence {} has ticket {} of a source once more", i, inputs[i].ticket));
    must(swarm_.reorder || inputs[i].ticket == known.size(), fmt::format("sequence {} has ticket {} of a source whose next is {}", i, inputs[i].ticket, known.size()));
    if (i >= recovered_.size()) check_input(inputs[i]);
    const auto emitted = emitted_.find({static_cast<Sequence>(i), 0});
    if (emitted == emitted_.end()) continue;
    const auto source = std::find_if(report.sources.begin(), report.sources.end(), [&](const auto& s) { return s.number == emitted->second.source; });
    must(source != report.sources.end() && source->name == producers_[inputs[i].producer].name && emitted->second.ticket == inputs[i].ticket,
         fmt::format("sequence {} was acked as another event than it is", i));
  }
  for (std::size_t p = 0; p < producers_.size(); ++p) {
    must(tickets[p].size() <= producers_[p].accepted, "an event that nobody offered");
    must(!closed_cleanly_ || tickets[p].size() == producers_[p].accepted, "a clean end lost events that were accepted");
  }
  check_snapshots(report);
  recovered_ = inputs;
}

// Each is whole that has a name, and two of this history lead to a journal that begins later.
void Simulation::check_snapshots(const journal::RecoveryReport& report) const {
  if (!swarm_.snapshots || report.last_sequence == no_sequence) return;
  auto reader = journal::JournalReader::open(directory, *disk_);
  must(reader.ok(), "no reader");
  const auto names = journal::list_snapshots(*disk_, directory);
  must(names.ok(), "snapshots cannot be listed");
  const auto beginning = reader->beginning();
  must(beginning.ok(), "no beginning");
  int good = 0;
  for (const journal::SnapshotName& name : *names) {
    const auto header = journal::verify_snapshot(*disk_, name.path, digest_interval);
    must(header.ok(), header.ok() ? "" : "a published snapshot is not whole: " + header.error().text);
    if (name.sequence + 1 >= beginning->next_sequence && header->sequence == name.sequence && journal::check_history(*reader, *header).ok()) ++good;
  }
  must(beginning->next_sequence == 0 || good >= 2, fmt::format("the journal begins with input {}, and {} snapshots lead there", beginning->next_sequence, good));
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
  const auto after_end = [&] { return swarm_.os ? disk_->after_process_death() : disk_->after_power_cut(io::PowerCut{}); };
  restart_on(after_end());
  if (chance(8)) {
    must(open(), "does not start after a clean end");
    const auto again = engine_->close();
    must(again.ok() && again->digest == report->digest, "another digest after a restart");
    restart_on(after_end());
  }
  read_all();
  check_model(report->digest);
  if (chance(4)) damage_at_rest(report->digest);
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
      // Where segments may be retired, not all at once: that takes two snapshots, one behind the other.
      for (int room = swarm_.retires() ? 5 : INT_MAX; room > 0 && producer.lane->next_ticket() <= producer.wanted; --room) {
        const Ticket ticket = producer.lane->next_ticket();
        counts_.add("events offered");
        if (!producer.lane->publish(payment(source, ticket), ticket).accepted()) break;
        counts_.add("events accepted");
        ++producer.accepted;
      }
      done = done && producer.lane->next_ticket() > producer.wanted;
    }
    scheduler_->turn();
    must(broken_.empty(), broken_);
    if (swarm_.retires()) await_snapshot();
  }
}

// Every decision that ever left, and the digest, are those of the plain model over what the journal holds.
void Simulation::check_model(const rules::Digest128& digest) {
  std::vector<std::vector<std::byte>> records;
  for (const Input& input : recovered_) records.push_back(input.record);
  const Model model = run_model(checked_pipeline(swarm_.variant()), records, digest_interval);
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
void Simulation::damage_at_rest(const rules::Digest128& digest) {
  std::vector<std::string> files{"data/CONTROL"};
  for (const char* folder : {"data/wal", "data/snap"}) {
    const auto names = disk_->list(folder);
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) files.push_back(std::string(folder) + "/" + name);
  }
  const std::string& file = files[random_.below(files.size())];
  if (disk_->content(file).empty()) return;  // a lock
  disk_->flip_bit(file, random_.below(disk_->content(file).size()), static_cast<unsigned>(random_.below(8)));
  counts_.add("bits flipped at rest");
  tell("a bit flipped in " + file);
  start_scheduler();
  const std::vector<Input> before = recovered_;
  auto opened = DurableEngine::open(options());
  if (!opened.ok()) {
    counts_.add("damage at rest: refused");
    must(file.find("/snap/") == std::string::npos, "a damaged snapshot keeps the engine from starting: " + opened.error().text);
    must(opened.error().code != ErrorCode::io, "damage is called an error of the system: " + opened.error().text);
    return;
  }
  engine_ = *std::move(opened);
  if (swarm_.os && engine_->recovery().label == journal::Label::torn) {  // what no sync covers may be torn: it says so
    counts_.add("damage at rest: dropped as torn, and said so");
    return;
  }
  // A start reads sealed segments as far as there are inputs; what stands behind the last one is seen by whoever reads that.
  std::vector<Input> inputs;
  const bool named = !read_journal(engine_->recovery(), inputs).empty();
  counts_.add(named ? "damage at rest: named by readers" : "damage at rest: harmless");
  must(named || inputs.size() == before.size(), fmt::format("damage at rest: {} inputs became {}, and nobody says so: {}", before.size(), inputs.size(), engine_->recovery().summary()));
  for (std::size_t i = 0; i < inputs.size(); ++i) must(inputs[i].record == before[i].record, "damage at rest changed inputs, and nobody says so");
  const auto report = engine_->close();
  must(!report.ok() || report->digest == digest, "damage at rest changed decisions, and nobody says so");
}

}  // namespace pawl::simulation
