// Times at the ends of their 64 bits and on both sides of 1970: the same values as the twin's, and nothing undefined on the way
// (UBSan runs this too).
#include <doctest/doctest.h>

#include "pawl/core/language/check.hpp"
#include "product.hpp"

namespace time_edges_test {

using namespace pawl;
using namespace pawl::lockstep_test;

namespace {

constexpr const char* source = R"(pipeline "times" version 1
event E { at: time, key: int, t: time, d: duration }
let hour      = hour_of(t)
let weekday   = weekday_of(t)
let hour_at   = hour_of(at)
let gap       = t - at
let back      = at - t
let sooner    = t - d
let later     = t + d
let day_on    = hour_of(t + 24h)
let in_hours  = hours(t - at)
let twice     = d * 2
let other_way = -d
let size      = abs(d)
let rest      = d % 7ns
let late      = late_by
let late_too  = late_by + d
let hour_long = count(per key, 1h)
let delayed   = count(per key, 36500d delayed 36500d)
let before    = prior last(t per key, 36500d)
let since     = t - prior last(t per key, since start)
let waits     = sum(d per key, 36500d)
let lateness  = sum(late_by per key, last 3)
rule morning  { on E when hour < 12 and weekday <= 5 then score 1 }
rule ordered  { on E when t > at or sooner < later then score 2 if missing fire }
)";

constexpr Duration day = 86'400 * one_second;
constexpr std::int64_t edges[] = {INT64_MIN, INT64_MIN + 1,  INT64_MIN + day, -day - 1, -day, -day + 1, -3600 * one_second, -1, 0,
                                  1,         day - 1,        day,             day + 1,  INT64_MAX - day, INT64_MAX - 1, INT64_MAX};

// Every edge as the time of an event, with every edge as its field; the effective time climbs from one end to the other, and in a
// second pass all events are late.
twin::Log log_of(const language::Pipeline& pipeline) {
  twin::Log log(pipeline);
  for (int pass = 0; pass < 2; ++pass) {
    for (const std::int64_t at : edges) {
      for (const std::int64_t value : edges) {
        std::byte* slot = log.append(0, at);
        write_number(pipeline.events[0], slot, 1, value % 2);
        write_number(pipeline.events[0], slot, 2, value);
        write_number(pipeline.events[0], slot, 3, value);
      }
    }
  }
  return log;
}

}  // namespace

TEST_CASE("times at the ends of 64 bits equal the twin's") {
  const language::Checked checked = language::check(source, "times.pawl");
  std::string problems;
  for (const auto& diagnostic : checked.diagnostics) problems += language::render(diagnostic, source, "times.pawl");
  REQUIRE_MESSAGE(checked.pipeline, problems);
  const auto difference = twin::lockstep::find_difference<Decisions<1>>(*checked.pipeline, log_of(*checked.pipeline), {0});
  CHECK_MESSAGE(!difference, difference.value_or(""));
}

// A tick has no event, but the lists that its deadlines ask are asked at the log's time, not at that of whatever stood in its place before.
TEST_CASE("a deadline that a tick fires asks lists at the effective time") {
  const language::Checked checked = language::check(R"(pipeline "ticks" version 1
event E { at: time, key: int, add: bool }
list hot of int expires after 5s
rule heat   { on E when add then add key to hot }
rule silent { pattern a: E(not add) then no E within 2s per key then score if a.key in hot then 3 else 8 }
)", "ticks.pawl");
  REQUIRE(checked.pipeline);
  twin::Log log(*checked.pipeline);
  const auto event = [&](Time at, bool add) {
    std::byte* slot = log.append(0, at);
    write_number(checked.pipeline->events[0], slot, 1, 7);
    write_number(checked.pipeline->events[0], slot, 2, add ? 1 : 0);
  };
  event(10 * one_second, true);
  event(20 * one_second, false);          // hot no longer holds the key
  log.append_tick(23 * one_second);
  event(30 * one_second, true);
  event(31 * one_second, false);
  log.append_tick(34 * one_second);       // but now
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}}) {
    const auto difference = twin::lockstep::find_difference<Decisions<1>>(*checked.pipeline, log, {seed});
    CHECK_MESSAGE(!difference, difference.value_or(""));
  }
}

}  // namespace time_edges_test
