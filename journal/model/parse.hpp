// Model files of trainers, from their bytes to what core evaluates. Nothing in them is believed: whatever is wrong is an error that says
// where. Set-up only. The forms and what is refused of them: FORMS.md beside this file.
#pragma once

#include <string_view>

#include "pawl/core/base/result.hpp"
#include "pawl/core/model/model.hpp"

namespace pawl::journal {

inline constexpr std::size_t model_bytes_max = std::size_t{256} << 20;

// The form is told by the content. Errors: bad_data.
[[nodiscard]] Result<model::Model> parse_model(std::string_view bytes);

// Each form by itself.
[[nodiscard]] Result<model::Model> parse_xgboost(std::string_view json);
[[nodiscard]] Result<model::Model> parse_lightgbm(std::string_view text);
[[nodiscard]] Result<model::Model> parse_logistic(std::string_view json);

}  // namespace pawl::journal
