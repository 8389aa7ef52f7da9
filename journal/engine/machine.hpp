// The whole pipeline of stages, wired once for every use: live (DurableEngine), recovery, and replay of a journal.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pawl/core/engine/decide_stage.hpp"
#include "pawl/core/engine/sequence_stage.hpp"
#include "pawl/core/engine/stage_list.hpp"
#include "pawl/core/engine/window_stage.hpp"
#include "pawl/core/ring/park.hpp"
#include "pawl/core/ring/shared_stage.hpp"
#include "pawl/io/clock.hpp"
#include "pawl/io/memory.hpp"
#include "pawl/io/parker.hpp"
#include "pawl/io/thread.hpp"
#include "pawl/io/thread_plan.hpp"
#include "pawl/journal/engine/digest_check.hpp"
#include "pawl/journal/engine/emit_stage.hpp"
#include "pawl/journal/engine/journal_stage.hpp"
#include "pawl/journal/engine/probe.hpp"
#include "pawl/journal/engine/stage_driver.hpp"
#include "pawl/journal/engine/ticks.hpp"
#include "pawl/journal/engine/timeline.hpp"

namespace pawl::journal {

struct MachineOptions {
  int threads = 0;                              // stages are spread over so many threads; 0: as the CPUs allow
  std::int64_t ring_slots = 0;                  // a power of two; 0: as many as fit in ring_bytes
  std::int64_t decision_records = 1 << 16;      // a power of two: decisions that wait for the disk
  rules::Carried carried;                       // what decisions carry beyond themselves
  bool measure_latency = false;
  window::StateLimits state;                    // per key group
  Sequence muted = no_sequence;                 // decisions up to this one left in an earlier run
  Sequence after = no_sequence;                 // the first input is the next one: the state is then restored before start()
  bool background = false;                      // its threads give way to all others
  Timeline* timeline = nullptr;                 // of a benchmark: notes when each stage passed an input. Outlives the machine
  Duration tick_interval = 0;                   // of live operation; 0: time without events is not noticed. See Ticks
  StageDriver* driver = nullptr;                // of a simulation: runs the stages instead of threads; `threads` is then the number of window shards
  std::int64_t digest_interval = limits::digest_interval;  // of tests: another length, whole tiles
};

// Thread: make, start, stop and the results belong to one thread, the owner's. Lifetime: pipeline, writer, preparer and clock outlive it.
class Machine {
 public:
  // What the stages share; also for benchmarks that wire them in another way.
  static constexpr std::size_t ring_bytes = std::size_t{2} << 20;  // past the second-level cache, but room for what comes while a device takes long
  static constexpr std::size_t tiles_max = 64;                     // of features: eight turns, and with the usual 30 columns a megabyte
  static constexpr std::int64_t batch_max = 512;                   // events per turn of a stage: long enough to amortise, short enough for latency
  static constexpr Duration pause_time = 200'000;

  // Allocates everything; starts nothing. `writer`: null for a replay, which counts every input as durable.
  static Result<std::unique_ptr<Machine>> make(const language::Pipeline& pipeline, const MachineOptions& options, io::Clock& clock,
                                               Writer* writer, SegmentPreparer* preparer, Sequence recovered);
  ~Machine();  // stop()
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Result<void> start();
  // Time without events counts from now on, if the pipeline has use for it and tick_interval is not 0.
  void begin_ticks() noexcept;
  // The owner waits a moment for the stages.
  void pause(Duration nap = pause_time);
  // No more sources: ends when everything that was sequenced is decided, durable and emitted. Blocks. After a failure, or 5 s of a full disk, it
  // ends without. So it does soon after `until` is requested.
  void drain(const ring::StopFlag* until = nullptr);
  // Ends the threads, whatever is under way. Blocks for a moment.
  void stop();

  SequenceStage<io::Clock>& sequence() noexcept { return *sequence_; }
  // Set-up: a source's failure is the machine's. The cursor outlives the machine's threads.
  void fails_with(const ring::Cursor<>& source_failed) noexcept { source_failed_ = &source_failed; }
  // Wakes the thread of the sequence stage, if it sleeps; after a source's work or end was made visible. Thread: any.
  void wake_ingest() noexcept { ring::wake(*ingest_spot_, parker_); }
  void set_sink(DecisionSink& sink) noexcept;
  // See EmitStage::sync_sink.
  Result<Sequence> sync_sink() { return emit_->sync_sink(); }
  // See JournalStage::announce. Without a journal nothing is to be announced.
  bool announce(std::uint16_t number, std::string_view name) { return journal_ == nullptr || journal_->announce(number, name); }

  // A simulation's: there are no threads, and nobody may start one.
  [[nodiscard]] bool is_driven() const noexcept { return options_.driver != nullptr; }
  [[nodiscard]] const rules::Plan& plan() const noexcept { return *plan_; }
  [[nodiscard]] std::size_t slot_bytes() const noexcept { return slot_bytes_; }
  [[nodiscard]] DigestCheck& digests() noexcept { return *digest_check_; }

  // Progress. Thread: any.
  [[nodiscard]] Sequence was_sequenced() const noexcept { return ring_writer_->published().load_acquire(); }
  [[nodiscard]] Sequence was_decided() const noexcept { return decide_reader_->consumed().load_acquire(); }
  [[nodiscard]] Sequence was_durable() const noexcept { return durable_cursor().load_acquire(); }
  [[nodiscard]] const ring::Cursor<>& durable() const noexcept { return durable_cursor(); }
  [[nodiscard]] Sequence was_emitted() const noexcept { return emit_->emitted().load_acquire(); }
  // See JournalStage::receipt. REQUIRES: live operation.
  [[nodiscard]] Receipt receipt() const noexcept { return journal_->receipt(); }
  [[nodiscard]] bool decisions_wait_for_a_sink() const noexcept;
  [[nodiscard]] WriterState writer_state() const noexcept {
    return journal_ ? static_cast<WriterState>(journal_->state().load_acquire()) : WriterState::running;
  }
  [[nodiscard]] bool damaged() const noexcept { return decide_stage_->damaged().load_acquire() == 1; }
  // The writer, the sink, a record, a replayed digest or the journal read again: nothing goes on.
  [[nodiscard]] bool failed() const noexcept;
  [[nodiscard]] bool sink_failed() const noexcept { return emit_->failed().load_acquire() == 1; }

  // Results. REQUIRES: drained or stopped.
  [[nodiscard]] rules::Decide& decide() noexcept { return *decide_; }
  [[nodiscard]] std::span<const std::unique_ptr<window::Windows>> windows() noexcept { return windows_; }
  [[nodiscard]] std::optional<Error> sink_error() const { return emit_->error(); }
  [[nodiscard]] const Histogram& decision_latency() const noexcept { return decide_probe_.histogram(); }
  [[nodiscard]] const Histogram& emit_latency() const noexcept { return emit_probe_.histogram(); }
  [[nodiscard]] std::vector<window::GroupCounters> window_counters() const;
  [[nodiscard]] const std::string& thread_plan() const noexcept { return plan_text_; }
  [[nodiscard]] const std::vector<std::string>& notices() const noexcept { return notices_; }

 private:
  Machine(const language::Pipeline& pipeline, const MachineOptions& options, io::Clock& clock, Writer* writer, SegmentPreparer* preparer);

  Result<void> wire(Sequence recovered);
  Result<void> wire_windows(const SlotView& slots, std::size_t shards);
  Result<std::span<std::byte>> map(std::size_t bytes, bool prefault);
  Result<void> plan_threads();
  void plan_for_driver();
  void assign_stages();
  void add_stage(const io::StageRole& role, StageList& list, ThreadWatch* watch);
  // The stage, timed by `log` if there is one. Then `add(stage)`.
  template <class Stage, class Add>
  void timed(Stage& stage, const ring::Cursor<>& progress, StageLog* log, const Add& add);
  // Adds the stage; watched, if its thread is.
  template <class Stage>
  void watched(Stage& stage, const io::StageRole& role, ThreadWatch* watch, StageList& list);
  [[nodiscard]] StageLog* log_of(StageLog Timeline::*log) const noexcept { return options_.timeline ? options_.timeline->of_stage(log) : nullptr; }
  void run_journal(std::size_t thread, ring::SpinThenPark<ring::StdAtomics, io::FutexParker>& idle);
  void run(std::size_t thread);
  void run_preparer();
  void give_to_driver();
  [[nodiscard]] bool all_ended() const noexcept;
  [[nodiscard]] const ring::Cursor<>& durable_cursor() const noexcept { return journal_ ? journal_->durable() : everything_durable_; }

  const language::Pipeline& pipeline_;
  MachineOptions options_;
  io::Clock& clock_;
  Writer* writer_;
  SegmentPreparer* preparer_;

  std::unique_ptr<rules::Plan> plan_;
  std::unique_ptr<rules::DecisionLayout> layout_;
  std::vector<io::Region> memory_;
  std::size_t slot_bytes_ = 0;
  io::ThreadPlan threads_plan_;
  std::string plan_text_;
  std::vector<std::string> notices_;

  // In data-path order.
  std::unique_ptr<ring::ByteRing> ring_;
  std::unique_ptr<ring::Writer<ring::ByteRing>> ring_writer_;
  std::unique_ptr<SequenceStage<io::Clock>> sequence_;
  std::unique_ptr<ring::Reader<ring::ByteRing>> journal_reader_;
  DigestQueue digest_queue_;
  std::unique_ptr<DigestCheck> digest_check_;
  std::unique_ptr<JournalStage> journal_;
  std::unique_ptr<state::Tiles> tiles_;
  std::vector<std::unique_ptr<window::Windows>> windows_;
  std::vector<std::unique_ptr<ring::Reader<ring::ByteRing>>> window_readers_;
  std::vector<std::unique_ptr<WindowStage>> window_stages_;
  std::vector<std::unique_ptr<StageList>> window_turns_;  // what a turn of a shard is
  std::vector<std::unique_ptr<ring::SharedStage<StageList>>> shared_windows_;
  std::unique_ptr<ring::Reader<ring::ByteRing>> decide_reader_;
  std::unique_ptr<rules::Decide> decide_;
  std::unique_ptr<RecordRing> record_ring_;
  std::unique_ptr<ring::Writer<RecordRing>> decisions_;
  LatencyProbe decide_probe_;
  std::unique_ptr<DecideStage<LatencyProbe>> decide_stage_;
  DecidedTimes decided_times_;
  std::optional<Ticks> ticks_;
  std::unique_ptr<ring::Reader<RecordRing>> emit_reader_;
  LatencyProbe emit_probe_;
  std::unique_ptr<EmitStage<LatencyProbe>> emit_;
  std::unique_ptr<DigestCheckStage> digest_check_stage_;  // replay alone: in live operation the journal stage does its work
  ring::Cursor<> everything_durable_{ring::no_end};
  const ring::Cursor<>* source_failed_ = nullptr;

  // What polls the preparer where a driver does.
  struct PreparerStage {
    SegmentPreparer& preparer;
    std::int64_t poll(std::int64_t) { return preparer.step() ? 1 : 0; }
    [[nodiscard]] static bool finished() { return true; }
  };
  std::optional<PreparerStage> preparer_stage_;
  StageList preparer_list_;

  // Threads.
  std::vector<std::shared_ptr<void>> wrapped_;  // TimedStages and WatchedStages: of several types, kept until the threads have ended
  std::vector<ThreadWatch*> watches_;           // of each thread; null: not watched
  std::vector<std::unique_ptr<StageList>> stage_lists_;
  std::vector<std::unique_ptr<ring::ParkSpot<>>> spots_;
  ring::ParkSpot<>* ingest_spot_ = nullptr;
  io::FutexParker parker_;
  ring::StopFlag stop_;
  ring::StopFlag stop_preparer_;
  std::vector<std::unique_ptr<ring::Cursor<>>> ended_;  // 1: that thread's loop has ended
  std::vector<io::Thread> threads_;
  io::Thread preparer_thread_;
};

}  // namespace pawl::journal
