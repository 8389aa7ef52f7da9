#include "pawl/io/uring_file.hpp"

#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "pawl/io/os_error.hpp"

namespace pawl::io {

UringFile::~UringFile() {
  std::array<Completion, Disk::max_in_flight> ignored;
  while (in_flight_ > 0) static_cast<void>(UringFile::wait(ignored, one_second));
  if (ring_) store_->give_back(std::move(ring_));
}

bool UringFile::have_ring() {
  if (ring_ || refused_) return ring_ != nullptr;
  ring_ = store_->take();
  refused_ = ring_ == nullptr;
  if (refused_) add_notice(facts().path + ": the kernel gave no io_uring for this file, so its writes block; see 'pawl doctor'");
  return !refused_;
}

int UringFile::pin_buffers(std::span<std::byte> memory) {
  PAWL_ASSERT(in_flight_ == 0);
  const int refused = have_ring() ? ring_->pin(memory) : 0;
  if (refused != 0) {
    add_notice(facts().path + ": the writer's buffers cannot be pinned (" + errno_name(-refused) +
               "), so writes are a little slower; raise the limit of locked memory ('ulimit -l', LimitMEMLOCK=)");
  }
  return refused;
}

int UringFile::submit_write(std::span<const std::byte> from, std::uint64_t offset, std::uint64_t tag) {
  PAWL_ASSERT(in_flight_ < Disk::max_in_flight);
  if (from.size() < async_bytes_min_ || !have_ring()) return PosixFile::submit_write(from, offset, tag);
  if (!aligned(from.data(), from.size(), offset)) return -EINVAL;
  const int result = ring_->submit(descriptor(), from, offset, tag, 0);
  if (result == 0) ++in_flight_;
  return result;
}

std::size_t UringFile::take(std::span<Completion> into) {
  std::size_t count = PosixFile::poll(into);
  if (!ring_) return count;
  const auto ended = into.subspan(count, ring_->take(into.subspan(count)));
  if (!ended.empty() && facts().data_sync != DataSync::none) make_durable(ended);
  in_flight_ -= ended.size();
  return count + ended.size();
}

// A data sync that the write itself carries (RWF_DSYNC) is finished by a kernel worker, which busy processors keep waiting for a tick; here
// the write ends in an interrupt that wakes this thread, and this thread does the rest.
void UringFile::make_durable(std::span<Completion> ended) {
  const int error = sync();
  for (Completion& completion : ended) {
    if (error != 0 && completion.result >= 0) completion.result = error;
  }
}

std::size_t UringFile::poll(std::span<Completion> into) {
  std::size_t count = take(into);
  if (count == 0 && in_flight_ > 0) {
    ring_->progress();
    count = take(into);
  }
  return count;
}

std::size_t UringFile::wait(std::span<Completion> into, Duration timeout) {
  std::size_t count = take(into);
  if (count == 0 && in_flight_ > 0) {
    ring_->block(timeout);
    count = take(into);
  }
  return count;
}

}  // namespace pawl::io
