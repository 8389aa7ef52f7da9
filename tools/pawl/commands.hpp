// The subcommands of `pawl`, in the order of its help.
#pragma once

#include <initializer_list>

#include "command_line/command_line.hpp"

namespace pawl::tools {

// Each adds its subcommand with its options to `program`; when it is chosen, `action` is set.
using AddCommand = void (*)(Command& program, Action& action);

void add_run(Command& program, Action& action);
void add_score(Command& program, Action& action);
void add_replay(Command& program, Action& action);
void add_decisions(Command& program, Action& action);
void add_journal(Command& program, Action& action);
void add_snapshot(Command& program, Action& action);
void add_rules(Command& program, Action& action);
void add_profile(Command& rules, Action& action);  // of `rules`, as its add_rules() calls it
void add_gen(Command& program, Action& action);
void add_doctor(Command& program, Action& action);

inline constexpr std::initializer_list<AddCommand> commands = {&add_run, &add_score, &add_replay, &add_decisions, &add_journal, &add_snapshot, &add_rules, &add_gen, &add_doctor};

}  // namespace pawl::tools
