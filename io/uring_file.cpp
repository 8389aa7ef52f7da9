#include "pawl/io/uring_file.hpp"

#include <sys/uio.h>

#include <array>
#include <cerrno>

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
  return have_ring() ? ring_->pin(memory) : 0;
}

int UringFile::submit_write(std::span<const std::byte> from, std::uint64_t offset, std::uint64_t tag) {
  PAWL_ASSERT(in_flight_ < Disk::max_in_flight);
  if (!have_ring()) return PosixFile::submit_write(from, offset, tag);
  if (!aligned(from.data(), from.size(), offset)) return -EINVAL;
  const int flags = facts().data_sync == DataSync::none ? 0 : RWF_DSYNC;
  const int result = ring_->submit(descriptor(), from, offset, tag, flags);
  if (result == 0) ++in_flight_;
  return result;
}

std::size_t UringFile::take(std::span<Completion> into) {
  const std::size_t count = ring_->take(into);
  in_flight_ -= count;
  return count;
}

std::size_t UringFile::poll(std::span<Completion> into) {
  if (!ring_) return PosixFile::poll(into);
  std::size_t count = take(into);
  if (count == 0 && in_flight_ > 0) {
    ring_->progress();
    count = take(into);
  }
  return count;
}

std::size_t UringFile::wait(std::span<Completion> into, Duration timeout) {
  if (!ring_) return PosixFile::wait(into, timeout);
  std::size_t count = take(into);
  if (count == 0 && in_flight_ > 0) {
    ring_->block(timeout);
    count = take(into);
  }
  return count;
}

}  // namespace pawl::io
