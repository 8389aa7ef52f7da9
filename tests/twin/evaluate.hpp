// One expression at one event, by walking the typed tree.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "pawl/core/language/pipeline.hpp"
#include "tests/twin/value.hpp"

namespace pawl::twin {

struct Counters {
  std::uint64_t overflows = 0;          // results that do not fit their type
  std::uint64_t divisions_by_zero = 0;
};

// What an expression can see.
struct Scope {
  const EventSchema* schema = nullptr;
  const std::byte* slot = nullptr;
  Time effective_time = 0;
  std::function<Datum(std::size_t)> let;                        // empty where lets are not visible
  std::function<Datum(const language::Aggregate&)> aggregate;   // likewise
  std::function<bool(std::size_t, const Datum&)> in_list;       // whether a list holds a value that is not missing; likewise
  std::function<Datum(std::size_t)> model = {};                 // likewise
  const std::vector<language::Map>* maps = nullptr;             // likewise
  Counters* counters = nullptr;
  std::function<Datum(const language::Expr&)> binding = {};        // a field of a step of a pattern; empty where there are none
  std::function<Datum(const language::Expr&)> over_repeated = {};  // a call such as sum(step.field)
};

// Missing for what this release does not evaluate.
[[nodiscard]] Datum evaluate(const language::Expr& expr, const Scope& scope);

// What a model gets of an expression: the nearest double to its worth, durations in seconds.
[[nodiscard]] std::optional<double> model_input(const language::Expr& expr, const Scope& scope);

// A text that two expressions share only if they mean the same: for reports, and so that the twin computes an aggregate once.
[[nodiscard]] std::string describe(const language::Expr& expr);
[[nodiscard]] std::string describe(const language::Aggregate& aggregate);

}  // namespace pawl::twin
