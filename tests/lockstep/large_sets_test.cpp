// Sets of more members than an instruction has room for.
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
