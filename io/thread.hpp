// A named thread, pinned to a CPU if wanted.
#pragma once

#include <pthread.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "pawl/core/base/result.hpp"

namespace pawl::io {

// background: gives way to all others, niceness 10. prompt: for a thread that sleeps most of the time and must run as soon as it is woken,
// although others never leave their CPUs. The scheduler of Linux 6.6 and later otherwise lets these end their turn, which a tick ends: 4 ms.
// Slices of 0.3 ms from Linux 6.12 on, and niceness -10 if this process may (see prompt_threads_go_first()), unless it was started under
// another policy than the usual one: that stays.
enum class Priority { normal, background, prompt };

struct ThreadOptions {
  std::string name = {};        // as `top -H` shows it. REQUIRES: 1 to 15 bytes
  std::optional<int> cpu = {};  // none: the scheduler chooses
  Priority priority = Priority::normal;
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

// Whether threads of Priority::prompt do go first: with CAP_SYS_NICE or RLIMIT_NICE, or under a real-time policy. Starts a thread to see.
[[nodiscard]] bool prompt_threads_go_first();

// Pins the calling thread; 0 or errno.
[[nodiscard]] int pin_this_thread(int cpu);

}  // namespace pawl::io
