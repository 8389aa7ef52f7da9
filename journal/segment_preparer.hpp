// Makes the next segment file before it is needed: zeros written and synced, renamed to its number, directory synced. Writing
// into blocks that were never written costs the file system a journal commit each time (measured: 285 us instead of 109 us).
//
//   writer:    request -> allow, allow ...                     take
//   preparer:             step, step, ... -> ready | no_space | failed
//
// Blocks and zeros share the device: a burst of zeros is what a block would wait for. So zeros keep pace with the blocks, a little ahead of
// them, and go on slowly when there are none.
//
// It also owns CONTROL while the journal is open, so it is what records there which segments are retired.
//
// Thread: request, allow, take and set_urgent belong to the writer; step to one other thread, or to the same one.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "pawl/core/ring/cursor.hpp"
#include "pawl/journal/control.hpp"
#include "pawl/journal/options.hpp"

namespace pawl::journal {

class SegmentPreparer {
 public:
  enum class State : std::uint8_t {
    idle,      // nothing was asked for
    working,
    ready,     // take() it
    no_space,  // said to a writer that waits; tries again every 20 ms, and then bytes_min are enough
    failed,    // error() says why; nothing more will happen
  };
  struct Request {
    std::uint64_t segment = 0;
    std::uint64_t bytes = 0;
    std::uint64_t bytes_min = 0;  // what will do if the disk is full: the segment is then shorter
    bool paced = false;           // zeros keep pace with allow(); else as fast as they go
    // Durable by now, recorded in CONTROL on the way: it proves later that these blocks were there.
    std::uint64_t durable_block = 0;
    std::uint64_t durable_segment = 0;
    Sequence durable_sequence = no_sequence;
    Hash durable_chain{};
  };
  static constexpr std::size_t step_bytes = std::size_t{256} << 10;
  static constexpr std::size_t step_bytes_max = std::size_t{1} << 20;
  static constexpr Duration space_poll = 20'000'000;
  static constexpr std::uint64_t ahead_bytes = std::uint64_t{1} << 20;  // of what is allowed
  static constexpr Duration idle_ns_per_step = 4'000'000;               // 64 MiB/s without any block

  // `control` may be null: no evidence is written then.
  SegmentPreparer(const Options& options, ControlFile* control);

  // REQUIRES: state() is idle. Takes effect at the next step.
  void request(const Request& request);
  // A segment that already stands there, all zeros: left by an earlier run. REQUIRES: state() is idle.
  void adopt(std::uint64_t bytes);
  // While urgent, bytes_min of space are enough, and zeros are not paced.
  void set_urgent(bool urgent) noexcept;
  // So many bytes may be prepared now, and ahead_bytes.
  void allow(std::uint64_t bytes) noexcept { allowed_.publish(static_cast<Sequence>(bytes)); }
  // Segments before this one are needed no more, and CONTROL shall say so. Thread: any one.
  void retire_before(std::uint64_t segment) noexcept { retire_.publish(static_cast<Sequence>(segment)); }
  // CONTROL says so, durably: those files may go. Thread: any.
  [[nodiscard]] std::uint64_t retired_before() const noexcept { return static_cast<std::uint64_t>(retired_.load_acquire()); }
  // CONTROL could not be written, and never will be by this run: it will not say so. Thread: any.
  [[nodiscard]] bool was_control_lost() const noexcept { return control_lost_.load_acquire() == 1; }
  // As the writer sees it.
  [[nodiscard]] State state() const noexcept;
  // REQUIRES: ready. The state is idle afterwards. Bytes of the segment.
  [[nodiscard]] std::uint64_t take();
  // REQUIRES: failed.
  [[nodiscard]] const Error& error() const noexcept { return error_; }
  // What was lacking last, if it was not space; else empty. REQUIRES: no step is under way.
  [[nodiscard]] const std::string& lack() const noexcept { return lack_; }

  // Space is asked for again at the next step. Thread: step's.
  void try_at_once() noexcept { next_try_ns_ = 0; }
  // One piece of work: step_bytes of zeros or some more, or one sync. Blocks for it. False if there was nothing to do, or not yet.
  bool step();

 private:
  enum class Stage : std::uint8_t { evidence, create, zeros, sync, publish, sync_name };

  // Preparer. Releases request_ to prepared_bytes_ and error_ to the writer.
  void answer(State state) noexcept;
  [[nodiscard]] bool take_command();
  [[nodiscard]] bool record_retirement();
  [[nodiscard]] bool may_try_now();
  [[nodiscard]] bool is_too_early();
  [[nodiscard]] std::uint64_t step_now() const noexcept;
  void advance();
  Result<void> record_evidence();
  Result<void> publish_control(const ControlSlot& next);
  Result<void> create();
  Result<void> write_zeros();
  Result<void> sync();
  Result<void> publish();
  Result<void> sync_name();
  Result<void> cut_short();
  Result<void> no_space();
  void fail(Error error);

  io::Disk& disk_;
  io::Clock& clock_;
  std::string directory_;
  std::string temporary_;
  ControlFile* control_;
  AlignedBytes zeros_;

  // Written by the writer: number of the request, times 2, plus 1 if urgent. request_ is the preparer's from this store on, until
  // it has answered; taken by take_command.
  ring::Cursor<> command_{0};
  // Written by the writer: what allow() said.
  ring::Cursor<> allowed_{0};
  // Written by whoever retires segments, and by the preparer once CONTROL has it. The files' removal pairs with retired_before.
  ring::Cursor<> retire_{0};
  ring::Cursor<> retired_{0};
  ring::Cursor<> control_lost_{0};  // control_error_, for others
  // Written by the preparer: number of the request, times 8, plus its state. Pairs with state().
  ring::Cursor<> answer_{0};

  // The writer's own.
  Sequence requests_ = 0;
  bool outstanding_ = false;
  bool adopted_ = false;

  // Handed over.
  Request request_;
  std::uint64_t prepared_bytes_ = 0;
  Error error_{ErrorCode::io, {}};

  // The preparer's own.
  std::optional<Error> control_error_;  // what CONTROL holds is unknown: it is never written again
  Sequence current_ = 0;
  State progress_ = State::idle;
  bool urgent_ = false;
  bool was_urgent_ = false;
  std::string lack_;
  bool was_refused_ = false;  // no_space was said: somebody waits for the first bytes_min
  Stage stage_ = Stage::create;
  std::unique_ptr<io::File> file_;
  int stalls_ = 0;
  std::int64_t next_try_ns_ = 0;
  std::int64_t started_ns_ = 0;
};

}  // namespace pawl::journal
