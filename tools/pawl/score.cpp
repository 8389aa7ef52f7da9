// pawl score: a file of events through a pipeline, decisions and features out; with --journal everything is durable on the way.
#include <fmt/format.h>

#include "pawl/commands.hpp"
#include "pawl/csv_feed.hpp"
#include "pawl/decision_files.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "pawl/journal/reader.hpp"
#include "pawl/report.hpp"
#include "pawl/run_support.hpp"

namespace pawl::tools {
namespace {

struct ScoreOptions {
  std::string pipeline, input, event, decisions, features, journal, max_future;
  bool append = false, skip_bad_rows = false, ignore_unknown = false, audit = false;
  std::string backend = "automatic";
  int threads = 0;
};

// Of a journal that is gone on with. What is no journal, or a damaged one, is the engine's to say.
Result<void> check_begins_with_first(const std::string& directory) {
  const auto disk = io::make_real_disk();
  if (!disk.ok()) return disk.error();
  const auto reader = journal::JournalReader::open(directory, **disk);
  const auto beginning = reader.ok() ? reader->beginning() : Result<journal::Position>(reader.error());
  if (!beginning.ok() || beginning->next_sequence == 0) return {};
  return Error{ErrorCode::usage, fmt::format("the journal in {} begins with input {}: retention removed those before it, and score gives all decisions of a journal again. "
                                             "Go on with it by `pawl run` or pawl-fraud, or score into a new directory", directory, beginning->next_sequence)};
}

Result<EngineOptions> engine_options(const ScoreOptions& options) {
  EngineOptions engine;
  engine.directory = options.journal;
  engine.pipeline = options.pipeline;
  engine.durability = options.journal.empty() ? Durability::memory : Durability::disk;
  engine.threads = options.threads;
  engine.decisions_with_lets = !options.features.empty();
  engine.decisions_with_values = wants_values(options.decisions);
  engine.muted = EngineOptions::replay_all;
  engine.backend = backend_named(options.backend);
  engine.audit = options.audit;
  engine.tick_interval = 0;  // but the one that the input ends with
  if (!options.journal.empty()) {
    if (auto fresh = check_journal_directory(options.journal, options.append); !fresh.ok()) return std::move(fresh).error();
    if (auto all = check_begins_with_first(options.journal); !all.ok()) return std::move(all).error();
  }
  return engine;
}

// "3, 7-9 and 120 more". REQUIRES: ascending.
std::string ranges_of(const std::vector<Ticket>& numbers) {
  constexpr std::size_t ranges_max = 20;
  std::string text;
  std::size_t ranges = 0, i = 0;
  while (i < numbers.size() && ranges++ < ranges_max) {
    const std::size_t first = i++;
    while (i < numbers.size() && numbers[i] == numbers[i - 1] + 1) ++i;
    text += (text.empty() ? "" : ", ") + (i - first > 1 ? fmt::format("{}-{}", numbers[first], numbers[i - 1]) : fmt::format("{}", numbers[first]));
  }
  return i < numbers.size() ? fmt::format("{} and {} more", text, numbers.size() - i) : text;
}

int score(const ScoreOptions& options) {
  auto settings = engine_options(options);
  if (!settings.ok()) return fail(settings.error());
  io::SystemClock clock;
  csv::SourceOptions input{.path = options.input, .ignore_unknown = options.ignore_unknown, .skip_bad_rows = options.skip_bad_rows, .clock = &clock};
  if (!options.max_future.empty()) {
    const auto bound = parse_duration_option("--max-future", options.max_future);
    if (!bound.ok()) return fail(bound.error());
    input.max_future = *bound;
  }
  // Made before the engine, so that they outlive it.
  std::optional<DecisionFiles> files;
  std::optional<CsvFeed> feed;
  // Before the engine, which may make a journal: a slip in the command must not leave one behind.
  const auto pipeline = check_pipeline(options.pipeline, options.journal);
  if (!pipeline.ok()) return fail(pipeline.error());
  const auto read = read_files(*pipeline->pipeline, options.pipeline, options.input);
  if (auto sound = check_outputs({options.decisions, options.features}, read, options.journal); !sound.ok()) return fail(sound.error());
  const auto event = find_event(*pipeline->pipeline, options.event);
  if (!event.ok()) return fail(event.error());
  auto rows = csv::Source::open(pipeline->pipeline->events[*event], input);
  if (!rows.ok()) return fail(rows.error());
  auto engine = DurableEngine::open(*settings);
  if (!engine.ok()) return fail(engine.error());
  show_warnings(**engine, options.pipeline);
  for (const std::string& note : rows->notes()) warn(note);
  if (auto opened = open_decision_files(**engine, {options.decisions, options.features, options.append}, files); !opened.ok()) return fail(opened.error());
  const auto identity = (*engine)->identify("score");
  if (!identity.ok()) return fail(identity.error());
  if (!identity->missing.empty()) {
    warn(fmt::format("{} before row {} were held back by `reorder` when the last run was cut off, and are not in the journal: {} (counted from 1 over all that was scored into it, without bad rows, and with one for the end of each input). "
                     "This input comes behind them all: if they have not been added since, add them by --append as an input of their own", plural(identity->missing.size(), "row"), identity->last_ticket, ranges_of(identity->missing)));
  }
  feed.emplace(*std::move(rows), identity->number, identity->last_ticket + 1);
  (*engine)->set_sink(*files);
  if (auto added = (*engine)->add(*feed); !added.ok()) return fail(added.error());
  const auto report = (*engine)->close();
  if (!report.ok()) return fail(report.error());
  if (auto closed = files->close(); !closed.ok()) return fail(closed.error());
  for (const std::string& bad : feed->bad_rows()) warn(bad);
  if (options.skip_bad_rows && feed->rows().bad_rows() > 0) warn(fmt::format("{} bad rows were skipped, {} were taken", feed->rows().bad_rows(), feed->rows().rows()));
  show_refusals(*report);
  if (feed->error()) return fail(*feed->error());
  return print(fmt::format("digest {}\n", rules::to_hex(report->digest)));
}

}  // namespace

void add_score(Command& program, Action& action) {
  const auto options = std::make_shared<ScoreOptions>();
  Command command = program.subcommand("score", "Score a file of events: decisions and features out");
  command.option("--pipeline", options->pipeline, "Pipeline file").required();
  command.option("--input", options->input, "Events as CSV; .zst is read directly; - is standard input").required();
  command.option("--event", options->event, "Which event of the pipeline a row is").required();
  command.option("--decisions", options->decisions, "Write decisions there as CSV, or as JSON lines with reasons if it ends in .jsonl, or binary if in .decisions; - is standard output");
  command.option("--features", options->features, "Write every let of every event there as CSV");
  command.option("--journal", options->journal, "Journal directory: durable and replayable");
  command.flag("--append", options->append, "Go on with a journal that has events already: the rows of this input come behind them");
  command.option("--threads", options->threads, "Threads; 0: as the CPUs allow").within(0, 64);
  command.option("--max-future", options->max_future, "Refuse rows whose time is further past the clock than this, such as 5m");
  command.flag("--skip-bad-rows", options->skip_bad_rows, "Report and count bad rows instead of stopping at the first");
  command.flag("--ignore-unknown", options->ignore_unknown, "Ignore columns that the event does not have");
  command.flag("--audit", options->audit, "Hash blocks with SHA-256: a receipt then proves every byte against forgery");
  command.option("--backend", options->backend, "How the journal writes").one_of({"automatic", "mixed", "io_uring", "pwritev2", "buffered"}).shows_default();
  command.does(action, options, &score);
}

}  // namespace pawl::tools
