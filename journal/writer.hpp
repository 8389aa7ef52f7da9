// The journal's writer: a polled stage that turns appended records into blocks and makes them durable, one block in flight.
//
//   append -> [ filling block ] -> seal -> submit -> [ block in flight ] -> durable_sequence()
//                                                          |
//                              the next one grows meanwhile: batching comes by itself
//
// The life of a segment: OPEN block, blocks, ..., SEAL block in the last 4 KiB; then the next segment, which exists since long.
// No allocation after it is made, but at a roll (a file handle) and for PIPELINE and SOURCE annotations.
// Thread: one. Ownership: by Journal.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "pawl/journal/block_buffer.hpp"
#include "pawl/journal/options.hpp"
#include "pawl/journal/recovery_table.hpp"
#include "pawl/journal/segment_preparer.hpp"

namespace pawl::journal {

enum class WriterState : std::uint8_t {
  running,
  disk_full,  // the next segment cannot be prepared: appends are refused until it can, nothing is lost
  failed,     // a write error: nothing more is written or acked; error() says why
  closed,
};
[[nodiscard]] std::string_view name(WriterState state) noexcept;

struct WriterCounters {
  std::uint64_t blocks = 0;         // durable, of every kind
  std::uint64_t syncs = 0;          // writes that carried a data sync
  std::uint64_t bytes = 0;          // written, with headers and padding; zeros of preparation not counted
  std::uint64_t padding_bytes = 0;
  std::uint64_t inputs = 0;         // durable
  std::uint64_t idle_seals = 0;
  std::uint64_t segments = 0;       // opened by this writer
  std::uint64_t retries = 0;        // blocks submitted again after a short or refused write
  std::uint64_t disk_full = 0;      // times the state was entered
  std::int64_t in_flight_ns = 0;    // time with a block of any kind on its way: the rest of the time the device had nothing to do
};

// Where a writer starts, and what it says first.
struct WriterStart {
  Position position;                // behind the last whole block; offset 0: the segment has no OPEN block yet
  std::uint64_t segment_bytes = 0;  // of that segment's file
  EpochMark epoch{};
  Catalogue catalogue;
  bool opening = false;             // the catalogue is still to be written into the segment, or again
};

class Writer {
 public:
  static constexpr int attempts = 8;  // of one block, after short or refused writes
  static constexpr Duration retry_delay = 1'000'000;  // doubles with each attempt

  // Opens the segment of `start`. `identity` gives the nonce of the epoch. `preparer` outlives the writer.
  static Result<std::unique_ptr<Writer>> open(const Options& options, const Identity& identity, WriterStart start, SegmentPreparer& preparer);
  // A writer without files, for durability memory: acks at once.
  static std::unique_ptr<Writer> without_files();

  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Takes the next input: slot bytes [8, 48 + length), with or without padding. False: no room now, or not running; try again
  // after poll. REQUIRES: at least 40 + length bytes; an input's type; CRC already set.
  [[nodiscard]] bool append(std::span<const std::byte> record) noexcept;

  // Puts an annotation behind the inputs appended so far. It does not force a block: it goes with the next one, or when the
  // journal has been idle for seal_after. False: no room now.
  [[nodiscard]] bool annotate(AnnotationType type, std::span<const std::byte> payload) noexcept;
  [[nodiscard]] bool annotate_digest(Sequence sequence, const Digest& digest) noexcept { return annotate(AnnotationType::digest, bytes_of(DigestMark{sequence, digest})); }
  [[nodiscard]] bool annotate_emitted(Sequence sequence, std::uint64_t position) noexcept { return annotate(AnnotationType::emitted, bytes_of(EmittedMark{sequence, position})); }
  // REQUIRES: name.size() <= source_name_bytes_max.
  [[nodiscard]] bool annotate_source(std::uint16_t number, std::string_view name) noexcept;
  // The text whose `activate` input follows. REQUIRES: text.size() <= pipeline_bytes_max().
  [[nodiscard]] bool annotate_pipeline(std::string_view text) noexcept;
  [[nodiscard]] std::size_t pipeline_bytes_max() const noexcept { return block_bytes_max_ / 2; }

  // Set-up. While inputs come in at `bytes` per `time` ns or faster, a block is not sent before it has so many bytes or the last one ended so
  // long ago. For a journal that shares its CPU: each block costs two wake-ups and what the thread thus interrupted had in its caches.
  void gather(std::size_t bytes, Duration time) noexcept { gather_bytes_ = bytes, gather_time_ = time; }
  // The next block waits for more. Asks the clock.
  [[nodiscard]] bool gathering() const noexcept;
  // Inputs come in at that rate.
  [[nodiscard]] bool fast() const noexcept { return fast_; }

  // Takes completions, submits the next block if none is in flight. Never blocks on a device that writes asynchronously. Returns
  // completions plus submissions: 0 means nothing to do.
  std::size_t poll();
  // As poll, but first waits in the kernel for the block in flight, at most `timeout` ns; returns at once if there is none.
  std::size_t wait(Duration timeout);

  [[nodiscard]] Sequence durable_sequence() const noexcept { return durable_sequence_; }   // no_sequence if none
  [[nodiscard]] Sequence appended_sequence() const noexcept { return next_sequence_ - 1; } // last one taken
  [[nodiscard]] std::uint64_t durable_block() const noexcept { return durable_.block; }
  [[nodiscard]] const Position& durable_position() const noexcept { return durable_; }
  [[nodiscard]] bool in_flight() const noexcept { return in_flight_.active; }
  [[nodiscard]] WriterState state() const noexcept { return state_; }
  // REQUIRES: state() is failed.
  [[nodiscard]] const Error& error() const noexcept { return *error_; }
  [[nodiscard]] const WriterCounters& counters() const noexcept { return counters_; }
  // Bytes of appended records that are not in flight yet.
  [[nodiscard]] std::size_t filling_bytes() const noexcept { return filling().body_bytes(); }
  [[nodiscard]] std::string notice() const { return file_ ? file_->notice() : std::string{}; }

  // Everything appended is durable and witnessed; poll and the preparer's step until then. Annotations no longer wait.
  [[nodiscard]] bool drained() noexcept;
  // At durability os: a sync of the file, so that a clean end is durable. Blocks.
  Result<void> sync_if_unsynced();
  // What waits for space, a block or the next segment, is tried again at the next poll.
  void try_at_once() noexcept { in_flight_.not_before_ns = enter_not_before_ns_ = 0; }
  // What was lacking last to go on to the next segment, if it was not space; else empty. REQUIRES: no poll is under way.
  [[nodiscard]] const std::string& lack() const noexcept { return lack_; }
  // No append or poll after it.
  void close() noexcept;

 private:
  enum class Phase : std::uint8_t { running, sealing, entering, opening };
  struct InFlight {
    bool active = false;
    bool resubmit = false;          // waits for its time
    int attempt = 0;
    std::int64_t not_before_ns = 0;
    std::int64_t sent_ns = 0;
    BlockKind kind{};
    std::uint64_t offset = 0;
    std::span<const std::byte> bytes;
    BlockBuffer* buffer = nullptr;
  };

  Writer() = default;
  Writer(const Options& options, const Identity& identity, WriterStart start, SegmentPreparer& preparer);

  [[nodiscard]] BlockBuffer& filling() noexcept { return buffers_[filling_]; }
  [[nodiscard]] const BlockBuffer& filling() const noexcept { return buffers_[filling_]; }
  [[nodiscard]] bool has_room(std::size_t bytes) const noexcept {
    return state_ == WriterState::running && (durability_ == Durability::memory || filling().has_room(bytes));
  }
  // Empty: of blocks that hold no inputs.
  [[nodiscard]] BlockBuffer& control() noexcept;
  [[nodiscard]] bool fits(std::uint64_t bytes) const noexcept { return built_.offset + bytes + page_bytes <= segment_bytes_; }

  // What to write next (writer.cpp, in the order of a segment's life).
  Result<void> open_file();
  void enter();
  std::size_t start_next();
  std::size_t submit_open();
  std::size_t submit_epoch();
  std::size_t submit_filling();
  std::size_t submit_idle_seal();
  std::size_t roll();
  std::size_t submit_seal();
  [[nodiscard]] bool idle_timer_due() noexcept;
  void request_next_segment();
  void pace_preparer() noexcept;

  // How it is written (writer_io.cpp).
  std::size_t submit(BlockBuffer& buffer, BlockKind kind, std::uint64_t offset);
  void fail_damaged(const BlockBuffer& buffer);
  std::size_t send();
  std::size_t resubmit_when_due();
  std::size_t reap(Duration timeout);
  void complete(std::int64_t result);
  void try_again(std::int64_t result);
  void became_durable();
  void after_block(BlockKind kind);
  void fail(Error error);

  // Set once.
  io::Disk* disk_ = nullptr;
  io::Clock* clock_ = nullptr;
  SegmentPreparer* preparer_ = nullptr;
  std::string directory_;
  Durability durability_ = Durability::memory;
  BodyHash body_hash_ = BodyHash::xxh3_128;
  Duration seal_after_ = 0;
  std::size_t block_bytes_max_ = limits::block_bytes_max;
  std::uint64_t segment_bytes_full_ = 0;
  Uuid database_{};
  Nonce nonce_{};
  EpochMark epoch_{};

  WriterState state_ = WriterState::running;
  Phase phase_ = Phase::running;
  bool epoch_pending_ = false;
  bool draining_ = false;
  std::size_t gather_bytes_ = 0;
  Duration gather_time_ = 0;
  bool fast_ = false;               // the last block's inputs came in at gather's rate
  bool unwitnessed_ = false;        // the last block holds inputs and nothing was written behind it
  std::size_t next_item_ = 0;       // of the catalogue, while opening
  std::int64_t last_durable_ns_ = 0;
  std::int64_t enter_not_before_ns_ = 0;
  std::string lack_;
  std::optional<Error> error_;

  std::unique_ptr<io::File> file_;
  std::string path_;
  std::uint64_t segment_bytes_ = 0; // of the current file
  Position built_;                  // behind the last block that was built
  Position durable_;                // behind the last block that is durable, as far as the level goes
  Position synced_;                 // at durability os: behind the last block that a sync has covered
  Sequence next_sequence_ = 0;
  Sequence durable_sequence_ = no_sequence;

  AlignedBytes memory_;
  std::vector<BlockBuffer> buffers_;  // two for inputs, one for OPEN, SEAL, EPOCH and idle seals
  std::size_t filling_ = 0;
  InFlight in_flight_;
  Catalogue catalogue_;             // of the blocks built
  Hasher hasher_;
  WriterCounters counters_;
};

inline bool Writer::append(std::span<const std::byte> record) noexcept {
  PAWL_ASSERT(record.size() >= record_header_bytes);
  const auto length = field_of<std::uint16_t>(record, offsetof(RecordHeader, length));
  PAWL_ASSERT(!is_annotation(field_of<std::uint16_t>(record, offsetof(RecordHeader, type))));
  PAWL_ASSERT(record.size() >= record_header_bytes + length);
  if (!has_room(record_bytes(length))) return false;
  if (durability_ == Durability::memory) {
    durable_sequence_ = next_sequence_++;
    return true;
  }
  filling().append(record);
  ++next_sequence_;
  return true;
}

}  // namespace pawl::journal
