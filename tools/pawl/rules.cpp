// `pawl rules check|explain|test`: what a pipeline file says, everything that is wrong with it, or whether its tests hold.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "pawl/commands.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/language/explain.hpp"
#include "pawl/core/rules/plan.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/journal/model/files.hpp"
#include "pawl/pipeline_tests.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

using language::Checked;
using language::Severity;

struct RulesOptions {
  std::string file;
  bool json = false;
};

struct Count {
  std::size_t errors = 0, warnings = 0;
};

Count count(const Checked& checked) {
  Count count;
  for (const auto& diagnostic : checked.diagnostics) {
    count.errors += diagnostic.severity == Severity::error ? 1 : 0;
    count.warnings += diagnostic.severity == Severity::warning ? 1 : 0;
  }
  return count;
}

std::string diagnostics_text(const Checked& checked, const std::string& source, const RulesOptions& options) {
  std::string text;
  for (const auto& diagnostic : checked.diagnostics) {
    text += options.json ? language::render_json(diagnostic, options.file) : language::render(diagnostic, source, options.file);
    if (!text.ends_with('\n')) text += '\n';
  }
  return text;
}

std::string plural(std::size_t n, const char* noun) { return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s"); }

// Models lie beside the pipeline file; those of standard input in the working directory.
Result<Checked> check_with_models(const std::string& source, const std::string& file) {
  auto disk = io::make_real_disk(io::Backend::buffered);
  if (!disk.ok()) return std::move(disk).error();
  journal::DiskModelFiles models(**disk, file, {});
  return language::check(source, file, &models);
}

// The diagnostics are the result here, so they go to standard output; the last line, for people, says the verdict.
int check(const RulesOptions& options) {
  const auto source = read_text(options.file, limits::pipeline_source_bytes_max);
  if (!source) return fail(source.error());
  auto checking = check_with_models(*source, options.file);
  if (!checking.ok()) return fail(checking.error());
  Checked& checked = *checking;
  if (checked.pipeline) {  // what only a plan finds: registers that do not suffice
    for (const std::string& what : rules::make_plan(*checked.pipeline).not_evaluated) {
      checked.diagnostics.push_back({Severity::warning, "W300", {1, 1, 1}, "not evaluated by this release: " + what});
    }
  }
  std::string text = diagnostics_text(checked, *source, options);
  if (!options.json && checked.pipeline) {
    const auto& p = *checked.pipeline;
    text += fmt::format("{}: pipeline \"{}\" version {}: {}, {}, {}; {}\n", options.file, p.name, p.version, plural(p.events.size(), "event"),
                        plural(p.lets.size(), "let"), plural(p.rules.size(), "rule"), plural(count(checked).warnings, "warning"));
  } else if (!options.json) {
    text += fmt::format("{}: {}\n", options.file, plural(count(checked).errors, "error"));
  }
  const int printed = print(text);
  return printed != exit_fine ? printed : checked.pipeline ? exit_fine : exit_data;
}

int explain(const RulesOptions& options) {
  const auto source = read_text(options.file, limits::pipeline_source_bytes_max);
  if (!source) return fail(source.error());
  const auto checking = check_with_models(*source, options.file);
  if (!checking.ok()) return fail(checking.error());
  const Checked& checked = *checking;
  if (!checked.pipeline) {
    return fail({ErrorCode::bad_pipeline, fmt::format("{} has {}:\n{}", options.file, plural(count(checked).errors, "error"),
                                                      diagnostics_text(checked, *source, options))});
  }
  return print(language::explain(*checked.pipeline));
}

std::string json_of(const TestOutcome& outcome, const RulesOptions& options) {
  std::string failures;
  for (const std::string& failure : outcome.failures) failures.append(failures.empty() ? "" : ",").append(json_string(failure));
  return fmt::format("{{\"file\":{},\"line\":{},\"test\":{},\"passed\":{},\"failures\":[{}]}}\n", json_string(options.file), outcome.test->place.line,
                     json_string(outcome.test->name), outcome.failures.empty(), failures);
}

std::string text_of(const TestOutcome& outcome, const RulesOptions& options) {
  std::string text = fmt::format("{}:{}: {} test \"{}\"\n", options.file, outcome.test->place.line, outcome.failures.empty() ? "passed" : "FAILED", one_line(outcome.test->name));
  for (const std::string& failure : outcome.failures) text.append("  ").append(failure).append("\n");
  return text;
}

int test(const RulesOptions& options) {
  const auto source = read_text(options.file, limits::pipeline_source_bytes_max);
  if (!source) return fail(source.error());
  const auto checking = check_with_models(*source, options.file);
  if (!checking.ok()) return fail(checking.error());
  const Checked& checked = *checking;
  if (!checked.pipeline) {
    return fail({ErrorCode::bad_pipeline, fmt::format("{} has {}:\n{}", options.file, plural(count(checked).errors, "error"), diagnostics_text(checked, *source, options))});
  }
  const auto outcomes = run_pipeline_tests(*checked.pipeline);
  if (!outcomes) return fail(outcomes.error());
  std::string text;
  std::size_t failed = 0;
  for (const TestOutcome& outcome : *outcomes) {
    text += options.json ? json_of(outcome, options) : text_of(outcome, options);
    if (!outcome.failures.empty()) ++failed;
  }
  if (!options.json) text += fmt::format("{}: {} passed, {} failed\n", options.file, plural(outcomes->size() - failed, "test"), failed);
  const int printed = print(text);
  return printed != exit_fine ? printed : failed == 0 ? exit_fine : exit_no;
}

}  // namespace

void add_rules(Command& program, Action& action) {
  const auto options = std::make_shared<RulesOptions>();
  Command rules = program.subcommand("rules", "Check, explain or test a pipeline file");
  rules.needs_subcommand();
  Command checking = rules.subcommand("check", "Report everything that is wrong with a pipeline file");
  checking.option("file", options->file, "The pipeline file; - is standard input").required();
  checking.flag("--json", options->json, "One JSON object per problem, for editors");
  checking.does(action, options, &check);
  Command explaining = rules.subcommand("explain", "Say what a pipeline file computes: features, lets, rules");
  explaining.option("file", options->file, "The pipeline file; - is standard input").required();
  explaining.does(action, options, &explain);
  Command testing = rules.subcommand("test", "Run the tests in a pipeline file; exit status 1 if one fails");
  testing.option("file", options->file, "The pipeline file; - is standard input").required();
  testing.flag("--json", options->json, "One JSON object per test, for editors");
  testing.does(action, options, &test);
}

}  // namespace pawl::tools
