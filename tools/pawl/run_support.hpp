// What run, score and replay share.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "pawl/decision_files.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"
#include "pawl/journal/engine/replay_source.hpp"

namespace pawl::tools {

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Errors: usage, if the directory has a journal and --append was not given.
[[nodiscard]] Result<void> check_journal_directory(const std::string& directory, bool append);
// "5m" of an option. Errors: usage.
[[nodiscard]] Result<Duration> parse_duration_option(const std::string& option, const std::string& text);
// Of --tick-interval: a duration, or "off", which is 0. Errors: usage.
[[nodiscard]] Result<Duration> parse_tick_interval(const std::string& text);
// "1000000" inputs or "30s": when an engine takes snapshots; empty: never. Errors: usage.
[[nodiscard]] Result<journal::SnapshotOptions> parse_snapshot_every(const std::string& text);
// One of automatic, io_uring, pwritev2, buffered.
[[nodiscard]] io::Backend backend_named(const std::string& name);
// "12345" or "2018-07-01T00:00:00Z". Errors: usage.
[[nodiscard]] Result<journal::Until> parse_until(const std::string& text);

// Wherever links lead, and whether they are there or not. A directory is inside of itself.
[[nodiscard]] bool is_inside(const std::string& path, const std::string& directory);

// Before anything is opened or made. `outputs`: files that will be written, empty ones left out; `read`: what the command reads; `journal` may be empty.
// Errors: usage, if two outputs are one file, or one would overwrite what is read or stands in the journal's directory; not_found: no directory for it.
[[nodiscard]] Result<void> check_outputs(const std::vector<std::string>& outputs, const std::vector<std::string>& read, const std::string& journal);

// The pipeline file as an engine on that journal (may be empty) would read it; and what a command with that input reads, which no output may overwrite.
[[nodiscard]] Result<journal::LoadedPipeline> check_pipeline(const std::string& path, const std::string& journal);
[[nodiscard]] std::vector<std::string> read_files(const language::Pipeline& pipeline, const std::string& path, const std::string& input);

// The event of an `--event` option, by index; without a name the only one. Errors: usage, with what there is.
[[nodiscard]] Result<std::size_t> find_event(const language::Pipeline& pipeline, const std::string& name);

// Files for the decisions of an open engine. Errors: usage, if they hold decisions that its journal does not.
[[nodiscard]] Result<void> open_decision_files(const DurableEngine& engine, const DecisionFileOptions& options, std::optional<DecisionFiles>& files);

// Decisions that are missing in `path` for good, because retention has removed what led to them: to standard error.
void show_gap(const DurableEngine& engine, const DecisionFiles& files, const std::string& path);

// Warnings of the pipeline (what is not evaluated), fallbacks of the machine: to standard error.
void show_warnings(const DurableEngine& engine, const std::string& file);
// What snapshots have failed of since the last call.
void show_snapshot_errors(DurableEngine& engine);
// Bounds of the state that were reached, values that overflowed: never silent.
void show_refusals(const EngineReport& report);

}  // namespace pawl::tools
