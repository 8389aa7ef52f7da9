// The order of texts: by bytes, unsigned; missing gives missing; between fields of different lengths, with constants on either side.
#include <doctest/doctest.h>

#include "pawl/core/language/check.hpp"
#include "product.hpp"

namespace text_order_test {

using namespace pawl;
using namespace pawl::lockstep_test;

namespace {

constexpr const char* source = R"(pipeline "texts" version 1
event E { at: time, key: int, a: text(3), b: text(12) }
event F { at: time, key: int, b: text(12) }
let less          = a < b
let less_equal    = a <= b
let greater       = a > b
let greater_equal = a >= b
let before_m      = a < "m"
let up_to_m       = a <= "m"
let after_m       = a > "m"
let from_m        = a >= "m"
let m_before      = "m" < b
let m_up_to       = "m" <= b
let m_after       = "m" > b
let m_from        = "m" >= b
let within        = b between "a" and "m"
let around        = a between "" and b
let none          = not (a < b or a >= b)
rule low  { on E when a < b and not (b <= "ab") then score 1 }
rule safe { on E when a >= "m" then score 2 if missing fire }
rule both { on E, F when b > "ab" then score 4 }
)";

constexpr const char* values[] = {"", "a", "ab", "abc", "m", "ma", "l\xFF", "\xC3\xA9", "z", "\x01", "A", nullptr};

void write(const EventSchema& schema, std::byte* slot, std::size_t field, const char* value) {
  if (value != nullptr) REQUIRE(write_text(schema, slot, field, value));
}

twin::Log log_of(const language::Pipeline& pipeline) {
  twin::Log log(pipeline);
  Time at = 0;
  for (const char* a : values) {
    for (const char* b : values) {
      std::byte* slot = log.append(0, ++at);
      write(pipeline.events[0], slot, 2, a);
      write(pipeline.events[0], slot, 3, b);
      if (at % 3 == 0) write(pipeline.events[1], log.append(1, at), 2, b);
    }
  }
  return log;
}

}  // namespace

TEST_CASE("texts in order equal the twin's, and nothing of it is left out") {
  const language::Checked checked = language::check(source, "texts.pawl");
  std::string problems;
  for (const auto& diagnostic : checked.diagnostics) problems += language::render(diagnostic, source, "texts.pawl");
  REQUIRE_MESSAGE(checked.pipeline, problems);
  CHECK(rules::make_plan(*checked.pipeline).not_evaluated.empty());
  const auto difference = twin::lockstep::find_difference<Decisions<1>>(*checked.pipeline, log_of(*checked.pipeline), {0});
  CHECK_MESSAGE(!difference, difference.value_or(""));
}

}  // namespace text_order_test
