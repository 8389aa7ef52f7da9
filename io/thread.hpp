// A named thread, pinned to a CPU if wanted.
#pragma once

#include <pthread.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "pawl/core/base/result.hpp"

namespace pawl::io {

struct ThreadOptions {
  std::string name = {};        // as `top -H` shows it. REQUIRES: 1 to 15 bytes
  std::optional<int> cpu = {};  // none: the scheduler chooses
  bool background = false;      // gives way to all others: niceness 10
};

// Runs `body` until it returns. Joined by its destructor at the latest: the body must have been asked to end before. `body` must
// not throw.
class Thread {
 public:
  // Errors: io, if the kernel gives no thread. A CPU that this process may not use is no error: see pinned() and notice().
  static Result<Thread> start(const ThreadOptions& options, std::function<void()> body);

  Thread() = default;
  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&& other) noexcept;  // joins the thread it held
  ~Thread() { join(); }

  // Blocks until the body has returned. Again: no effect.
  void join();
  [[nodiscard]] bool joinable() const { return running_; }
  [[nodiscard]] bool pinned() const { return pinned_; }
  // Empty, or why the thread is not pinned, what is lost by it, and the cure.
  [[nodiscard]] const std::string& notice() const { return notice_; }

 private:
  pthread_t handle_{};
  bool running_ = false;
  bool pinned_ = false;
  std::string notice_;
};

// Pins the calling thread; 0 or errno.
[[nodiscard]] int pin_this_thread(int cpu);

}  // namespace pawl::io
