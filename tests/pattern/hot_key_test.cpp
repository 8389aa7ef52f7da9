// Many patterns at their limit on one key: the oldest runs give way, and it costs a few steps a pattern.
#include <ctime>

#include "script.hpp"

using namespace pawl;
using namespace pawl::pattern_test;

namespace {

std::string patterns(int count, int limit) {
  std::string text(events_of_script);
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    text += "rule r" + n + " { pattern a: A(v != " + n + ") then b: B(v = a.v + " + n + ") within 1h per k" + (i % 3 == 0 ? " after match skip to next" : "") + " limit " + std::to_string(limit) + " then score " + n + " }\n";
  }
  return text;
}

twin::Log log_of_one_key(const language::Pipeline& pipeline, int events, int every_b) {
  std::string text;
  for (int i = 0; i < events; ++i) text += (i % every_b == every_b - 1 ? "B@" : "A@") + std::to_string(i) + ":" + std::to_string(i * 7 % 11) + " ";
  return log_of(pipeline, text);
}

double processor_seconds() {
  std::timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Of the best of three runs, in time of this thread: others on the machine take turns with it.
double seconds(int count) {
  const auto pipeline = checked(patterns(count, 16));
  const twin::Log log = log_of_one_key(*pipeline, 500, 1000);
  double best = 1e9;
  for (int run = 0; run < 3; ++run) {
    Fast fast(*pipeline, {.keys_max = 1 << 10, .runs_max = 1 << 20});
    Findings out;
    const double begin = processor_seconds();
    fast.feed(log, 0, log.last(), out);
    best = std::min(best, processor_seconds() - begin);
    CHECK(fast.counters().runs_dropped > 400 * static_cast<std::uint64_t>(count));
  }
  return best;
}

}  // namespace

TEST_CASE("the oldest run of each pattern gives way, whatever stands before it in the key's list") {
  for (const int limit : {1, 2, 3}) {
    CAPTURE(limit);
    const auto pipeline = checked(patterns(12, limit));
    const twin::Log log = log_of_one_key(*pipeline, 200, 5);
    std::uint64_t dropped = 0, dropped_too = 0;
    const Findings expected = by_twin(*pipeline, log, &dropped);
    CHECK(expected.size() > 10);
    CHECK(by_matcher(*pipeline, log, 1, 64, 2, &dropped_too) == expected);
    CHECK(dropped_too == dropped);
    CHECK(dropped > 100);
  }
}

TEST_CASE("patterns at their limit on one key cost in proportion to their number") {
  const double few = seconds(25), many = seconds(200);
  CAPTURE(few);
  CAPTURE(many);
  CHECK(many < 24 * few);  // eight times as many patterns: a pass for each of them would take some 64 times as long
}
