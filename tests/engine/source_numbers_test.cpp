// Numbers of sources: by name, never given twice, and none beyond what a record can hold.
#include "pawl/journal/engine/source_numbers.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "pawl/core/base/limits.hpp"

using pawl::journal::number_source;
using pawl::journal::SourceState;

TEST_CASE("a known name keeps its number and tickets, a new one gets the next") {
  const auto first = number_source({}, "a");
  REQUIRE(first.ok());
  CHECK(first->number == 1);
  CHECK(first->is_new);
  const std::vector<SourceState> known{{7, "b", 99}, {3, "a", 5}};
  const auto a = number_source(known, "a"), c = number_source(known, "c");
  REQUIRE((a.ok() && c.ok()));
  CHECK(a->number == 3);
  CHECK(a->last_ticket == 5);
  CHECK_FALSE(a->is_new);
  CHECK(c->number == 8);
  CHECK(c->last_ticket == 0);
  CHECK(c->is_new);
}

TEST_CASE("behind the last number comes an error, not number 0 or another source's") {
  std::vector<SourceState> known{{pawl::limits::sources_max - 1, "y", 1}};
  const auto last = number_source(known, "z");
  REQUIRE(last.ok());
  CHECK(last->number == 65'535);
  known.push_back({last->number, "z", 1});
  const auto none = number_source(known, "gateway-1");
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().code == pawl::ErrorCode::usage);
  CHECK(none.error().text.find("65535 sources") != std::string::npos);
  CHECK(none.error().text.find("no number is left for \"gateway-1\". Use the name of an earlier source again") != std::string::npos);
  CHECK(number_source(known, "z").ok());
}
