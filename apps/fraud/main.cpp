// pawl-fraud: the service around the engine. Payments as CSV from a pipe or a file, decisions as CSV as soon as their input is durable.
//
// It runs until its input ends, SIGTERM or SIGINT; then everything accepted is decided, durable and written, and the exit status is 0.
// Started again on the same journal it goes on: payments are taken from where the journal ends when the input is a file from its
// beginning (--resume), and the decisions file is continued without a doubled or torn row.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <optional>
#include <span>

#include "command_line/command_line.hpp"
#include "csv/output.hpp"
#include "csv/source.hpp"
#include "pawl/core/event/format.hpp"
#include "pawl/core/ring/loop.hpp"
#include "pawl/decision_files.hpp"
#include "pawl/io/parker.hpp"
#include "pawl/io/standard_files.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "pawl/report.hpp"
#include "pawl/run_support.hpp"

namespace {

using namespace pawl;

struct Options {
  std::string pipeline, journal, input = "-", event, decisions = "-", max_future = "5m", snapshot_every, keep_time = "0s", tick_interval = "100ms";
  std::int64_t keep_bytes = 0;
  bool retention = false;
  bool resume = false, stop_at_bad_row = false, audit = false;
};

constexpr Duration patience = 100'000'000;  // of a payment that the engine has no room for, before it looks for a signal

// Set by the signal handler, read by the loop of this thread and by the writer of decisions.
ring::StopFlag stop_asked;
void ask_to_stop(int) { stop_asked.request(); }

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = ask_to_stop;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a reader of the decisions that went away is an error of the sink
}

// A pipe's first row may come at any time, and what is wrong with it is told then. That of a file is there.
Result<csv::Source> open_rows(const EventSchema& event, const Options& options) {
  std::error_code error;
  const auto status = std::filesystem::status(options.input == "-" ? "/dev/stdin" : options.input, error);
  const bool may_come = std::filesystem::is_fifo(status) || std::filesystem::is_socket(status) || std::filesystem::is_character_file(status);
  return csv::Source::open(event, {.path = options.input, .skip_bad_rows = !options.stop_at_bad_row, .header_later = may_come});
}

// Until the lane takes it, a signal comes or the engine fails: a full disk, and a reader of decisions that stands still, hold the input back.
// An empty event uses up its ticket alone.
ring::Publication offer(EngineLane& lane, DurableEngine& engine, std::span<const std::byte> event) {
  using ring::Refusal;
  constexpr Duration nap = 50'000'000;
  for (bool told = false;;) {
    const ring::Publication publication = event.empty() ? lane.leave_out() : lane.publish_encoded(event);
    const bool waits = publication.refusal() == Refusal::disk_full || publication.refusal() == Refusal::deadline;
    if (!waits || stop_asked.requested() || engine.status().failed) return publication;
    if (publication.refusal() == Refusal::deadline) continue;
    if (!told) tools::warn("the journal has no room to go on: no payment is taken until it has, and none is left out. Free disk space ('df -h'), or raise the limit of open files ('ulimit -n')");
    told = true;
    io::nap(nap);
  }
}

struct Served {
  std::uint64_t accepted = 0, refused = 0;
};

// Rows into the lane until the input ends, a signal comes or the engine fails (close() then tells why). Each takes a ticket, refused ones too:
// the next ticket says how many rows the journal knows of, whatever became of them.
Result<Served> serve(csv::Source& rows, EngineLane& lane, DurableEngine& engine, bool resume) {
  constexpr Duration nap = 200'000;
  Served served;
  std::size_t noted = 0;
  alignas(8) std::byte slot[limits::event_header_bytes + limits::event_payload_bytes_max];
  Ticket row = 0;  // with resume: its number is its ticket
  while (!stop_asked.requested() && !engine.status().failed) {
    const csv::Source::Next next = rows.next(slot);
    for (; noted < rows.notes().size(); ++noted) tools::warn(rows.notes()[noted]);
    switch (next) {
      case csv::Source::Next::row: break;
      case csv::Source::Next::bad_row: tools::warn(rows.report()); continue;
      case csv::Source::Next::not_yet:
        tools::show_snapshot_errors(engine);
        io::nap(nap);
        continue;
      case csv::Source::Next::end:
        if (resume && row + 1 < lane.next_ticket()) {
          tools::warn(fmt::format("--resume: the input has ended {} rows before the place where the journal goes on: is it the same input, and the same --event?", lane.next_ticket() - 1 - row));
        }
        return served;
      case csv::Source::Next::failed: return rows.error();
    }
    if (++row < lane.next_ticket() && resume) continue;
    const auto& header = *reinterpret_cast<const EventHeader*>(slot);
    ring::Publication publication = offer(lane, engine, {slot, sizeof(EventHeader) + header.length});
    served.accepted += publication.accepted();
    if (publication.refusal() == ring::Refusal::in_future) {
      ++served.refused;
      tools::warn(fmt::format("row {} was refused: {}", rows.rows(), to_text(publication.refusal())));
      publication = offer(lane, engine, {});
    }
    if (!publication.accepted()) break;
  }
  return served;
}

int finish(const Result<Served>& served, DurableEngine& engine, tools::DecisionFiles& files) {
  const auto report = engine.close();
  if (!report.ok()) return tools::fail(report.error());
  if (auto closed = files.close(); !closed.ok()) return tools::fail(closed.error());
  tools::show_snapshot_errors(engine);
  tools::show_refusals(*report);
  if (!served.ok()) return tools::fail(served.error());
  tools::tell(fmt::format("pawl-fraud: {} payments accepted, {} refused, {} decisions written, digest {}\n", served->accepted, served->refused, files.decisions(),
                          rules::to_hex(report->digest)));
  return tools::exit_fine;
}

Result<EngineOptions> engine_options(const Options& options, const language::Pipeline& pipeline) {
  EngineOptions settings;
  settings.directory = options.journal;
  settings.pipeline = options.pipeline;
  settings.audit = options.audit;
  const auto interval = tools::parse_tick_interval(options.tick_interval);
  if (!interval.ok()) return interval.error();
  settings.tick_interval = *interval;
  auto snapshots = tools::parse_snapshot_every(options.snapshot_every);
  if (!snapshots.ok()) return std::move(snapshots).error();
  settings.snapshots = *snapshots;
  auto& retention = settings.snapshots.retention;
  retention.enabled = options.retention;
  retention.keep_bytes = static_cast<std::uint64_t>(options.keep_bytes);
  if (parse_duration(options.keep_time, retention.keep_time) != ParseError::none) {
    return Error{ErrorCode::usage, fmt::format("--keep-time `{}` is not a duration: write for instance 36h or 7d", options.keep_time)};
  }
  settings.decisions_with_values = tools::wants_values(options.decisions);
  std::error_code error;
  const auto found = std::filesystem::status(options.decisions, error);
  if (options.decisions == "-" || (std::filesystem::exists(found) && !std::filesystem::is_regular_file(found))) return settings;  // a pipe has no past: the journal knows
  // Exactly once: the file itself says which decisions it has.
  auto rows = csv::find_whole_rows(options.decisions, tools::decision_rows(pipeline, options.decisions));
  if (!rows.ok()) return std::move(rows).error();
  settings.muted = std::max(rows->last_sequence - 1, EngineOptions::replay_all);  // the last input may have further outputs
  settings.allow_gap = true;  // told, once the file is open
  return settings;
}

int serve(const Options& options) {
  handle_signals();
  // Before the engine, which may make a journal, and the files: a slip in the command must not leave one behind, or cost another.
  const auto bound = tools::parse_duration_option("--max-future", options.max_future);
  if (!bound.ok()) return tools::fail(bound.error());
  const auto checked = tools::check_pipeline(options.pipeline, options.journal);
  if (!checked.ok()) return tools::fail(checked.error());
  const auto read = tools::read_files(*checked->pipeline, options.pipeline, options.input);
  if (auto sound = tools::check_outputs({options.decisions}, read, options.journal); !sound.ok()) return tools::fail(sound.error());
  const auto event = options.event.empty() ? Result<std::size_t>(std::size_t{0}) : tools::find_event(*checked->pipeline, options.event);
  if (!event.ok()) return tools::fail(event.error());
  auto rows = open_rows(checked->pipeline->events[*event], options);
  if (!rows.ok()) return tools::fail(rows.error());
  const bool to_file = options.decisions != "-";
  const auto settings = engine_options(options, *checked->pipeline);
  if (!settings.ok()) return tools::fail(settings.error());
  // Made before the engine, so that they outlive it; opened behind it, because its lock keeps a second service away from the file.
  std::optional<tools::DecisionFiles> files;
  auto engine = DurableEngine::open(*settings);
  if (!engine.ok()) return tools::fail(engine.error());
  tools::show_warnings(**engine, options.pipeline);
  if (auto opened = tools::open_decision_files(**engine, {options.decisions, "", to_file, &stop_asked}, files); !opened.ok()) {
    if (!stop_asked.requested()) return tools::fail(opened.error());
    const auto report = (*engine)->close();  // a signal while a pipe waited for its reader: decisions wait for the next start
    return report.ok() ? tools::exit_fine : tools::fail(report.error());
  }
  tools::show_gap(**engine, *files, options.decisions);
  (*engine)->set_sink(*files);
  const auto lane = (*engine)->lane("payments", {.patience = patience, .max_future = *bound});
  if (!lane.ok()) return tools::fail(lane.error());
  return finish(serve(*rows, **lane, **engine, options.resume), **engine, *files);
}

}  // namespace

int main(int argc, char** argv) {
  io::hold_standard_files();
  Options options;
  tools::CommandLine line("Decides on payments: CSV in, decisions out as soon as their input is durable", "pawl-fraud");
  tools::Command program = line.program();
  program.option("--pipeline", options.pipeline, "Pipeline file").required();
  program.option("--journal", options.journal, "Journal directory; made if absent, continued if there").required();
  program.flag("--audit", options.audit, "Hash blocks with SHA-256: a receipt then proves every byte against forgery");
  program.option("--input", options.input, "CSV file; - is standard input").shows_default();
  program.option("--event", options.event, "Which event of the pipeline a row is; without it the first");
  program.option("--decisions", options.decisions, "Decisions as CSV, or as JSON lines with reasons if it ends in .jsonl, or binary if in .decisions; a file is continued; - is standard output").shows_default();
  program.option("--max-future", options.max_future, "Refuse payments whose time is further past the clock than this").shows_default();
  program.option("--tick-interval", options.tick_interval, "Without events for so long, let the deadlines of patterns pass; off: only the next event does").shows_default();
  program.option("--snapshot-every", options.snapshot_every, "Take a snapshot every so many inputs (10000000) or so often (5m): the next start goes on from it");
  program.flag("--retention", options.retention, "Remove segments and snapshots that two newer snapshots make needless");
  program.option("--keep-time", options.keep_time, "But keep this much of event time, or the longest window if that is longer").shows_default();
  program.option("--keep-bytes", options.keep_bytes, "And this many bytes of segments").within(0, std::int64_t{1} << 60).shows_default();
  program.flag("--resume", options.resume, "The input starts again at its beginning: skip the rows that the journal has already");
  program.flag("--stop-at-bad-row", options.stop_at_bad_row, "End at the first bad row instead of reporting and skipping it");
  using Outcome = tools::CommandLine::Parsed::Outcome;
  const auto [outcome, text] = line.parse(argc, argv);
  if (outcome == Outcome::show) return tools::print(text);
  if (outcome == Outcome::wrong) return tools::fail({ErrorCode::usage, text + "; see pawl-fraud --help"});
  return serve(options);
}
