#include "pawl/journal/replay.hpp"

#include <cstring>

#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/engine/activation.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"
#include "pawl/journal/model/files.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/journal/snapshot/snapshots.hpp"

namespace pawl {

struct Replay::State {
  ReplayOptions options;
  std::unique_ptr<io::Disk> own_disk;
  std::unique_ptr<io::Clock> own_clock;
  std::optional<journal::JournalReader> reader;
  journal::LoadedPipeline loaded;
  journal::Started started;
  std::optional<journal::ReplaySource> source;

  Result<journal::Beginning> find_beginning();
  Result<void> open();
  Result<void> start(const window::StateLimits& limits);
  [[nodiscard]] Error failure();
  [[nodiscard]] Error differs(Sequence first, Sequence last, const std::string& computed, const std::string& recorded) const;
};

// The text and the bounds of state that the first activation names.
Result<journal::Beginning> Replay::State::find_beginning() {
  auto beginning = journal::read_beginning(*reader);
  if (!beginning.ok()) return beginning;
  if (beginning->has_inputs && !beginning->pipeline.empty()) return beginning;
  if (beginning->has_inputs) return Error{ErrorCode::bad_data, options.directory + " names no pipeline before its first input: an engine did not write it"};
  if (auto whole = journal::check_end(options.directory, *options.disk); !whole.ok()) return std::move(whole).error();
  return Error{ErrorCode::bad_data, options.directory + " holds no inputs yet: there is nothing to replay"};
}

Result<void> Replay::State::open() {
  if (options.disk == nullptr) {
    auto made = io::make_real_disk();
    if (!made.ok()) return std::move(made).error();
    own_disk = *std::move(made);
    options.disk = own_disk.get();
  }
  if (options.clock == nullptr) {
    own_clock = std::make_unique<io::SystemClock>();
    options.clock = own_clock.get();
  }
  auto opened = journal::JournalReader::open(options.directory, *options.disk);
  if (!opened.ok()) return std::move(opened).error();
  reader.emplace(*std::move(opened));
  reader->set_digest_interval(options.digest_interval);
  auto beginning = find_beginning();
  if (!beginning.ok()) return std::move(beginning).error();
  journal::DiskModelFiles models(*options.disk, {}, options.directory);
  auto checked = journal::check_pipeline(beginning->pipeline, options.directory + " (its recorded pipeline)", &models, &options.operators);
  if (!checked.ok()) return std::move(checked).error();
  loaded = *std::move(checked);
  return start(beginning->state);
}

namespace {

// The last input before that where `until` ends. Reads the log up to there: a tick may be later than any event, and no snapshot tells.
Result<Sequence> last_within(const journal::JournalReader& reader, const journal::Until& until) {
  const auto beginning = reader.beginning();
  if (!beginning.ok()) return beginning.error();
  auto blocks = reader.read({.from_sequence = beginning->next_sequence});
  if (!blocks.ok()) return std::move(blocks).error();
  journal::BlockView block;
  Sequence next = beginning->next_sequence;
  for (;;) {
    const auto more = blocks->next(block);
    if (!more.ok()) return more.error();
    if (!*more) return next - 1;
    for (const journal::Record record : block.records()) {
      if (!record.is_input()) continue;
      if (until.ends_before(next, record.header())) return next - 1;
      ++next;
    }
  }
}

}  // namespace

Result<void> Replay::State::start(const window::StateLimits& limits) {
  journal::SnapshotBounds bounds{.sequence = options.until.sequence};
  if (options.from_snapshot && options.until.time != INT64_MAX) {
    const auto last = last_within(*reader, options.until);
    if (!last.ok()) return last.error();
    bounds.sequence = *last;
  }
  if (!options.from_snapshot) {
    bounds.sequence = no_sequence;
    bounds.cure = "go on from it or a later one (ReplayOptions::from_snapshot, `pawl replay --from-snapshot`)";
  }
  auto made = journal::start_machine(*reader, *loaded.pipeline, limits, bounds, [&](Sequence after) {
    journal::MachineOptions settings;
    settings.threads = options.threads;
    settings.carried = {.lets = options.decisions_with_lets, .shown = options.decisions_with_values};
    settings.state = limits;
    settings.after = after;
    settings.digest_interval = options.digest_interval;
    return journal::Machine::make(*loaded.pipeline, settings, *options.clock, nullptr, nullptr, no_sequence);
  });
  if (!made.ok()) return std::move(made).error();
  started = *std::move(made);
  auto blocks = reader->read({.from_sequence = started.after + 1});
  if (!blocks.ok()) return std::move(blocks).error();
  source.emplace(*std::move(blocks), options.until, started.machine->digests(), started.after + 1);
  PAWL_ASSERT(started.machine->sequence().add(*source));
  return {};
}

Result<std::unique_ptr<Replay>> Replay::open(const ReplayOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  if (auto opened = state->open(); !opened.ok()) return std::move(opened).error();
  return std::unique_ptr<Replay>(new Replay(std::move(state)));
}

Replay::Replay(std::unique_ptr<State> state) : state_(std::move(state)) {}
Replay::~Replay() = default;

const language::Pipeline& Replay::pipeline() const noexcept { return *state_->loaded.pipeline; }
Sequence Replay::was_decided() const noexcept { return state_->started.machine->was_decided(); }
Sequence Replay::after() const noexcept { return state_->started.after; }
const std::vector<std::string>& Replay::notes() const noexcept { return state_->started.notes; }

Error Replay::State::differs(Sequence first, Sequence last, const std::string& computed, const std::string& recorded) const {
  return {ErrorCode::corrupt, "replay does not reproduce what was decided: sequences " + std::to_string(first) + " to " + std::to_string(last) +
                                  " give digest " + computed + ", the journal in " + options.directory + " has " + recorded +
                                  ". `pawl journal verify` tells whether its bytes are whole; if they are, this release decides otherwise than the one that wrote it"};
}

Error Replay::State::failure() {
  if (auto error = started.machine->sink_error()) return *std::move(error);
  if (const auto& mismatch = started.machine->digests().mismatch()) {
    return differs(mismatch->first, mismatch->last, rules::to_hex(mismatch->computed), rules::to_hex(mismatch->recorded));
  }
  return {ErrorCode::corrupt, "a record of the journal in " + options.directory + " has a wrong checksum: run `pawl journal verify " + options.directory + "`"};
}

Result<ReplayReport> Replay::run(DecisionSink& sink) {
  journal::Machine& machine = *state_->started.machine;
  machine.set_sink(sink);
  if (auto started = machine.start(); !started.ok()) return std::move(started).error();
  machine.drain();
  if (machine.failed()) return state_->failure();
  if (state_->source->error()) return *state_->source->error();
  if (state_->source->exhausted()) {
    if (auto whole = journal::check_end(state_->options.directory, *state_->options.disk); !whole.ok()) return std::move(whole).error();
  }
  ReplayReport report;
  report.digest = machine.decide().digest();
  report.last_sequence = machine.decide().sequence();
  report.digests_compared = machine.digests().compared();
  report.firings.assign(machine.decide().firings().begin(), machine.decide().firings().end());
  const auto& mark = state_->source->last_mark();
  if (mark && mark->sequence == report.last_sequence) {
    rules::Digest128 recorded;
    std::memcpy(recorded.data(), &mark->digest, sizeof recorded);
    ++report.digests_compared;
    const std::int64_t interval = state_->options.digest_interval;
    if (recorded != report.digest) return state_->differs(mark->sequence / interval * interval, mark->sequence, rules::to_hex(report.digest), rules::to_hex(recorded));
  }
  return report;
}

}  // namespace pawl
