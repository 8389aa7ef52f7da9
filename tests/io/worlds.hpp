// The disks that one conformance suite runs over, each with an empty directory to work in.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "pawl/io/disk.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/simulated.hpp"

namespace pawl::io::test {

// A fresh directory on the file system of the build, gone with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::string(PAWL_BINARY_DIR) + "/io-test-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Empty if the backend cannot be had here: the tests then skip, visibly.
inline std::unique_ptr<Disk> real_or_skip(Backend backend) {
  auto disk = make_real_disk(backend);
  if (disk) return *std::move(disk);
  MESSAGE("SKIPPED: real disk: ", disk.error().text);
  return nullptr;
}

template <Backend backend>
struct RealWorld {
  static constexpr bool is_direct = backend != Backend::buffered;
  TemporaryDirectory directory;
  std::string root = directory.path();
  std::unique_ptr<Disk> disk = real_or_skip(backend);
};

using UringWorld = RealWorld<Backend::io_uring>;
using MixedWorld = RealWorld<Backend::mixed>;
using PwriteWorld = RealWorld<Backend::pwritev2>;
using BufferedWorld = RealWorld<Backend::buffered>;

struct SimulatedWorld {
  static constexpr bool is_direct = true;
  std::string root = "/data";
  std::unique_ptr<Disk> disk = std::make_unique<SimulatedDisk>();
  SimulatedWorld() { REQUIRE(disk->make_directory(root).ok()); }
};

struct TimedSimulatedWorld {
  static constexpr bool is_direct = true;
  SimulatedClock clock;
  std::string root;  // the root directory itself
  std::unique_ptr<Disk> disk = std::make_unique<SimulatedDisk>(SimulatedOptions{.clock = &clock});
};

// Memory that every backend accepts for direct transfers.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::size_t bytes, std::uint8_t fill = 0)
      : memory_(static_cast<std::byte*>(std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment)), std::free),
        bytes_(bytes) {
    std::memset(memory_.get(), fill, bytes);
  }
  [[nodiscard]] std::span<std::byte> span() { return {memory_.get(), bytes_}; }
  [[nodiscard]] std::byte* data() { return memory_.get(); }
  [[nodiscard]] bool all(std::uint8_t value) const {
    for (std::size_t i = 0; i < bytes_; ++i) {
      if (memory_[i] != std::byte{value}) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t alignment = 4096;
  std::unique_ptr<std::byte[], void (*)(void*)> memory_;
  std::size_t bytes_;
};

}  // namespace pawl::io::test
