// The stages of the durable engine on one thread, wired as in journal/engine/machine.cpp, so that each can be timed alone.
#include <algorithm>
#include <bit>
#include <optional>
#include <vector>

#include "harness/fail.hpp"
#include "harness/scratch.hpp"
#include "pawl/core/engine/decide_stage.hpp"
#include "pawl/core/engine/sequence_stage.hpp"
#include "pawl/core/engine/window_stage.hpp"
#include "pawl/io/memory.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/engine/control.hpp"
#include "pawl/journal/engine/emit_stage.hpp"
#include "pawl/journal/engine/journal_stage.hpp"
#include "pawl/journal/engine/machine.hpp"
#include "pawl/journal/journal.hpp"
#include "pipeline/closed_run.hpp"

namespace pawl::bench {
namespace {

struct NoEmitProbe {
  static void emitted(const rules::DecisionRecord&) noexcept {}
  static void batch_ended() noexcept {}
};

class CountingSink final : public DecisionSink {
 public:
  Result<void> on_decision(const rules::Decision&) override {
    ++decisions;
    return {};
  }
  Result<void> flush() override { return {}; }
  std::uint64_t decisions = 0;
};

// Memory that outlives the stages that stand on it.
class Memory {
 public:
  std::span<std::byte> map(std::size_t bytes, bool prefault) {
    regions_.push_back(or_fail(io::Region::map({.bytes = std::max<std::size_t>(bytes, 4096), .best_pages = io::Pages::transparent_huge, .prefault = prefault})));
    return regions_.back().bytes();
  }

 private:
  std::vector<io::Region> regions_;
};

std::size_t slot_bytes_of(const language::Pipeline& pipeline) {
  std::size_t bytes = sizeof(journal::ActivatePayload);
  for (const EventSchema& event : pipeline.events) bytes = std::max<std::size_t>(bytes, event.payload_bytes);
  return slot_bytes(bytes);
}

journal::Journal open_journal(const std::string& directory, journal::Durability durability, io::Disk& disk, io::Clock& clock) {
  const journal::Options options{.directory = directory, .durability = durability, .disk = &disk, .clock = &clock};
  if (durability != journal::Durability::memory) or_fail(journal::Journal::create(options));
  return or_fail(journal::Journal::open(options));
}

// Members in data-path order, as in Machine::wire.
class Stages {
 public:
  Stages(const language::Pipeline& pipeline, journal::Journal& journal, io::Clock& clock)
      : plan_(rules::make_plan(pipeline)), layout_(plan_, {}), slot_bytes_(slot_bytes_of(pipeline)),
        slots_(std::bit_floor(journal::Machine::ring_bytes / slot_bytes_)), slot_memory_(memory_.map(slots_ * slot_bytes_, true)),
        ring_(slot_memory_, slot_bytes_), writer_(ring_), view_{slot_memory_.data(), slot_bytes_, static_cast<Sequence>(slots_) - 1},
        sequence(writer_, slot_memory_.data(), clock), journal_reader_(writer_),
        journal_stage(journal_reader_, journal.writer(), view_, no_sequence, digests_, check_), tile_count_(std::min(journal::Machine::tiles_max, std::bit_ceil(slots_ / limits::tile_events + 2))),
        tiles_(memory_.map(state::Tiles::memory_bytes(plan_.feature_columns, tile_count_), true), plan_.feature_columns, tile_count_),
        windows_(make_windows(pipeline)), window_reader_(writer_), windows(window_reader_, windows_, view_, tiles_), decide_reader_(writer_),
        logic(plan_, layout_, {}, memory_.map(rules::Decide::memory_bytes(plan_, {}), false)), records_(memory_.map(record_count * layout_.record_bytes(), true), layout_.record_bytes()), decisions_(records_),
        decide(decide_reader_, logic, view_, tiles_, decisions_, digests_, probe_), emit_reader_(decisions_),
        emit(emit_reader_, layout_, journal_stage.durable(), no_sequence, emit_probe_) {
    writer_.gate_on(journal_reader_.consumed());
    writer_.gate_on(decide_reader_.consumed());
    decide_reader_.after(window_reader_);
    windows.gate_on(decide_reader_.consumed());
    decisions_.gate_on(emit_reader_.consumed());
    journal_stage.record_emitted(emit.emitted());
  }

 private:
  static constexpr std::size_t record_count = std::size_t{1} << 16;

  window::Windows make_windows(const language::Pipeline& pipeline) {
    const window::StateLimits limits;
    const auto bytes = or_fail(window::memory_bytes(pipeline, plan_.features, limits));
    return or_fail(window::Windows::make(pipeline, plan_.features, limits, memory_.map(bytes, false)));
  }

  Memory memory_;
  rules::Plan plan_;
  rules::DecisionLayout layout_;
  std::size_t slot_bytes_, slots_;
  std::span<std::byte> slot_memory_;
  ring::ByteRing ring_;
  ring::Writer<ring::ByteRing> writer_;
  SlotView view_;
  DigestQueue digests_;
  journal::DigestCheck check_;

 public:
  SequenceStage<io::Clock> sequence;

 private:
  ring::Reader<ring::ByteRing> journal_reader_;

 public:
  journal::JournalStage journal_stage;

 private:
  std::size_t tile_count_;
  state::Tiles tiles_;
  window::Windows windows_;
  ring::Reader<ring::ByteRing> window_reader_;

 public:
  WindowStage windows;

 private:
  ring::Reader<ring::ByteRing> decide_reader_;

 public:
  rules::Decide logic;

 private:
  RecordRing records_;
  ring::Writer<RecordRing> decisions_;
  NoProbe probe_;

 public:
  DecideStage<> decide;

 private:
  ring::Reader<RecordRing> emit_reader_;
  NoEmitProbe emit_probe_;

 public:
  journal::EmitStage<NoEmitProbe> emit;
};

struct Spent {
  std::int64_t sequence = 0, windows = 0, decide = 0, journal = 0, emit = 0;  // ns
};

template <class Stage>
void timed_poll(Stage& stage, std::int64_t& spent_ns) {
  const std::int64_t start = now_ns();
  stage.poll(journal::Machine::batch_max);
  spent_ns += now_ns() - start;
}

Spent run_to_end(Stages& stages, journal::SegmentPreparer* preparer) {
  Spent spent;
  stages.sequence.close();
  while (!stages.emit.finished()) {
    if (stages.journal_stage.writer().state() == journal::WriterState::failed) fail(stages.journal_stage.writer().error().text);
    timed_poll(stages.sequence, spent.sequence);
    timed_poll(stages.windows, spent.windows);
    timed_poll(stages.decide, spent.decide);
    timed_poll(stages.journal_stage, spent.journal);
    timed_poll(stages.emit, spent.emit);
    if (preparer != nullptr) static_cast<void>(preparer->step());  // on a thread of its own in the engine: not counted
  }
  return spent;
}

}  // namespace

StageRun measure_stages(const EngineLoad& load, const language::Pipeline& pipeline, const gen::PaymentSource& prepared, Durability durability) {
  const Scratch scratch(load.directory);
  // As the engine chooses for a journal that waits on a thread of its own.
  const auto disk = or_fail(io::make_real_disk(load.backend));
  io::SystemClock clock;
  journal::Journal journal = open_journal(scratch.path("journal"), durability, *disk, clock);
  const auto stages = std::make_unique<Stages>(pipeline, journal, clock);
  auto activate = journal::OneInput::activate(journal::activation(pipeline.version, pipeline.source, {}), clock.now());
  PolledPayments payments(prepared, 1);
  CountingSink sink;
  stages->emit.set_sink(sink);
  if (!stages->sequence.add(activate) || !stages->sequence.add(payments)) fail("the sequence stage refused a source");
  const Spent spent = run_to_end(*stages, journal.preparer());
  or_fail(journal.close());
  const auto per_event = [&](std::int64_t ns) { return static_cast<double>(ns) / static_cast<double>(load.events); };
  const StageCosts costs{per_event(payments.spent_ns()), per_event(spent.sequence - payments.spent_ns()), per_event(spent.windows),
                         per_event(spent.decide), per_event(spent.journal), per_event(spent.emit)};
  return {costs, stages->logic.digest(), sink.decisions};
}

}  // namespace pawl::bench
