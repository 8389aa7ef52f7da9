// pawl-bench: honest figures, beside yardsticks and peers measured in the same run.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "commands.hpp"
#include "pawl/io/standard_files.hpp"

namespace {

int run(int argc, char** argv) {
  CLI::App app("Figures of Pawl, beside the machine's yardsticks and its peers, measured in the same run.", "pawl-bench");
  pawl::bench::Action action;
  pawl::bench::set_command_line(argc, argv);
  app.require_subcommand(1);
  for (const auto add : pawl::bench::commands) add(app, action);
  CLI11_PARSE(app, argc, argv);
  return action();
}

}  // namespace

int main(int argc, char** argv) {
  pawl::io::hold_standard_files();
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pawl-bench: error: unexpected: %s\n", error.what());
    return 1;
  }
}
