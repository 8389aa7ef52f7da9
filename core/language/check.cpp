#include "pawl/core/language/check.hpp"

#include "pawl/core/base/limits.hpp"
#include "pawl/core/language/checker.hpp"
#include "pawl/core/language/evaluable.hpp"
#include "pawl/core/language/lateness.hpp"
#include "pawl/core/language/lint.hpp"
#include "pawl/core/language/parser.hpp"
#include "pawl/core/language/problems.hpp"

namespace pawl::language {

Checked check(std::string_view source, std::string_view, ModelFiles* models, const Operators* operators) {
  if (source.size() > limits::pipeline_source_bytes_max) return {nullptr, {too_large("the file", source.size())}};
  Problems problems(source);
  const syntax::File file = Parser(source, lex(source, span_of_text(source), false, problems), problems).file();
  auto pipeline = std::make_unique<Pipeline>();
  pipeline->name = file.name;
  pipeline->version = file.version;
  pipeline->source = source;
  Checker(file, *pipeline, problems, models, operators).run();
  Checked result;
  lint_comparisons(*pipeline, problems);
  if (!problems.any_error()) {
    lint(*pipeline, problems);
    lint_unused(*pipeline, problems);
    check_bounds(*pipeline, problems);
    mark_not_evaluated(*pipeline, problems);
    check_lateness(*pipeline, problems);
  }
  if (!problems.any_error()) result.pipeline = std::move(pipeline);
  result.diagnostics = problems.take();
  return result;
}

}  // namespace pawl::language
