#include "pawl/io/thread.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "pawl/core/base/types.hpp"
#include "pawl/io/os_error.hpp"

namespace pawl::io {
namespace {

constexpr std::size_t name_bytes_max = 15;  // TASK_COMM_LEN less the terminator

constexpr int background_niceness = 10;  // a tenth of a CPU that another thread keeps busy, all of one that is idle
constexpr int prompt_niceness = -10;
constexpr Duration prompt_slice = 300'000;

struct Start {
  std::string name;
  std::function<void()> body;
  Priority priority;
};

// sched_attr of sched_setattr(2), which glibc does not declare.
struct SchedulerAttributes {
  std::uint32_t size = sizeof(SchedulerAttributes), policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t niceness = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;  // runtime: the slice, ns; of no effect before Linux 6.12
};
static_assert(sizeof(SchedulerAttributes) == 48);

id_t this_thread() { return static_cast<id_t>(::gettid()); }

int niceness() { return ::getpriority(PRIO_PROCESS, this_thread()); }

// Whoever chose another policy for this process, or a lower niceness, has chosen for this thread too.
void go_first() {
  if (::sched_getscheduler(0) != SCHED_OTHER) return;
  if (niceness() > prompt_niceness) ::setpriority(PRIO_PROCESS, this_thread(), prompt_niceness);
  SchedulerAttributes attributes{.niceness = niceness(), .runtime = prompt_slice};
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

// Of this thread alone, on Linux. What is refused is done without: nobody may be refused to be nicer.
void set_priority(Priority priority) {
  if (priority == Priority::background) ::setpriority(PRIO_PROCESS, this_thread(), background_niceness);
  if (priority == Priority::prompt) go_first();
}

void* run(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  ::pthread_setname_np(::pthread_self(), start->name.c_str());
  set_priority(start->priority);
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
  auto start = std::make_unique<Start>(Start{options.name, std::move(body), options.priority});
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

bool prompt_threads_go_first() {
  bool first = false;
  { const auto thread = Thread::start({.name = "prompt", .priority = Priority::prompt}, [&] {
      const int policy = ::sched_getscheduler(0);
      first = policy == SCHED_FIFO || policy == SCHED_RR || niceness() <= prompt_niceness;
    });
  }
  return first;
}

int pin_this_thread(int cpu) {
  if (cpu < 0 || cpu >= CPU_SETSIZE) return EINVAL;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  return ::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);
}

}  // namespace pawl::io
