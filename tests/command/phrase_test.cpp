// Expressions printed in the language's own words: what is written in normal form comes back letter for letter.
#include "pawl/phrase.hpp"

#include <doctest/doctest.h>

#include <string>

#include "pawl/core/language/check.hpp"

namespace {

constexpr const char* events =
    "pipeline \"p\" version 1\n"
    "event Payment { id: int, at: time, customer: int, amount: money, device: text(8), fraud: bool, gap: duration }\n";

}  // namespace

TEST_CASE("an expression in normal form is printed as it was written") {
  for (const std::string text : {
           "count(per customer, 1d)",
           "prior avg(amount per customer, 30d)",
           "sum(amount per customer + device, 12h delayed 7d where fraud)",
           "last(id per customer, last 5)",
           "distinct(device per all, since start)",
           "share(fraud per customer, 7d delayed 7d) otherwise 0",
           "amount > 3 * prior avg(amount per customer, 30d)",
           "(id + 1) * 2 - 3",
           "id - (1 - id)",
           "not (fraud or id = 3) and amount <= 220.00",
           "device in (\"a\", \"b\")",
           "device starts with \"a\"",
           "id between 1 and 5",
           "amount is missing or fraud",
           "gap >= 90s",
           "-id + 1",
       }) {
    CAPTURE(text);
    const auto checked = pawl::language::check(events + std::string("let x = ") + text + "\n", "p.pawl");
    REQUIRE_MESSAGE(checked.pipeline, (checked.diagnostics.empty() ? "" : checked.diagnostics[0].message));
    CHECK(pawl::tools::phrase(*checked.pipeline, *checked.pipeline->lets[0].expr) == text);
  }
}
