#include "pawl/io/thread.hpp"

#include <doctest/doctest.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

using namespace pawl;

namespace {

int niceness() { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); }

int niceness_of(io::Priority priority) {
  int result = 100;
  {
    const auto thread = io::Thread::start({.name = "thread", .priority = priority}, [&] { result = niceness(); });
    REQUIRE(thread.ok());
  }
  return result;
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
  CHECK(niceness_of(io::Priority::prompt) == (io::may_start_prompt_threads() ? -10 : niceness()));
  std::thread([] {
    give_up_priority();
    CHECK_FALSE(io::may_start_prompt_threads());
    CHECK(niceness_of(io::Priority::prompt) == niceness());
  }).join();
}
