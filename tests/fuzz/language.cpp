// A pipeline file of any bytes: all problems at once, or a pipeline that is explained and planned, with nothing left out that was not said. What can be
// laid out is laid out once.
#include <string>

#include "input.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/language/explain.hpp"
#include "pawl/core/language/reformat.hpp"
#include "pawl/core/rules/plan.hpp"

using namespace pawl;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  if (const language::Reformatted once = language::reformat(source); once.text) fuzz::require(language::reformat(*once.text).text == once.text);
  const language::Checked checked = language::check(source, "fuzz.pawl");
  for (const language::Diagnostic& diagnostic : checked.diagnostics) {
    fuzz::require(!language::render(diagnostic, source, "fuzz.pawl").empty());
    fuzz::require(!language::render_json(diagnostic, "fuzz.pawl").empty());
  }
  if (checked.pipeline == nullptr) {
    fuzz::require(!checked.diagnostics.empty());
    return 0;
  }
  fuzz::require(!language::explain(*checked.pipeline).empty());
  if (size > 4096) return 0;  // else registers may not suffice, which the check does not foresee
  fuzz::require(rules::make_plan(*checked.pipeline).not_evaluated.empty());
  return 0;
}
