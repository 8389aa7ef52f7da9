#include "pawl/journal/durable_engine.hpp"

#include <algorithm>
#include <cstring>

#include "pawl/core/base/planted.hpp"
#include "pawl/core/engine/reordering_source.hpp"
#include "pawl/core/language/reformat.hpp"
#include "pawl/io/cpus.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/engine/control.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"
#include "pawl/journal/model/files.hpp"
#include "pawl/journal/engine/replay_source.hpp"
#include "pawl/journal/engine/source_numbers.hpp"
#include "pawl/journal/recovery.hpp"
#include "pawl/journal/snapshot/snapshots.hpp"

namespace pawl {
namespace {

constexpr std::size_t reorder_block_bytes_min = 16 << 10;
static_assert(reorder_block_bytes_min / 2 >= limits::reorder_events_max / 8, "a SOURCE annotation, and a name and heads beside it");

class CallbackSink final : public DecisionSink {
 public:
  explicit CallbackSink(std::function<void(const Decision&)> callback) : callback_(std::move(callback)) {}
  Result<void> on_decision(const Decision& decision) override {
    callback_(decision);
    return {};
  }
  Result<void> flush() override { return {}; }

 private:
  std::function<void(const Decision&)> callback_;
};

}  // namespace

struct DurableEngine::State {
  EngineOptions options;
  std::unique_ptr<io::Disk> own_disk;
  std::unique_ptr<io::Clock> own_clock;
  io::Disk* disk = nullptr;
  io::Clock* clock = nullptr;

  std::optional<journal::Journal> journal;
  journal::LoadedPipeline loaded;
  window::StateLimits limits;                   // of keyed state: the journal's, or of a new log the given ones
  std::optional<journal::JournalReader> reader;
  std::optional<journal::ReplaySource> replay;  // of what was recovered
  std::optional<journal::OneInput> activate;    // of a new log
  std::unique_ptr<journal::Machine> machine;
  Sequence replayed_after = no_sequence;        // the snapshot's input that the machine began behind
  std::optional<Gap> gap;                       // of decisions, before that
  std::vector<std::string> snapshot_notes;
  std::string writer_notice;  // of the segment it began with: from the start on, the file is the journal thread's
  std::unique_ptr<journal::Snapshotter> snapshotter;  // null: none is to be taken

  std::vector<journal::SourceState> sources;
  std::vector<std::unique_ptr<EngineLane>> lanes;
  std::vector<std::unique_ptr<ReorderingSource<io::Clock>>> reordering;  // of lanes and of sources that were added, if an event declares it
  std::vector<std::string> names_in_use;  // of sources, in this run
  std::unique_ptr<DecisionSink> callback;
  bool closed = false;

  Result<void> check_options();
  Result<void> open_environment();
  Result<void> open_journal();
  Result<void> check_given_pipeline();
  Result<void> load_pipeline();
  Result<void> choose_limits();
  Result<void> build_machine();
  Result<std::unique_ptr<journal::Machine>> make_machine(Sequence muted, Sequence after);
  Result<void> start();
  Result<void> start_machine();
  Result<void> start_snapshots();
  Result<void> wait_for_replay();
  Result<void> check_last_digest();
  [[nodiscard]] Error differs(Sequence first, Sequence last, const rules::Digest128& computed, const rules::Digest128& recorded) const;
  Result<SourceIdentity> identify(const std::string& name);
  [[nodiscard]] bool reorders() const { return std::any_of(loaded.pipeline->reorder.begin(), loaded.pipeline->reorder.end(), [](Duration hold) { return hold != 0; }); }
  bool add(InputSource& source);
  [[nodiscard]] Error failure();
  Result<EngineReport> close();
};

// --- open ---

Result<std::unique_ptr<DurableEngine>> DurableEngine::open(const EngineOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  for (const auto step : {&State::check_options, &State::open_environment, &State::open_journal, &State::load_pipeline, &State::choose_limits, &State::build_machine, &State::start}) {
    if (auto done = (*state.*step)(); !done.ok()) return std::move(done).error();
  }
  return std::unique_ptr<DurableEngine>(new DurableEngine(std::move(state)));
}

DurableEngine::DurableEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}

DurableEngine::~DurableEngine() {
  // Errors have nowhere to go from here: whoever wants them calls close().
  static_cast<void>(state_->close());
}

namespace {

// A journal polled by the thread that does all else cannot wait for even a short write.
Result<io::Backend> backend_for(const EngineOptions& options) {
  if (options.backend != io::Backend::automatic) return options.backend;
  auto cpus = io::discover_cpus();
  if (!cpus.ok()) return std::move(cpus).error();
  const bool polled = (options.threads > 0 ? options.threads : cpus->usable()) == 1;
  return polled && io::io_uring_obstacle().empty() ? io::Backend::io_uring : io::Backend::automatic;
}

}  // namespace

// Before anything is made or started.
Result<void> DurableEngine::State::check_options() {
  if (options.decision_records < 2 * journal::Machine::batch_max || !ring::is_power_of_two(options.decision_records)) {
    return Error{ErrorCode::usage, "EngineOptions::decision_records is " + std::to_string(options.decision_records) + ": it must be a power of two from " +
                                       std::to_string(2 * journal::Machine::batch_max)};
  }
  if (options.tick_interval < 0) return Error{ErrorCode::usage, "EngineOptions::tick_interval is negative: it is a time, or 0 for no ticks"};
  const bool fits = options.ring_slots == 0 || (ring::is_power_of_two(options.ring_slots) && options.ring_slots <= limits::ring_slots_max);
  if (options.snapshots.retention.enabled && !options.snapshots.enabled()) {
    return Error{ErrorCode::usage, "EngineOptions::snapshots: retention removes what snapshots make needless, so one of every_inputs and every must be set with it"};
  }
  if (fits) return journal::check(options.state.value_or(window::StateLimits{}));
  return Error{ErrorCode::usage, "EngineOptions::ring_slots is " + std::to_string(options.ring_slots) + ": it must be a power of two from 1 to " +
                                     std::to_string(limits::ring_slots_max) + ", or 0 for as many as fit in 2 MiB"};
}

Result<void> DurableEngine::State::open_environment() {
  if (options.disk == nullptr) {
    auto backend = backend_for(options);
    if (!backend.ok()) return std::move(backend).error();
    auto made = io::make_real_disk(*backend);
    if (!made.ok()) return std::move(made).error();
    own_disk = *std::move(made);
  }
  if (options.clock == nullptr) own_clock = std::make_unique<io::SystemClock>();
  disk = options.disk != nullptr ? options.disk : own_disk.get();
  clock = options.clock != nullptr ? options.clock : own_clock.get();
  return {};
}

Result<void> DurableEngine::State::open_journal() {
  journal::Options settings;
  settings.directory = options.directory;
  settings.durability = options.durability;
  settings.segment_bytes = options.segment_bytes;
  settings.block_bytes_max = options.block_bytes_max;
  settings.random = options.random;
  settings.body_hash = options.audit ? journal::BodyHash::sha_256 : journal::BodyHash::xxh3_128;
  settings.disk = disk;
  settings.clock = clock;
  if (options.durability != Durability::memory) {
    if (options.directory.empty()) return Error{ErrorCode::usage, "no journal directory: set EngineOptions::directory, or Durability::memory"};
    auto seen = journal::look_at_directory(*disk, options.directory);
    if (!seen.ok()) return std::move(seen).error();
    if (journal::may_create(*seen)) {
      if (auto sound = check_given_pipeline(); !sound.ok()) return sound;
      if (auto made = journal::Journal::create(settings); !made.ok()) return made;
    }
  }
  auto opened = journal::Journal::open(settings);
  if (!opened.ok()) return std::move(opened).error();
  journal.emplace(*std::move(opened));
  sources = journal->recovery().sources;
  writer_notice = journal->writer().notice();
  return {};
}

// Before a journal is made: a mistake in the pipeline must not leave one behind.
Result<void> DurableEngine::State::check_given_pipeline() {
  std::string text = options.pipeline_text;
  if (text.empty() && !options.pipeline.empty()) {
    auto read = journal::read_text(*disk, options.pipeline, limits::pipeline_source_bytes_max);
    if (!read.ok()) return std::move(read).error();
    text = *std::move(read);
  }
  if (text.empty()) return {};  // load_pipeline says so
  journal::DiskModelFiles models(*disk, options.pipeline, {});
  auto checked = journal::check_pipeline(text, options.pipeline.empty() ? "pipeline" : options.pipeline, &models, &options.operators);
  if (!checked.ok()) return std::move(checked).error();
  return {};
}

Result<void> DurableEngine::State::load_pipeline() {
  std::string text = options.pipeline_text;
  std::string file = options.pipeline.empty() ? "pipeline" : options.pipeline;
  if (text.empty() && !options.pipeline.empty()) {
    auto read = journal::read_text(*disk, options.pipeline, journal->writer().pipeline_bytes_max());
    if (!read.ok()) return std::move(read).error();
    text = *std::move(read);
  }
  const std::string& recorded = journal->recovery().pipeline;
  if (text.empty()) {
    text = recorded;
    file = options.directory + " (its recorded pipeline)";
  }
  if (text.empty()) return Error{ErrorCode::usage, "no pipeline: name a pipeline file; the journal has none yet"};
  if (!recorded.empty() && recorded != text) {
    const auto laid_out = language::reformat(text).text;
    const bool only_layout = laid_out && laid_out == language::reformat(recorded).text;
    return Error{ErrorCode::usage, file + " differs from the pipeline that the journal in " + options.directory + " was written with" +
                                       (only_layout ? ", in its layout alone, but a journal goes on with the same bytes only (`rules fmt --write` changes them). Put the file back as it was" : ". Start a new journal directory for it") +
                                       ", or leave the pipeline out to go on with the recorded one"};
  }
  const bool is_kept = options.durability != Durability::memory;
  journal::DiskModelFiles models(*disk, options.pipeline, is_kept ? options.directory : std::string());
  auto checked = journal::check_pipeline(text, file, &models, &options.operators);
  if (!checked.ok()) return std::move(checked).error();
  loaded = *std::move(checked);
  if (reorders() && 2 * journal->writer().pipeline_bytes_max() < reorder_block_bytes_min) {
    return Error{ErrorCode::usage, file + " puts events in order, but a block of the journal in " + options.directory + " is too small to say which are missing: make it with EngineOptions::block_bytes_max from " +
                                       std::to_string(reorder_block_bytes_min)};
  }
  return is_kept ? journal::keep_models(*disk, options.directory, *loaded.pipeline) : Result<void>{};
}

// A new log writes its bounds into its first input; a recovered one has them there.
Result<void> DurableEngine::State::choose_limits() {
  limits = options.state.value_or(window::StateLimits{});
  if (journal->recovery().last_sequence == no_sequence) return {};
  auto opened = journal::JournalReader::open(options.directory, *disk);
  if (!opened.ok()) return std::move(opened).error();
  reader.emplace(*std::move(opened));
  reader->set_digest_interval(options.digest_interval);
  auto beginning = journal::read_beginning(*reader);
  if (!beginning.ok()) return std::move(beginning).error();
  if (options.state && !journal::same(*options.state, beginning->state)) {
    return Error{ErrorCode::usage, "EngineOptions::state has " + journal::describe(limits) + ", but the journal in " + options.directory + " was written with " +
                                       journal::describe(beginning->state) + ": decisions depend on them. Leave the option out, or start a new journal directory"};
  }
  limits = beginning->state;
  return {};
}

Result<void> DurableEngine::State::build_machine() {
  const journal::RecoveryReport& recovered = journal->recovery();
  const Sequence muted = options.muted == EngineOptions::as_recorded ? recovered.emitted.sequence : options.muted;
  const auto make = [&](Sequence after) { return make_machine(muted, after); };
  if (!reader) {
    auto made = make(no_sequence);
    if (!made.ok()) return std::move(made).error();
    machine = *std::move(made);
    return {};
  }
  const Sequence taken = planted(Bug::start_skips_decisions) ? recovered.last_sequence : std::min(muted, recovered.last_sequence);
  const journal::SnapshotBounds bounds{.sequence = options.from_snapshot ? taken : no_sequence,
                                       .or_oldest = options.allow_gap,
                                       .cure = "an engine goes on from it if its sink has come so far (EngineOptions::from_snapshot and muted), or with a gap in the decisions (allow_gap)"};
  auto started = journal::start_machine(*reader, *loaded.pipeline, limits, bounds, make);
  if (!started.ok()) return std::move(started).error();
  machine = std::move(started->machine);
  replayed_after = started->after;
  if (replayed_after > muted) gap = Gap{muted + 1, replayed_after};
  snapshot_notes = std::move(started->notes);
  return {};
}

Result<std::unique_ptr<journal::Machine>> DurableEngine::State::make_machine(Sequence muted, Sequence after) {
  journal::MachineOptions settings;
  settings.threads = options.threads;
  settings.ring_slots = options.ring_slots;
  settings.carried = {.lets = options.decisions_with_lets, .shown = options.decisions_with_values};
  settings.measure_latency = options.measure_latency;
  settings.timeline = options.timeline;
  settings.driver = options.driver;
  settings.digest_interval = options.digest_interval;
  settings.decision_records = options.decision_records;
  settings.state = limits;
  settings.tick_interval = options.tick_interval;
  settings.muted = muted;
  settings.after = after;
  return journal::Machine::make(*loaded.pipeline, settings, *clock, &journal->writer(), journal->preparer(), journal->recovery().last_sequence);
}

Result<void> DurableEngine::State::start() {
  if (auto started = start_machine(); !started.ok()) return started;
  machine->begin_ticks();
  return start_snapshots();
}

Result<void> DurableEngine::State::start_snapshots() {
  if (!options.snapshots.enabled() || options.durability == Durability::memory) return {};
  snapshotter = std::make_unique<journal::Snapshotter>(
      options.snapshots, journal::Snapshotter::Engine{options.directory, *disk, *clock, machine->durable(), *journal->preparer(), *loaded.pipeline, options.durability,
                                                      [this] { return machine->sync_sink(); }, options.driver, options.digest_interval});
  return snapshotter->start();
}

Result<void> DurableEngine::State::start_machine() {
  const language::Pipeline& pipeline = *loaded.pipeline;
  if (journal->recovery().last_sequence == no_sequence) {
    if (!journal->writer().annotate_pipeline(pipeline.source)) {
      return Error{ErrorCode::usage, loaded.file + " is too large for one block of the journal: shorten it, or raise the block size"};
    }
    activate.emplace(journal::OneInput::activate(journal::activation(pipeline.version, pipeline.source, limits), clock->now()));
    PAWL_ASSERT(machine->sequence().add(*activate));
    return machine->start();
  }
  auto blocks = reader->read({.from_sequence = replayed_after + 1, .until_block = journal->recovery().last_block});
  if (!blocks.ok()) return std::move(blocks).error();
  replay.emplace(*std::move(blocks), journal::Until{.sequence = journal->recovery().last_sequence}, machine->digests(), replayed_after + 1);
  PAWL_ASSERT(machine->sequence().add(*replay));
  replay->hold_after_damage();
  machine->fails_with(replay->failed());
  if (auto started = machine->start(); !started.ok()) return started;
  return wait_for_replay();
}

// Until everything recovered is decided again, with the digests that the journal carries, or decisions that nobody takes yet hold it up: then the rest follows when they are taken.
Result<void> DurableEngine::State::wait_for_replay() {
  const auto is_done = [&] { return machine->was_decided() >= journal->recovery().last_sequence && replay->has_ended().load_acquire() == 1 && machine->digests().was_settled(); };
  while (!is_done() && !machine->decisions_wait_for_a_sink()) {
    if (machine->failed() || replay->failed().load_acquire() == 1) return failure();
    machine->pause();
  }
  if (machine->failed()) return failure();
  return check_last_digest();
}

// The mark that a clean close left: interval ends are compared on the way, this one here. Decide rests until producers are let in.
Result<void> DurableEngine::State::check_last_digest() {
  const std::optional<journal::DigestMark>& mark = journal->recovery().digest;
  const Sequence last = journal->recovery().last_sequence;
  if (!mark || mark->sequence != last || machine->was_decided() != last) return {};
  const rules::Digest128 computed = machine->decide().digest();
  if (std::memcmp(&mark->digest, computed.data(), sizeof computed) == 0) return {};
  rules::Digest128 recorded;
  std::memcpy(recorded.data(), &mark->digest, sizeof recorded);
  machine->stop();
  return differs(last / options.digest_interval * options.digest_interval, last, computed, recorded);
}

Error DurableEngine::State::differs(Sequence first, Sequence last, const rules::Digest128& computed, const rules::Digest128& recorded) const {
  return {ErrorCode::corrupt, "replay does not reproduce what was decided: sequences " + std::to_string(first) + " to " + std::to_string(last) +
                                  " give digest " + rules::to_hex(computed) + ", the journal in " + options.directory + " has " + rules::to_hex(recorded) +
                                  ". Memory damage, or another release with other results: compare with `pawl replay --journal`"};
}

// What stopped the engine. The threads are stopped by it.
Error DurableEngine::State::failure() {
  machine->stop();
  if (machine->writer_state() == journal::WriterState::failed) return journal->writer().error();
  if (auto error = machine->sink_error()) return *std::move(error);
  if (machine->writer_state() == journal::WriterState::disk_full) {
    const std::string& lack = journal->lack();
    return Error{ErrorCode::disk_full, (lack.empty() ? "the disk of " + options.directory + " is full" : lack) + ": inputs behind sequence " + std::to_string(machine->was_durable()) +
                                           " are not durable and were not acked. " + (lack.empty() ? "Free space ('df -h')" : "Cure that") + " and start again on the same journal: pawl-fraud as before, `pawl run` with --append"};
  }
  if (replay && replay->error()) return *replay->error();
  if (const auto& mismatch = machine->digests().mismatch()) {
    return differs(mismatch->first, mismatch->last, mismatch->computed, mismatch->recorded);
  }
  if (machine->damaged()) {
    return Error{ErrorCode::failed, "an input's checksum changed between sequencing and deciding: memory damage. Check the machine's memory; "
                                    "nothing after it was decided, restart replays the journal"};
  }
  return Error{ErrorCode::failed, "the engine has stopped"};
}

// --- producers ---

Result<DurableEngine::SourceIdentity> DurableEngine::State::identify(const std::string& name) {
  if (name.empty() || name.size() > journal::source_name_bytes_max) {
    return Error{ErrorCode::usage, "a source's name has 1 to " + std::to_string(journal::source_name_bytes_max) + " bytes, this one has " + std::to_string(name.size())};
  }
  if (std::find(names_in_use.begin(), names_in_use.end(), name) != names_in_use.end()) {
    return Error{ErrorCode::usage, "there is a source \"" + name + "\" already: each producer has one of its own, or two would give the same tickets"};
  }
  auto source = journal::number_source(sources, name);
  if (!source.ok()) return std::move(source).error();
  if (source->is_new) {
    if (!machine->announce(source->number, name)) return Error{ErrorCode::usage, "too many new sources at once: try again in a moment"};
    sources.push_back({source->number, name, 0});
  }
  return SourceIdentity{source->number, source->last_ticket, std::move(source->missing)};
}

Result<DurableEngine::SourceIdentity> DurableEngine::identify(const std::string& name) {
  auto identity = state_->identify(name);
  if (identity.ok()) state_->names_in_use.push_back(name);
  return identity;
}

// False: there are as many as there can be.
bool DurableEngine::State::add(InputSource& source) {
  if (!reorders()) return machine->sequence().add(source);
  reordering.push_back(std::make_unique<ReorderingSource<io::Clock>>(source, loaded.pipeline->reorder, machine->slot_bytes(), *clock, options.tick_interval));
  return machine->sequence().add(*reordering.back());
}

Result<void> DurableEngine::add(InputSource& source) {
  if (!state_->add(source)) {
    return Error{ErrorCode::usage, "the engine has all the sources it can have: " + std::to_string(SequenceStage<io::Clock>::sources_max)};
  }
  state_->machine->wake_ingest();
  return {};
}

Result<EngineLane*> DurableEngine::lane(const std::string& name, const LaneOptions& options) {
  State& state = *state_;
  if (state.closed) return Error{ErrorCode::failed, "the engine is closed"};
  if (!ring::is_power_of_two(static_cast<std::int64_t>(options.capacity))) {
    return Error{ErrorCode::usage, "LaneOptions::capacity is " + std::to_string(options.capacity) + ": it must be a power of two"};
  }
  auto identity = state.identify(name);
  if (!identity.ok()) return std::move(identity).error();
  auto made = std::make_unique<EngineLane>(*state.machine, *state.loaded.pipeline, *state.clock, identity->number, TicketRow(identity->last_ticket, identity->missing), options);
  if (!state.add(made->source())) {
    return Error{ErrorCode::usage, "the engine has all the lanes it can have: " + std::to_string(SequenceStage<io::Clock>::sources_max)};
  }
  state.lanes.push_back(std::move(made));
  state.names_in_use.push_back(name);
  state.machine->wake_ingest();
  return state.lanes.back().get();
}

void DurableEngine::wake() noexcept { state_->machine->wake_ingest(); }

// --- decisions ---

void DurableEngine::on_decision(std::function<void(const Decision&)> callback) {
  PAWL_ASSERT(state_->callback == nullptr);
  state_->callback = std::make_unique<CallbackSink>(std::move(callback));
  state_->machine->set_sink(*state_->callback);
}

void DurableEngine::set_sink(DecisionSink& sink) { state_->machine->set_sink(sink); }

// --- what can be seen ---

EngineStatus DurableEngine::status() const noexcept {
  const journal::Machine& machine = *state_->machine;
  return {machine.was_sequenced(), machine.was_decided(), machine.was_durable(), machine.was_emitted(), machine.writer_state(), machine.failed()};
}

journal::Receipt DurableEngine::receipt() const noexcept {
  journal::Receipt receipt = state_->machine->receipt();
  receipt.database = state_->journal->database();
  return receipt;
}

journal::SnapshotStatus DurableEngine::snapshots() const noexcept { return state_->snapshotter ? state_->snapshotter->was_status() : journal::SnapshotStatus{}; }
std::optional<std::string> DurableEngine::snapshot_error() { return state_->snapshotter ? state_->snapshotter->next_error() : std::nullopt; }

const language::Pipeline& DurableEngine::pipeline() const noexcept { return *state_->loaded.pipeline; }
const journal::RecoveryReport& DurableEngine::recovery() const noexcept { return state_->journal->recovery(); }
std::optional<DurableEngine::Gap> DurableEngine::gap() const noexcept { return state_->gap; }
Sequence DurableEngine::replayed_after() const noexcept { return state_->replayed_after; }
const std::vector<language::Diagnostic>& DurableEngine::diagnostics() const noexcept { return state_->loaded.diagnostics; }
const std::vector<std::string>& DurableEngine::not_evaluated() const noexcept { return state_->machine->plan().not_evaluated; }
const std::string& DurableEngine::thread_plan() const noexcept { return state_->machine->thread_plan(); }

std::vector<std::string> DurableEngine::notices() const {
  std::vector<std::string> all = state_->machine->notices();
  all.insert(all.end(), state_->snapshot_notes.begin(), state_->snapshot_notes.end());
  all.insert(all.end(), state_->journal->recovery().notes.begin(), state_->journal->recovery().notes.end());
  for (const std::string& notice : {state_->disk->notice(), state_->writer_notice}) {
    if (!notice.empty()) all.push_back(notice);
  }
  return all;
}

// --- close ---

Result<EngineReport> DurableEngine::close() { return state_->close(); }

Result<EngineReport> DurableEngine::State::close() {
  if (closed || machine == nullptr) return Error{ErrorCode::failed, "the engine is closed already"};
  closed = true;
  if (snapshotter) snapshotter->stop();
  for (const auto& lane : lanes) lane->close();
  machine->drain();
  if (machine->failed() || (replay && replay->error()) || machine->writer_state() == journal::WriterState::disk_full) return failure();
  EngineReport report;
  report.digest = machine->decide().digest();
  report.last_sequence = machine->decide().sequence();
  journal::Writer& writer = journal->writer();
  journal::Digest digest;
  std::memcpy(&digest, report.digest.data(), sizeof digest);
  // A closing block has room: everything before it is durable.
  PAWL_ASSERT(writer.annotate_digest(report.last_sequence, digest));
  // Not below what was recorded: with replay_all and no sink the cursor stands before it.
  PAWL_ASSERT(writer.annotate_emitted(std::max(machine->was_emitted(), journal->recovery().emitted.sequence), 0));
  if (auto ended = journal->close(); !ended.ok()) return std::move(ended).error();
  const auto firings = machine->decide().firings();
  report.firings.assign(firings.begin(), firings.end());
  report.journal = writer.counters();
  report.decision_latency = machine->decision_latency();
  report.emit_latency = machine->emit_latency();
  report.windows = machine->window_counters();
  report.remembered = machine->decide().remembered();
  report.runs = machine->decide().runs();
  for (const auto& source : reordering) report.reorder.add(source->counters());
  if (snapshotter) report.snapshots = snapshotter->was_status();
  report.overflows = machine->decide().evaluator().overflows() + report.runs.missing.overflows;
  report.divisions_by_zero = machine->decide().evaluator().divisions_by_zero() + report.runs.missing.divisions_by_zero;
  return report;
}

}  // namespace pawl
