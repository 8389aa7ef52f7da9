// pawl replay: a journal through the same stages again; the digest proves that the decisions are the same.
#include <fmt/format.h>

#include "pawl/commands.hpp"
#include "pawl/core/event/format.hpp"
#include "pawl/decision_files.hpp"
#include "pawl/journal/replay.hpp"
#include "pawl/report.hpp"
#include "pawl/run_support.hpp"

namespace pawl::tools {
namespace {

struct ReplayCommand {
  std::string journal, decisions, features, until;
  int threads = 0;
  bool from_snapshot = false;
};

int replay(const ReplayCommand& options) {
  ReplayOptions settings;
  settings.directory = options.journal;
  settings.threads = options.threads;
  settings.from_snapshot = options.from_snapshot;
  settings.decisions_with_lets = !options.features.empty();
  settings.decisions_with_values = wants_values(options.decisions);
  if (!options.until.empty()) {
    const auto until = parse_until(options.until);
    if (!until.ok()) return fail(until.error());
    settings.until = *until;
  }
  if (auto sound = check_outputs({options.decisions, options.features}, {}, options.journal); !sound.ok()) return fail(sound.error());
  auto replay = Replay::open(settings);
  if (!replay.ok()) return fail(replay.error());
  for (const std::string& note : (*replay)->notes()) warn(note);
  auto files = DecisionFiles::open((*replay)->pipeline(), {options.decisions, options.features, false});
  if (!files.ok()) return fail(files.error());
  const Stopwatch watch;
  const auto report = (*replay)->run(*files);
  if (!report.ok()) return fail(report.error());
  if (auto closed = files->close(); !closed.ok()) return fail(closed.error());
  const double seconds = watch.seconds();
  const Sequence after = (*replay)->after(), inputs = report->last_sequence - after;
  const std::string begin = after == no_sequence ? "" : fmt::format(" from the snapshot behind input {}", after);
  return print(fmt::format("replayed {} inputs{} in {:.2f} s ({:.2f} M/s), {} digests compared, all equal\ndigest {}\n", inputs, begin, seconds,
                           static_cast<double>(inputs) / seconds / 1e6, report->digests_compared, rules::to_hex(report->digest)));
}

}  // namespace

void add_replay(Command& program, Action& action) {
  const auto options = std::make_shared<ReplayCommand>();
  Command command = program.subcommand("replay", "Replay a journal: the same decisions, the same digest");
  command.option("--journal", options->journal, "Journal directory").required();
  command.option("--until", options->until, "Stop after this sequence, or before the first input later than this time");
  command.flag("--from-snapshot", options->from_snapshot, "Begin with the nearest snapshot: files get the decisions behind it alone");
  command.option("--threads", options->threads, "Threads; 0: as the CPUs allow").within(0, 64);
  command.option("--decisions", options->decisions, "Write decisions there as CSV, or as JSON lines with reasons if it ends in .jsonl, or binary if in .decisions; - is standard output");
  command.option("--features", options->features, "Write every let of every event there as CSV");
  command.does(action, options, &replay);
}

}  // namespace pawl::tools
