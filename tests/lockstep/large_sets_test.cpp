// Sets of more members than an instruction has room for, and of more than are compared one by one.
#include <doctest/doctest.h>

#include "pawl/core/language/check.hpp"
#include "product.hpp"

using namespace pawl;
using namespace pawl::lockstep_test;

namespace {

// "0", "1", ... in base 36, so that many fit into a file.
std::string word(int number) {
  std::string text;
  do text.insert(text.begin(), "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36]);
  while ((number /= 36) > 0);
  return text;
}

}  // namespace

TEST_CASE("a set of 65,600 texts is this set") {
  constexpr int members = 65'600;
  std::string source = "pipeline \"sets\" version 1\nevent E { at: time, key: int, a: text(4), b: text(3) }\nrule listed { on E when a in (";
  for (int i = 0; i < members; ++i) source.append(i == 0 ? "\"" : ",\"").append(word(i)).append("\"");
  source += ") then score 1 }\nrule few { on E when a in (\"0\", \"1\") then score 2 }\n";
  const language::Checked checked = language::check(source, "sets.pawl");
  REQUIRE(checked.pipeline);
  twin::Log log(*checked.pipeline);
  const std::string values[] = {word(0), word(1), word(63), word(64), word(65'534), word(65'535), word(65'536), word(65'599), word(65'600), word(70'000), "zzzz", ""};
  for (const std::string& value : values) {
    std::byte* slot = log.append(0, log.last() + 1);
    REQUIRE(write_text(checked.pipeline->events[0], slot, 2, value));
  }
  log.append(0, log.last() + 1);
  const auto difference = twin::lockstep::find_difference<Decisions<1>>(*checked.pipeline, log, {0});
  CHECK_MESSAGE(!difference, difference.value_or(""));
}

// Around the sizes from which a set is searched, and from which it is no part of the tables of conditions.
TEST_CASE("a set of many numbers is this set") {
  for (const int members : {1, 8, 9, 10, 127, 128, 129, 1000}) {
    CAPTURE(members);
    std::string set = "(9223372036854775807";
    for (int i = 1; i < members; ++i) set += "," + std::to_string(i % 3 == 0 ? -9223372036854775807 + i : 2 * i);
    set += ")";
    const std::string source = "pipeline \"sets\" version 1\nevent E { at: time, key: int, other: int, m: money }\nlist seen of int\nlet listed = key in " + set +
                               "\nlet either = listed or key < 4\nrule listed { on E when listed then score 1 }\nrule unlisted { on E when not listed and other > 2 then score 2 }\n"
                               "rule sums { on E when key + other in " + set + " then score 4 }\nrule both { on E when either and other in " + set + " then score 8 }\n"
                               "rule remembers { on E when other = 3 then add key to seen }\nrule asks { on E when (if key in seen then key else other) in " + set + " then score 16 }\n";
    const language::Checked checked = language::check(source, "sets.pawl");
    REQUIRE(checked.pipeline);
    twin::Log log(*checked.pipeline);
    const std::int64_t values[] = {INT64_MIN, INT64_MIN + 1, INT64_MIN + 4, INT64_MIN + 7, 0, 2, 3, 4, 6, 8, 254, 256, 258, 260, 2 * members - 2, 2 * members, INT64_MAX - 1, INT64_MAX};
    for (const std::int64_t key : values) {
      for (const std::int64_t other : {std::int64_t{0}, std::int64_t{3}, std::int64_t{4}, INT64_MAX}) {
        std::byte* const slot = log.append(0, log.last() + 1);
        if (key != 8) write_number(checked.pipeline->events[0], slot, 1, key);
        if (other != 0) write_number(checked.pipeline->events[0], slot, 2, other);
      }
    }
    const auto difference = twin::lockstep::find_difference<Decisions<1>>(*checked.pipeline, log, {0});
    CHECK_MESSAGE(!difference, difference.value_or(""));
  }
}
