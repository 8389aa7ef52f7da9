// The `pawl` command. Exit statuses: 0 fine, 1 no, 64 usage, 65 bad data or pipeline, 66 damaged journal, 74 I/O, 75 in use.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "allocator/allocator.hpp"
#include "pawl/commands.hpp"
#include "pawl/report.hpp"

namespace {

using namespace pawl::tools;

#if defined(__clang__)
constexpr const char* compiler = "clang " __clang_version__;
#else
constexpr const char* compiler = "gcc " __VERSION__;
#endif

std::string version() { return fmt::format("pawl {} ({}, {}, {})", PAWL_VERSION, compiler, PAWL_BUILD_TYPE, allocator_name()); }

// CLI11 reports by exceptions what is wrong with a command line, and also that help or the version was asked for.
// Returns true when there is an action to run; else `status` is set.
bool parse(CLI::App& app, int argc, char** argv, int& status) {
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::CallForHelp&) {
    status = print(app.help());
  } catch (const CLI::CallForVersion&) {
    status = print(version() + "\n");
  } catch (const CLI::ParseError& error) {
    status = fail({pawl::ErrorCode::usage, fmt::format("{}; `pawl --help` and `pawl COMMAND --help` show what there is", error.what())});
  }
  return false;
}

int run(int argc, char** argv) {
  CLI::App app("Event engine for fraud and trading services: journaled, replayable, exact.", "pawl");
  Action action;
  app.set_version_flag("--version", version());
  app.require_subcommand(0, 1);
  app.footer("Exit status: 0 fine, 1 no (journal grep, journal diff), 64 usage, 65 bad data or pipeline, 66 damaged journal, 74 I/O, 75 in use.");
  for (const auto add : commands) add(app, action);
  int status = exit_usage;
  if (!parse(app, argc, argv, status)) return status;
  return action ? action() : fail({pawl::ErrorCode::usage, "no command given; `pawl --help` shows what there is"});
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {  // what no part expects: memory exhausted, or a bug
    return fail({pawl::ErrorCode::failed, fmt::format("unexpected: {}", error.what())});
  }
}
