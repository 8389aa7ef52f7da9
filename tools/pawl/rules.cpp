// `pawl rules check|explain`: what a pipeline file says, or everything that is wrong with it.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "pawl/commands.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/language/explain.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/journal/model/files.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

using language::Checked;
using language::Severity;

struct Options {
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

std::string diagnostics_text(const Checked& checked, const std::string& source, const Options& options) {
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
int check(const Options& options) {
  const auto source = read_text(options.file, limits::pipeline_source_bytes_max);
  if (!source) return fail(source.error());
  const auto checking = check_with_models(*source, options.file);
  if (!checking.ok()) return fail(checking.error());
  const Checked& checked = *checking;
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

int explain(const Options& options) {
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

}  // namespace

void add_rules(Command& program, Action& action) {
  const auto options = std::make_shared<Options>();
  Command rules = program.subcommand("rules", "Check or explain a pipeline file");
  rules.needs_subcommand();
  Command checking = rules.subcommand("check", "Report everything that is wrong with a pipeline file");
  checking.option("file", options->file, "The pipeline file; - is standard input").required();
  checking.flag("--json", options->json, "One JSON object per problem, for editors");
  checking.does(action, options, &check);
  Command explaining = rules.subcommand("explain", "Say what a pipeline file computes: features, lets, rules");
  explaining.option("file", options->file, "The pipeline file; - is standard input").required();
  explaining.does(action, options, &explain);
}

}  // namespace pawl::tools
