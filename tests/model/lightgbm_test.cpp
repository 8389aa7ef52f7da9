// LightGBM's text form: a file written by hand, every path of it checked by hand.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "pawl/core/model/exponential.hpp"
#include "pawl/journal/model/parse.hpp"
#include "predict.hpp"

using namespace pawl;
using namespace pawl::model_test;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

// Tree 0: amount <= 100 (NaN goes left)? then risk <= 0.5 (NaN goes right)? -0.4 : 0.1; else 0.7.
// Tree 1: usual <= 0 (zero and missing go right)? -0.05 : 0.25. Tree 2: count <= 2 (missing is 0)? 0.01 : 0.02. Tree 3: a leaf.
constexpr const char* file = R"(tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=3
objective=binary sigmoid:0.5
feature_names=amount risk usual count
feature_infos=[0:1] [0:1] [0:1] [0:1]
tree_sizes=1 2 3 4

Tree=0
num_leaves=3
num_cat=0
split_feature=0 1
split_gain=1 1
threshold=100 0.5
decision_type=10 8
left_child=1 -1
right_child=-3 -2
leaf_value=-0.4 0.1 0.7
is_linear=0
shrinkage=0.1


Tree=1
num_leaves=2
num_cat=0
split_feature=2
threshold=0
decision_type=4
left_child=-1
right_child=-2
leaf_value=-0.05 0.25
shrinkage=0.1


Tree=2
num_leaves=2
num_cat=0
split_feature=3
threshold=2
decision_type=0
left_child=-1
right_child=-2
leaf_value=0.01 0.02
shrinkage=0.1


Tree=3
num_leaves=1
num_cat=0
leaf_value=0.5
shrinkage=1

end of trees

feature_importances:
amount=1

parameters:
[boosting: gbdt]
end of parameters

pandas_categorical:null
)";

std::string with(std::string_view what, std::string_view other) {
  std::string text = file;
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), other);
}

std::string error_of(const std::string& bytes) {
  const auto made = journal::parse_model(bytes);
  return made.ok() ? std::string() : made.error().text;
}

}  // namespace

TEST_CASE("every path of a file checked by hand") {
  const auto parsed = journal::parse_model(file);
  REQUIRE(parsed.ok());
  CHECK(parsed->features() == std::vector<std::string>{"amount", "risk", "usual", "count"});
  CHECK(parsed->output() == model::Output::probability);
  const double above = std::nextafter(100.0, 200.0);
  struct Case { std::vector<double> row; double margin; };
  const std::vector<Case> cases{
      {{100, 0.5, 1, 2}, -0.4 + 0.25 + 0.01 + 0.5},     // at the threshold is left
      {{100, 0.75, 1, 2}, 0.1 + 0.25 + 0.01 + 0.5},
      {{100, none, 1, 2}, 0.1 + 0.25 + 0.01 + 0.5},     // NaN goes right there
      {{above, 0.5, 1, 2}, 0.7 + 0.25 + 0.01 + 0.5},
      {{none, 0.5, 1, 2}, -0.4 + 0.25 + 0.01 + 0.5},    // and left here
      {{100, 0.5, -1, 2}, -0.4 - 0.05 + 0.01 + 0.5},
      {{100, 0.5, 0, 2}, -0.4 + 0.25 + 0.01 + 0.5},     // zero is missing: right, though 0 <= 0
      {{100, 0.5, 1e-36, 2}, -0.4 + 0.25 + 0.01 + 0.5},
      {{100, 0.5, none, 2}, -0.4 + 0.25 + 0.01 + 0.5},
      {{100, 0.5, 1, 2.5}, -0.4 + 0.25 + 0.02 + 0.5},
      {{100, 0.5, 1, none}, -0.4 + 0.25 + 0.01 + 0.5},  // missing is 0
  };
  std::vector<std::vector<double>> rows;
  for (const Case& one : cases) rows.push_back(one.row);
  const Values margins = predict(*parsed, rows, 64, true);
  const Values values = predict(*parsed, rows, 1, false);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(i);
    CHECK(margins[i] == cases[i].margin);
    CHECK(values[i] == model::logistic(0.5 * cases[i].margin));
  }
}

TEST_CASE("made-up names are none, and regression yields margins") {
  const auto parsed = journal::parse_model(with("binary sigmoid:0.5\nfeature_names=amount risk usual count", "regression\nfeature_names=Column_0 Column_1 Column_2 Column_3"));
  REQUIRE(parsed.ok());
  CHECK(parsed->features().empty());
  CHECK(parsed->output() == model::Output::margin);
}

TEST_CASE("what cannot be evaluated or is damaged is said, with its place") {
  CHECK(error_of(with("end of trees", "")) == "it has no line `end of trees`: it is cut off");
  CHECK(error_of(with("num_class=1", "num_class=3")) == "its `num_class` is `3`; a model has one output");
  CHECK(error_of(with("binary sigmoid:0.5", "poisson")).starts_with("its objective is `poisson`"));
  CHECK(error_of(with("decision_type=10 8", "decision_type=1 8")) == "tree 0: node 0 splits by category; only numerical splits can be evaluated");
  CHECK(error_of(with("threshold=100 0.5", "threshold=nan 0.5")) == "tree 0: node 0 has a threshold that is not a finite number");
  CHECK(error_of(with("threshold=100 0.5", "threshold=100")) == "tree 0: `threshold` has 1 entries instead of 2");
  CHECK(error_of(with("left_child=1 -1", "left_child=1 x")) == "tree 0: `left_child` has `x`, which is not a number");
  CHECK(error_of(with("left_child=1 -1", "left_child=1 1")) == "tree 0: node 1 is reached twice: that is no tree");
  CHECK(error_of(with("left_child=1 -1", "left_child=7 -1")) == "tree 0: node 0 leads to node 7, but the tree has nodes 0 to 4");
  CHECK(error_of(with("split_feature=0 1", "split_feature=0 9")) == "tree 0: node 1 compares feature 9, but there are 4");
  CHECK(error_of(with("leaf_value=0.5", "leaf_value=inf")) == "tree 3: node 0 has a value that is not a finite number");
  CHECK(error_of(with("is_linear=0", "is_linear=1")).starts_with("tree 0: its leaves are linear"));
  CHECK(error_of(with("sigmoid:0.5", "sigmoid:-1")) == "`sigmoid:-1` is not a slope");
  CHECK(error_of(with("label_index=0", "average_output")).starts_with("it averages its trees"));
}
