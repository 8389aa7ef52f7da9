#include "tests/twin/model.hpp"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "pawl/core/model/exponential.hpp"

namespace pawl::twin {
namespace {

using nlohmann::json;

class XgboostModel final : public NaiveModel {
 public:
  explicit XgboostModel(const json& root) : learner_(root["learner"]), trees_(learner_["gradient_booster"]["model"]["trees"]) {
    const std::string objective = learner_["objective"]["name"];
    is_probability_ = objective == "binary:logistic" || objective == "reg:logistic";
    base_ = std::stof(learner_["learner_model_param"]["base_score"].get<std::string>());
    if (is_probability_) base_ = -static_cast<float>(model::logarithm(static_cast<double>(1.0F / base_ - 1.0F)));
  }

  [[nodiscard]] std::optional<double> margin(const Inputs& inputs) const override {
    float sum = base_;
    for (const json& tree : trees_) sum += leaf(tree, 0, inputs);
    return static_cast<double>(sum);
  }

 private:
  static float leaf(const json& tree, std::size_t node, const Inputs& inputs) {
    const int left = tree["left_children"][node], right = tree["right_children"][node];
    const auto threshold = tree["split_conditions"][node].get<float>();
    if (left == -1) return threshold;
    const std::optional<double>& input = inputs[tree["split_indices"][node].get<std::size_t>()];
    const json& missing_left = tree["default_left"][node];
    const bool goes_left = input ? static_cast<float>(*input) < threshold : missing_left == 1 || missing_left == true;
    return leaf(tree, static_cast<std::size_t>(goes_left ? left : right), inputs);
  }

  json learner_, trees_;
  float base_ = 0;
};

class LightgbmModel final : public NaiveModel {
 public:
  explicit LightgbmModel(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line) && line != "end of trees";) {
      const std::size_t equals = line.find('=');
      if (line.starts_with("Tree=")) trees_.emplace_back();
      if (equals == std::string::npos) continue;
      if (line.starts_with("objective=binary")) {
        is_probability_ = true;
        slope_ = std::stod(line.substr(line.find("sigmoid:") + 8));
      }
      if (trees_.empty()) continue;
      std::istringstream words(line.substr(equals + 1));
      for (double word = 0; words >> word;) trees_.back()[line.substr(0, equals)].push_back(word);
    }
  }

  // The slope is part of what the logistic function is given.
  [[nodiscard]] std::optional<double> margin(const Inputs& inputs) const override {
    double sum = 0;
    for (const Tree& tree : trees_) sum += leaf(tree, inputs);
    return is_probability_ ? slope_ * sum : sum;
  }

 private:
  using Tree = std::map<std::string, std::vector<double>>;

  static double leaf(const Tree& tree, const Inputs& inputs) {
    if (tree.at("num_leaves")[0] == 1) return tree.at("leaf_value")[0];
    for (int node = 0;;) {
      const auto at = static_cast<std::size_t>(node);
      node = static_cast<int>(tree.at(goes_left(tree, at, inputs) ? "left_child" : "right_child")[at]);
      if (node < 0) return tree.at("leaf_value")[static_cast<std::size_t>(-node - 1)];
    }
  }

  static bool goes_left(const Tree& tree, std::size_t node, const Inputs& inputs) {
    const auto decision = static_cast<int>(tree.at("decision_type")[node]);
    const std::optional<double>& input = inputs[static_cast<std::size_t>(tree.at("split_feature")[node])];
    const int missing_type = decision / 4;  // 0 none, 1 zero, 2 NaN
    const bool default_left = decision % 4 >= 2;
    if (missing_type == 2 && !input) return default_left;
    const double value = input.value_or(0);
    if (missing_type == 1 && std::fabs(value) <= static_cast<double>(1e-35F)) return default_left;
    return value <= tree.at("threshold")[node];
  }

  std::vector<Tree> trees_;
  double slope_ = 1;
};

class LogisticModel final : public NaiveModel {
 public:
  explicit LogisticModel(json root) : root_(std::move(root)) { is_probability_ = true; }

  [[nodiscard]] std::optional<double> margin(const Inputs& inputs) const override {
    auto sum = root_["intercept"].get<double>();
    std::size_t i = 0;
    for (const json& term : root_["terms"]) {
      const std::optional<double>& input = inputs[i++];
      if (!input && !term.contains("missing")) return {};
      sum += term["weight"].get<double>() * (input ? *input : term["missing"].get<double>());
    }
    return sum;
  }

 private:
  json root_;
};

}  // namespace

std::optional<double> NaiveModel::value(const Inputs& inputs) const {
  const std::optional<double> found = margin(inputs);
  return found && std::isfinite(*found) && is_probability_ ? model::logistic(*found) : found;
}

std::unique_ptr<NaiveModel> NaiveModel::make(const std::string& bytes) {
  if (bytes.starts_with("tree")) return std::make_unique<LightgbmModel>(bytes);
  json root = json::parse(bytes);
  if (root.contains("learner")) return std::make_unique<XgboostModel>(root);
  return std::make_unique<LogisticModel>(std::move(root));
}

}  // namespace pawl::twin
