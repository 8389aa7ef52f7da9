// pawl run: the main job. A stream of payments, generated or from a file, through a lane into the durable engine; at the end one page.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <vector>

#include "gen/payments.hpp"
#include "pawl/commands.hpp"
#include "pawl/csv_feed.hpp"
#include "pawl/decision_files.hpp"
#include "pawl/default_pipeline.hpp"
#include "pawl/labels.hpp"
#include "pawl/report.hpp"
#include "pawl/run_page.hpp"
#include "pawl/run_support.hpp"

namespace pawl::tools {
namespace {

struct RunOptions {
  std::int64_t events = 1'000'000;
  std::uint64_t seed = 1;
  std::string pipeline, input, journal = "pawl-journal", decisions, durability = "disk";
  std::string backend = "automatic", snapshot_every, tick_interval = "100ms";
  int threads = 0;
  bool append = false, audit = false;
};

// Counts alerts against labels on the way to the files. Of inputs of other sources (their tickets are others' too) it knows no labels.
class CountingSink final : public DecisionSink {
 public:
  CountingSink(DecisionFiles& files, const Labels& labels, std::uint16_t source, const language::Pipeline& pipeline)
      : files_(files), labels_(labels), source_(source), counts_(pipeline.rules.size()) {}

  Result<void> on_decision(const rules::Decision& decision) override {
    ++decisions_;
    if (!decision.is_timed()) of_inputs_.set(static_cast<Ticket>(decision.sequence()), decision.source() == source_ && labels_.at(decision.ticket()));
    if (decision.any_fired()) {
      const bool fraud = of_inputs_.at(static_cast<Ticket>(decision.is_timed() ? decision.first_sequence() : decision.sequence()));
      for (std::size_t rule = 0; rule < counts_.size(); ++rule) {
        if (!decision.fired(rule)) continue;
        ++counts_[rule].alerts;
        counts_[rule].frauds += fraud;
      }
    }
    return files_.on_decision(decision);
  }
  Result<void> flush() override { return files_.flush(); }
  Result<void> sync() override { return files_.sync(); }

  [[nodiscard]] const std::vector<RuleCount>& counts() const noexcept { return counts_; }
  [[nodiscard]] std::uint64_t decisions() const noexcept { return decisions_; }

 private:
  DecisionFiles& files_;
  const Labels& labels_;
  std::uint16_t source_;  // whose tickets they are by
  Labels of_inputs_;  // the same by sequence: what a deadline fires names its first input, not its ticket
  std::vector<RuleCount> counts_;
  std::uint64_t decisions_ = 0;
};

// Where the payments come from: the generator, or a file whose rows are events of the pipeline's first event.
class Stream {
 public:
  static Result<Stream> open(const RunOptions& options, const EventSchema& event) {
    Stream stream(event);
    if (options.input.empty()) {
      auto generated = gen::PaymentSource::make(event, {.seed = options.seed}, options.events);
      if (!generated.ok()) return std::move(generated).error();
      stream.generated_.emplace(*std::move(generated));
      return stream;
    }
    auto rows = csv::Source::open(event, {.path = options.input});
    if (!rows.ok()) return std::move(rows).error();
    stream.rows_.emplace(*std::move(rows));
    return stream;
  }

  // False: the end, or error().
  bool next(std::byte* slot) {
    if (generated_) {
      if (generated_->at_end()) return false;
      generated_->next(slot);
      return true;
    }
    for (;;) {
      const auto outcome = rows_->next(slot);
      if (outcome == csv::Source::Next::row) return true;
      if (outcome == csv::Source::Next::failed) error_ = rows_->error();
      if (outcome == csv::Source::Next::end || outcome == csv::Source::Next::failed) return false;
      rows_->wait();
    }
  }

  [[nodiscard]] bool is_fraud(const std::byte* slot) const {
    return label_ >= 0 && !is_missing(event_, slot, static_cast<std::size_t>(label_)) && read_number(event_, slot, static_cast<std::size_t>(label_)) != 0;
  }
  [[nodiscard]] bool has_labels() const noexcept { return label_ >= 0; }
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }

 private:
  explicit Stream(const EventSchema& event) : event_(event), label_(event.find("fraud")) {
    if (label_ >= 0 && event.fields[static_cast<std::size_t>(label_)].type.kind != Kind::boolean) label_ = -1;
  }

  EventSchema event_;
  int label_;
  std::optional<gen::PaymentSource> generated_;
  std::optional<csv::Source> rows_;
  std::optional<Error> error_;
};

class Progress {
 public:
  void show(const DurableEngine& engine, std::int64_t published) {
    if (!terminal_ || watch_.seconds() < next_) return;
    next_ = watch_.seconds() + 0.2;
    const EngineStatus status = engine.status();
    tell(fmt::format("\r{:>12} published {:>12} decided {:>12} durable {:>12} emitted", published, status.decided + 1, status.durable + 1, status.emitted + 1));
    shown_ = true;
  }
  void end() const {
    if (shown_) tell(fmt::format("\r{:100}\r", ""));
  }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) != 0;
  bool shown_ = false;
  double next_ = 0.2;
  Stopwatch watch_;
};

Result<EngineOptions> engine_options(const RunOptions& options) {
  EngineOptions engine;
  engine.directory = options.journal;
  engine.pipeline = options.pipeline;
  if (options.pipeline.empty()) engine.pipeline_text = default_pipeline;
  engine.durability = options.durability == "disk" ? Durability::disk : options.durability == "os" ? Durability::os : Durability::memory;
  engine.threads = options.threads;
  engine.measure_latency = true;
  engine.decisions_with_values = wants_values(options.decisions);
  engine.muted = EngineOptions::replay_all;  // the files know what they have
  engine.allow_gap = true;                   // and what can no more be made for them is told
  engine.backend = backend_named(options.backend);
  auto snapshots = parse_snapshot_every(options.snapshot_every);
  if (!snapshots.ok()) return std::move(snapshots).error();
  engine.snapshots = *snapshots;
  engine.audit = options.audit;
  const auto interval = parse_tick_interval(options.tick_interval);
  if (!interval.ok()) return interval.error();
  engine.tick_interval = *interval;
  if (engine.durability == Durability::memory) return engine;
  if (auto fresh = check_journal_directory(options.journal, options.append); !fresh.ok()) return std::move(fresh).error();
  return engine;
}

using Slot = std::array<std::byte, limits::event_header_bytes + limits::event_payload_bytes_max>;

std::span<const std::byte> event_in(const Slot& slot) { return {slot.data(), sizeof(EventHeader) + reinterpret_cast<const EventHeader*>(slot.data())->length}; }

// Passes over what an earlier run has accepted already: the source's tickets tell. Its labels are kept, for its decisions come again. Returns those among them that
// the journal lacks, because `reorder` held them back.
std::vector<std::vector<std::byte>> skip_accepted(Stream& stream, const journal::SourceState& known, Labels& labels, Slot& slot) {
  std::vector<std::vector<std::byte>> lacking;
  for (Ticket ticket = 1; ticket <= known.last_ticket && stream.next(slot.data()); ++ticket) {
    labels.set(ticket, stream.is_fraud(slot.data()));
    const auto event = event_in(slot);
    if (std::binary_search(known.missing.begin(), known.missing.end(), ticket)) lacking.emplace_back(event.begin(), event.end());
  }
  return lacking;
}

journal::SourceState known_source(const DurableEngine& engine, std::uint16_t number) {
  for (const journal::SourceState& source : engine.recovery().sources) {
    if (source.number == number) return source;
  }
  return {};
}

Result<std::int64_t> publish(Stream& stream, std::span<const std::vector<std::byte>> lacking, DurableEngine& engine, EngineLane& lane, Labels& labels, Slot& slot) {
  using ring::Refusal;
  Progress progress;
  std::int64_t published = 0;
  const auto next = [&]() -> std::span<const std::byte> {
    if (static_cast<std::size_t>(published) < lacking.size()) return lacking[static_cast<std::size_t>(published)];
    return stream.next(slot.data()) ? event_in(slot) : std::span<const std::byte>{};
  };
  for (auto event = next(); !event.empty(); event = next()) {
    const Ticket ticket = lane.next_ticket();
    labels.set(ticket, stream.is_fraud(event.data()));
    const ring::Publication publication = lane.publish_encoded(event);
    if (!publication.accepted()) {
      if (publication.refusal() == Refusal::failed) break;  // close() tells why
      if (publication.refusal() != Refusal::disk_full) return Error{ErrorCode::io, fmt::format("event {} was refused: {}", ticket, to_text(publication.refusal()))};
      return Error{ErrorCode::disk_full, fmt::format("the journal's disk was full: event {} and those behind it were not taken. Free space ('df -h') and go on with --append", ticket)};
    }
    if (++published % 1024 == 0) progress.show(engine, published);
  }
  progress.end();
  if (stream.error()) return *stream.error();
  return published;
}

int run(const RunOptions& options) {
  // Before the engine, which may make a journal, and the files: a slip in the command must not leave one behind, or cost another.
  const auto settings = engine_options(options);
  if (!settings.ok()) return fail(settings.error());
  const auto checked = options.pipeline.empty() ? journal::check_pipeline(default_pipeline, "payments.pawl") : check_pipeline(options.pipeline, options.journal);
  if (!checked.ok()) return fail(checked.error());
  const auto read = read_files(*checked->pipeline, options.pipeline, options.input);
  if (auto sound = check_outputs({options.decisions}, read, options.journal); !sound.ok()) return fail(sound.error());
  auto stream = Stream::open(options, checked->pipeline->events.front());
  if (!stream.ok()) return fail(stream.error());
  // Made before the engine, so that they outlive it; opened behind it, because its lock keeps a second run away from the files.
  std::optional<DecisionFiles> files;
  std::optional<CountingSink> sink;
  const auto labels = std::make_unique<Labels>();
  auto engine = DurableEngine::open(*settings);
  if (!engine.ok()) return fail(engine.error());
  show_warnings(**engine, options.pipeline.empty() ? "payments.pawl" : options.pipeline);
  const language::Pipeline& pipeline = (*engine)->pipeline();
  if (auto opened = open_decision_files(**engine, {options.decisions, "", options.append}, files); !opened.ok()) return fail(opened.error());
  show_gap(**engine, *files, options.decisions);
  const auto lane = (*engine)->lane("run", {.max_future = 0});
  if (!lane.ok()) return fail(lane.error());
  alignas(8) Slot slot;
  const auto lacking = skip_accepted(*stream, known_source(**engine, (*lane)->source().number()), *labels, slot);
  sink.emplace(*files, *labels, (*lane)->source().number(), pipeline);
  (*engine)->set_sink(*sink);
  const Stopwatch watch;
  const auto published = publish(*stream, lacking, **engine, **lane, *labels, slot);
  const std::string threads = (*engine)->thread_plan();
  const auto report = (*engine)->close();
  const double seconds = watch.seconds();
  if (!report.ok()) return fail(report.error());  // first: it says what is durable
  if (!published.ok()) return fail(published.error());
  if (auto closed = files->close(); !closed.ok()) return fail(closed.error());
  show_snapshot_errors(**engine);
  show_refusals(*report);
  return print(run_page({.pipeline = pipeline, .report = *report, .counts = sink->counts(), .threads = threads, .journal = options.journal,
                         .durability = options.durability, .events = *published, .decisions = sink->decisions(), .seconds = seconds,
                         .labelled = stream->has_labels()}));
}

}  // namespace

void add_run(Command& program, Action& action) {
  const auto options = std::make_shared<RunOptions>();
  Command command = program.subcommand("run", "Run a stream of payments through the durable engine, and show what came of it");
  command.option("--events", options->events, "How many payments to generate").within(1, std::int64_t{1} << 32).shows_default();
  command.option("--seed", options->seed, "Of the generator: same seed, same payments").shows_default();
  command.option("--pipeline", options->pipeline, "Pipeline file; without it a built-in one for payments");
  command.option("--input", options->input, "Events as CSV instead of generated ones; .zst is read directly; - is standard input");
  command.option("--journal", options->journal, "Journal directory").shows_default();
  command.flag("--append", options->append, "Go on where an earlier run of the same stream ended or was killed");
  command.option("--decisions", options->decisions, "Write decisions there as CSV, or as JSON lines with reasons if it ends in .jsonl, or binary if in .decisions");
  command.option("--snapshot-every", options->snapshot_every, "Take a snapshot every so many inputs (1000000) or so often (30s), beside the run");
  command.option("--tick-interval", options->tick_interval, "Without events for so long, let the deadlines of patterns pass; off: only the next event does").shows_default();
  command.option("--threads", options->threads, "Threads; 0: as the CPUs allow").within(0, 64);
  command.option("--durability", options->durability, "What acked means").one_of({"disk", "os", "memory"}).shows_default();
  command.flag("--audit", options->audit, "Hash blocks with SHA-256: a receipt then proves every byte against forgery");
  command.option("--backend", options->backend, "How the journal writes").one_of({"automatic", "mixed", "io_uring", "pwritev2", "buffered"}).shows_default();
  command.does(action, options, &run);
  // tools/run gives its defaults first: an option given twice takes the last.
  command.last_one_counts();
}

}  // namespace pawl::tools
