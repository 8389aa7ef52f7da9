// `pawl rules check|explain|test|fmt`: what a pipeline file says, everything that is wrong with it, whether its tests hold, and how it is laid out.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pawl/commands.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/language/explain.hpp"
#include "pawl/core/language/print.hpp"
#include "pawl/core/language/reformat.hpp"
#include "pawl/core/rules/plan.hpp"
#include "pawl/core/window/windows.hpp"
#include "pawl/io/descriptor.hpp"
#include "pawl/io/os_error.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/journal/model/files.hpp"
#include "pawl/pipeline_tests.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

using language::Checked;
using language::Diagnostic;
using language::Severity;

struct RulesOptions {
  std::string file;
  bool json = false;
};

struct Count {
  std::size_t errors = 0, warnings = 0;
};

Count count(const std::vector<Diagnostic>& diagnostics) {
  Count count;
  for (const auto& diagnostic : diagnostics) {
    count.errors += diagnostic.severity == Severity::error ? 1 : 0;
    count.warnings += diagnostic.severity == Severity::warning ? 1 : 0;
  }
  return count;
}

std::string diagnostics_text(const std::vector<Diagnostic>& diagnostics, const std::string& source, const RulesOptions& options) {
  std::string text;
  for (const auto& diagnostic : diagnostics) {
    text += options.json ? language::render_json(diagnostic, options.file) : language::render(diagnostic, source, options.file);
    if (!text.ends_with('\n')) text += '\n';
  }
  return text;
}

std::string plural(std::size_t n, const char* noun) { return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s"); }

int fail_unreadable(const std::vector<Diagnostic>& diagnostics, const std::string& source, const RulesOptions& options) {
  return fail({ErrorCode::bad_pipeline, fmt::format("{} has {}:\n{}", options.file, plural(count(diagnostics).errors, "error"), diagnostics_text(diagnostics, source, options))});
}

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
  std::string text = diagnostics_text(checked.diagnostics, *source, options);
  if (!options.json && checked.pipeline) {
    const auto& p = *checked.pipeline;
    text += fmt::format("{}: pipeline \"{}\" version {}: {}, {}, {}; {}\n", options.file, p.name, p.version, plural(p.events.size(), "event"),
                        plural(p.lets.size(), "let"), plural(p.rules.size(), "rule"), plural(count(checked.diagnostics).warnings, "warning"));
  } else if (!options.json) {
    text += fmt::format("{}: {}\n", options.file, plural(count(checked.diagnostics).errors, "error"));
  }
  const int printed = print(text);
  return printed != exit_fine ? printed : checked.pipeline ? exit_fine : exit_data;
}

std::vector<std::string> state_of_windows(const language::Pipeline& pipeline) {
  std::vector<std::string> lines;
  const rules::Plan plan = rules::make_plan(pipeline);
  const auto groups = window::plan(pipeline, plan.features);
  PAWL_ASSERT(groups.ok());  // a plan has only features that are supported
  for (const window::GroupSummary& group : *groups) {
    std::string events;
    for (const std::uint16_t event : group.on) events += (events.empty() ? "" : ", ") + pipeline.events[event].name;
    lines.push_back(fmt::format("per {} of {}: {}", language::print_key(group.key), events, group.state));
  }
  return lines;
}

int explain(const RulesOptions& options) {
  const auto source = read_text(options.file, limits::pipeline_source_bytes_max);
  if (!source) return fail(source.error());
  const auto checking = check_with_models(*source, options.file);
  if (!checking.ok()) return fail(checking.error());
  const Checked& checked = *checking;
  if (!checked.pipeline) return fail_unreadable(checked.diagnostics, *source, options);
  return print(language::explain(*checked.pipeline, state_of_windows(*checked.pipeline)));
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
  if (!checked.pipeline) return fail_unreadable(checked.diagnostics, *source, options);
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

struct FmtOptions {
  std::vector<std::string> files;
  bool check = false, write = false;
};

// A file of its own, with the text of another, its owner and permissions: nobody reads it who may not read that one, at no moment.
Result<void> write_draft(const std::string& draft, const std::string& text, const struct stat& like) {
  const io::Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.valid()) return io::os_error("cannot create", draft, errno);
  struct stat own {};
  if (::fstat(file.get(), &own) != 0) return io::os_error("cannot look at", draft, errno);
  const bool is_alike = own.st_uid == like.st_uid && own.st_gid == like.st_gid;
  if (!is_alike && ::fchown(file.get(), like.st_uid, like.st_gid) != 0) return io::os_error("cannot keep owner and group of the pipeline file in", draft, errno);
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = ::write(file.get(), text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return io::os_error("cannot write", draft, errno);
    done += static_cast<std::size_t>(wrote);
  }
  if (::fchmod(file.get(), like.st_mode & 07777) != 0) return io::os_error("cannot set the permissions of", draft, errno);
  if (::fsync(file.get()) != 0) return io::os_error("cannot sync", draft, errno);
  return {};
}

// Whole, or as it was. Where the file is a link, what it leads to; its owner and permissions stay.
Result<void> write_back(const std::string& file, const std::string& text) {
  std::error_code error;
  const std::string place = std::filesystem::canonical(file, error).string(), draft = place + ".pawl-fmt";
  if (error) return Error{ErrorCode::io, fmt::format("{} cannot be written: {}", file, error.message())};
  struct stat status {};
  if (::stat(place.c_str(), &status) != 0) return io::os_error("cannot look at", place, errno);
  if (::unlink(draft.c_str()) != 0 && errno != ENOENT) return io::os_error("cannot remove", draft, errno);  // of a call that was cut off
  auto disk = io::make_real_disk(io::Backend::buffered);
  if (!disk.ok()) return std::move(disk).error();
  auto written = write_draft(draft, text, status);
  if (written.ok()) written = (*disk)->rename(draft, place);
  if (!written.ok()) ::unlink(draft.c_str());
  return written;
}

int lay_out_file(const std::string& file, const FmtOptions& options) {
  const auto source = read_text(file, limits::pipeline_source_bytes_max);
  if (!source) return fail(source.error());
  const language::Reformatted result = language::reformat(*source);
  if (!result.text) return fail_unreadable(result.diagnostics, *source, {file, false});
  if (!options.check && !options.write) return print(*result.text);
  if (*result.text == *source) return exit_fine;
  if (options.write) {
    if (const auto written = write_back(file, *result.text); !written) return fail(written.error());
  }
  const int printed = print(file + '\n');
  return printed != exit_fine || options.write ? printed : exit_no;
}

// All files, whatever becomes of one. Errors count for more than a no.
int lay_out(const FmtOptions& options) {
  if (options.check && options.write) return fail({ErrorCode::usage, "--check changes nothing, and --write does: one of them"});
  if (options.files.size() > 1 && !options.check && !options.write) return fail({ErrorCode::usage, "several files are laid out with --write, or looked at with --check; one alone is printed"});
  if (options.write && std::count(options.files.begin(), options.files.end(), "-") != 0) return fail({ErrorCode::usage, "standard input cannot be written back; leave out --write"});
  int status = exit_fine;
  for (const std::string& file : options.files) status = std::max(status, lay_out_file(file, options));
  return status;
}

}  // namespace

void add_rules(Command& program, Action& action) {
  const auto options = std::make_shared<RulesOptions>();
  Command rules = program.subcommand("rules", "Check, explain, test, lay out or measure a pipeline file");
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
  const auto fmt_options = std::make_shared<FmtOptions>();
  Command formatting = rules.subcommand("fmt", "Print a pipeline file in its canonical layout, comments included");
  formatting.option("files", fmt_options->files, "The pipeline files; - is standard input").required();
  formatting.flag("--check", fmt_options->check, "Only name the files that are laid out otherwise; exit status 1 if there are any");
  formatting.flag("--write", fmt_options->write, "Lay the files out in place, and name those that change. A journal goes on with the same bytes of its pipeline only");
  formatting.does(action, fmt_options, &lay_out);
  add_profile(rules, action);
}

}  // namespace pawl::tools
