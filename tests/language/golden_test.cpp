#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "pawl/core/language/check.hpp"
#include "pipelines.hpp"

using namespace pawl::language;

namespace {

std::string errors_of(const Checked& checked, std::string_view source) {
  std::string text;
  for (const Diagnostic& diagnostic : checked.diagnostics) {
    if (diagnostic.severity == Severity::error) text += render(diagnostic, source, "test.pawl");
  }
  return text;
}

// "name = canonical expression" of every let and rule, and what is not evaluated.
std::string tree_of(const Pipeline& pipeline) {
  std::string text;
  for (const Let& let : pipeline.lets) text += let.name + " = " + canonical(*let.expr) + (let.not_evaluated.empty() ? "" : " !") + '\n';
  for (const Rule& rule : pipeline.rules) {
    text += rule.name + " : " + (rule.when ? canonical(*rule.when) : "pattern") + (rule.not_evaluated.empty() ? "" : " ! " + rule.not_evaluated) + '\n';
  }
  return text;
}

std::string shared_data() {
  const char* configured = std::getenv("PAWL_SHARED_DATA");
  return configured != nullptr ? configured : std::string(PAWL_SOURCE_DIR) + "/../shared/data";
}

}  // namespace

TEST_CASE("the windows pipeline becomes this tree") {
  const Checked checked = check(test::windows, "windows.pawl");
  CHECK(errors_of(checked, test::windows) == "");
  REQUIRE(checked.pipeline != nullptr);
  CHECK(checked.pipeline->name == "windows");
  CHECK(checked.pipeline->version == 1);
  CHECK(tree_of(*checked.pipeline) == R"(paid_count_1d = (count (per customer) (time 86400000000000) (delay 0) (on 0))
paid_sum_7d = (sum (field amount:money) (per customer) (time 604800000000000) (delay 0) (on 0))
paid_avg_7d = (avg (field amount:money) (per customer) (time 604800000000000) (delay 0) (on 0))
frauds_7d = (count (per terminal) (time 604800000000000) (delay 604800000000000) (on 0) (where (field fraud:bool)))
term_count_7d = (count (per terminal) (time 604800000000000) (delay 604800000000000) (on 0))
term_risk_7d = (otherwise (share (field fraud:bool) (per terminal) (time 604800000000000) (delay 604800000000000) (on 0)) 0/1:ratio of int)
hard_limit : (> (field amount:money) 22000:money)
risky : (and (>= (let 4) 3:int) (>= (let 5) 1/2:ratio of int))
spike : (and (>= (prior count (per customer) (time 2592000000000000) (delay 0) (on 0)) 5:int) (> (field amount:money) (* 3:int (prior avg (field amount:money) (per customer) (time 2592000000000000) (delay 0) (on 0)))))
small_then_big : (and (> (field amount:money) 10000:money) (>= (prior count (per customer) (time 3600000000000) (delay 0) (on 0) (where (< (field amount:money) 200:money))) 1:int))
elsewhere : (and (!= (prior last (field terminal:int) (per customer) (start) (delay 0) (on 0)) (field terminal:int)) (<= (- (field at:time) (prior last (field at:time) (per customer) (start) (delay 0) (on 0))) 60000000000:duration))
dormant : (> (- (field at:time) (prior last (field at:time) (per customer) (start) (delay 0) (on 0))) 604800000000000:duration)
crowd : (>= (distinct (field customer:int) (per terminal) (time 3600000000000) (delay 0) (on 0)) 3:int)
probe : pattern
)");
}

TEST_CASE("the cards pipeline checks cleanly: every kind of item") {
  const Checked checked = check(test::cards, "cards.pawl");
  CHECK(errors_of(checked, test::cards) == "");
  REQUIRE(checked.pipeline != nullptr);
  const Pipeline& pipeline = *checked.pipeline;
  CHECK(pipeline.events.size() == 2);
  CHECK(pipeline.lists.size() == 1);
  CHECK(pipeline.models.size() == 1);
  CHECK(pipeline.rules.size() == 4);
  CHECK(pipeline.policy.present);
  CHECK(pipeline.tests.size() == 1);
  CHECK(pipeline.lets[0].readable_at == std::vector<std::uint16_t>{0, 1});  // a customer's usual amount can be read at a login
  CHECK(pipeline.lets[1].readable_at == std::vector<std::uint16_t>{0});
  CHECK(tree_of(pipeline) == R"(usual = (prior avg (field amount:money) (per customer) (time 2592000000000000) (delay 0) (on 0))
term_risk = (otherwise (share (field fraud:bool) (per terminal) (time 604800000000000) (delay 604800000000000) (on 0)) 0/1:ratio of int)
hard_limit : (> (field amount:money) 22000:money)
spend_spike : (and (>= (prior count (per customer) (time 2592000000000000) (delay 0) (on 0)) 5:int) (> (field amount:money) (* 3:int (let 0))))
card_testing : (>= (distinct (field customer:int) (per device) (time 600000000000) (delay 0) (on 0)) 5:int)
cash_out : pattern
)");
}

TEST_CASE("the shared handbook pipeline checks cleanly") {
  const std::string path = shared_data() + "/handbook.pawl";
  std::ifstream file(path);
  if (!file) {
    MESSAGE("SKIPPED: golden: no " << path);
    return;
  }
  std::stringstream text;
  text << file.rdbuf();
  const Checked checked = check(text.str(), "handbook.pawl");
  CHECK(errors_of(checked, text.str()) == "");
  REQUIRE(checked.pipeline != nullptr);
  CHECK(checked.pipeline->lets.size() == 14);
  CHECK(checked.pipeline->rules.size() == 12);
  for (const Rule& rule : checked.pipeline->rules) CHECK(rule.not_evaluated.empty());
}
