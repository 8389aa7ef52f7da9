#include "pawl/io/thread.hpp"

#include <doctest/doctest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

using namespace pawl;

namespace {

int niceness() { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); }

// What the kernel says of a thread: sched_attr of sched_getattr(2), which glibc does not declare.
struct Scheduling {
  std::uint32_t size = 0, policy = 0;
  std::uint64_t flags = 0;
  std::int32_t niceness = 0;
  std::uint32_t priority = 0;
  std::uint64_t slice = 0, deadline = 0, period = 0;
};

Scheduling scheduling_of(io::Priority priority) {
  Scheduling result;
  {
    const auto thread = io::Thread::start({.name = "thread", .priority = priority}, [&] { ::syscall(SYS_sched_getattr, 0, &result, sizeof result, 0); });
    REQUIRE(thread.ok());
  }
  REQUIRE(result.size == sizeof result);
  return result;
}
int niceness_of(io::Priority priority) { return scheduling_of(priority).niceness; }

bool kernel_has_slices() {
  utsname name{};
  REQUIRE(::uname(&name) == 0);
  int major = 0, minor = 0;
  REQUIRE(std::sscanf(name.release, "%d.%d", &major, &minor) == 2);
  return major > 6 || (major == 6 && minor >= 12);
}

// In a thread of its own, which what is tried ends with.
template <class Body>
void apart(Body body) { std::thread(body).join(); }

bool may_lower_niceness() {
  bool may = false;
  apart([&] { may = ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), -10) == 0; });
  return may;
}

// Without CAP_SYS_NICE and with no RLIMIT_NICE. Thread: those started from here on; not undone, so for one that ends with the test.
void give_up_priority() {
  const rlimit none{0, 0};
  REQUIRE(::setrlimit(RLIMIT_NICE, &none) == 0);
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  REQUIRE(::syscall(SYS_capget, &header, data) == 0);
  data[0].effective &= ~(1U << CAP_SYS_NICE);
  data[0].permitted &= ~(1U << CAP_SYS_NICE);
  REQUIRE(::syscall(SYS_capset, &header, data) == 0);
}

}  // namespace

TEST_CASE("a background thread gives way to all others, and nobody else does") {
  const int own = niceness();
  CHECK(niceness_of(io::Priority::background) == 10);
  CHECK(niceness_of(io::Priority::normal) == own);
  CHECK(niceness() == own);
}

TEST_CASE("a prompt thread goes before all others where the process may, and runs as others do where it may not") {
  CHECK(io::prompt_threads_go_first() == may_lower_niceness());
  CHECK(niceness_of(io::Priority::prompt) == (may_lower_niceness() ? -10 : niceness()));
  if (kernel_has_slices()) CHECK(scheduling_of(io::Priority::prompt).slice == 300'000);
  apart([] {
    give_up_priority();
    CHECK_FALSE(io::prompt_threads_go_first());
    CHECK(niceness_of(io::Priority::prompt) == niceness());
    if (kernel_has_slices()) CHECK(scheduling_of(io::Priority::prompt).slice == 300'000);
  });
}

TEST_CASE("who started the process under another policy, or with a lower niceness, is not overruled") {
  apart([] {
    if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), -15) == 0) CHECK(niceness_of(io::Priority::prompt) == -15);
    else MESSAGE("SKIPPED: lower niceness: this process may not have it");
  });
  apart([] {
    const sched_param none{};
    REQUIRE(::sched_setscheduler(0, SCHED_BATCH, &none) == 0);
    CHECK(scheduling_of(io::Priority::prompt).policy == SCHED_BATCH);
  });
  apart([] {
    const sched_param ten{.sched_priority = 10};
    if (::sched_setscheduler(0, SCHED_FIFO, &ten) != 0) {
      MESSAGE("SKIPPED: real time: this process may not run in it");
      return;
    }
    const Scheduling prompt = scheduling_of(io::Priority::prompt);
    CHECK(prompt.policy == SCHED_FIFO);
    CHECK(prompt.priority == 10);
    CHECK(io::prompt_threads_go_first());
  });
}
