#include "pawl/run_support.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/event/format.hpp"
#include "pawl/core/language/problems.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/journal/model/files.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

// What opening or making `path` would reach: whole, and through links, those too that lead to nothing yet.
std::filesystem::path place_of(const std::string& path) {
  constexpr int links_max = 40;  // as Linux has it
  std::error_code error;
  std::filesystem::path place = std::filesystem::absolute(path, error);
  for (int link = 0; link < links_max && std::filesystem::is_symlink(place, error); ++link) place = place.parent_path() / std::filesystem::read_symlink(place, error);
  place = std::filesystem::weakly_canonical(place, error).lexically_normal();
  return place.has_filename() ? place : place.parent_path();
}

// What a pipe or a device is given twice harms nobody.
bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  if (a.empty() || b.empty()) return false;
  const auto status = std::filesystem::status(a, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) return false;
  return a == b || std::filesystem::equivalent(a, b, error) || place_of(a) == place_of(b);
}

}  // namespace

bool is_inside(const std::string& path, const std::string& directory) {
  const auto around = place_of(directory), place = place_of(path);
  return !around.empty() && std::mismatch(around.begin(), around.end(), place.begin(), place.end()).first == around.end();
}

Result<void> check_outputs(const std::vector<std::string>& outputs, const std::vector<std::string>& read, const std::string& journal) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string& output = outputs[i];
    for (std::size_t other = i + 1; other < outputs.size(); ++other) {
      if (is_same_file(output, outputs[other])) return Error{ErrorCode::usage, fmt::format("two outputs are one file, {}: rows of both would stand in each other's place. Name two", output)};
    }
    if (output.empty() || output == "-") continue;
    for (const std::string& input : read) {
      if (input != "-" && is_same_file(output, input)) return Error{ErrorCode::usage, fmt::format("{} is read by this command, and would be overwritten by its output: name another file for that", output)};
    }
    if (!journal.empty() && is_inside(output, journal)) return Error{ErrorCode::usage, fmt::format("the output {} lies in the journal's directory {}, which holds the journal alone: name another place", output, journal)};
    const auto directory = std::filesystem::path(output).parent_path();
    std::error_code error;
    if (!directory.empty() && !std::filesystem::is_directory(directory, error)) return Error{ErrorCode::not_found, fmt::format("there is no directory {} for the output {}: make it first", directory.string(), output)};
  }
  return {};
}

Result<journal::LoadedPipeline> check_pipeline(const std::string& path, const std::string& journal) {
  const auto disk = io::make_real_disk();
  if (!disk.ok()) return disk.error();
  const auto text = journal::read_text(**disk, path, limits::pipeline_source_bytes_max);
  if (!text.ok()) return text.error();
  journal::DiskModelFiles models(**disk, path, journal);
  return journal::check_pipeline(*text, path, &models);
}

std::vector<std::string> read_files(const language::Pipeline& pipeline, const std::string& path, const std::string& input) {
  std::vector<std::string> files{path, input};
  for (const journal::NamedFile& file : journal::files_of(pipeline)) files.push_back((std::filesystem::path(path).parent_path() / *file.path).string());
  return files;
}

Result<void> check_journal_directory(const std::string& directory, bool append) {
  std::error_code error;
  const auto status = std::filesystem::status(directory, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_directory(status))
    return Error{ErrorCode::usage, fmt::format("{} is not a directory, and a journal needs one of its own: name another", directory)};
  if (append || !std::filesystem::exists(status)) return {};
  const bool empty = std::filesystem::is_empty(directory, error);
  if (empty || error) return {};  // what cannot be listed is named by the journal itself
  return Error{ErrorCode::usage, fmt::format("{} is not empty: give --append to go on with the journal in it, or name a new directory", directory)};
}

Result<Duration> parse_duration_option(const std::string& option, const std::string& text) {
  Duration duration = 0;
  const bool is_duration = parse_duration(text, duration) == ParseError::none;
  if (is_duration && duration > 0) return duration;
  if (is_duration) return Error{ErrorCode::usage, fmt::format("{} `{}` must be longer than nothing", option, text)};
  return Error{ErrorCode::usage, fmt::format("{} `{}` is not a duration: write for instance 500ms, 10s, 5m, 1h or 7d", option, text)};
}

Result<Duration> parse_tick_interval(const std::string& text) {
  if (text == "off") return Duration{0};
  return parse_duration_option("--tick-interval", text);
}

Result<journal::SnapshotOptions> parse_snapshot_every(const std::string& text) {
  journal::SnapshotOptions options;
  if (text.empty()) return options;
  if (parse_integer(text, options.every_inputs) == ParseError::none && options.every_inputs > 0) return options;
  options.every_inputs = 0;
  if (parse_duration(text, options.every) == ParseError::none && options.every > 0) return options;
  return Error{ErrorCode::usage, fmt::format("--snapshot-every `{}` is neither a number of inputs nor a duration: write for instance 10000000, 30s or 5m", text)};
}

io::Backend backend_named(const std::string& name) {
  if (name == "mixed") return io::Backend::mixed;
  if (name == "io_uring") return io::Backend::io_uring;
  if (name == "pwritev2") return io::Backend::pwritev2;
  if (name == "buffered") return io::Backend::buffered;
  return io::Backend::automatic;
}

Result<journal::Until> parse_until(const std::string& text) {
  journal::Until until;
  std::int64_t sequence = 0;
  if (parse_integer(text, sequence) == ParseError::none && sequence >= 0) {
    until.sequence = sequence;
    return until;
  }
  if (parse_time(text, until.time) == ParseError::none) return until;
  return Error{ErrorCode::usage, fmt::format("--until `{}` is neither a sequence nor a time such as 2018-07-01T00:00:00Z", text)};
}

Result<void> open_decision_files(const DurableEngine& engine, const DecisionFileOptions& options, std::optional<DecisionFiles>& files) {
  auto opened = DecisionFiles::open(engine.pipeline(), options);
  if (!opened.ok()) return std::move(opened).error();
  for (const auto& [path, last] : opened->ends()) {
    if (last <= engine.recovery().last_sequence) continue;
    return Error{ErrorCode::usage, fmt::format("{} ends with the decision of sequence {}, but the journal with sequence {}: it belongs to another journal, or the journal lost its end",
                                               path, last, engine.recovery().last_sequence)};
  }
  files.emplace(*std::move(opened));
  return {};
}

Result<std::size_t> find_event(const language::Pipeline& pipeline, const std::string& name) {
  std::vector<std::string> names;
  for (const EventSchema& event : pipeline.events) {
    if (event.name == name) return names.size();
    names.push_back(event.name);
  }
  if (name.empty() && names.size() == 1) return std::size_t{0};
  if (name.empty()) return Error{ErrorCode::usage, fmt::format("there are several events: choose one with --event; there are {}", language::quoted_list(names))};
  return Error{ErrorCode::usage, fmt::format("the pipeline has no event `{}` (--event).{} It has {}", name, language::suggestion(name, names), language::quoted_list(names))};
}

void show_gap(const DurableEngine& engine, const DecisionFiles& files, const std::string& path) {
  const auto gap = engine.gap();
  if (!gap || path.empty() || files.complete_to() >= gap->last) return;
  const Sequence first = std::max(gap->first, files.complete_to() + 1);
  const std::string end = files.complete_to() == no_sequence ? "holds none" : fmt::format("ends with sequence {}", files.complete_to());
  warn(fmt::format("a gap in the decisions: those of sequences {} to {} are missing in {} and stay so. The file {}: it was cut, moved away, or is new; the journal says that decisions up to "
                   "sequence {} were written once, and retention has since removed the inputs that they could be made from again. The engine goes on from the snapshot behind input {}: every "
                   "decision from there on is written, once. If the file is elsewhere, stop, put it back, and start again",
                   first, gap->last, path, end, engine.recovery().emitted.sequence, gap->last));
}

void show_warnings(const DurableEngine& engine, const std::string& file) {
  for (const language::Diagnostic& diagnostic : engine.diagnostics()) {
    if (diagnostic.severity != language::Severity::warning) continue;
    const std::string text = language::render(diagnostic, engine.pipeline().source, file);
    tell(text.ends_with('\n') ? text : text + "\n");
  }
  for (const std::string& what : engine.not_evaluated()) warn("not evaluated: " + what);
  for (const std::string& notice : engine.notices()) warn(notice);
}

void show_snapshot_errors(DurableEngine& engine) {
  while (const auto error = engine.snapshot_error()) warn("no snapshot: " + *error);
}

void show_refusals(const EngineReport& report) {
  std::uint64_t keys = 0, entries = 0, sums = 0, late = 0, too_late = 0;
  for (const window::GroupCounters& group : report.windows) {
    keys += group.keys_refused;
    entries += group.entries_refused;
    sums += group.overflow;
    late = std::max(late, group.late);  // the same events are in several groups
    too_late = std::max(too_late, group.too_late);
  }
  if (keys > 0) warn(fmt::format("{} events found no room for their key: their features of that key are missing", keys));
  if (entries > 0) warn(fmt::format("{} events found no room in their windows: their features of that key are missing", entries));
  if (late + too_late > 0) warn(fmt::format("late events, in the windows with most of them: {} were inserted at their own times, {} were later than their `late` allows and stand at the time of the latest", late, too_late));
  if (report.reorder.late > 0) warn(fmt::format("{} events came later than their `reorder` allows, and were sequenced behind younger ones", report.reorder.late));
  if (report.reorder.pushed_out > 0) {
    warn(fmt::format("{} events, with all that were older, were held back no longer because {} others of their source had come behind them", report.reorder.pushed_out, limits::reorder_events_max));
  }
  for (const auto& [name, counters] : report.remembered) {
    if (counters.refused > 0) warn(fmt::format("{}: {} keys found no room and were not remembered", name, counters.refused));
    if (counters.too_long > 0) warn(fmt::format("{}: {} texts were longer than it holds and were not added", name, counters.too_long));
  }
  if (report.runs.runs_refused > 0) warn(fmt::format("{} runs of patterns found no room and were not started", report.runs.runs_refused));
  if (report.runs.runs_dropped > 0) warn(fmt::format("{} runs of patterns were dropped, the oldest of keys that reached their `limit`", report.runs.runs_dropped));
  if (sums + report.overflows > 0) warn(fmt::format("{} values did not fit and are missing", sums + report.overflows));
  if (report.divisions_by_zero > 0) warn(fmt::format("{} divisions by zero gave missing values", report.divisions_by_zero));
}

}  // namespace pawl::tools
