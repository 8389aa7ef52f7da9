// A machine without a journal, which is what a replay and a shadow run on, has no thread for one.
#include <doctest/doctest.h>

#include <string>

#include "pawl/io/system_clock.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"
#include "pawl/journal/engine/machine.hpp"

namespace replay_threads_test {

using namespace pawl;

TEST_CASE("a replay plans no thread for a journal, on any number of CPUs, and all else that a live engine has") {
  const auto pipeline = journal::check_pipeline("pipeline \"p\" version 1\nevent E { at: time, k: int }\nlet n = count(per k, 1h)\nrule r { on E when n > 1 then score 1 }\n", "p");
  REQUIRE(pipeline.ok());
  io::SystemClock clock;
  for (int threads = 1; threads <= 8; ++threads) {
    journal::MachineOptions options;
    options.threads = threads;
    options.state = window::StateLimits{.keys_max = 64, .entries_max = 256, .distinct_max = 64};
    auto machine = journal::Machine::make(*pipeline->pipeline, options, clock, nullptr, nullptr, no_sequence);
    REQUIRE_MESSAGE(machine.ok(), (machine.ok() ? "" : machine.error().text));
    const std::string plan = (*machine)->thread_plan();
    CAPTURE(plan);
    if (threads > 1) CHECK(plan.find("journal") == std::string::npos);  // on one, all is on it
    for (const char* stage : {"ingest", "windows", "decide", "emit"}) CHECK(plan.find(stage) != std::string::npos);
    REQUIRE((*machine)->start().ok());
    (*machine)->stop();
  }
}

}  // namespace replay_threads_test
