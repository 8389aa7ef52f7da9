#include "pawl/io/thread.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace pawl;

TEST_CASE("a background thread gives way to all others, and nobody else does") {
  int niceness = 0;
  {
    const auto thread = io::Thread::start({.name = "background", .background = true}, [&] { niceness = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); });
    REQUIRE(thread.ok());
  }
  CHECK(niceness == 10);
  CHECK(::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())) < 10);
}
