// Models by walking the trees of their files, node after node, as the trainers' manuals describe it. Shares nothing with the product but
// the logistic function, whose last bits are a definition.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pawl::twin {

class NaiveModel {
 public:
  virtual ~NaiveModel() = default;
  // Of XGBoost's JSON, LightGBM's text, or a logistic model. REQUIRES: a sound file.
  static std::unique_ptr<NaiveModel> make(const std::string& bytes);

  using Inputs = std::vector<std::optional<double>>;
  // What the trainer calls the raw score; nothing if it cannot be known.
  [[nodiscard]] virtual std::optional<double> margin(const Inputs& inputs) const = 0;
  [[nodiscard]] std::optional<double> value(const Inputs& inputs) const;

 protected:
  bool is_probability_ = false;
};

}  // namespace pawl::twin
