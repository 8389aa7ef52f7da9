// How the writer makes a block durable: seal, submit, completion, and what follows each kind of error.
#include <fmt/format.h>

#include <cerrno>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/planted.hpp"
#include "pawl/journal/errors.hpp"
#include "pawl/journal/writer.hpp"

namespace pawl::journal {

std::size_t Writer::poll() {
  if (durability_ == Durability::memory || state_ == WriterState::failed || state_ == WriterState::closed) return 0;
  std::size_t work = reap(0);
  // A device that fails with the next segment is not trusted with this one's blocks.
  if (state_ != WriterState::failed && preparer_->state() == SegmentPreparer::State::failed) fail(preparer_->error());
  if (state_ == WriterState::failed || (in_flight_.active && !in_flight_.resubmit)) return work;
  const std::size_t started = start_next();
  // A device that writes in the call has ended by now: the ack does not wait for the next turn, which would write another block first.
  return work + started + (file_ && file_->has_ended() ? reap(0) : 0);
}

std::size_t Writer::wait(Duration timeout) {
  // What the device still says about a block then is no ack: the failure came first.
  if (state_ == WriterState::failed || state_ == WriterState::closed) return 0;
  std::size_t work = 0;
  if (file_ && in_flight_.active && !in_flight_.resubmit) work = reap(timeout);
  return work + poll();
}

// Memory that was damaged since the inputs were sequenced must not reach the disk as if it were data.
void Writer::fail_damaged(const BlockBuffer& buffer) {
  fail({ErrorCode::corrupt, fmt::format("a record among sequences {} to {} was damaged in memory before it could be written to {} (its "
                                        "CRC does not match). Nothing of it was written. Test the machine's memory, then start again.",
                                        built_.next_sequence, built_.next_sequence + buffer.inputs() - 1, path_)});
}

std::size_t Writer::submit(BlockBuffer& buffer, BlockKind kind, std::uint64_t offset) {
  BlockHeader header{};
  header.magic = block_magic;
  header.version = format_version;
  header.kind = kind;
  header.body_hash_algorithm = body_hash_;
  header.database = database_;
  header.nonce = nonce_;
  header.block = built_.block + 1;
  header.segment = built_.segment;
  header.offset = offset;
  header.epoch = epoch_.epoch;
  header.first_sequence = built_.next_sequence;
  header.durable_block = durability_ == Durability::disk ? durable_.block : 0;
  header.time = clock_->now();
  if (!buffer.finish(header)) {
    fail_damaged(buffer);
    return 0;
  }
  buffer.tell(catalogue_);
  const std::span<std::byte> bytes = buffer.bytes();
  built_.chain = seal_header(bytes, header, built_.chain, hasher_);
  built_.offset = offset + bytes.size();
  built_.block = header.block;
  built_.next_sequence += buffer.inputs();
  built_.epoch = header.epoch;
  in_flight_ = {.active = true, .resubmit = false, .attempt = 0, .not_before_ns = 0, .sent_ns = 0, .kind = kind, .offset = offset, .bytes = bytes, .buffer = &buffer};
  return send();
}

std::size_t Writer::send() {
  in_flight_.resubmit = false;
  in_flight_.sent_ns = clock_->monotonic_ns();
  const int refused = file_->submit_write(in_flight_.bytes, in_flight_.offset, built_.block);
  if (refused != 0) complete(refused);
  if (planted(Bug::ack_before_durable)) durable_sequence_ = built_.next_sequence - 1;
  return 1;
}

std::size_t Writer::resubmit_when_due() {
  // A closing journal does not wait, for its caller is blocked; but it does not ask a full disk again and again.
  const bool at_once = draining_ && state_ != WriterState::disk_full;
  if (!at_once && clock_->monotonic_ns() < in_flight_.not_before_ns) return 0;
  ++counters_.retries;
  return send();
}

std::size_t Writer::reap(Duration timeout) {
  if (!in_flight_.active || in_flight_.resubmit) return 0;
  std::array<io::Completion, io::Disk::max_in_flight> completions;
  const std::size_t count = timeout > 0 ? file_->wait(completions, timeout) : file_->poll(completions);
  for (std::size_t i = 0; i < count; ++i) {
    PAWL_ASSERT(completions[i].tag == built_.block);
    complete(completions[i].result);
  }
  return count;
}

// The retry table. Only the block in flight is ever written again, at its own place; durable data never is.
void Writer::complete(std::int64_t result) {
  if (result == static_cast<std::int64_t>(in_flight_.bytes.size())) return became_durable();
  if (planted(Bug::short_write_ignored) && result >= 0) return became_durable();
  if (planted(Bug::cancelled_is_success) && result == -ECANCELED) return became_durable();
  if (planted(Bug::retry_after_eio) && result < 0) return try_again(-EAGAIN);
  const bool space = result < 0 && is_no_space(result) && !planted(Bug::disk_full_is_fatal);  // file systems that copy on write, although the zeros are there
  if (space || result >= 0 || is_transient(result)) return try_again(result);
  Error error = os_error("write block to", path_, result);
  error.text += fmt::format(" Block {} at offset {} (sequences from {}) is not durable and was not acked; sequences up to {} are. The journal "
                            "refuses all further writes: start again to recover.",
                            built_.block, in_flight_.offset, durable_sequence_ + 1, durable_sequence_);
  fail(std::move(error));
}

void Writer::try_again(std::int64_t result) {
  if (result < 0 && is_no_space(result)) {
    if (state_ == WriterState::running) ++counters_.disk_full;
    state_ = WriterState::disk_full;
    in_flight_.not_before_ns = clock_->monotonic_ns() + SegmentPreparer::space_poll;
    in_flight_.resubmit = true;
    return;
  }
  if (++in_flight_.attempt > attempts) {
    fail(result < 0 ? os_error("write block to", path_, result) : short_transfer("write block to", path_, result, in_flight_.bytes.size()));
    return;
  }
  in_flight_.not_before_ns = clock_->monotonic_ns() + (retry_delay << in_flight_.attempt) / 2;
  in_flight_.resubmit = true;
}

void Writer::became_durable() {
  PAWL_ASSERT(state_ == WriterState::running || state_ == WriterState::disk_full);
  state_ = WriterState::running;
  const BlockHeader header = load_header(in_flight_.bytes);
  durable_ = built_;
  durable_sequence_ = built_.next_sequence - 1;
  last_durable_ns_ = clock_->monotonic_ns();
  unwitnessed_ = header.inputs > 0;
  ++counters_.blocks;
  counters_.in_flight_ns += last_durable_ns_ - in_flight_.sent_ns;
  counters_.syncs += durability_ == Durability::disk ? 1 : 0;
  counters_.bytes += header.total_bytes;
  counters_.padding_bytes += header.total_bytes - block_header_bytes - header.body_bytes;
  counters_.inputs += header.inputs;
  in_flight_.active = false;
  in_flight_.buffer->clear();
  after_block(header.kind);
}

void Writer::after_block(BlockKind kind) {
  switch (kind) {
    case BlockKind::data: return pace_preparer();
    case BlockKind::seal_idle: ++counters_.idle_seals; return;
    case BlockKind::epoch_open: epoch_pending_ = false; return;
    case BlockKind::segment_open:
      if (next_item_ < catalogue_.items()) return;
      phase_ = Phase::running;
      request_next_segment();
      return;
    case BlockKind::segment_seal: break;
  }
  // The seal too, before the next segment is touched: a power cut can only ever harm the last one.
  if (auto synced = sync_if_unsynced(); !synced) return;
  segment_bytes_ = preparer_->take();
  built_.segment += 1;
  built_.offset = 0;
  durable_ = built_;
  phase_ = Phase::entering;
  enter();
}

void Writer::fail(Error error) {
  state_ = WriterState::failed;
  error_ = std::move(error);
}

Result<void> Writer::sync_if_unsynced() {
  if (durability_ != Durability::os) return {};
  if (const int error = planted(Bug::later_segment_first) ? 0 : file_->sync(); error != 0) {
    fail(os_error("sync", path_, error));
    return *error_;
  }
  synced_ = durable_;
  return {};
}

}  // namespace pawl::journal
