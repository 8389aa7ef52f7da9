// The engine to embed: events in, decisions out, everything in between journaled.
//
//   auto engine = pawl::DurableEngine::open({.directory = "data", .pipeline = "cards.pawl"});
//   auto lane   = engine->lane("gateway-1");
//   engine->on_decision([](const pawl::Decision& d) { ... });   // its input is durable
//   auto accepted = lane->publish(Payment{...});                // Accepted{ticket} or Refused{reason}
//   engine->close();
//
// The library installs no signal handlers, reads no environment variables and prints nothing.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pawl/core/engine/reorder.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/journal/engine/engine_lane.hpp"
#include "pawl/journal/engine/sink.hpp"
#include "pawl/journal/engine/timeline.hpp"
#include "pawl/journal/journal.hpp"
#include "pawl/journal/receipt.hpp"
#include "pawl/journal/snapshot/snapshotter.hpp"

namespace pawl {

using Decision = rules::Decision;
using Durability = journal::Durability;

// Every member has a default, so that designated initialisers name only what matters.
struct EngineOptions {
  std::string directory = {};                  // of the journal; made if absent. Not used at Durability::memory
  std::string pipeline = {};                   // path of the pipeline file; may be empty for a directory that has a journal
  std::string pipeline_text = {};              // or its text
  Operators operators = {};                    // aggregates of the program's own, which the pipeline declares (core/operator/OPERATORS.md)
  Durability durability = Durability::disk;
  int threads = 0;                             // 0: as the CPUs allow
  bool decisions_with_lets = false;            // Decision::let_value works
  bool decisions_with_values = false;          // Decision::shown_value works: what stands behind each rule that fired
  bool measure_latency = false;
  // Bounds of keyed state, per key group; they stand in the log. Empty: those of the journal, or the defaults for a new one. Others than
  // those of the journal are an error: what a bound refused cannot be decided again under another.
  std::optional<window::StateLimits> state = {};
  // Time that passes without events fires the deadlines of patterns that end with `no`: by ticks, inputs of the log, written when no event has come for
  // this long and a deadline has passed by then. A pipeline without such patterns has none. 0: none, only the next event fires them.
  Duration tick_interval = 100'000'000;
  std::int64_t ring_slots = 0;                 // a power of two up to limits::ring_slots_max; 0: 2 MiB of slots
  std::int64_t decision_records = 1 << 16;     // a power of two from 1024: decisions that wait for the disk, or for a sink
  // Decisions up to this sequence are not given to the sink again. replay_all: every decision of the log. as_recorded: those that the
  // journal says a sink has taken.
  static constexpr Sequence replay_all = no_sequence;
  static constexpr Sequence as_recorded = -2;
  Sequence muted = as_recorded;
  // If retention has removed what leads to the first decision that `muted` asks for: go on behind the oldest snapshot, and say so in gap(). Else
  // that is an error (missing): decisions that a sink has taken and lost cannot be made again.
  bool allow_gap = false;
  // Start from the newest snapshot that needs none of the decisions to be given again, not from the beginning of the log.
  bool from_snapshot = true;
  // Snapshots that the engine takes itself, and what it then removes. Off: it takes none, and keeps everything.
  journal::SnapshotOptions snapshots = {};
  std::uint64_t segment_bytes = limits::segment_bytes_default;  // of a new journal, as is block_bytes_max: journal/options.hpp
  std::uint32_t block_bytes_max = limits::block_bytes_max;
  // Bodies of blocks are hashed with SHA-256, not XXH3-128: a receipt kept elsewhere then proves every byte against forgery, not accidents
  // alone. Of this run's blocks; each says which hash it has.
  bool audit = false;

  // How blocks reach the device. automatic: by what was measured (DECISIONS.md): mixed for a journal that waits on a thread of its
  // own, io_uring for one that is polled beside other stages and must not block.
  io::Backend backend = io::Backend::automatic;

  // Of benchmarks: when each stage passed which input. Outlives the engine.
  journal::Timeline* timeline = nullptr;

  // Of tests; null: the machine's own. Outlive the engine.
  io::Disk* disk = nullptr;
  io::Clock* clock = nullptr;
  void (*random)(std::span<std::byte> into) = journal::random_bytes;  // of database ids and secrets
  journal::StageDriver* driver = nullptr;      // polls the stages instead of threads; `threads` is then the number of window shards
  std::int64_t digest_interval = limits::digest_interval;  // a multiple of 64; nothing on disk says it, so each start must name the same
};

struct EngineStatus {
  Sequence sequenced, decided, durable, emitted;  // last sequence of each; racy, for observers
  journal::WriterState journal;
  bool failed;
};

struct EngineReport {
  rules::Digest128 digest{};                 // of the whole log
  Sequence last_sequence = no_sequence;
  std::vector<std::uint64_t> firings;        // by rule, in file order
  journal::WriterCounters journal;
  Histogram decision_latency, emit_latency;  // ns from sequencing; empty unless measure_latency
  std::vector<window::GroupCounters> windows;
  std::vector<rules::Decide::Remembered> remembered;  // lists in file order, then cooldowns
  pattern::GroupCounters runs;                        // of patterns
  ReorderCounters reorder;                            // of all sources; most_held: of one
  std::uint64_t overflows = 0, divisions_by_zero = 0;
  journal::SnapshotStatus snapshots;
};

// Thread: open, close and the destructor belong to the owner; lane() and on_decision() to any one at a time; status() and receipt() to any.
class DurableEngine {
 public:
  // Creates or recovers the journal, replays it through the stages and checks its digests, then runs. Blocks while it replays.
  // Errors: bad_pipeline (all problems at once), usage, in_use, foreign, corrupt, missing, newer_format, io ...
  static Result<std::unique_ptr<DurableEngine>> open(const EngineOptions& options);
  ~DurableEngine();  // close(), if that was not called

  // A producer's inlet. The name stands in the journal; a lane of the same name continues its tickets after a restart.
  // Errors: usage (too many lanes, the name is in use or too long), failed.
  Result<EngineLane*> lane(const std::string& name, const LaneOptions& options = {});
  // An inlet that the engine polls itself, without a thread or a queue between: a file, a generator. Its number and
  // tickets come from identify(), and ascend if an event declares `reorder`. It outlives the engine.
  Result<void> add(InputSource& source);
  // Number of a source by name, for add(); a new name gets a new number. `last_ticket`: of its last event in the journal; `missing`: below it, as EngineLane::next_ticket says.
  // Errors: as lane(). The name is in use from here on.
  struct SourceIdentity { std::uint16_t number; Ticket last_ticket; std::vector<Ticket> missing; };
  Result<SourceIdentity> identify(const std::string& name);
  // After an add()ed source has got work or its end while nobody polls.
  void wake() noexcept;

  // Once. Until then decisions wait, and when their ring is full, so do the producers. A decision acks its own ticket, and all lower ones of its
  // source only where no event declares `reorder`.
  void on_decision(std::function<void(const Decision&)> callback);
  void set_sink(DecisionSink& sink);  // outlives the engine

  [[nodiscard]] EngineStatus status() const noexcept;
  // Of the last durable block; in on_decision it covers that decision's input. Kept elsewhere, it proves any loss or change of what stands
  // before it: `pawl journal verify --receipt`. Thread: any. At Durability::memory its block is 0.
  [[nodiscard]] journal::Receipt receipt() const noexcept;
  // Of the snapshots that it takes itself. Thread: any.
  [[nodiscard]] journal::SnapshotStatus snapshots() const noexcept;
  // Why one could not be taken, or what retention could not remove: each told once. The engine goes on, and tries again. Also after close().
  [[nodiscard]] std::optional<std::string> snapshot_error();
  [[nodiscard]] const language::Pipeline& pipeline() const noexcept;
  [[nodiscard]] const journal::RecoveryReport& recovery() const noexcept;
  // Decisions that `muted` asked for and that nobody can give any more: first and last sequence. Only with EngineOptions::allow_gap.
  struct Gap { Sequence first, last; };
  [[nodiscard]] std::optional<Gap> gap() const noexcept;
  // The input whose snapshot the start began with; no_sequence: all of the journal was replayed.
  [[nodiscard]] Sequence replayed_after() const noexcept;
  [[nodiscard]] const std::vector<language::Diagnostic>& diagnostics() const noexcept;  // warnings and notes of the pipeline
  [[nodiscard]] const std::vector<std::string>& not_evaluated() const noexcept;         // what this release leaves out of it
  [[nodiscard]] std::vector<std::string> notices() const;                               // fallbacks that open found: what is lost, how to cure it
  [[nodiscard]] const std::string& thread_plan() const noexcept;

  // Closes the lanes, decides, journals and emits everything accepted, and ends the journal cleanly. Blocks.
  // Errors: what failed; nothing that was acked is lost by it.
  Result<EngineReport> close();

 private:
  struct State;
  explicit DurableEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pawl
