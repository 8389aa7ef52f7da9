// Replay: a journal's inputs through the same stages as when they were live, read-only, beside a running engine if need be.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "pawl/journal/durable_engine.hpp"
#include "pawl/journal/engine/replay_source.hpp"

namespace pawl {

struct ReplayOptions {
  std::string directory;
  Operators operators = {};          // that its pipeline declares
  journal::Until until = {};
  bool from_snapshot = false;        // begin with the newest snapshot before `until`: what was decided before it is not decided again
  int threads = 0;                   // 0: as the CPUs allow
  bool decisions_with_lets = false;
  bool decisions_with_values = false;
  io::Disk* disk = nullptr;          // null: the machine's own
  io::Clock* clock = nullptr;
  std::int64_t digest_interval = limits::digest_interval;  // that of the engine, as EngineOptions names it
};

struct ReplayReport {
  rules::Digest128 digest{};            // of everything that was replayed
  Sequence last_sequence = no_sequence;
  std::uint64_t digests_compared = 0;   // intervals whose digest the journal carries, and the last one
  std::vector<std::uint64_t> firings;   // by rule, in file order
};

// Thread: the owner's. Nothing in the directory is changed.
class Replay {
 public:
  // Reads the journal's pipeline and makes the stages. Errors: as JournalReader::open; bad_pipeline: this release refuses the recorded
  // pipeline; corrupt.
  static Result<std::unique_ptr<Replay>> open(const ReplayOptions& options);
  ~Replay();

  [[nodiscard]] const language::Pipeline& pipeline() const noexcept;
  [[nodiscard]] Sequence was_decided() const noexcept;
  // The input behind which it begins; no_sequence: at the beginning.
  [[nodiscard]] Sequence after() const noexcept;
  // Snapshots that could not be used, each one sentence.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept;

  // Replays to the end, or `until`; every decision goes to the sink. Blocks. Once.
  // Errors: damage, with file, offset and sequences; corrupt: the first interval whose digest differs; the sink's.
  Result<ReplayReport> run(DecisionSink& sink);

 private:
  struct State;
  explicit Replay(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pawl
