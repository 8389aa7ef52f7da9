// Short ways to write events and what a pattern makes of them.
//
//   "A@0:5 B@10:2 A@11k2:- T@12"   an A of key 1 at second 0 with v = 5; a B; an A of key 2 whose v is missing; a tick. k- is a missing key
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "harness.hpp"

namespace pawl::pattern_test {

inline constexpr std::string_view events_of_script = R"(pipeline "script" version 1
event A { at: time, k: int, v: int, t: text(24) }
event B { at: time, k: int, v: int, t: text(24) }
let twice = 2 * v
)";

inline void append(twin::Log& log, std::string_view word) {
  const language::Pipeline& pipeline = log.pipeline();
  const std::size_t event = word[0] == 'A' ? 0 : 1;
  const std::size_t at = word.find('@'), key = word.find('k'), value = word.find(':');
  const auto part = [&](std::size_t from, std::size_t to) { return std::string(word.substr(from + 1, std::min(to, word.size()) - from - 1)); };
  if (word[0] == 'T') return log.append_tick(static_cast<Time>(std::stold(part(at, word.size())) * one_second));
  std::byte* const slot = log.append(event, static_cast<Time>(std::stold(part(at, std::min(key, value))) * one_second));
  const std::string k = key == std::string_view::npos ? "1" : part(key, value), v = value == std::string_view::npos ? "-" : part(value, word.size());
  if (k != "-") write_number(pipeline.events[event], slot, 1, std::stoll(k));
  if (v != "-") write_number(pipeline.events[event], slot, 2, std::stoll(v));
  if (v != "-") CHECK(write_text(pipeline.events[event], slot, 3, "t" + v));
}

inline twin::Log log_of(const language::Pipeline& pipeline, std::string_view events) {
  twin::Log log(pipeline);
  while (!events.empty()) {
    const std::size_t end = std::min(events.find(' '), events.size());
    if (end > 0) append(log, events.substr(0, end));
    events.remove_prefix(std::min(end + 1, events.size()));
  }
  return log;
}

// "2=7 5=1": at the second event the rule fired and scored 7. "3?": `where` was missing. "4=7@2": a deadline passed at the fourth, of a run that
// the second had begun. From the twin; the matcher has to agree, in any
// batches and restarts.
inline std::string fired(const std::string& body, std::string_view events) {
  const auto pipeline = checked(std::string(events_of_script) + "rule r { " + body + " }\n");
  const twin::Log log = log_of(*pipeline, events);
  std::uint64_t dropped = 0;
  const Findings expected = by_twin(*pipeline, log, &dropped);
  for (const std::uint64_t batch_max : {1U, 3U, 64U}) {
    for (const std::uint64_t restart : {0U, 1U, 2U}) {
      std::uint64_t dropped_too = 0;
      CHECK(by_matcher(*pipeline, log, batch_max, batch_max, restart, &dropped_too) == expected);
      CHECK(dropped_too == dropped);
    }
  }
  std::string text;
  for (const auto& [sequence, what] : expected) {
    std::string found = what;
    for (std::size_t at = found.find("r"); at != std::string::npos; at = found.find("r")) found.replace(at, 1, std::to_string(sequence));
    text += found;
  }
  if (dropped != 0) text += "dropped " + std::to_string(dropped) + " ";
  return text.empty() ? text : text.substr(0, text.size() - 1);
}

}  // namespace pawl::pattern_test
