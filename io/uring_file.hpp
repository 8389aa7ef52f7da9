// A file whose asynchronous writes go through io_uring, all of them or the long ones; all else by blocking calls.
#pragma once

#include "pawl/io/posix_file.hpp"
#include "pawl/io/uring.hpp"

namespace pawl::io {

class UringFile : public PosixFile {
 public:
  // `async_bytes_min`: shorter writes block in submit_write.
  UringFile(Opened opened, std::shared_ptr<UringStore> store, std::size_t async_bytes_min)
      : PosixFile(std::move(opened)), store_(std::move(store)), async_bytes_min_(async_bytes_min) {}
  ~UringFile() override;

  int pin_buffers(std::span<std::byte> memory) override;
  int submit_write(std::span<const std::byte> from, std::uint64_t offset, std::uint64_t tag) override;
  std::size_t poll(std::span<Completion> into) override;
  std::size_t wait(std::span<Completion> into, Duration timeout) override;

 private:
  // The ring is taken with the first use: most files never write asynchronously.
  [[nodiscard]] bool have_ring();
  [[nodiscard]] std::size_t take(std::span<Completion> into);
  void make_durable(std::span<Completion> ended);

  std::shared_ptr<UringStore> store_;
  std::size_t async_bytes_min_;
  std::unique_ptr<Uring> ring_;
  bool refused_ = false;  // the kernel gave no ring: blocking writes from then on
  std::size_t in_flight_ = 0;
};

}  // namespace pawl::io
