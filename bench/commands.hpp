// The subcommands of `pawl-bench`, in the order of its help.
#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>

#include "harness/command.hpp"

namespace pawl::bench {

// Each adds its subcommand with its options to `app`, and sets `action` in the subcommand's callback.
using AddCommand = void (*)(CLI::App& app, Action& action);

void add_machine(CLI::App& app, Action& action);
void add_ring(CLI::App& app, Action& action);
void add_journal(CLI::App& app, Action& action);
void add_windows(CLI::App& app, Action& action);
void add_rules(CLI::App& app, Action& action);
void add_replay(CLI::App& app, Action& action);
void add_snapshot(CLI::App& app, Action& action);
void add_snapshot_ways(CLI::App& app, Action& action);
void add_snapshot_state(CLI::App& app, Action& action);
void add_pipeline(CLI::App& app, Action& action);
void add_peers(CLI::App& app, Action& action);
void add_report(CLI::App& app, Action& action);

inline constexpr std::initializer_list<AddCommand> commands = {&add_machine, &add_ring,     &add_journal, &add_windows, &add_rules,
                                                               &add_replay,  &add_snapshot, &add_snapshot_ways, &add_snapshot_state, &add_pipeline, &add_peers, &add_report};

}  // namespace pawl::bench
