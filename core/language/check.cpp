#include "pawl/core/language/check.hpp"

#include "pawl/core/base/limits.hpp"
#include "pawl/core/language/checker.hpp"
#include "pawl/core/language/evaluable.hpp"
#include "pawl/core/language/lateness.hpp"
#include "pawl/core/language/lint.hpp"
#include "pawl/core/language/parser.hpp"

namespace pawl::language {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

Checked too_large(std::string_view source) {
  return {nullptr, {{Severity::error, "E001", {1, 1, 1}, std::string("the file has ") + std::to_string(source.size()) + " bytes; a pipeline has at most " + std::to_string(limits::pipeline_source_bytes_max)}}};
}

}  // namespace

Checked check(std::string_view source, std::string_view, ModelFiles* models, const Operators* operators) {
  if (source.size() > limits::pipeline_source_bytes_max) return too_large(source);
  Problems problems(source);
  const std::size_t begin = source.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  const Span whole{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(source.size())};
  const syntax::File file = Parser(source, lex(source, whole, false, problems), problems).file();
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
    mark_not_evaluated(*pipeline, problems);
    check_lateness(*pipeline, problems);
  }
  if (!problems.any_error()) result.pipeline = std::move(pipeline);
  result.diagnostics = problems.take();
  return result;
}

}  // namespace pawl::language
