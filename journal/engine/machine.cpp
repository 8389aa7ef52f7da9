#include "pawl/journal/engine/machine.hpp"

#include <algorithm>
#include <bit>

#include "pawl/core/base/assert.hpp"
#include "pawl/io/cpus.hpp"
#include "pawl/journal/engine/activation.hpp"

namespace pawl::journal {
namespace {

constexpr Duration device_wait = 50'000;    // ns that the journal's thread waits in the kernel before it looks at the ring again
constexpr std::size_t gather_bytes = 256 << 10;
constexpr Duration gather_time = 1'000'000; // ns: a block of 256 KiB may wait so long, at 262 MB/s and more
constexpr Duration park_limit = 1'000'000;  // ns: the journal's idle seal is a matter of time, nobody wakes for it

std::size_t payload_bytes_max(const language::Pipeline& pipeline) {
  std::size_t bytes = sizeof(ActivatePayload);
  for (const EventSchema& event : pipeline.events) bytes = std::max<std::size_t>(bytes, event.payload_bytes);
  return bytes;
}

std::size_t window_shards(const io::ThreadPlan& plan) {
  int shards = 1;
  for (const io::PlannedThread& thread : plan) {
    for (const io::StageRole& stage : thread.stages) {
      if (stage.role == io::Role::windows) shards = std::max(shards, stage.shard + 1);
    }
  }
  return static_cast<std::size_t>(shards);
}

}  // namespace

Machine::Machine(const language::Pipeline& pipeline, const MachineOptions& options, io::Clock& clock, Writer* writer,
                 SegmentPreparer* preparer)
    : pipeline_(pipeline), options_(options), clock_(clock), writer_(writer), preparer_(preparer),
      decide_probe_(clock, options.measure_latency), emit_probe_(clock, options.measure_latency), parker_(park_limit) {}

Machine::~Machine() { stop(); }

Result<std::unique_ptr<Machine>> Machine::make(const language::Pipeline& pipeline, const MachineOptions& options, io::Clock& clock,
                                               Writer* writer, SegmentPreparer* preparer, Sequence recovered) {
  std::unique_ptr<Machine> machine(new Machine(pipeline, options, clock, writer, preparer));
  if (auto planned = machine->plan_threads(); !planned.ok()) return std::move(planned).error();
  if (auto wired = machine->wire(recovered); !wired.ok()) return std::move(wired).error();
  machine->assign_stages();
  return machine;
}

// A list for each stage, so that any order of them can be had.
void Machine::plan_for_driver() {
  const auto add = [&](std::string name, io::StageRole role) { threads_plan_.push_back({.name = std::move(name), .cpu = {}, .waits_in_kernel = false, .stages = {role}}); };
  add("ingest", {io::Role::ingest_sequence});
  add("journal", {io::Role::journal});
  for (int shard = 0; shard < std::max(options_.threads, 1); ++shard) add("windows-" + std::to_string(shard), {io::Role::windows, shard});
  add("decide", {io::Role::decide});
  add("emit", {io::Role::emit});
}

Result<void> Machine::plan_threads() {
  if (options_.driver != nullptr) {
    plan_for_driver();
    return {};
  }
  auto cpus = io::discover_cpus();
  if (!cpus.ok()) return std::move(cpus).error();
  const int usable = cpus->usable();
  if (options_.threads > 0 && options_.threads != usable) {
    // A plan for other than the CPUs there are: for tests, and to leave CPUs to others. Its threads are not pinned.
    cpus->quota = io::CpuSet::no_quota;
    cpus->cpus.resize(static_cast<std::size_t>(options_.threads));
  }
  threads_plan_ = io::plan_threads(*cpus, io::window_shards_for(options_.threads > 0 ? options_.threads : usable));
  if (options_.threads > 0 && options_.threads != usable) {
    for (io::PlannedThread& thread : threads_plan_) thread.cpu.reset();
  }
  // Without a journal its place is the check of digests, once in an interval: not worth a thread, which the others would wake all the time.
  const bool no_thread = writer_ == nullptr && threads_plan_.size() > 1;
  if (no_thread) std::erase_if(threads_plan_, [](const io::PlannedThread& thread) { return thread.stages[0].role == io::Role::journal; });
  plan_text_ = io::describe(threads_plan_);
  if (no_thread) threads_plan_.back().stages.push_back({io::Role::journal});
  return {};
}

Result<std::span<std::byte>> Machine::map(std::size_t bytes, bool prefault) {
  // A simulation makes thousands of machines: small pages, those alone that are used.
  const bool simulated = options_.driver != nullptr;
  auto region = io::Region::map({.bytes = bytes, .best_pages = simulated ? io::Pages::small : io::Pages::transparent_huge, .prefault = prefault && !simulated});
  if (!region.ok()) return std::move(region).error();
  if (!region->notice().empty()) notices_.push_back(region->notice());
  memory_.push_back(*std::move(region));
  return memory_.back().bytes();
}

//   sources, or else ticks                                            (lanes, polled sources, the journal in replay)
//      |
//   [sequence] ==> RING ==========================================    one writer
//                    |                |
//                    |                +--> [windows 0..n]              features beside the ring, in tiles
//                    |                          |
//                    v                          v
//                [journal]                  [decide]                   holds the ring back together with [journal]
//                    |                          |
//                 durable                 decision ring
//                  cursor                       |
//                    |                          v
//                    +----------------------> [emit] --> sink
Result<void> Machine::wire(Sequence recovered) {
  decide_probe_.ignore_up_to(recovered);
  emit_probe_.ignore_up_to(recovered);
  plan_ = std::make_unique<rules::Plan>(rules::make_plan(pipeline_));
  layout_ = std::make_unique<rules::DecisionLayout>(*plan_, options_.carried);

  // The ring and its one writer.
  slot_bytes_ = pawl::slot_bytes(payload_bytes_max(pipeline_));
  if (options_.ring_slots == 0) options_.ring_slots = static_cast<std::int64_t>(std::max<std::size_t>(64, std::bit_floor(ring_bytes / slot_bytes_)));
  const auto slots = static_cast<std::size_t>(options_.ring_slots);
  auto ring_memory = map(slots * slot_bytes_, true);
  if (!ring_memory.ok()) return std::move(ring_memory).error();
  ring_ = std::make_unique<ring::ByteRing>(*ring_memory, slot_bytes_);
  ring_writer_ = std::make_unique<ring::Writer<ring::ByteRing>>(*ring_, options_.after + 1);
  sequence_ = std::make_unique<SequenceStage<io::Clock>>(*ring_writer_, ring_memory->data(), clock_);
  const SlotView view{ring_memory->data(), slot_bytes_, options_.ring_slots - 1};

  // Journal, beside the logic.
  digest_check_ = std::make_unique<DigestCheck>(options_.digest_interval);
  if (writer_ != nullptr) {
    journal_reader_ = std::make_unique<ring::Reader<ring::ByteRing>>(*ring_writer_);
    ring_writer_->gate_on(journal_reader_->consumed());
    journal_ = std::make_unique<JournalStage>(*journal_reader_, *writer_, view, recovered, digest_queue_, *digest_check_);
  }

  // Windows, some turns ahead of decide, which gates their tiles.
  const std::size_t tiles = std::min(tiles_max, std::bit_ceil(slots / limits::tile_events + 2));
  auto tile_memory = map(std::max<std::size_t>(state::Tiles::memory_bytes(plan_->feature_columns, tiles), 4096), true);
  if (!tile_memory.ok()) return std::move(tile_memory).error();
  tiles_ = std::make_unique<state::Tiles>(*tile_memory, plan_->feature_columns, tiles);
  decide_reader_ = std::make_unique<ring::Reader<ring::ByteRing>>(*ring_writer_);
  if (auto windows = wire_windows(view, window_shards(threads_plan_)); !windows.ok()) return windows;

  // Decide, behind all windows.
  ring_writer_->gate_on(decide_reader_->consumed());
  std::span<std::byte> remembered;
  if (const std::size_t bytes = rules::Decide::memory_bytes(*plan_, options_.state); bytes > 0) {
    auto memory = map(bytes, false);  // reserved for all, touched as keys come
    if (!memory.ok()) return std::move(memory).error();
    remembered = *memory;
  }
  decide_ = std::make_unique<rules::Decide>(*plan_, *layout_, options_.state, remembered);
  decide_->set_digest_interval(options_.digest_interval);
  auto record_memory = map(static_cast<std::size_t>(options_.decision_records) * layout_->record_bytes(), true);
  if (!record_memory.ok()) return std::move(record_memory).error();
  record_ring_ = std::make_unique<RecordRing>(*record_memory, layout_->record_bytes());
  decisions_ = std::make_unique<ring::Writer<RecordRing>>(*record_ring_);
  if (journal_) journal_->wait_for(decisions_->end());
  if (journal_ == nullptr) digest_check_stage_ = std::make_unique<DigestCheckStage>(digest_queue_, *digest_check_, decisions_->end());
  decide_stage_ = std::make_unique<DecideStage<LatencyProbe>>(*decide_reader_, *decide_, view, *tiles_, *decisions_, digest_queue_, decide_probe_);

  if (decide_->timed() && options_.tick_interval != 0) {
    decide_stage_->tell(decided_times_);
    ticks_.emplace(decided_times_, ring_writer_->published(), clock_, options_.tick_interval);
    sequence_->tick_with(*ticks_);
  }

  // Emit, behind decide and the disk.
  emit_reader_ = std::make_unique<ring::Reader<RecordRing>>(*decisions_);
  decisions_->gate_on(emit_reader_->consumed());
  emit_ = std::make_unique<EmitStage<LatencyProbe>>(*emit_reader_, *layout_, durable_cursor(), options_.muted, emit_probe_);
  if (decide_->timed()) emit_->complete_up_to(decide_reader_->consumed());
  if (journal_) journal_->record_emitted(emit_->emitted());
  return {};
}

Result<void> Machine::wire_windows(const SlotView& slots, std::size_t shards) {
  auto split = window::split(pipeline_, plan_->features, shards);
  if (!split.ok()) return std::move(split).error();
  for (std::vector<window::FeatureSpec>& features : *split) {
    if (features.empty() && !windows_.empty()) continue;
    auto bytes = window::memory_bytes(pipeline_, features, options_.state);
    if (!bytes.ok()) return std::move(bytes).error();
    auto memory = map(std::max<std::size_t>(*bytes, 4096), false);  // reserved for all, touched as keys come
    if (!memory.ok()) return std::move(memory).error();
    auto windows = window::Windows::make(pipeline_, features, options_.state, *memory);
    if (!windows.ok()) return std::move(windows).error();
    windows_.push_back(std::make_unique<window::Windows>(*std::move(windows)));
    window_readers_.push_back(std::make_unique<ring::Reader<ring::ByteRing>>(*ring_writer_));
    window_stages_.push_back(std::make_unique<WindowStage>(*window_readers_.back(), *windows_.back(), slots, *tiles_));
    window_stages_.back()->gate_on(decide_reader_->consumed());
    window_turns_.push_back(std::make_unique<StageList>());
    timed(*window_stages_.back(), window_readers_.back()->consumed(), options_.timeline ? options_.timeline->add_shard() : nullptr,
          [&](auto& stage) { window_turns_.back()->add(stage); });
    shared_windows_.push_back(std::make_unique<ring::SharedStage<StageList>>(*window_turns_.back()));
    decide_reader_->after(*window_readers_.back());
  }
  return {};
}

// --- threads ---

template <class Stage, class Add>
void Machine::timed(Stage& stage, const ring::Cursor<>& progress, StageLog* log, const Add& add) {
  if (log == nullptr) return add(stage);
  const auto wrapped = std::make_shared<TimedStage<Stage>>(stage, progress, *log, clock_);
  wrapped_.push_back(wrapped);
  add(*wrapped);
}

template <class Stage>
void Machine::watched(Stage& stage, const io::StageRole& role, ThreadWatch* watch, StageList& list) {
  if (watch == nullptr) return list.add(stage, role.helps);
  const auto wrapped = std::make_shared<WatchedStage<Stage>>(stage, role.role, *watch);
  wrapped_.push_back(wrapped);
  list.add(*wrapped, role.helps);
}

void Machine::add_stage(const io::StageRole& role, StageList& list, ThreadWatch* watch) {
  const auto add = [&](auto& stage) { watched(stage, role, watch, list); };
  switch (role.role) {
    case io::Role::ingest_sequence: return timed(*sequence_, ring_writer_->published(), log_of(&Timeline::sequenced), add);
    case io::Role::journal:
      if (journal_) timed(*journal_, journal_->durable(), log_of(&Timeline::durable), add);
      if (digest_check_stage_) list.add(*digest_check_stage_);
      return;
    case io::Role::windows:
      if (const auto shard = static_cast<std::size_t>(role.shard); shard < shared_windows_.size()) add(*shared_windows_[shard]);
      return;
    case io::Role::decide: return timed(*decide_stage_, decide_reader_->consumed(), options_.timeline ? &options_.timeline->decided : nullptr, add);
    case io::Role::emit: return add(*emit_);
  }
}

void Machine::assign_stages() {
  for (const io::PlannedThread& planned : threads_plan_) {
    ThreadWatch* const watch = options_.timeline ? options_.timeline->add_thread(planned.name, clock_) : nullptr;
    watches_.push_back(watch);
    stage_lists_.push_back(std::make_unique<StageList>());
    spots_.push_back(std::make_unique<ring::ParkSpot<>>());
    ended_.push_back(std::make_unique<ring::Cursor<>>(0));
    if (watch != nullptr) stage_lists_.back()->add(*watch);
    for (const io::StageRole& role : planned.stages) {
      add_stage(role, *stage_lists_.back(), watch);
      if (role.role == io::Role::ingest_sequence) ingest_spot_ = spots_.back().get();
    }
  }
  PAWL_ASSERT(ingest_spot_ != nullptr);
}

namespace {

// The journal alone on its thread: while a block is in flight it waits in the kernel, which lets the completion make progress.
template <class Journal>
struct WaitingJournal {
  Journal& journal;
  std::int64_t poll(std::int64_t budget) { return journal.poll_or_wait(budget, device_wait); }
  bool finished() { return journal.finished(); }
};

// The same on a watched thread: each turn is a round.
template <class Journal>
struct WatchedRounds {
  WatchedStage<Journal> journal;
  ThreadWatch& watch;
  std::int64_t poll_or_wait(std::int64_t budget, Duration timeout) {
    watch.poll(budget);
    return journal.poll_or_wait(budget, timeout);
  }
  bool finished() { return journal.finished(); }
};

template <class Journal, class Idle>
void run_waiting(Journal& journal, const ring::StopFlag& stop, Idle& idle) {
  WaitingJournal<Journal> waiting{journal};
  ring::Loop<WaitingJournal<Journal>>(Machine::batch_max, waiting).run(stop, idle);
}

}  // namespace

void Machine::run_journal(std::size_t thread, ring::SpinThenPark<ring::StdAtomics, io::FutexParker>& idle) {
  writer_->gather(gather_bytes, gather_time);
  StageLog* const log = log_of(&Timeline::durable);
  if (log == nullptr) return run_waiting(*journal_, stop_, idle);
  TimedStage<JournalStage> timed(*journal_, journal_->durable(), *log, clock_);
  WatchedRounds<TimedStage<JournalStage>> rounds{{timed, io::Role::journal, *watches_[thread]}, *watches_[thread]};
  run_waiting(rounds, stop_, idle);
}

void Machine::run(std::size_t thread) {
  ring::SpinThenPark<ring::StdAtomics, io::FutexParker> idle(*spots_[thread], parker_);
  for (std::size_t i = 0; i < spots_.size(); ++i) {
    if (i != thread) idle.wakes(*spots_[i]);
  }
  if (threads_plan_[thread].waits_in_kernel && journal_) {
    run_journal(thread, idle);
  } else {
    ring::Loop<StageList>(batch_max, *stage_lists_[thread]).run(stop_, idle);
  }
  for (const auto& spot : spots_) ring::wake(*spot, parker_);  // whoever waits for what this thread finished
  ended_[thread]->publish(1);
}

void Machine::give_to_driver() {
  for (std::size_t i = 0; i < stage_lists_.size(); ++i) options_.driver->add(threads_plan_[i].name, *stage_lists_[i]);
  if (preparer_ == nullptr) return;
  preparer_stage_.emplace(PreparerStage{*preparer_});
  preparer_list_.add(*preparer_stage_);
  options_.driver->add("preparer", preparer_list_);
}

bool Machine::all_ended() const noexcept {
  if (options_.driver != nullptr) return std::all_of(stage_lists_.begin(), stage_lists_.end(), [](const auto& stage) { return stage->finished(); });
  return std::all_of(ended_.begin(), ended_.end(), [](const auto& ended) { return ended->load_acquire() == 1; });
}

bool Machine::failed() const noexcept {
  return sink_failed() || writer_state() == WriterState::failed || damaged() || digest_check_->failed().load_acquire() == 1 ||
         (source_failed_ != nullptr && source_failed_->load_acquire() == 1);
}

void Machine::run_preparer() {
  constexpr Duration nap = 1'000'000;
  while (!stop_preparer_.requested()) {
    if (!preparer_->step()) io::nap(nap);
  }
}

Result<void> Machine::start() {
  if (options_.driver != nullptr) {
    give_to_driver();
    return {};
  }
  if (preparer_ != nullptr) {
    auto thread = io::Thread::start({.name = "pawl-prepare"}, [this] { run_preparer(); });
    if (!thread.ok()) return std::move(thread).error();
    preparer_thread_ = *std::move(thread);
  }
  for (std::size_t i = 0; i < threads_plan_.size(); ++i) {
    const io::PlannedThread& planned = threads_plan_[i];
    const io::Priority priority = options_.background ? io::Priority::background : planned.waits_in_kernel ? io::Priority::prompt : io::Priority::normal;
    auto thread = io::Thread::start({.name = planned.name, .cpu = planned.cpu, .priority = priority}, [this, i] { run(i); });
    if (!thread.ok()) {
      stop();
      return std::move(thread).error();
    }
    if (!thread->notice().empty()) notices_.push_back(thread->notice());
    threads_.push_back(*std::move(thread));
  }
  return {};
}

void Machine::begin_ticks() noexcept {
  if (ticks_) ticks_->begin();
}

void Machine::pause(Duration nap) {
  if (options_.driver != nullptr) return options_.driver->turn();
  io::nap(nap);
}

void Machine::drain(const ring::StopFlag* until) {
  sequence_->close();
  if (!emit_->has_sink()) emit_->abandon();  // else decisions that nobody takes would be waited for
  for (const auto& spot : spots_) ring::wake(*spot, parker_);
  constexpr Duration full_patience = 5 * one_second;  // of a disk that stays full
  constexpr Duration nap_max = 2'000'000;
  // A failure leaves stages that can never finish: then the threads are stopped instead. So does a disk that stays full.
  Duration nap = pause_time;
  for (std::int64_t not_full = clock_.monotonic_ns(); !all_ended() && !failed() && (until == nullptr || !until->requested());) {
    const std::int64_t now = clock_.monotonic_ns();
    if (writer_state() != WriterState::disk_full) not_full = now;
    if (now - not_full >= full_patience) break;
    pause(nap);
    nap = std::min(nap + nap / 4, nap_max);  // each look takes the CPU from a stage that works
  }
  stop();
  digest_check_->look_again();  // the last interval's mark may have come behind its digest
}

void Machine::stop() {
  if (options_.driver != nullptr) options_.driver->stop();
  stop_.request();
  for (const auto& spot : spots_) ring::wake(*spot, parker_);
  threads_.clear();  // joins
  stop_preparer_.request();
  preparer_thread_.join();
}

// --- what others ask ---

void Machine::set_sink(DecisionSink& sink) noexcept {
  emit_->set_sink(sink);
  for (const auto& spot : spots_) ring::wake(*spot, parker_);
}

bool Machine::decisions_wait_for_a_sink() const noexcept {
  return !emit_->has_sink() && decisions_->published().load_acquire() - emit_reader_->consumed().load_acquire() > options_.decision_records - batch_max;
}

std::vector<window::GroupCounters> Machine::window_counters() const {
  std::vector<window::GroupCounters> counters;
  for (const auto& windows : windows_) {
    for (std::size_t group = 0; group < windows->groups(); ++group) counters.push_back(windows->counters(group));
  }
  return counters;
}

}  // namespace pawl::journal
