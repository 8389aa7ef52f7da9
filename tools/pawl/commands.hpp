// The subcommands of `pawl`, in the order of its help.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <initializer_list>

namespace pawl::tools {

// What the chosen subcommand does once the whole command line is parsed. Returns the exit status.
using Action = std::function<int()>;

// Each adds its subcommand with its options to `app`, and sets `action` in the subcommand's callback. The options it binds are held
// by a shared_ptr in that callback, so they live as long as the app.
using AddCommand = void (*)(CLI::App& app, Action& action);

void add_run(CLI::App& app, Action& action);
void add_score(CLI::App& app, Action& action);
void add_replay(CLI::App& app, Action& action);
void add_journal(CLI::App& app, Action& action);
void add_rules(CLI::App& app, Action& action);
void add_gen(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);

inline constexpr std::initializer_list<AddCommand> commands = {&add_run, &add_score, &add_replay, &add_journal, &add_rules, &add_gen, &add_doctor};

}  // namespace pawl::tools
