// Snapshots taken by the engine itself, on a thread of its own that gives way to all others: a shadow replays what came since the last one
// (take.hpp), then retention removes what is needed no more. An error harms nothing: it is told, and tried again.
#pragma once

#include <boost/lockfree/spsc_queue.hpp>
#include <functional>
#include <optional>
#include <string>

#include "pawl/core/engine/stage_list.hpp"
#include "pawl/io/thread.hpp"
#include "pawl/journal/engine/stage_driver.hpp"
#include "pawl/journal/segment_preparer.hpp"
#include "pawl/journal/snapshot/retention.hpp"
#include "pawl/journal/snapshot/take.hpp"

namespace pawl::journal {

// When. Each by itself; 0: not by this. A snapshot stands where a digest interval of 65,536 inputs ends, so none is taken before the next has.
struct SnapshotOptions {
  std::int64_t every_inputs = 0;
  Duration every = 0;
  bool pages = true;  // the state's memory beside its rows, for a fast start: as many bytes again
  RetentionOptions retention;

  [[nodiscard]] bool enabled() const noexcept { return every_inputs > 0 || every > 0; }
};

// Of this run.
struct SnapshotStatus {
  std::int64_t taken = 0, failed = 0;
  Sequence last_sequence = no_sequence;  // the newest snapshot's
  std::int64_t retired_segments = 0;
};

// Thread: start and stop belong to the owner; next_error to any one at a time; was_status to any.
class Snapshotter {
 public:
  // REQUIRES: all outlive it. `durable`: the last durable input. `preparer`: somebody steps it.
  struct Engine {
    std::string directory;
    io::Disk& disk;
    io::Clock& clock;
    const ring::Cursor<>& durable;
    SegmentPreparer& preparer;
    const language::Pipeline& pipeline;
    Durability durability;
    // Decisions up to here are durable in the sink: it is asked to see to it. May block. Errors: the sink's.
    std::function<Result<Sequence>()> sync_sink;
    // Of tests: polls it, a whole snapshot in one turn, instead of a thread; another length of digest intervals.
    StageDriver* driver = nullptr;
    std::int64_t digest_interval = limits::digest_interval;
  };
  static constexpr Duration retry_delay = 1'000'000'000;  // doubles with each failure, up to 64 times as long

  Snapshotter(const SnapshotOptions& options, const Engine& engine);
  ~Snapshotter();
  Snapshotter(const Snapshotter&) = delete;
  Snapshotter& operator=(const Snapshotter&) = delete;

  // Errors: of the operating system.
  Result<void> start();
  // Gives up what is under way, which leaves no file. Blocks for a moment.
  void stop();

  [[nodiscard]] SnapshotStatus was_status() const noexcept;
  // Why one failed, each told once, in order; of very many the first are kept.
  [[nodiscard]] std::optional<std::string> next_error();

 private:
  void run();
  bool step();
  void wait(Duration nap);
  [[nodiscard]] bool is_due() const;
  Result<void> take();
  Result<void> retire(Sequence emitted);
  Result<void> record_oldest(std::uint64_t segment);
  void failed(const Error& error);

  SnapshotOptions options_;
  Engine engine_;
  Duration span_;
  Sequence last_ = no_sequence;   // the newest one's input
  std::int64_t last_ns_ = 0;      // when it was taken, or this started
  std::int64_t not_before_ns_ = 0;
  int failures_ = 0;              // one behind the other
  ring::Cursor<> taken_{0}, failed_{0}, last_sequence_, retired_{0};  // SnapshotStatus
  boost::lockfree::spsc_queue<std::string, boost::lockfree::capacity<16>> errors_;
  ring::StopFlag stop_;
  io::Thread thread_;

  // What a driver polls; not again while it is at it, for it gives the driver turns.
  struct Stage {
    Snapshotter& snapshotter;
    std::int64_t poll(std::int64_t) { return snapshotter.step() ? 1 : 0; }
    [[nodiscard]] static bool finished() { return true; }
  };
  Stage stage_{*this};
  StageList stages_;
  bool at_it_ = false;
};

}  // namespace pawl::journal
