// `pawl journal`: looks into a journal without taking its lock, so also beside a live engine; see commands.hpp.
#include "pawl/log/commands.hpp"

namespace pawl::tools {

void add_journal(Command& program, Action& action) {
  Command journal = program.subcommand("journal", "Look into a journal, also beside a live engine");
  journal.needs_subcommand();
  for (const auto add : journal_commands) add(journal, action);
}

}  // namespace pawl::tools
