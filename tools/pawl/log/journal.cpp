// `pawl journal`: looks into a journal without taking its lock, so also beside a live engine; see commands.hpp.
#include "pawl/log/commands.hpp"

namespace pawl::tools {

void add_journal(CLI::App& app, Action& action) {
  CLI::App& journal = *app.add_subcommand("journal", "Look into a journal, also beside a live engine");
  journal.require_subcommand(1);
  for (const auto add : journal_commands) add(journal, action);
}

}  // namespace pawl::tools
