// What inputs contribute to a score: of trees as libxgboost says with approx_contribs, of weights by hand; and as the reasons of rules show it.
#include <doctest/doctest.h>

#include <cmath>

#include "../lockstep/product.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/language/model_files.hpp"
#include "pawl/core/rules/model_reasons.hpp"
#include "pawl/journal/model/parse.hpp"
#include "trained.hpp"

namespace contributions_test {

using namespace pawl;
using namespace pawl::model_test;

namespace {

model::Model read_model(const std::string& bytes) {
  auto made = journal::parse_model(bytes);
  REQUIRE_MESSAGE(made.ok(), made.error().text);
  return *std::move(made);
}

class OneFile final : public language::ModelFiles {
 public:
  explicit OneFile(const std::string& bytes) : bytes_(bytes) {}
  Result<language::ModelFile> load(const std::string&, const std::string&) override { return language::ModelFile{std::make_shared<const model::Model>(read_model(bytes_)), bytes_}; }
  Result<std::string> bytes(const std::string&, const std::string&) override { return bytes_; }

 private:
  std::string bytes_;
};

void check_contributions(const Training& training) {
  const Trained trained(training);
  const model::Model model = read_model(trained.json());
  REQUIRE(model.explains());
  auto rows = random_rows(training.seed + 77, 300, training.features, training.missing_percent);
  rows.front().assign(training.features, std::numeric_limits<float>::quiet_NaN());
  const std::vector<float> expected = trained.contributions(rows);
  REQUIRE(expected.size() == rows.size() * (training.features + 1));
  std::vector<double> out(training.features);
  double worst = 0;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::vector<double> inputs(rows[row].begin(), rows[row].end());
    model.contributions(inputs.data(), out.data());
    for (std::size_t f = 0; f < training.features; ++f) {
      const auto other = static_cast<double>(expected[row * (training.features + 1) + f]);
      worst = std::max(worst, std::fabs(out[f] - other) / (1 + std::fabs(other)));
    }
  }
  CHECK(worst < 1e-5);
}

std::string reasons(const std::vector<std::string>& names, const std::vector<double>& contributions) {
  std::string out(rules::longest_reasons(names), '?');
  return out.substr(0, rules::write_reasons(names, contributions, out.data()));
}

}  // namespace

TEST_CASE("contributions are libxgboost's, but for its floats") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    check_contributions({.seed = seed, .features = 1 + seed * 5, .missing_percent = static_cast<unsigned>(seed % 3) * 25, .parameters = {{"objective", "binary:logistic"}, {"max_depth", "6"}}});
  }
  check_contributions({.seed = 11, .features = 6, .rounds = 30, .parameters = {{"objective", "reg:squarederror"}, {"max_depth", "12"}, {"base_score", "0.25"}}});
  check_contributions({.seed = 12, .features = 6, .rounds = 30, .parameters = {{"objective", "reg:logistic"}, {"max_depth", "4"}, {"gamma", "5"}}});  // pruned
  check_contributions({.features = 3, .rounds = 2, .parameters = {{"objective", "binary:logistic"}, {"gamma", "1e9"}}});                              // leaves alone
}

TEST_CASE("LightGBM's trees, by hand, and what lacks its counts") {
  // 4 below or at 10 in `a` (of 6 cases), else 1 or 7 by `b`, of 2 cases each: means 3.2 = (6 * 4 + 4 * 2) / 10 and 2 = (3 * 1 + 1 * 5) / 4.
  std::string text = "tree\nversion=v3\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\nobjective=regression\nfeature_names=a b\nfeature_infos=none none\ntree_sizes=1\n\n"
                     "Tree=0\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 1\nsplit_gain=1 1\nthreshold=10 0.5\ndecision_type=8 8\nleft_child=-1 -2\nright_child=1 -3\nleaf_value=4 1 5\n"
                     "leaf_weight=6 3 1\nleaf_count=6 3 1\ninternal_value=0 0\ninternal_weight=0 0\ninternal_count=10 4\nis_linear=0\nshrinkage=1\n\n\nend of trees\n";
  const model::Model model = read_model(text);
  REQUIRE(model.explains());
  double out[2];
  const double low[] = {10, 9}, high[] = {11, 0.5}, higher[] = {11, 0.6};
  model.contributions(low, out);
  CHECK(out[0] == doctest::Approx(4 - 3.2));
  CHECK(out[1] == 0);
  model.contributions(high, out);
  CHECK(out[0] == doctest::Approx(2 - 3.2));
  CHECK(out[1] == doctest::Approx(1 - 2));
  model.contributions(higher, out);
  CHECK(out[1] == doctest::Approx(5 - 2));
  text.replace(text.find("internal_count"), 14, "internal_other");
  CHECK_FALSE(read_model(text).explains());
  OneFile file(text);
  const auto checked = language::check("pipeline \"p\" version 1\nevent P { at: time, a: float, b: float }\nmodel m from \"m.txt\" sha256 \"" + std::string(64, '0') + "\" inputs (a, b)\n"
                                       "rule r { on P when m > 3.0 then score 1 reason A001 \"{m.reasons}\" }\n", "p.pawl", &file);
  REQUIRE(checked.diagnostics.size() == 1);
  CHECK(checked.diagnostics[0].code == "E199");
  CHECK(checked.diagnostics[0].message.find("does not say how much came to each node") != std::string::npos);
}

TEST_CASE("the largest three, in order, as people read them") {
  const std::vector<std::string> names{"a", "b", "c", "d", "e"};
  CHECK(reasons(names, {0.25, -1.2345, 0, 3, 0.25}) == "d +3, b -1.23, a +0.25");
  CHECK(reasons(names, {0, 0, 0, 0, 0}) == "nothing");
  CHECK(reasons({"a"}, {std::nan("")}) == "nothing");
  CHECK(reasons({}, {}) == "nothing");
  CHECK(reasons(names, {0, 1e-7, 0, 0, -123456}) == "e -123456, b +1e-07");
  CHECK(reasons(names, {1000, 999'999.4, -999'999.5, 999.4, 999.6}) == "c -1e+06, b +999999, a +1000");
  CHECK(reasons(names, {1, 1, 1, 1, -1}) == "a +1, b +1, c +1");
  CHECK(reasons(names, {std::nan(""), 1e308, -2.2250738585072014e-308, 0, 0}) == "b +1e+308, c -2.23e-308");
  CHECK(rules::name_in_reasons(std::string(63, 'x') + "\xC3\xA9") == std::string(63, 'x'));
}

namespace {

class Weights final : public language::ModelFiles {
 public:
  Result<language::ModelFile> load(const std::string&, const std::string&) override {
    const std::string bytes = R"({"format": "pawl-logistic", "version": 1, "intercept": -1, "terms": [{"name": "amount", "weight": 0.25}, {"name": "wait", "weight": -0.5, "missing": 4}]})";
    return language::ModelFile{std::make_shared<const model::Model>(read_model(bytes)), bytes};
  }
  Result<std::string> bytes(const std::string&, const std::string&) override { return Error{ErrorCode::not_found, "none"}; }
};

constexpr const char* source = R"(pipeline "scored" version 1
event Payment { at: time, customer: int, amount: money, wait: int }
model risk from "w.json" sha256 "0000000000000000000000000000000000000000000000000000000000000000" inputs (amount, wait)
list hot of int
rule likely { on Payment when risk > 0.5 then score 5 reason A001 "{risk.reasons}" }
rule other  { on Payment when amount > 1.00 and customer in hot then score 1 reason A002 "{risk.reasons} again" }
)";

}  // namespace

TEST_CASE("reasons of rules that fired show them, and nothing else makes them") {
  Weights files;
  language::Checked checked = language::check(source, "scored.pawl", &files);
  REQUIRE(checked.pipeline);
  const language::Pipeline& pipeline = *checked.pipeline;
  twin::Log log(pipeline);
  const auto pay = [&](std::int64_t cents, std::optional<std::int64_t> wait) {
    std::byte* slot = log.append(0, one_second);
    write_number(pipeline.events[0], slot, 1, 7);
    write_number(pipeline.events[0], slot, 2, cents);
    if (wait) write_number(pipeline.events[0], slot, 3, *wait);
  };
  pay(2000, 2);
  pay(100, 2);
  pay(4000, std::nullopt);
  for (const Sequence batch : {1, 64}) {
    lockstep_test::Product product(pipeline, log.slot_bytes(), 1, lockstep_test::Product::ample, rules::best_kernels(), {.lets = true, .shown = true});
    std::vector<std::string> shown;
    for (Sequence first = 0; first <= log.last(); first += batch) {
      product.feed(log, first, std::min(log.last(), first + batch - 1), [&](Sequence, const rules::Decision* decision) {
        if (decision == nullptr) return;
        const std::size_t hole = product.plan().rules[0].holes[0][0];
        REQUIRE(product.plan().rules[1].holes[0][0] == hole);
        shown.push_back(decision->any_fired() && decision->shown_present(hole) ? std::string(decision->shown_text(hole)) : "-");
      });
    }
    CHECK(shown == std::vector<std::string>{"amount +5, wait -1", "-", "amount +10, wait -2"});
  }
}

TEST_CASE("where reasons of a model can stand") {
  Weights files;
  const auto problem_of = [&](const std::string& rule) {
    std::string all;
    for (const auto& diagnostic : language::check(source + rule, "scored.pawl", &files).diagnostics) {
      if (diagnostic.severity == language::Severity::error) all += diagnostic.code + ' ';
    }
    return all;
  };
  CHECK(problem_of("rule r { on Payment when risk.reasons = \"a\" then alert }\n") == "E198 ");
  CHECK(problem_of("rule r { on Payment when risk > 0.5 then alert reason A003 \"{risk.reasons otherwise \\\"none\\\"}\" }\n") == "E198 ");
  CHECK(problem_of("rule r { on Payment when risk > 0.5 then alert reason A003 \"{risk.reason}\" }\n") == "E163 ");
  CHECK(problem_of("rule r { pattern a: Payment then no Payment within 1h per customer then alert reason A003 \"{risk.reasons}\" }\n") == "E166 ");
}

}  // namespace contributions_test
