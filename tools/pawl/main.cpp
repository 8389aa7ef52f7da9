// The `pawl` command. Exit statuses: 0 fine, 1 no, 64 usage, 65 bad data or pipeline, 66 damaged journal, 74 I/O, 75 in use.
#include <fmt/format.h>

#include <exception>

#include "allocator/allocator.hpp"
#include "pawl/commands.hpp"
#include "pawl/io/standard_files.hpp"
#include "pawl/report.hpp"

namespace {

using namespace pawl::tools;

#if defined(__clang__)
constexpr const char* compiler = "clang " __clang_version__;
#else
constexpr const char* compiler = "gcc " __VERSION__;
#endif

std::string version() { return fmt::format("pawl {} ({}, {}, {})", PAWL_VERSION, compiler, PAWL_BUILD_TYPE, allocator_name()); }

int run(int argc, char** argv) {
  CommandLine line("Event engine for fraud and trading services: journaled, replayable, exact.", "pawl");
  Command program = line.program();
  Action action;
  line.version(version());
  program.footer("Exit status: 0 fine, 1 no (journal grep, journal diff), 64 usage, 65 bad data or pipeline, 66 damaged journal, 74 I/O, 75 in use.");
  for (const auto add : commands) add(program, action);
  using Outcome = CommandLine::Parsed::Outcome;
  const auto [outcome, text] = line.parse(argc, argv);
  if (outcome == Outcome::show) return print(text);
  if (outcome == Outcome::wrong) return fail({pawl::ErrorCode::usage, fmt::format("{}; `pawl --help` and `pawl COMMAND --help` show what there is", text)});
  return action ? action() : fail({pawl::ErrorCode::usage, "no command given; `pawl --help` shows what there is"});
}

}  // namespace

int main(int argc, char** argv) {
  pawl::io::hold_standard_files();
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {  // what no part expects: memory exhausted, or a bug
    return fail({pawl::ErrorCode::failed, fmt::format("unexpected: {}", error.what())});
  }
}
