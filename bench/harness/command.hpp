// What the subcommands of pawl-bench have in common: options, the frame of a run, and where its results go.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/outcome.hpp"

namespace pawl::bench {

struct Common {
  int runs = 5, warm_up_runs = 1;
  std::string cpus = {};  // the only ones to be used; empty: all that the process may use
  std::string directory = "build/bench-files";   // for journals and test files: on the disk to be measured
  std::string results = "build/bench-results";  // <command>.json of the last run lies there, for `report`; empty: nowhere
  std::string json = {}, csv = {}, hgrm = {};
  std::string compare = {};  // an outcome to be compared with; empty: the last one of the same command line and commit in `results`
};

// The command line as typed. Set by main.
void set_command_line(int argc, char** argv);

// One subcommand: its options bound to O, which derives from Common, and what fills a Outcome.
// The frame gathers facts, times the whole, prints, and writes the files that were asked for.
void add_common(CLI::App& command, Common& options);
int run_command(const std::string& name, const Common& options, const std::function<void(Outcome&)>& measure);

using Action = std::function<int()>;

template <class O>
void on_chosen(CLI::App& command, const std::shared_ptr<O>& options, Action& action, void (*measure)(const O&, Outcome&)) {
  add_common(command, *options);
  const std::string name = command.get_name();
  command.callback([=, &action] { action = [=] { return run_command(name, *options, [&](Outcome& outcome) { measure(*options, outcome); }); }; });
}

}  // namespace pawl::bench
