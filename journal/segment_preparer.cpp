#include "pawl/journal/segment_preparer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/planted.hpp"
#include "pawl/io/os_error.hpp"
#include "pawl/journal/errors.hpp"
#include "pawl/journal/files.hpp"

namespace pawl::journal {
SegmentPreparer::SegmentPreparer(const Options& options, ControlFile* control)
    : disk_(*options.disk),
      clock_(*options.clock),
      directory_(options.directory),
      temporary_(join(segments_directory(options.directory), prepared_temporary_name)),
      control_(control),
      zeros_(std::min<std::uint64_t>(step_bytes_max, options.segment_bytes)) {}

void SegmentPreparer::request(const Request& request) {
  PAWL_ASSERT(state() == State::idle);
  request_ = request;
  outstanding_ = true;
  allow(0);
  command_.publish(++requests_ * 2);
}

void SegmentPreparer::adopt(std::uint64_t bytes) {
  PAWL_ASSERT(state() == State::idle);
  prepared_bytes_ = bytes;
  outstanding_ = adopted_ = true;
}

void SegmentPreparer::set_urgent(bool urgent) noexcept { command_.publish(requests_ * 2 + (urgent ? 1 : 0)); }

SegmentPreparer::State SegmentPreparer::state() const noexcept {
  if (!outstanding_) return State::idle;
  if (adopted_) return State::ready;
  const Sequence seen = answer_.load_acquire();
  return seen / 8 == requests_ ? static_cast<State>(seen % 8) : State::working;
}

std::uint64_t SegmentPreparer::take() {
  PAWL_ASSERT(state() == State::ready);
  outstanding_ = adopted_ = false;
  set_urgent(false);
  return prepared_bytes_;
}

bool SegmentPreparer::step() {
  if (record_retirement()) return true;
  if (take_command()) progress_ = State::working;
  if (progress_ == State::no_space ? !may_try_now() : progress_ != State::working || is_too_early()) return false;
  advance();
  return true;
}

// An error stops the next segment, as one of evidence does.
bool SegmentPreparer::record_retirement() {
  const Sequence oldest = retire_.load_acquire();
  if (oldest <= retired_.load_own() || control_ == nullptr || control_error_) return false;
  ControlSlot next = control_->current();
  next.oldest_segment = std::max(next.oldest_segment, static_cast<std::uint64_t>(oldest));
  if (auto published = publish_control(next); published) retired_.publish(oldest);
  return true;
}

Result<void> SegmentPreparer::publish_control(const ControlSlot& next) {
  if (control_error_) return *control_error_;
  auto published = control_->publish(next, clock_.now());
  if (!published) {
    control_error_ = published.error();
    control_lost_.publish(1);
  }
  return published;
}

// True at the first sight of a request.
bool SegmentPreparer::take_command() {
  const Sequence seen = command_.load_acquire();
  urgent_ = seen % 2 != 0;
  if (seen / 2 == current_) return false;
  current_ = seen / 2;
  was_refused_ = false;
  stage_ = control_ != nullptr ? Stage::evidence : Stage::create;
  started_ns_ = clock_.monotonic_ns();
  return true;
}

// One step, or more of them at once if the blocks are that far ahead: each piece is two trips to the device, however long it is.
std::uint64_t SegmentPreparer::step_now() const noexcept {
  const std::uint64_t due = static_cast<std::uint64_t>(allowed_.load_acquire()) + ahead_bytes;
  const std::uint64_t behind = request_.paced && due > prepared_bytes_ ? (due - prepared_bytes_) / step_bytes * step_bytes : 0;
  return std::clamp<std::uint64_t>(behind, step_bytes, step_bytes_max);
}

// The zeros are ahead of the blocks, and of the time since the request.
bool SegmentPreparer::is_too_early() {
  if (!request_.paced || urgent_ || stage_ != Stage::zeros) return false;
  if (prepared_bytes_ < static_cast<std::uint64_t>(allowed_.load_acquire()) + ahead_bytes) return false;
  const std::int64_t steps = (clock_.monotonic_ns() - started_ns_) / idle_ns_per_step;
  return prepared_bytes_ >= static_cast<std::uint64_t>(steps) * step_bytes;
}

void SegmentPreparer::answer(State state) noexcept {
  progress_ = state;
  answer_.publish(current_ * 8 + static_cast<Sequence>(state));
}

bool SegmentPreparer::may_try_now() {
  const bool became_urgent = urgent_ && !was_urgent_;
  return became_urgent || clock_.monotonic_ns() >= next_try_ns_;
}

void SegmentPreparer::advance() {
  Result<void> done;
  switch (stage_) {
    case Stage::evidence: done = record_evidence(); break;
    case Stage::create: done = create(); break;
    case Stage::zeros: done = write_zeros(); break;
    case Stage::sync: done = sync(); break;
    case Stage::publish: done = publish(); break;
    case Stage::sync_name: done = sync_name(); break;
  }
  if (done) return;
  // No descriptor is as passing a lack as no space, where files are opened: of sync_name before anything is synced. Of a sync that failed a later
  // one proves nothing. A name needs space too, on xfs, and a rename that failed changed nothing.
  const bool no_descriptor = is_no_descriptor(done.error());
  const bool changed_nothing = stage_ == Stage::create || stage_ == Stage::publish;
  const bool may_pass = changed_nothing ? done.error().code == ErrorCode::disk_full : stage_ == Stage::sync_name && no_descriptor;
  if (!may_pass || control_error_) return fail(done.error());
  lack_ = no_descriptor ? done.error().text : std::string();
  static_cast<void>(no_space());
}

Result<void> SegmentPreparer::record_evidence() {
  stage_ = Stage::create;
  ControlSlot next = control_->current();
  if (request_.durable_block <= next.durable_block) return {};
  next.durable_block = request_.durable_block;
  next.durable_segment = request_.durable_segment;
  next.durable_sequence = request_.durable_sequence;
  next.durable_chain = request_.durable_chain;
  return publish_control(next);
}

Result<void> SegmentPreparer::create() {
  auto exists = disk_.exists(temporary_);
  if (!exists) return std::move(exists).error();
  if (*exists) {
    if (auto removed = disk_.remove(temporary_); !removed) return removed;
  }
  auto file = disk_.open(temporary_, {.access = io::Access::create_new, .direct = true});
  if (!file) return std::move(file).error();
  file_ = std::move(*file);
  prepared_bytes_ = 0;
  stalls_ = 0;
  stage_ = Stage::zeros;
  lack_.clear();
  answer(State::working);
  return {};
}

Result<void> SegmentPreparer::write_zeros() {
  const std::size_t bytes = std::min<std::uint64_t>({zeros_.size(), step_now(), request_.bytes - prepared_bytes_});
  const std::int64_t written = file_->write(zeros_.span().first(bytes), prepared_bytes_);
  if (is_no_space(written) && written < 0) return no_space();
  if (written < 0 && !is_transient(written)) return os_error("write zeros to", temporary_, written);
  // A part that is not whole pages is written again: the same zeros at the same place.
  const std::uint64_t whole = written < 0 ? 0 : static_cast<std::uint64_t>(written) / page_bytes * page_bytes;
  stalls_ = whole == 0 ? stalls_ + 1 : 0;
  if (stalls_ > transfer_attempts) return short_transfer("write zeros to", temporary_, written, bytes);
  prepared_bytes_ += whole;
  if (was_refused_ && prepared_bytes_ >= request_.bytes_min) return cut_short();
  if (prepared_bytes_ == request_.bytes) stage_ = Stage::sync;
  answer(State::working);
  return {};
}

// Enough to go on with: never a write beyond what is prepared.
Result<void> SegmentPreparer::cut_short() {
  if (const int error = file_->truncate(prepared_bytes_); error != 0) return os_error("truncate", temporary_, error);
  stage_ = Stage::sync;
  answer(State::working);
  return {};
}

Result<void> SegmentPreparer::no_space() {
  was_urgent_ = urgent_;
  if (was_urgent_ && prepared_bytes_ >= request_.bytes_min && stage_ == Stage::zeros) return cut_short();
  next_try_ns_ = clock_.monotonic_ns() + space_poll;
  progress_ = State::no_space;
  // A writer that does not wait yet has time, and would be refused what a shorter segment can still take.
  if (urgent_ || !request_.paced) {
    was_refused_ = true;
    answer(State::no_space);
  }
  return {};
}

Result<void> SegmentPreparer::sync() {
  const int error = planted(Bug::segment_named_before_sync) ? 0 : file_->sync();
  if (is_no_space(error)) {
    // Blocks were promised late and are not there: what the file holds is unknown, so it starts anew.
    file_.reset();
    stage_ = Stage::create;
    return no_space();
  }
  if (error != 0) return os_error("sync", temporary_, error);
  file_.reset();
  stage_ = Stage::publish;
  return {};
}

// READY is what the writer seals the segment before on, in its own thread and at once: whatever makes the name durable comes first.
Result<void> SegmentPreparer::publish() {
  if (auto renamed = disk_.rename(temporary_, segment_path(directory_, request_.segment)); !renamed) return renamed;
  stage_ = Stage::sync_name;
  return {};
}

Result<void> SegmentPreparer::sync_name() {
  if (planted(Bug::ready_before_name_synced)) answer(State::ready);
  if (!planted(Bug::no_directory_sync)) {
    if (auto synced = disk_.sync_directory(segments_directory(directory_)); !synced) return synced;
  }
  lack_.clear();
  answer(State::ready);
  return {};
}

void SegmentPreparer::fail(Error error) {
  error_ = std::move(error);
  file_.reset();
  answer(State::failed);
}

}  // namespace pawl::journal
