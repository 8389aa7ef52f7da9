#include "pipeline/open_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "harness/fail.hpp"
#include "harness/open_loop.hpp"
#include "harness/steal.hpp"

namespace pawl::bench {
namespace {

// Payments by their planned times. When the ring is full they come late, and their planned times stand.
class PacedPayments final : public InputSource {
 public:
  // `taken`: notes when the engine took a payment.
  PacedPayments(gen::PaymentSource prepared, std::uint16_t number, const OpenLoad& open, journal::StageLog& taken)
      : payments_(std::move(prepared)), number_(number), rate_(open.rate), events_(open.events()), taken_(taken) {}

  std::int64_t fill(const SlotRun& run) override {
    const std::int64_t now = now_ns();
    if (!plan_) plan_.emplace(now, rate_);
    const std::int64_t due = std::min({plan_->due(now), events_, sent_ + run.size}) - sent_;
    for (std::int64_t i = 0; i < due; ++i) {
      std::byte* const slot = run.slot_to_fill(i);
      payments_.next(slot);
      reinterpret_cast<EventHeader*>(slot)->ticket = static_cast<Ticket>(++sent_);
    }
    if (due > 0) taken_.note(run.first + due - 1, now);
    return std::max<std::int64_t>(due, 0);
  }
  [[nodiscard]] bool finished() override { return sent_ == events_; }
  [[nodiscard]] std::uint16_t number() const override { return number_; }
  // Once the engine is closed.
  [[nodiscard]] const OpenLoop& plan() const { return *plan_; }

 private:
  gen::PaymentSource payments_;
  std::uint16_t number_;
  double rate_;
  std::int64_t events_, sent_ = 0;
  journal::StageLog& taken_;
  std::optional<OpenLoop> plan_;
};

// Notes when it got the sampled decisions, and checks the order of all.
class TimingSink final : public DecisionSink {
 public:
  TimingSink(Sequence every, std::size_t samples, std::int64_t stall_at, double stall_ms) : log_(every, samples), stall_at_(stall_at), stall_ms_(stall_ms) {}

  Result<void> on_decision(const Decision& decision) override {
    if (count_ == 0) ticket_zero_ = decision.sequence() - static_cast<Sequence>(decision.ticket());
    ordered_ = ordered_ && decision.sequence() - static_cast<Sequence>(decision.ticket()) == ticket_zero_ && decision.ticket() == static_cast<Ticket>(count_ + 1);
    if (++count_ == stall_at_ && stall_ms_ > 0) std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(stall_ms_));
    if (log_.due(decision.sequence())) log_.note(decision.sequence(), last_ns_ = now_ns());
    return {};
  }
  Result<void> flush() override { return {}; }

  // Once the engine is closed.
  [[nodiscard]] const journal::StageLog& times() const noexcept { return log_; }
  [[nodiscard]] bool complete(std::int64_t events) const noexcept { return ordered_ && count_ == events; }
  [[nodiscard]] Sequence ticket_zero() const noexcept { return ticket_zero_; }
  [[nodiscard]] std::int64_t last_ns() const noexcept { return last_ns_; }

 private:
  journal::StageLog log_;
  std::int64_t stall_at_;
  double stall_ms_;
  std::int64_t count_ = 0;
  std::int64_t last_ns_ = 0;
  Sequence ticket_zero_ = 0;
  bool ordered_ = true;
};

// What was noted of a run.
struct Notes {
  const journal::Timeline& timeline;
  const journal::StageLog& taken;
  const TimingSink& sink;
  const OpenLoop& plan;

  [[nodiscard]] std::size_t samples() const { return sink.times().samples(); }
  [[nodiscard]] Sequence sequence(std::size_t sample) const { return static_cast<Sequence>(sample) * sink.times().every(); }
  // Behind the warm-up, and emitted.
  [[nodiscard]] bool measured(std::size_t sample, const OpenLoad& open) const {
    return sequence(sample) > sink.ticket_zero() + open.warm_events() && sink.times().at_ns(sample) != journal::StageLog::not_passed;
  }
  [[nodiscard]] std::int64_t planned_ns(std::size_t sample) const { return plan.planned_ns(sequence(sample) - sink.ticket_zero() - 1); }
};

// A stage's note is taken after its cursor has moved: the next stage may be faster than the note.
EventTime event_time(const Notes& notes, std::size_t sample) {
  const std::int64_t planned = notes.planned_ns(sample), emitted = notes.sink.times().at_ns(sample);
  const std::int64_t decided = std::min(notes.timeline.decided.at_ns(sample), emitted);
  const std::int64_t features = std::min(notes.timeline.windows_at_ns(sample), decided);
  const std::int64_t sequenced = std::min(notes.timeline.sequenced.at_ns(sample), features);
  const std::int64_t taken = std::clamp(notes.taken.at_ns(sample), planned, std::max(planned, sequenced));
  const std::int64_t durable = std::clamp(notes.timeline.durable.at_ns(sample), decided, emitted);
  return {planned, {taken - planned, sequenced - taken, features - sequenced, decided - features, durable - decided, emitted - durable},
          std::max<std::int64_t>(notes.timeline.durable.at_ns(sample) - sequenced, 0)};
}

void record_latencies(const Notes& notes, const OpenLoad& open, OpenRun& run) {
  for (std::size_t sample = 0; sample < notes.samples(); ++sample) {
    if (!notes.measured(sample, open)) continue;
    const std::int64_t planned = notes.planned_ns(sample), emitted = notes.sink.times().at_ns(sample);
    run.decision.record(std::min(notes.timeline.decided.at_ns(sample), emitted) - planned);
    run.emitted.record(emitted - planned);
  }
}

void break_down(const Notes& notes, const OpenLoad& open, const std::vector<StealSampler::Stolen>& stolen, OpenRun& run) {
  std::vector<EventTime> events;
  for (std::size_t sample = 0; sample < notes.samples(); ++sample) {
    if (notes.measured(sample, open)) events.push_back(event_time(notes, sample));
  }
  run.stages = histograms_of(events);
  run.shares = explain(events, notes.timeline, stolen);
  std::int64_t readings = 0, questions = 0, turns = 0, lost = 0;
  for (const journal::ThreadWatch& thread : notes.timeline.threads) {
    readings += thread.readings();
    questions += thread.questions();
    turns += static_cast<std::int64_t>(thread.turns().size());
    lost += thread.lost();
  }
  run.watched = fmt::format("{} turns timed, the kernel asked {} times, {} turns of more than 50 us or late wake-ups{}", readings, questions, turns,
                            lost > 0 ? fmt::format(", {} more not kept", lost) : "");
}

}  // namespace

OpenRun run_open(const EngineLoad& load, const OpenLoad& open, const gen::PaymentSource& prepared, const std::string& journal) {
  const std::int64_t events = open.events();
  const auto samples = static_cast<std::size_t>(events / open.every + 2);
  journal::Timeline timeline(open.every, samples, open.breakdown ? journal::Detail::stages : journal::Detail::decisions);
  journal::StageLog taken(open.every, open.breakdown ? samples : 0);
  std::optional<StealSampler> steal;
  EngineOptions options = load.engine_options(journal);
  options.timeline = &timeline;
  auto engine = or_fail(DurableEngine::open(options));
  TimingSink sink(open.every, samples, open.warm_events() + (events - open.warm_events()) / 3, open.stall_ms);
  engine->set_sink(sink);
  const auto identity = or_fail(engine->identify("bench"));
  PacedPayments payments(prepared, identity.number, open, taken);
  if (open.breakdown) steal.emplace();
  or_fail(engine->add(payments));
  OpenRun run;
  run.threads = engine->thread_plan();
  or_fail(engine->close());
  if (!sink.complete(events)) fail("open loop: decisions are missing or out of order");
  const Notes notes{timeline, taken, sink, payments.plan()};
  record_latencies(notes, open, run);
  if (steal) break_down(notes, open, steal->stop(), run);
  run.achieved_rate = static_cast<double>(events) * 1e9 / static_cast<double>(std::max<std::int64_t>(sink.last_ns() - payments.plan().planned_ns(0), 1));
  return run;
}

}  // namespace pawl::bench
