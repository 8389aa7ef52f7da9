// The tests in a pipeline file: each plays its events into an empty state, one by one, and looks at what they give.
#pragma once

#include <string>
#include <vector>

#include "pawl/core/base/result.hpp"
#include "pawl/core/language/pipeline.hpp"

namespace pawl::tools {

struct TestOutcome {
  const language::Test* test;
  std::vector<std::string> failures;  // one line each: what was expected after which event, and what came
};

// In file order. Errors: the pipeline needs more memory than there is, or has what this release does not compute.
[[nodiscard]] Result<std::vector<TestOutcome>> run_pipeline_tests(const language::Pipeline& pipeline);

}  // namespace pawl::tools
