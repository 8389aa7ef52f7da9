// XGBoost's own JSON (save_model("x.json")), written by releases 1.0 to 2.x: boosters gbtree, one output, numerical splits.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "pawl/core/model/exponential.hpp"
#include "pawl/journal/model/json.hpp"
#include "pawl/journal/model/parse.hpp"

namespace pawl::journal {
namespace {

using model::Missing;
using model::Tree;
using model::TreeNode;

// The arrays of one tree, entry i is node i.
struct TreeArrays {
  const FloatJson *left, *right, *split, *threshold, *missing_left, *categorical, *cover;
};

Result<const FloatJson*> array_in(const FloatJson& tree, const char* name, std::size_t size) {
  const FloatJson* found = find(tree, {name});
  if (found == nullptr || !found->is_array()) return bad(std::string("`") + std::string(name) + "` is missing");
  if (size != 0 && found->size() != size) return bad(std::string("`") + std::string(name) + "` has " + std::to_string(found->size()) + " entries for " + std::to_string(size) + " nodes");
  return found;
}

Result<TreeArrays> arrays_of(const FloatJson& tree) {
  TreeArrays arrays{};
  struct Wanted { const char* name; const FloatJson** into; };
  std::size_t size = 0;
  for (const Wanted& wanted : {Wanted{"left_children", &arrays.left}, Wanted{"right_children", &arrays.right}, Wanted{"split_indices", &arrays.split},
                               Wanted{"split_conditions", &arrays.threshold}, Wanted{"default_left", &arrays.missing_left}}) {
    auto array = array_in(tree, wanted.name, size);
    if (!array.ok()) return std::move(array).error();
    *wanted.into = *array;
    size = (*array)->size();
    if (size == 0) return bad("it has no nodes");
  }
  arrays.categorical = find(tree, {"split_type"});  // since 1.3
  arrays.cover = find(tree, {"sum_hessian"});
  return arrays;
}

bool is_true(const FloatJson& value) { return value.is_boolean() ? value == true : value.is_number() && value != 0; }

Result<TreeNode> node_of(const TreeArrays& arrays, std::size_t i) {
  const FloatJson &left = (*arrays.left)[i], &right = (*arrays.right)[i], &split = (*arrays.split)[i], &threshold = (*arrays.threshold)[i];
  if (!left.is_number_integer() || !right.is_number_integer() || !threshold.is_number()) return bad(std::string("node ") + std::to_string(i) + " has something that is not a number");
  TreeNode node;
  node.value = static_cast<double>(threshold.get<float>());
  node.left = left.get<std::int64_t>();
  node.right = right.get<std::int64_t>();
  node.is_leaf = node.left == -1;
  const bool has_cover = arrays.cover != nullptr && arrays.cover->is_array() && i < arrays.cover->size() && (*arrays.cover)[i].is_number();
  if (has_cover) node.cover = static_cast<double>((*arrays.cover)[i].get<float>());
  if (node.is_leaf) return node;
  const bool has_input = split.is_number_integer() && split >= 0 && split < model::model_inputs_max;
  if (!has_input) return bad(std::string("node ") + std::to_string(i) + " compares a feature that there is not");
  node.input = split.get<std::uint32_t>();
  node.missing = is_true((*arrays.missing_left)[i]) ? Missing::left : Missing::right;
  const bool has_type = arrays.categorical != nullptr && arrays.categorical->is_array() && i < arrays.categorical->size();
  if (has_type && is_true((*arrays.categorical)[i])) return bad(std::string("node ") + std::to_string(i) + " splits by category; only numerical splits can be evaluated");
  return node;
}

// Of a text or number; nothing: it is absent. What cannot be read is more than any bound.
std::optional<std::uint64_t> count_in(const FloatJson* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) return value->get<std::uint64_t>();
  const auto* text = value->get_ptr<const std::string*>();
  std::uint64_t count = UINT64_MAX;
  if (text != nullptr) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
    if (error != std::errc() || end != text->data() + text->size()) count = UINT64_MAX;
  }
  return count;
}

Result<Tree> tree_of(const FloatJson& json) {
  if (count_in(find(json, {"tree_param", "size_leaf_vector"})).value_or(0) > 1) return bad("its leaves are vectors; a model has one output");
  auto arrays = arrays_of(json);
  if (!arrays.ok()) return std::move(arrays).error();
  Tree tree;
  for (std::size_t i = 0; i < arrays->left->size(); ++i) {
    auto node = node_of(*arrays, i);
    if (!node.ok()) return std::move(node).error();
    tree.push_back(*node);
  }
  return tree;
}

Result<std::vector<Tree>> trees_of(const FloatJson& learner) {
  const std::string* booster = find_text(learner, {"gradient_booster", "name"});
  if (booster == nullptr) return bad("`gradient_booster` is missing: is it a model saved by XGBoost as JSON?");
  if (*booster != "gbtree") return bad(std::string("its booster is `") + *booster + "`; only `gbtree` can be evaluated");
  const FloatJson* list = find(learner, {"gradient_booster", "model", "trees"});
  if (list == nullptr || !list->is_array()) return bad("`trees` is missing");
  const FloatJson* outputs = find(learner, {"gradient_booster", "model", "tree_info"});
  if (outputs != nullptr && (!outputs->is_array() || outputs->size() != list->size())) return bad("`tree_info` has not one entry for each tree");
  std::vector<Tree> trees;
  for (const FloatJson& json : *list) {
    if (outputs != nullptr && (*outputs)[trees.size()] != 0) return bad(std::string("tree ") + std::to_string(trees.size()) + " is of another output than the first; a model has one output");
    auto tree = tree_of(json);
    if (!tree.ok()) return bad(std::string("tree ") + std::to_string(trees.size()) + ": " + tree.error().text);
    trees.push_back(*std::move(tree));
  }
  return trees;
}

// What the objective makes of the sum, and of base_score.
struct Objective {
  model::Output output = model::Output::margin;
  bool logit_base = false;  // not for binary:logitraw, whose base_score is a margin
};

Result<Objective> objective_of(const FloatJson& learner) {
  const std::string* name = find_text(learner, {"objective", "name"});
  if (name == nullptr) return bad("`objective` is missing");
  if (*name == "binary:logistic" || *name == "reg:logistic") return Objective{model::Output::probability, true};
  constexpr std::array margins{"binary:logitraw", "reg:squarederror", "reg:linear", "reg:absoluteerror", "reg:pseudohubererror", "reg:squaredlogerror", "rank:pairwise", "rank:ndcg", "rank:map"};
  if (std::find(margins.begin(), margins.end(), *name) != margins.end()) return Objective{};
  return bad(std::string("its objective is `") + *name + "`; those of one margin can be evaluated: binary:logistic, binary:logitraw, reg:logistic, reg:squarederror, "
             "reg:absoluteerror, reg:squaredlogerror, reg:pseudohubererror, rank:*");
}

template <class Number>
Result<Number> parameter(const FloatJson& learner, const char* name) {
  const std::string* text = find_text(learner, {"learner_model_param", name});
  Number value{};
  if (text == nullptr) return bad(std::string("`") + std::string(name) + "` is missing");
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return bad(std::string("`") + std::string(name) + "` is `" + *text + "`, which is not a number");
  return value;
}

// base_score is a probability where the objective is logistic. In floats, as the trainer does.
Result<float> base_of(const FloatJson& learner, const Objective& objective) {
  const auto score = parameter<float>(learner, "base_score");
  if (score.ok() && !std::isfinite(*score)) return bad("its base_score is not a finite number");
  if (!score.ok() || !objective.logit_base) return score;
  if (!(*score > 0 && *score < 1 && std::isfinite(1.0F / *score))) return bad("its base_score is not between 0 and 1, as a logistic objective needs");
  return -static_cast<float>(model::logarithm(static_cast<double>(1.0F / *score - 1.0F)));
}

}  // namespace

Result<model::Model> parse_xgboost(std::string_view text) {
  const FloatJson root = FloatJson::parse(text, nullptr, false);
  if (root.is_discarded()) return bad("it is not JSON, or cut off");
  const FloatJson* learner = find(root, {"learner"});
  if (learner == nullptr) return bad("it has no `learner`: is it a model saved by XGBoost as JSON?");
  const auto classes = parameter<std::uint32_t>(*learner, "num_class");
  const auto inputs = parameter<std::uint32_t>(*learner, "num_feature");
  if (!classes.ok()) return classes.error();
  if (!inputs.ok()) return inputs.error();
  if (*classes > 1) return bad(std::string("it has ") + std::to_string(*classes) + " classes; a model has one output");
  if (const auto targets = count_in(find(*learner, {"learner_model_param", "num_target"})); targets.value_or(1) > 1) return bad("it has several targets; a model has one output");
  if (*inputs == 0 || *inputs > model::model_inputs_max) return bad(std::string("it has ") + std::to_string(*inputs) + " features; 1 to " + std::to_string(model::model_inputs_max) + " can be evaluated");
  const auto objective = objective_of(*learner);
  if (!objective.ok()) return objective.error();
  const auto base = base_of(*learner, *objective);
  if (!base.ok()) return base.error();
  std::vector<std::string> names = names_in(find(*learner, {"feature_names"}));
  if (!names.empty() && names.size() != *inputs) return bad(std::string("it has ") + std::to_string(names.size()) + " feature names for " + std::to_string(*inputs) + " features");
  auto trees = trees_of(*learner);
  if (!trees.ok()) return std::move(trees).error();
  auto forest = model::Forest<float>::make(*trees, *inputs);
  if (!forest.ok()) return std::move(forest).error();
  return model::Model({.kind = "xgboost", .features = std::move(names), .inputs = *inputs, .body = *std::move(forest),
                       .base = static_cast<double>(*base), .output = objective->output, .contributions = model::Contributions::make(*trees, true)});
}

}  // namespace pawl::journal
