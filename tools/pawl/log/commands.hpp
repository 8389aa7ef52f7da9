// The subcommands of `pawl journal`, in the order of its help. All but `repair` write nothing; all run beside a live engine.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>

#include "pawl/commands.hpp"

namespace pawl::tools {

void add_journal_info(CLI::App& journal, Action& action);
void add_journal_ls(CLI::App& journal, Action& action);
void add_journal_cat(CLI::App& journal, Action& action);
void add_journal_grep(CLI::App& journal, Action& action);
void add_journal_tail(CLI::App& journal, Action& action);
void add_journal_verify(CLI::App& journal, Action& action);
void add_journal_export(CLI::App& journal, Action& action);
void add_journal_stats(CLI::App& journal, Action& action);
void add_journal_diff(CLI::App& journal, Action& action);
void add_journal_repair(CLI::App& journal, Action& action);

inline constexpr std::initializer_list<AddCommand> journal_commands = {
    &add_journal_info,   &add_journal_ls,     &add_journal_cat,   &add_journal_grep, &add_journal_tail,
    &add_journal_verify, &add_journal_export, &add_journal_stats, &add_journal_diff, &add_journal_repair};

// One subcommand: its options live in `options`, and `run` is its action. Returns it, for further options.
template <class Options>
CLI::App& add_journal_command(CLI::App& journal, Action& action, const char* name, const char* what, const std::shared_ptr<Options>& options,
                              int (*run)(const Options&)) {
  CLI::App& command = *journal.add_subcommand(name, what);
  command.callback([options, &action, run] { action = [options, run] { return run(*options); }; });
  return command;
}

inline void add_directory(CLI::App& command, std::string& directory) {
  command.add_option("directory", directory, "The journal's directory")->required();
}

}  // namespace pawl::tools
