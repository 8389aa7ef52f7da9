#include <doctest/doctest.h>

#include <array>

#include "pawl/core/language/check.hpp"
#include "pawl/core/language/explain.hpp"
#include "pawl/core/language/model_files.hpp"
#include "pipelines.hpp"

using namespace pawl::language;

namespace {

void contains(const std::string& text, std::string_view part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("an explanation says edges in words, what is shared, what it costs, what is not evaluated") {
  const Checked checked = check(test::cards, "cards.pawl");
  REQUIRE(checked.pipeline != nullptr);
  const std::string text = explain(*checked.pipeline);
  contains(text, "pipeline \"cards\" version 14: 2 events, 2 lets, 4 rules, 4 windows\n");
  contains(text,
           "  w2   share(fraud per terminal, 7d delayed 7d on Payment)\n"
           "       Payment with the same terminal, later than te - 14d, up to te - 7d\n"
           "       used by let term_risk\n");
  contains(text, "later than te - 30d, up to te; this event is excluded\n");
  contains(text,
           "\nrule spend_spike\n  on Payment\n  when prior count(per customer, 30d on Payment) >= 5 and amount > 3 * usual\n"
           "  windows w1, w3\n  then score 600\n  reason S001 \"amount {amount}, usual {usual}\"\n");
  contains(text, "then review queue \"devices\", add terminal to hot_terminals for 28d\n");
  contains(text, "\nLists (a value is in from the event after the one that adds it; a full list refuses, and says how often)\n"
                 "  hot_terminals of int, held for 28d unless the action says otherwise\n");
  contains(text, "\nPolicy\n  of several decisions the first of allow > decline > challenge > review > approve\n  decline at a score of 1000 and more\n"
                 "  review at a score of 600 and more\n  the score is at most 1000\n  otherwise approve\n");
  contains(text, "pattern small: Payment(amount < 2.00) then big: Payment(amount > 100.00) within 1h per customer;");
}

TEST_CASE("of maps it is said what they hold, from where, what else they give, and what that takes") {
  struct OneFile final : ModelFiles {
    pawl::Result<ModelFile> load(const std::string&, const std::string&) override { return pawl::Error{pawl::ErrorCode::not_found, "none"}; }
    pawl::Result<std::string> bytes(const std::string&, const std::string&) override { return std::string("key,value\n1,2.50\n"); }
  } files;
  const std::string source = R"(pipeline "p" version 1
event P { at: time, k: int, d: text(8) }
map risk from text(8) to int { "web" = 5, "kiosk" = 3 } otherwise 0
map fee from int to money from "fee.csv" sha256 "0000000000000000000000000000000000000000000000000000000000000000" otherwise -1.50
map later from int to bool)";
  const Checked checked = check(source, "p", &files);
  REQUIRE(checked.pipeline != nullptr);
  const std::string text = explain(*checked.pipeline);
  contains(text, "\nMaps (a key that a map does not have gives what stands behind `otherwise`)\n"
                 "  risk from text(8) to int, 2 entries, otherwise 0\n"
                 "  fee from int to money, 1 entry of fee.csv, otherwise -1.50\n"
                 "  later from int to bool, does not say what it holds\n");
  contains(text, "  map risk: 68 bytes\n  map fee: 32 bytes\n");
  contains(explain(*check(source, "p").pipeline), "  fee from int to money, the entries of fee.csv, which was not read, otherwise -1.50\n");
}

TEST_CASE("windows that mean the same are one, however they are spelled") {
  const Checked checked = check(R"(pipeline "p" version 1
event P { at: time, k: int, x: money }
let a = sum(x per k, 1d where x > 2.00)
rule r { on P when sum(x per k, 24h on P where x > 2.00) > 10.00 or a > 20.00 })", "p");
  REQUIRE(checked.pipeline != nullptr);
  contains(explain(*checked.pipeline), "1 window\n");
  contains(explain(*checked.pipeline), "       shared by let a, rule r\n");
  contains(explain(*checked.pipeline), "  windows w1 (shared)\n");
}

TEST_CASE("what models, lists, cooldowns and patterns keep is said too") {
  const Checked checked = check(R"(pipeline "p" version 1
event P { at: time, k: int, x: money, d: text(20) }
list hot of text(60) expires after 1d
model m from "m.json" sha256 "0000000000000000000000000000000000000000000000000000000000000000" inputs (sum(x per k, 30d) * 1)
rule r { on P when m > 0.5 or d in hot then add d to hot cooldown 1d per k }
rule c { pattern a: P(x < 2.00) then b: P(x > 10 * a.x and d = a.d)+ then P within 1h per k limit 4 then score count(b) })", "p");
  REQUIRE(checked.pipeline != nullptr);
  const std::string text = explain(*checked.pipeline);
  contains(text, "1 window\n");
  contains(text, "       used by model m\n");
  contains(text, "  windows w1\n");
  contains(text, "  list hot: 128 bytes a value\n");
  contains(text, "  cooldown of r per k: 64 bytes a key that cools down\n");
  contains(text, "  pattern of c per k: 64 bytes a key with open runs and 128 bytes a run, at most 4 of them, none for longer than 1h\n");
}

TEST_CASE("weighted means and panes are explained, and the state of windows as it is given") {
  const Checked checked = check(R"(pipeline "p" version 1
event P { at: time, k: int, j: int, x: money }
let a = median(x per k, 1h)
let b = percentile 95 (x per k, 1h)
let c = first(x per k, 30m)
let f = max(x per k, 30m)
let g = prior max(x per k, 20m)
let d = ewma(x per j, 1h)
let e = max(x per k, 24h by 1h delayed 1h))", "p");
  REQUIRE(checked.pipeline != nullptr);
  const std::array<std::string, 2> groups{"per k of P: much", "per j of P: little"};
  const std::string text = explain(*checked.pipeline, groups);
  contains(text, "\nState of windows\n  per k of P: much\n  per j of P: little\n");
  contains(text, "P with the same j, since the start of the log, up to te, each with half the weight of one 1h later; this event is included\n");
  contains(text, "P with the same k, later than te - 25h, up to te - 1h; approximate: times are rounded down to whole panes of 1h\n");
}
