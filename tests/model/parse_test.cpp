// Files that are wrong in every way one can think of: each gets an error that says where, and nothing is believed.
#include "pawl/journal/model/parse.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "pawl/core/model/exponential.hpp"
#include "predict.hpp"

namespace parse_test {

using namespace pawl;
using namespace pawl::model_test;

namespace {

// One tree: f0 < 1.5 (missing goes left)? -0.25 : 0.5.
constexpr const char* stump = R"({"learner": {"feature_names": [], "gradient_booster": {"model": {"trees": [{
  "left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [0, 0, 0], "split_conditions": [1.5, -0.25, 0.5],
  "default_left": [1, 0, 0], "split_type": [0, 0, 0]}]}, "name": "gbtree"},
  "learner_model_param": {"base_score": "5E-1", "num_class": "0", "num_feature": "1"}, "objective": {"name": "reg:squarederror"}}, "version": [1, 7, 4]})";

constexpr const char* weights = R"({"format": "pawl-logistic", "version": 1, "intercept": -2.5,
  "terms": [{"name": "amount", "weight": 0.01}, {"name": "usual", "weight": -0.25, "missing": 4}]})";

constexpr const char* leaves = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=0\nobjective=regression\nfeature_names=amount\n\n"
                               "Tree=0\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 0\nthreshold=1.5 5\ndecision_type=2 2\nleft_child=1 -1\nright_child=-3 -2\nleaf_value=1 2 3\n\nend of trees";

std::string with(std::string text, std::string_view what, std::string_view other) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), other);
}

std::string error_of(const std::string& bytes) {
  const auto made = journal::parse_model(bytes);
  return made.ok() ? std::string() : made.error().text;
}

std::string stump_error(std::string_view what, std::string_view other) { return error_of(with(stump, what, other)); }
std::string leaves_error(std::string_view what, std::string_view other) { return error_of(with(leaves, what, other)); }
std::string weights_error(std::string_view what, std::string_view other) { return error_of(with(weights, what, other)); }

}  // namespace

TEST_CASE("a tree written by hand") {
  const auto parsed = journal::parse_model(stump);
  REQUIRE(parsed.ok());
  const std::vector<std::vector<double>> rows{{1.4}, {1.5}, {std::numeric_limits<double>::quiet_NaN()}, {1.4999999999}};
  // The last is 1.5 as a float.
  CHECK(predict(*parsed, rows, 64, false) == Values{0.25, 1.0, 0.25, 1.0});
}

TEST_CASE("hostile trees") {
  CHECK(stump_error("[1, -1, -1]", "[0, -1, -1]") == "tree 0: node 0 leads to node 0, but the tree has nodes 0 to 2");
  CHECK(stump_error("[1, -1, -1]", "[2, -1, -1]") == "tree 0: node 2 is reached twice: that is no tree");
  CHECK(stump_error("[1, -1, -1]", "[3, -1, -1]") == "tree 0: node 0 leads to node 3, but the tree has nodes 0 to 2");
  CHECK(stump_error("[1, -1, -1]", "[-7, -1, -1]") == "tree 0: node 0 leads to node -7, but the tree has nodes 0 to 2");
  CHECK(stump_error("[1, -1, -1]", "[1, -1]") == "tree 0: `right_children` has 3 entries for 2 nodes");
  CHECK(stump_error("[1, -1, -1]", "[1, -1, {}]") == "tree 0: node 2 has something that is not a number");
  CHECK(stump_error("[1, -1, -1]", "[]") == "tree 0: it has no nodes");
  CHECK(stump_error("\"split_indices\": [0", "\"split_indices\": [5") == "tree 0: node 0 compares feature 5, but there are 1");
  CHECK(stump_error("\"split_indices\": [0", "\"split_indices\": [-5") == "tree 0: node 0 compares a feature that there is not");
  CHECK(stump_error("[1.5,", "[null,") == "tree 0: node 0 has something that is not a number");
  CHECK(stump_error("[1.5,", "[1e999,") == "it is not JSON, or cut off");
  CHECK(stump_error("\"split_type\": [0", "\"split_type\": [1") == "tree 0: node 0 splits by category; only numerical splits can be evaluated");
  CHECK(stump_error("gbtree", "dart") == "its booster is `dart`; only `gbtree` can be evaluated");
  CHECK(stump_error("reg:squarederror", "multi:softprob").starts_with("its objective is `multi:softprob`"));
  CHECK(stump_error("\"num_class\": \"0\"", "\"num_class\": \"3\"") == "it has 3 classes; a model has one output");
  CHECK(stump_error("\"num_feature\"", "\"num_target\": \"2\", \"num_feature\"") == "it has several targets; a model has one output");
  CHECK(stump_error("\"num_feature\"", "\"num_target\": 2, \"num_feature\"") == "it has several targets; a model has one output");
  CHECK(stump_error("\"num_feature\"", "\"num_target\": \"1\", \"num_feature\"").empty());
  CHECK(stump_error("}]}, \"name\"", "}], \"tree_info\": [1]}, \"name\"") == "tree 0 is of another output than the first; a model has one output");
  CHECK(stump_error("}]}, \"name\"", "}], \"tree_info\": [0]}, \"name\"").empty());
  CHECK(stump_error("}]}, \"name\"", "}], \"tree_info\": [0, 0]}, \"name\"") == "`tree_info` has not one entry for each tree");
  CHECK(stump_error("\"split_type\": [0, 0, 0]", "\"tree_param\": {\"size_leaf_vector\": \"3\"}") == "tree 0: its leaves are vectors; a model has one output");
  CHECK(stump_error("\"split_type\": [0, 0, 0]", "\"tree_param\": {\"size_leaf_vector\": \"1\"}").empty());
  CHECK(stump_error("5E-1", "nan") == "its base_score is not a finite number");
  CHECK(stump_error("5E-1", "inf") == "its base_score is not a finite number");
  CHECK(stump_error("\"num_feature\": \"1\"", "\"num_feature\": \"0\"") == "it has 0 features; 1 to 1000 can be evaluated");
  CHECK(stump_error("5E-1", "half") == "`base_score` is `half`, which is not a number");
  CHECK(stump_error("\"feature_names\": []", "\"feature_names\": [\"a\", \"b\"]") == "it has 2 feature names for 1 features");
  CHECK(stump_error("\"learner\"", "\"teacher\"") == "it has no `learner`: is it a model saved by XGBoost as JSON?");
  CHECK(error_of("") == "it is empty");
  CHECK(error_of("PK\x03\x04").starts_with("it is neither XGBoost's JSON"));
}

TEST_CASE("hostile trees of LightGBM") {
  CHECK(error_of(leaves).empty());
  CHECK(leaves_error("left_child=1 -1", "left_child=1 3") == "tree 0: node 1 leads to node 3, but there are 2");
  CHECK(leaves_error("left_child=1 -1", "left_child=2 -1") == "tree 0: node 0 leads to node 2, but there are 2");
  CHECK(leaves_error("right_child=-3 -2", "right_child=-3 -4") == "tree 0: node 1 leads to node 5, but the tree has nodes 0 to 4");
}

TEST_CASE("a tree too deep, and JSON too deep") {
  std::string left = "[", right = "[", zeros = "[", conditions = "[";
  constexpr int splits = 200;
  for (int i = 0; i <= 2 * splits; ++i) {
    const bool leaf = i % 2 == 1 || i == 2 * splits;
    const std::string comma = i == 0 ? "" : ", ";
    left += comma + (leaf ? "-1" : std::to_string(i + 1));
    right += comma + (leaf ? "-1" : std::to_string(i + 2));
    zeros += comma + "0";
    conditions += comma + "0.5";
  }
  const std::string deep = with(with(with(with(with(with(stump, "[1, -1, -1]", left + "]"), "[2, -1, -1]", right + "]"), "[0, 0, 0]", zeros + "]"), "[1.5, -0.25, 0.5]", conditions + "]"),
                                     "[1, 0, 0]", zeros + "]"), "[0, 0, 0]", zeros + "]");
  CHECK(error_of(deep) == "tree 0: node 256 lies deeper than the 128 levels that a tree may have");
  CHECK(error_of(R"({"learner": )" + std::string(1'000'000, '[')) == "it is not JSON, or cut off");
  CHECK(error_of(R"({"learner": )" + std::string(100'000, '[') + std::string(100'000, ']') + "}") == "`num_class` is missing");
}

// A byte of a name or a number may become another good one: that is what the hash of the file is for.
TEST_CASE("every prefix of a file is refused, and what is read of one with a changed byte has one output and finite weights") {
  for (const std::string& whole : {std::string(stump), std::string(weights), std::string(leaves)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(journal::parse_model(whole.substr(0, size)).ok());
    std::mt19937 random(3);
    int refused = 0;
    for (int round = 0; round < 3000; ++round) {
      std::string changed = whole;
      changed[random() % changed.size()] = static_cast<char>(random());
      const auto made = journal::parse_model(changed);
      refused += made.ok() ? 0 : 1;
      if (!made.ok()) continue;
      // What was taken can be evaluated.
      const std::vector<std::vector<double>> rows(3, std::vector<double>(made->inputs(), 1.0));
      const Values values = predict(*made, rows, 64, false);
      REQUIRE(values.size() == 3);
      CHECK(values[0] == values[2]);
      if (values[0]) CHECK(std::isfinite(*values[0]));
    }
    CHECK(refused > 500);
  }
}

TEST_CASE("logistic models") {
  const auto parsed = journal::parse_model(weights);
  REQUIRE(parsed.ok());
  CHECK(parsed->features() == std::vector<std::string>{"amount", "usual"});
  const double none = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::vector<double>> rows{{250, 0}, {250, none}, {none, 1}};
  const Values margins = predict(*parsed, rows, 64, true);
  CHECK(margins == Values{0.0, -1.0, std::nullopt});
  const Values values = predict(*parsed, rows, 1, false);
  CHECK(values == Values{0.5, model::logistic(-1.0), std::nullopt});
  std::string heavy = weights;
  heavy.replace(heavy.find("0.01"), 4, "1e308");
  const auto beyond = journal::parse_model(heavy);
  REQUIRE(beyond.ok());
  const Values no_sum = predict(*beyond, std::vector<std::vector<double>>{{1e10, 0}}, 1, false);
  CHECK(no_sum == Values{std::numeric_limits<double>::infinity()});  // which the engine counts as an overflow, and takes for missing
  CHECK(weights_error("-2.5", "\"x\"") == "`intercept` is missing or not a number");
  CHECK(weights_error("\"weight\": 0.01", "\"wieght\": 0.01") == "term 0: `wieght` is not known");
  CHECK(weights_error("\"missing\": 4", "\"missing\": null") == "term 1: `missing` is missing or not a number");
  CHECK(weights_error("\"name\": \"usual\"", "\"name\": \"\"") == "term 1: `name` is missing");
  CHECK(weights_error("\"version\": 1", "\"version\": 2") == "its `version` is not 1, the only one");
}

}  // namespace parse_test
