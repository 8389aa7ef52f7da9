#include "pawl/io/uring.hpp"

#include <sys/uio.h>

#include <cerrno>

namespace pawl::io {
namespace {

// NODROP: completions are never lost. EXT_ARG (Linux 5.11): a wait with a timeout is one system call and no entry in the ring.
constexpr unsigned needed_features = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG;

constexpr std::uint64_t nop = Disk::max_in_flight;  // user_data of what stands where a write failed to be submitted

bool writes_supported(io_uring* ring) {
  io_uring_probe* probe = io_uring_get_probe_ring(ring);
  if (probe == nullptr) return false;
  const bool supported = io_uring_opcode_supported(probe, IORING_OP_WRITE) != 0 &&
                         io_uring_opcode_supported(probe, IORING_OP_WRITE_FIXED) != 0;
  io_uring_free_probe(probe);
  return supported;
}

}  // namespace

std::unique_ptr<Uring> Uring::open(int& error_number) {
  std::unique_ptr<Uring> uring(new Uring);
  const int made = io_uring_queue_init(entries, &uring->ring_, 0);
  if (made < 0) {
    error_number = -made;
    return nullptr;
  }
  uring->made_ = true;
  if ((uring->ring_.features & needed_features) != needed_features || !writes_supported(&uring->ring_)) {
    error_number = ENOSYS;
    return nullptr;
  }
  return uring;
}

Uring::~Uring() {
  for (const Place& place : places_) PAWL_ASSERT(!place.used);
  if (made_) io_uring_queue_exit(&ring_);
}

int Uring::pin(std::span<std::byte> memory) {
  const iovec vector{memory.data(), memory.size()};
  const int result = io_uring_register_buffers(&ring_, &vector, 1);
  if (result == 0) pinned_ = memory;
  return result;
}

void Uring::unpin() {
  // A ring that kept its pins would write from the old pages after the memory at that address has been replaced.
  if (!pinned_.empty()) PAWL_ASSERT(io_uring_unregister_buffers(&ring_) == 0);
  pinned_ = {};
}

bool Uring::pinned(std::span<const std::byte> memory) const {
  return !pinned_.empty() && memory.data() >= pinned_.data() && memory.data() + memory.size() <= pinned_.data() + pinned_.size();
}

std::size_t Uring::free_place() const {
  std::size_t place = 0;
  while (place < places_.size() && places_[place].used) ++place;
  return place;
}

int Uring::submit(int descriptor, std::span<const std::byte> from, std::uint64_t offset, std::uint64_t tag, int flags) {
  const std::size_t place = free_place();
  PAWL_ASSERT(place < places_.size());
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  if (entry == nullptr) return -EAGAIN;  // full of writes that failed to be submitted, and of nothing else
  const auto bytes = static_cast<unsigned>(from.size());
  if (pinned(from)) {
    io_uring_prep_write_fixed(entry, descriptor, from.data(), bytes, offset, 0);
  } else {
    io_uring_prep_write(entry, descriptor, from.data(), bytes, offset);
  }
  entry->rw_flags = flags;
  io_uring_sqe_set_data64(entry, place);
  const int submitted = io_uring_submit(&ring_);
  if (submitted < 1) {
    // The entry stays in the queue and would be written at the next submission, when the caller may have resubmitted it.
    io_uring_prep_nop(entry);
    io_uring_sqe_set_data64(entry, nop);
    return submitted < 0 ? submitted : -EAGAIN;
  }
  places_[place] = {tag, true};
  return 0;
}

std::size_t Uring::take(std::span<Completion> into) {
  std::size_t count = 0;
  io_uring_cqe* entry = nullptr;
  while (count < into.size() && io_uring_peek_cqe(&ring_, &entry) == 0) {
    const std::uint64_t place = io_uring_cqe_get_data64(entry);
    if (place != nop) {
      PAWL_ASSERT(place < places_.size() && places_[place].used);
      into[count++] = {places_[place].tag, entry->res};
      places_[place].used = false;
    }
    io_uring_cqe_seen(&ring_, entry);
  }
  return count;
}

void Uring::block(Duration timeout) {
  io_uring_cqe* entry = nullptr;
  __kernel_timespec limit{.tv_sec = timeout / one_second, .tv_nsec = timeout % one_second};
  // Whatever it returns (-ETIME, -EINTR), the caller looks at the queue.
  static_cast<void>(io_uring_wait_cqe_timeout(&ring_, &entry, &limit));
}

std::unique_ptr<Uring> UringStore::take() {
  {
    const std::lock_guard hold(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Uring> ring = std::move(idle_.back());
      idle_.pop_back();
      return ring;
    }
  }
  int ignored = 0;
  return Uring::open(ignored);
}

void UringStore::give_back(std::unique_ptr<Uring> ring) {
  ring->unpin();
  const std::lock_guard hold(mutex_);
  if (idle_.size() < idle_max) idle_.push_back(std::move(ring));
}

}  // namespace pawl::io
