// Expressions in the words of the pipeline language, as an analyst would write them: "prior avg(amount per customer, 30d)".
#pragma once

#include <string>

#include "pawl/core/language/pipeline.hpp"

namespace pawl::tools {

[[nodiscard]] std::string phrase(const language::Pipeline& pipeline, const language::Expr& expr);
// `types` of events are named only when the pipeline has several: "on Payment, Login".
[[nodiscard]] std::string phrase(const language::Pipeline& pipeline, const language::Aggregate& aggregate);
// "7d", "1h", "10s".
[[nodiscard]] std::string phrase_duration(Duration duration);

}  // namespace pawl::tools
