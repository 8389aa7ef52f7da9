// Texts of lets beside lets that there are no registers for.
#include <doctest/doctest.h>

#include <string>

#include "pawl/core/language/check.hpp"
#include "pawl/core/rules/text_lets.hpp"
#include "product.hpp"

using namespace pawl;
using namespace pawl::lockstep_test;

namespace text_lets_test {
namespace {

// Floats are compared one by one: more than there are registers.
std::string source() {
  std::string text = "pipeline \"texts\" version 1\nevent E { at: time, key: int, r: float, note: text(20) }\nlet kept = note otherwise \"none\"\nlet filled = r in (0.5";
  for (int i = 1; i < 30'100; ++i) text += "," + std::to_string(i) + ".5";
  return text + ")\nlet lost = if key > 5 then note else \"a text that is lost\"\nrule r { on E when key > 0 }\n";
}

}  // namespace

TEST_CASE("a text that there is no register for is kept nowhere") {
  const language::Checked checked = language::check(source(), "texts.pawl");
  REQUIRE(checked.pipeline);
  const rules::Plan plan = rules::make_plan(*checked.pipeline);
  REQUIRE(plan.not_evaluated.size() == 3);  // filled, lost, and the rule
  CHECK(plan.lets[0].is_text);
  CHECK(!plan.lets[2].evaluated);
  CHECK(!plan.lets[2].is_text);

  twin::Log log(*checked.pipeline);
  const auto note = [](Sequence s) { return "note " + std::to_string(s); };
  for (Sequence s = 1; s < 64; ++s) {
    std::byte* const slot = log.append(0, s);
    write_number(checked.pipeline->events[0], slot, 1, s);
    REQUIRE(write_text(checked.pipeline->events[0], slot, 3, note(s)));
  }
  const twin::Memory cells(state::Tiles::memory_bytes(plan.feature_columns, 2));
  const state::Tiles tiles(cells.span(), plan.feature_columns, 2);
  rules::Evaluator evaluator(plan);
  rules::TextLets texts(plan);
  for (Sequence s = 0; s < 64; ++s) {
    evaluator.run(log.view(), tiles, s, s);
    texts.keep(evaluator);
  }
  for (Sequence s = 1; s < 64; ++s) {
    const std::span<const std::byte> text = texts.at(0, static_cast<std::size_t>(s));
    CHECK(std::string(reinterpret_cast<const char*>(text.data())) == note(s));
  }
}

}  // namespace text_lets_test
