// The subcommands of `pawl journal`, in the order of its help. All but `repair` write nothing; all run beside a live engine.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>

#include "pawl/commands.hpp"

namespace pawl::tools {

void add_journal_info(Command& journal, Action& action);
void add_journal_ls(Command& journal, Action& action);
void add_journal_cat(Command& journal, Action& action);
void add_journal_grep(Command& journal, Action& action);
void add_journal_tail(Command& journal, Action& action);
void add_journal_verify(Command& journal, Action& action);
void add_journal_export(Command& journal, Action& action);
void add_journal_stats(Command& journal, Action& action);
void add_journal_diff(Command& journal, Action& action);
void add_journal_repair(Command& journal, Action& action);

inline constexpr std::initializer_list<AddCommand> journal_commands = {
    &add_journal_info,   &add_journal_ls,     &add_journal_cat,   &add_journal_grep, &add_journal_tail,
    &add_journal_verify, &add_journal_export, &add_journal_stats, &add_journal_diff, &add_journal_repair};

// One subcommand: its options live in `options`, and `run` is its action. Returns it, for further options.
template <class Options>
Command add_journal_command(Command& journal, Action& action, const char* name, const char* what, const std::shared_ptr<Options>& options,
                            int (*run)(const Options&)) {
  Command command = journal.subcommand(name, what);
  command.does(action, options, run);
  return command;
}

inline void add_directory(Command command, std::string& directory) { command.option("directory", directory, "The journal's directory").required(); }

}  // namespace pawl::tools
