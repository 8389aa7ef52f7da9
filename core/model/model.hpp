// A trained model, ready to be evaluated: what its file said, with nothing left to look up.
//
// What comes out is a double: the margin (the sum of leaves or of weighted inputs), or the probability that the trainer's objective makes
// of it. XGBoost's trees compare and add floats, an input being the float nearest to its value; LightGBM's and logistic models use doubles.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "pawl/core/model/contributions.hpp"
#include "pawl/core/model/forest.hpp"

namespace pawl::model {

enum class Output : std::uint8_t { margin, probability };

// intercept + the sum of weight * input, in the order of inputs.
struct Linear {
  struct Term {
    double weight = 0;
    bool has_default = false;
    double missing = 0;  // stands for an input that is not there, if has_default; else the result is missing
  };
  double intercept = 0;
  std::vector<Term> terms = {};
};

struct ModelParts {
  std::string kind = {};              // "xgboost", "lightgbm", "logistic": for reports
  std::vector<std::string> features = {};  // in order; empty: the file has no names
  std::size_t inputs = 0;
  std::variant<Forest<float>, Forest<double>, Linear> body = {};
  double base = 0;                    // the sum starts there
  double slope = 1;                   // of the logistic function
  Output output = Output::margin;
  std::shared_ptr<const Contributions> contributions = {};  // of trees; null: their file does not say what is needed
};

// Memory of one evaluation. Made by Model::workspace, used with that model only.
struct Workspace {
  std::vector<double> inputs;  // 64 cells each, one input after the other; NaN: missing. Filled by the caller
  Forest<float>::Cells floats;
  Forest<double>::Cells doubles;
};

// Immutable; readable from any thread.
class Model {
 public:
  explicit Model(ModelParts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] const std::string& kind() const noexcept { return parts_.kind; }
  [[nodiscard]] const std::vector<std::string>& features() const noexcept { return parts_.features; }
  [[nodiscard]] std::size_t inputs() const noexcept { return parts_.inputs; }
  [[nodiscard]] Output output() const noexcept { return parts_.output; }

  // What each input contributes is known: of weights it always is.
  [[nodiscard]] bool explains() const noexcept { return parts_.contributions != nullptr || std::holds_alternative<Linear>(parts_.body); }
  // out[i]: what input i contributed to the margin of these inputs, one each (NaN: missing); of weights, its term. No allocation.
  // REQUIRES: explains().
  void contributions(const double* inputs, double* out) const noexcept;

  // Allocates.
  [[nodiscard]] Workspace workspace() const;
  // The margins of `lanes`, 64 cells; returns the lanes that have one. Not finite: the sum left the range of numbers. No allocation.
  [[nodiscard]] Lanes margins(Workspace& workspace, Lanes lanes, double* out) const noexcept;
  // The same of what the model yields.
  [[nodiscard]] Lanes values(Workspace& workspace, Lanes lanes, double* out) const noexcept;

 private:
  template <class Value>
  void sum(const Forest<Value>& forest, typename Forest<Value>::Cells& cells, const Workspace& workspace, Lanes lanes, double* out) const noexcept;
  [[nodiscard]] Lanes sum(const Linear& linear, const Workspace& workspace, Lanes lanes, double* out) const noexcept;

  ModelParts parts_;
};

}  // namespace pawl::model
