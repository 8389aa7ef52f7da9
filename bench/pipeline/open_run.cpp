#include "pipeline/open_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "harness/fail.hpp"
#include "harness/open_loop.hpp"

namespace pawl::bench {
namespace {

// Payments by their planned times. When the ring is full they come late, and their planned times stand.
class PacedPayments final : public InputSource {
 public:
  PacedPayments(gen::PaymentSource prepared, std::uint16_t number, double rate, std::int64_t events)
      : payments_(std::move(prepared)), number_(number), rate_(rate), events_(events) {}

  std::int64_t fill(const SlotRun& run) override {
    const std::int64_t now = now_ns();
    if (!plan_) plan_.emplace(now, rate_);
    const std::int64_t due = std::min({plan_->due(now), events_, sent_ + run.size}) - sent_;
    for (std::int64_t i = 0; i < due; ++i) {
      std::byte* const slot = run.slot_to_fill(i);
      payments_.next(slot);
      reinterpret_cast<EventHeader*>(slot)->ticket = static_cast<Ticket>(++sent_);
    }
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

// The parts of every measured event, in the order of their coming.
std::vector<Parts> parts_of(const journal::Timeline& timeline, const TimingSink& sink, const OpenLoop& plan, const OpenLoad& open) {
  std::vector<Parts> all;
  const Sequence first = sink.ticket_zero() + 1 + open.warm_events();
  for (std::size_t sample = 0; sample < sink.times().samples(); ++sample) {
    const Sequence sequence = static_cast<Sequence>(sample) * open.every;
    const std::int64_t emitted = sink.times().at_ns(sample);
    if (sequence < first || emitted == journal::StageLog::not_passed) continue;
    const std::int64_t planned = plan.planned_ns(sequence - sink.ticket_zero() - 1);
    // A stage's note is taken after its cursor has moved: the next stage may be faster than the note.
    const std::int64_t decided = std::min(timeline.decided.at_ns(sample), emitted);
    const std::int64_t features = std::min(timeline.windows_at_ns(sample), decided);
    const std::int64_t sequenced = std::min(timeline.sequenced.at_ns(sample), features);
    const std::int64_t durable = std::clamp(timeline.durable.at_ns(sample), decided, emitted);
    all.push_back({sequenced - planned, features - sequenced, decided - features, durable - decided, emitted - durable,
                   std::max<std::int64_t>(timeline.durable.at_ns(sample) - sequenced, 0)});
  }
  return all;
}

Share share_of(const std::vector<Parts>& all, std::int64_t low, std::int64_t high) {
  Share share;
  for (const Parts& parts : all) {
    if (parts.total() < low || parts.total() > high) continue;
    ++share.events;
    share.mean.ingest += parts.ingest;
    share.mean.windows += parts.windows;
    share.mean.rules += parts.rules;
    share.mean.disk += parts.disk;
    share.mean.emit += parts.emit;
  }
  if (share.events == 0) return share;
  for (std::int64_t* part : {&share.mean.ingest, &share.mean.windows, &share.mean.rules, &share.mean.disk, &share.mean.emit}) *part /= share.events;
  return share;
}

// Slow events come in episodes: neighbours that waited for the same thing. Each counts for the part that took most of it.
std::string describe_slowest(const std::vector<Parts>& all, std::int64_t limit) {
  constexpr std::array names{"ingest", "windows", "rules", "disk", "emit"};
  constexpr std::size_t gap = 16;  // samples between two episodes
  std::array<int, names.size()> episodes{};
  std::array<std::int64_t, names.size()> sums{};
  int count = 0;
  std::size_t last = 0;
  const auto end_episode = [&] {
    ++episodes[static_cast<std::size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin())];
    sums = {};
    ++count;
  };
  bool open = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (open && i > last + gap) {
      end_episode();
      open = false;
    }
    if (all[i].total() < limit) continue;
    const std::array parts{all[i].ingest, all[i].windows, all[i].rules, all[i].disk, all[i].emit};
    for (std::size_t p = 0; p < parts.size(); ++p) sums[p] += parts[p];
    last = i;
    open = true;
  }
  if (open) end_episode();
  std::string text = fmt::format("{} episode{}", count, count == 1 ? "" : "s");
  for (std::size_t p = 0; p < names.size(); ++p) {
    if (episodes[p] > 0) text += fmt::format(", {} mostly in {}", episodes[p], names[p]);
  }
  return text;
}

void analyse(const std::vector<Parts>& all, OpenRun& run) {
  for (const Parts& parts : all) {
    run.decision.record(parts.decided());
    run.emitted.record(parts.total());
    run.ingest.record(parts.ingest);
    run.windows.record(parts.windows);
    run.rules.record(parts.rules);
    run.journal.record(parts.durable_after);
    run.emit.record(parts.emit);
  }
  const auto at = [&](double fraction) { return static_cast<std::int64_t>(run.emitted.at(fraction)); };
  run.around_p50 = share_of(all, at(0.45), at(0.55));
  run.above_p99_9 = share_of(all, at(0.999), INT64_MAX);
  run.slowest = describe_slowest(all, at(0.999));
}

}  // namespace

OpenRun run_open(const EngineLoad& load, const OpenLoad& open, const gen::PaymentSource& prepared, const std::string& journal) {
  const std::int64_t events = open.events();
  const auto samples = static_cast<std::size_t>(events / open.every + 2);
  journal::Timeline timeline(open.every, samples);
  EngineOptions options = load.engine_options(journal);
  options.timeline = &timeline;
  auto engine = or_fail(DurableEngine::open(options));
  TimingSink sink(open.every, samples, open.warm_events() + (events - open.warm_events()) / 3, open.stall_ms);
  engine->set_sink(sink);
  const auto identity = or_fail(engine->identify("bench"));
  PacedPayments payments(prepared, identity.number, open.rate, events);
  or_fail(engine->add(payments));
  OpenRun run;
  run.threads = engine->thread_plan();
  or_fail(engine->close());
  if (!sink.complete(events)) fail("open loop: decisions are missing or out of order");
  analyse(parts_of(timeline, sink, payments.plan(), open), run);
  run.achieved_rate = static_cast<double>(events) * 1e9 / static_cast<double>(std::max<std::int64_t>(sink.last_ns() - payments.plan().planned_ns(0), 1));
  return run;
}

}  // namespace pawl::bench
