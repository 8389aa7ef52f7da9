#include "pawl/io/thread.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "pawl/io/os_error.hpp"

namespace pawl::io {
namespace {

constexpr std::size_t name_bytes_max = 15;  // TASK_COMM_LEN less the terminator

constexpr int background_niceness = 10;  // a tenth of a CPU that another thread keeps busy, all of one that is idle

struct Start {
  std::string name;
  std::function<void()> body;
  bool background;
};

void* run(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  ::pthread_setname_np(::pthread_self(), start->name.c_str());
  // Of this thread alone, on Linux; nobody may be refused to be nicer.
  if (start->background) ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), background_niceness);
  start->body();
  return nullptr;
}

// 0 or errno. The attribute pins the thread before its first instruction, so that its stack and first allocations are local.
int create(pthread_t& handle, std::unique_ptr<Start>& start, std::optional<int> cpu) {
  pthread_attr_t attributes;
  if (const int failed = ::pthread_attr_init(&attributes); failed != 0) return failed;
  int result = 0;
  if (cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(*cpu), &set);
    result = *cpu < CPU_SETSIZE ? ::pthread_attr_setaffinity_np(&attributes, sizeof set, &set) : EINVAL;
  }
  if (result == 0) result = ::pthread_create(&handle, &attributes, run, start.get());
  if (result == 0) static_cast<void>(start.release());  // the thread's own now
  ::pthread_attr_destroy(&attributes);
  return result;
}

}  // namespace

Result<Thread> Thread::start(const ThreadOptions& options, std::function<void()> body) {
  PAWL_ASSERT(!options.name.empty());
  PAWL_ASSERT(options.name.size() <= name_bytes_max);
  Thread thread;
  auto start = std::make_unique<Start>(Start{options.name, std::move(body), options.background});
  int failed = create(thread.handle_, start, options.cpu);
  thread.pinned_ = failed == 0 && options.cpu.has_value();
  if (failed == EINVAL && options.cpu) {
    thread.notice_ = "thread " + options.name + " is not pinned, because this process may not use CPU " + std::to_string(*options.cpu) +
                     ": latencies vary more; widen its cpuset or affinity ('taskset -p')";
    failed = create(thread.handle_, start, std::nullopt);
  }
  if (failed != 0) return os_error("cannot start thread", options.name, failed);
  thread.running_ = true;
  return thread;
}

Thread::Thread(Thread&& other) noexcept { *this = std::move(other); }

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this == &other) return *this;
  join();
  handle_ = other.handle_;
  running_ = std::exchange(other.running_, false);
  pinned_ = other.pinned_;
  notice_ = std::move(other.notice_);
  return *this;
}

void Thread::join() {
  if (std::exchange(running_, false)) PAWL_ASSERT(::pthread_join(handle_, nullptr) == 0);
}

int pin_this_thread(int cpu) {
  if (cpu < 0 || cpu >= CPU_SETSIZE) return EINVAL;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  return ::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);
}

}  // namespace pawl::io
