// pawl journal stats: what a journal is made of, in figures.
#include "pawl/log/commands.hpp"
#include "pawl/log/log_reader.hpp"
#include "pawl/log/statistics.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct StatsOptions {
  std::string directory;
  bool json = false;
};

int stats(const StatsOptions& options) {
  auto log = LogReader::open(options.directory);
  if (!log) return fail(log.error());
  Statistics statistics;
  const auto done = for_each_block(*log, [&](const journal::BlockView& block) {
    statistics.add(block, log->decoder());
    return true;
  });
  // Of a damaged journal: what stands before the damage.
  const int printed = print(options.json ? to_json(statistics) : to_text(statistics, options.directory));
  return done || printed != exit_fine ? printed : fail(done.error());
}

}  // namespace

void add_journal_stats(Command& journal, Action& action) {
  const auto options = std::make_shared<StatsOptions>();
  Command command = add_journal_command(journal, action, "stats", "Counts and sizes by type, source and block; rates over time", options, &stats);
  add_directory(command, options->directory);
  command.flag("--json", options->json, "One JSON object");
}

}  // namespace pawl::tools
