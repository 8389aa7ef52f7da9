// A shadow beside the engine under test: takes one snapshot after the other for as long as it lives.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"

namespace pawl::bench {

class Shadow {
 public:
  // Of the journal in `directory`, which may not be there yet. `threads`: of its replay.
  Shadow(std::string directory, int threads);
  ~Shadow();  // waits for the snapshot under way
  Shadow(const Shadow&) = delete;
  Shadow& operator=(const Shadow&) = delete;

  // Ends it. Fails if a snapshot failed for another reason than that there was no journal, or too short a one.
  void stop();

  // Once stopped.
  [[nodiscard]] int taken() const noexcept { return taken_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }  // of the last

 private:
  void run();
  void take_one();

  std::string directory_;
  int threads_;
  std::unique_ptr<io::Disk> disk_;
  io::SystemClock clock_;
  int taken_ = 0;
  std::uint64_t bytes_ = 0;
  std::string error_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace pawl::bench
