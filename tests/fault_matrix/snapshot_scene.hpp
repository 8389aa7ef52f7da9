// An engine that takes snapshots and retires segments, in one thread on a simulated disk: its stages are polled in turn, and digest intervals
// have 64 inputs, so that three of them are a matter of a millisecond.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../journal/world.hpp"
#include "pawl/journal/durable_engine.hpp"

namespace pawl::snapshot_scene {

inline constexpr std::int64_t interval = 64;

// Polls stages in turn. A turn of a shadow is one of its engine too.
class InTurn final : public journal::StageDriver {
 public:
  explicit InTurn(io::SimulatedClock& clock, InTurn* engine = nullptr) : clock_(clock), engine_(engine) {}
  void add(std::string_view, StageList& stage) override { stages_.push_back(&stage); }
  void stop() override { stages_.clear(); }
  std::unique_ptr<StageDriver> beside() override { return std::make_unique<InTurn>(clock_, this); }
  void turn() override {
    for (std::size_t i = 0; i < stages_.size(); ++i) stages_[i]->poll(512);
    engine_ != nullptr ? engine_->turn() : clock_.advance(20'000);
  }

 private:
  io::SimulatedClock& clock_;
  InTurn* engine_;
  std::vector<StageList*> stages_;
};

// A file of decisions: what was synced is there after a power cut, what was flushed after the end of the process.
class Sink final : public DecisionSink {
 public:
  Result<void> on_decision(const Decision& decision) override;
  Result<void> flush() override;
  Result<void> sync() override;

  std::string broken;              // a decision that is not the one of its input, or not the next one
  Sequence first = no_sequence, last = no_sequence, flushed = no_sequence, synced = no_sequence;
};

// What the outside world knows at a moment.
struct Known {
  bool created = false;
  Sequence acked = no_sequence;   // durable, at level disk
  Sequence synced = no_sequence;  // decisions that the sink has for certain
  Durability durability = Durability::disk;
};

// One engine on one disk. `muted`: decisions up to there stand in the sink.
class Scene {
 public:
  Scene(io::SimulatedDisk& disk, Durability durability, Sequence muted = EngineOptions::as_recorded, bool snapshots = true, std::uint64_t segment_bytes = 32 * 1024);
  ~Scene();

  // Errors: the engine's.
  Result<void> open();
  [[nodiscard]] DurableEngine& engine() { return *engine_; }
  [[nodiscard]] Sink& sink() noexcept { return sink_; }
  void turn() { driver_.turn(); }
  template <class Done>
  bool turn_until(Done done, int turns = 20'000) {
    for (; !done(); --turns) {
      if (turns == 0) return false;
      turn();
    }
    return true;
  }
  // The next events, as far as the engine takes them; false: not all.
  bool publish(std::int64_t count);
  Result<EngineReport> close() { return engine_->close(); }
  // The decisions of all that was published are with the sink, which has flushed them.
  [[nodiscard]] bool has_emitted() const;
  [[nodiscard]] Known known() const;

 private:
  EngineOptions options_;
  io::SimulatedClock clock_;
  InTurn driver_;
  Sink sink_;
  std::unique_ptr<DurableEngine> engine_;
  EngineLane* lane_ = nullptr;
};

// Starts an engine on what a crash, a fault or damage left, and holds it against what is known: nothing lost, nothing else, each published snapshot
// whole, two of them where segments are retired, the decisions and the digest those of the same inputs. Empty, or what does not hold.
// `error`: of a start that was refused, which is then all that is said.
[[nodiscard]] std::string check(io::SimulatedDisk& disk, const Known& known, std::optional<Error>* error = nullptr);

// So many intervals of events, in groups, each followed by its snapshot and what retention does behind it.
void live(Scene& scene, std::int64_t intervals);

// Closed cleanly behind `intervals` of events with their snapshots, and segments retired if there are four or more. Made once for each number.
[[nodiscard]] const io::SimulatedDisk& closed_behind(std::int64_t intervals);

}  // namespace pawl::snapshot_scene
