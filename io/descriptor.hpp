// An owned file descriptor.
#pragma once

#include <unistd.h>

#include <utility>

namespace pawl::io {

// Closed by its destructor. close() errors are not reported: whoever needs the data on the device has synced it before.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { if (fd_ >= 0) ::close(fd_); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace pawl::io
