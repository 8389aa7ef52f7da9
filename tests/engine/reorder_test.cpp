// Events of one source are put in order before they are sequenced: against a naive twin, and as a promise: each stands in the journal once, whatever
// was held back when the power went.
#include "pawl/core/engine/reorder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "pawl/core/engine/reordering_source.hpp"
#include "pawl/io/random.hpp"
#include "pawl/io/simulated.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "records.hpp"

namespace reorder_test {

namespace {

using pawl::Duration;
using pawl::Ticket;
using pawl::Time;

struct Input {
  Time at;
  Ticket ticket;
  std::uint16_t type;
  auto operator<=>(const Input&) const = default;
};

// All of it anew with each input: what is held stands in one row, and what may go is looked for from its beginning.
struct Twin {
  const std::vector<Duration>& holds;
  std::size_t events_max;
  std::vector<Input> held = {}, gone = {};
  std::uint64_t late = 0;
  Duration hold = 0;
  Time youngest = INT64_MIN, through = INT64_MIN;

  void let_go(Time up_to) {
    std::sort(held.begin(), held.end());
    while (!held.empty() && held.front().at <= up_to) {
      const bool overtaken = std::any_of(gone.begin(), gone.end(), [&](const Input& other) { return pawl::is_event(other.type) && other.at > held.front().at; });
      late += hold > 0 && pawl::is_event(held.front().type) && overtaken;
      gone.push_back(held.front());
      held.erase(held.begin());
    }
  }
  void take(const Input& input) {
    for (const Input& other : std::vector<Input>(held)) {
      if (std::find(held.begin(), held.end(), other) == held.end() || other.ticket + events_max > input.ticket) continue;
      through = std::max(through, other.at);
      let_go(through);
    }
    held.push_back(input);
    hold = std::max(hold, pawl::is_event(input.type) ? holds[input.type - pawl::first_event_type] : 0);
    youngest = std::max(youngest, input.at);
    if (youngest > INT64_MIN) through = std::max(through, youngest - hold);
    let_go(through);
  }
};

// A source of such inputs, so many at a time.
class Given final : public pawl::InputSource {
 public:
  Given(const std::vector<Input>& inputs, pawl::io::Random& random) : inputs_(inputs), random_(random) {}
  std::int64_t fill(const pawl::SlotRun& run) override {
    std::int64_t filled = 0;
    for (auto left = static_cast<std::int64_t>(random_.below(9)); left > 0 && filled < run.size && next_ < inputs_.size(); --left) {
      auto& header = *reinterpret_cast<pawl::EventHeader*>(run.slot(filled++));
      header = {};
      header.at = inputs_[next_].at;
      header.ticket = inputs_[next_].ticket;
      header.type = inputs_[next_++].type;
    }
    return filled;
  }
  bool finished() override { return next_ == inputs_.size(); }

 private:
  const std::vector<Input>& inputs_;
  pawl::io::Random& random_;
  std::size_t next_ = 0;
};

struct NoClock {
  std::int64_t now = 0;
  std::int64_t monotonic_ns() const { return now; }
};

constexpr std::size_t slot_bytes = 64, slots = 8;

// What a source gives until it has nothing more; by runs of any length.
template <class Source>
std::vector<Input> taken_from(Source& source, pawl::io::Random& random) {
  std::vector<Input> taken;
  alignas(64) std::array<std::byte, slot_bytes * slots> memory;
  for (int idle = 0; !source.finished() && idle < 100; ++idle) {
    const auto filled = source.fill({memory.data(), slot_bytes, slots - 1, 0, static_cast<std::int64_t>(1 + random.below(slots))});
    for (std::int64_t i = 0; i < filled; ++i) {
      const auto& header = *reinterpret_cast<const pawl::EventHeader*>(memory.data() + static_cast<std::size_t>(i) * slot_bytes);
      taken.push_back({header.at, header.ticket, header.type});
    }
    if (filled > 0) idle = 0;
  }
  return taken;
}

}  // namespace

TEST_CASE("reorder: what goes, when and in which order is the naive twin's, over disorder, bounds, gaps in the numbers and several types") {
  std::uint64_t late = 0, pushed_out = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    pawl::io::Random random(seed);
    const std::vector<Duration> holds{static_cast<Duration>(random.below(40)), static_cast<Duration>(random.below(3) * 20), 0};
    const std::size_t events_max = std::size_t{1} << random.below(7);
    const std::uint64_t disorder = random.below(60), step = random.below(5);
    std::vector<Input> inputs;
    Ticket ticket = 0;
    for (std::uint64_t i = 0, count = random.below(300); i < count; ++i) {
      ticket += random.below(20) == 0 ? 1 + random.below(2 * events_max) : 1;
      const bool tick = random.below(50) == 0;
      const auto type = static_cast<std::uint16_t>(tick ? 2 : pawl::first_event_type + random.below(holds.size()));
      inputs.push_back({tick ? INT64_MIN : static_cast<Time>(1000 + i * step + random.below(disorder + 1)), ticket, type});
    }
    Given given(inputs, random);
    NoClock clock;
    pawl::ReorderingSource<NoClock> source(given, holds, slot_bytes, clock, 0, events_max);
    const auto taken = taken_from(source, random);
    Twin twin{.holds = holds, .events_max = events_max};
    for (const Input& input : inputs) twin.take(input);
    twin.let_go(INT64_MAX);
    REQUIRE(source.finished());
    REQUIRE(taken == twin.gone);
    CHECK(source.counters().late == twin.late);
    late += twin.late;
    pushed_out += source.counters().pushed_out;
  }
  CHECK(late > 100);
  CHECK(pushed_out > 100);
}

TEST_CASE("reorder: a shuffle within what is declared comes out sorted, and nothing is late") {
  pawl::io::Random random(5);
  std::vector<Input> inputs;
  for (Ticket i = 1; i <= 5'000; ++i) inputs.push_back({static_cast<Time>(i * 3 + random.below(100)), i, pawl::first_event_type});
  Given given(inputs, random);
  NoClock clock;
  const std::vector<Duration> holds{100};
  pawl::ReorderingSource<NoClock> source(given, holds, slot_bytes, clock, 0, 64);
  const auto taken = taken_from(source, random);
  std::sort(inputs.begin(), inputs.end());
  CHECK(taken == inputs);
  CHECK(source.counters().late == 0);
  CHECK(source.counters().pushed_out == 0);
  CHECK(source.counters().most_held > 30);
}

TEST_CASE("reorder: a source that has nothing for as long lets all go; without a clock it waits for its end") {
  struct Quiet final : pawl::InputSource {
    int left = 3;
    Ticket ticket = 0;
    bool ended = false;
    std::int64_t fill(const pawl::SlotRun& run) override {
      if (left == 0) return 0;
      auto& header = *reinterpret_cast<pawl::EventHeader*>(run.slot(0));
      header = {};
      header.at = left-- * 10;
      header.ticket = ++ticket;
      header.type = pawl::first_event_type;
      return 1;
    }
    bool finished() override { return ended; }
  };
  const std::vector<Duration> holds{1'000};
  alignas(64) std::array<std::byte, slot_bytes * slots> memory;
  const pawl::SlotRun run{memory.data(), slot_bytes, slots - 1, 0, slots};
  for (const Duration idle : {Duration{0}, Duration{50}, Duration{5'000}}) {
    Quiet quiet;
    NoClock clock;
    pawl::ReorderingSource<NoClock> source(quiet, holds, slot_bytes, clock, idle, 64);
    const Duration due = std::max<Duration>(idle, 1'000);
    CHECK(source.fill(run) == 0);
    clock.now = due - 1;
    CHECK(source.fill(run) == 0);
    quiet.left = 1;  // something came: the time begins anew
    CHECK(source.fill(run) == 0);
    clock.now += due - 1;
    CHECK(source.fill(run) == 0);
    clock.now += 1;
    if (idle == 0) {
      clock.now += 1'000'000'000;
      CHECK(source.fill(run) == 0);
      CHECK_FALSE(source.finished());
      quiet.ended = true;
      CHECK_FALSE(source.arm());
    }
    CHECK(source.fill(run) == 4);
    CHECK(reinterpret_cast<pawl::EventHeader*>(memory.data())->at == 10);
    CHECK(source.counters().late == 0);
    quiet.ended = true;
    CHECK(source.finished());
  }
}

namespace {

struct Payment {
  Time at;
  std::int64_t id, customer;
};
PAWL_EVENT(Payment, at, id, customer);

constexpr const char* pipeline =
    "pipeline \"reorder\" version 1\n"
    "event Payment reorder up to 10s { at: time, id: int, customer: int }\n"
    "rule often { on Payment when count(per customer, 1m) >= 3 then score 5 }\n";

constexpr Time start = 1'522'540'800'000'000'000;

// The event of a ticket, up to 10 s from its place; one in 500 a minute, which is held for long and makes those behind it late.
Payment payment(Ticket ticket) {
  const auto id = static_cast<std::int64_t>(ticket);
  const std::int64_t shift = ticket % 500 == 250 ? 60 : static_cast<std::int64_t>((ticket * 0x9E3779B97F4A7C15U >> 32) % 11);
  return {start + (id + shift) * pawl::one_second, id, id % 7};
}

std::unique_ptr<pawl::DurableEngine> open_engine(pawl::io::Disk* disk) {
  pawl::EngineOptions options;
  options.directory = "data";
  options.pipeline_text = pipeline;
  options.block_bytes_max = 32 << 10;
  options.segment_bytes = 128 << 10;  // so that what is missing stands in OPEN blocks
  options.disk = disk;
  auto engine = pawl::DurableEngine::open(options);
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  return *std::move(engine);
}

std::multiset<Ticket> tickets_in(pawl::io::Disk& disk) {
  std::multiset<Ticket> tickets;
  pawl::test::for_each_record("data", disk, [&](const pawl::journal::Record& record) {
    if (!pawl::is_event(record.header().type)) return;
    tickets.insert(record.header().ticket);
    CHECK(record.header().at == payment(record.header().ticket).at);
  });
  return tickets;
}

// Offers all up to `last` from some way back on. What the journal has is a duplicate; what it lacks is accepted.
void offer(pawl::EngineLane& lane, Ticket from, Ticket last, const std::multiset<Ticket>& known) {
  for (Ticket ticket = from; ticket <= last; ++ticket) {
    const auto publication = lane.publish(payment(ticket), ticket);
    if (publication.refusal() == pawl::ring::Refusal::failed) return;  // the disk has gone
    REQUIRE(publication.accepted() == !known.contains(ticket));
    if (!publication.accepted()) REQUIRE(publication.refusal() == pawl::ring::Refusal::duplicate);
  }
}

}  // namespace

TEST_CASE("reorder: power cuts while events are held back: each event once, none that was decided is lost") {
  std::uint64_t lives_with_gaps = 0, segments = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    pawl::io::Random random(seed);
    auto disk = std::make_unique<pawl::io::SimulatedDisk>();
    Ticket last = 0;
    std::mutex mutex;
    std::set<Ticket> decided, acked;  // acked: before the cut
    for (int life = 0; life < 6; ++life) {
      auto engine = open_engine(disk.get());
      const auto known = tickets_in(*disk);
      REQUIRE(std::set<Ticket>(known.begin(), known.end()).size() == known.size());
      REQUIRE(std::includes(known.begin(), known.end(), acked.begin(), acked.end()));
      auto lane = engine->lane("gateway");
      REQUIRE(lane.ok());
      const Ticket due = (*lane)->next_ticket();
      for (Ticket ticket = 1; ticket < due; ++ticket) REQUIRE(known.contains(ticket));
      REQUIRE_FALSE(known.contains(due));
      lives_with_gaps += !known.empty() && *known.rbegin() > due;
      segments = std::max(segments, engine->recovery().segments);
      engine->on_decision([&](const pawl::Decision& decision) {
        const std::lock_guard hold(mutex);
        decided.insert(decision.ticket());
      });
      last = std::max(last, due) + 1 + random.below(3'000);
      offer(**lane, due - std::min<Ticket>(due - 1, random.below(200)), last, known);
      const std::uint64_t wanted = random.below(last - due + 1);
      for (int i = 0; i < 1'000; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(100));
        const std::lock_guard hold(mutex);
        if (decided.size() >= wanted) break;
      }
      {
        const std::lock_guard hold(mutex);
        acked.insert(decided.begin(), decided.end());
        decided.clear();
      }
      auto after = disk->after_power_cut({.policy = pawl::io::PowerCut::Policy::torn, .seed = seed * 100 + static_cast<std::uint64_t>(life)});
      disk->power_off();
      CHECK_FALSE(engine->close().ok());
      engine.reset();
      decided.clear();
      disk = std::move(after);
    }
    auto engine = open_engine(disk.get());
    const auto known = tickets_in(*disk);
    engine->on_decision([](const pawl::Decision&) {});
    auto lane = engine->lane("gateway");
    REQUIRE(lane.ok());
    offer(**lane, (*lane)->next_ticket(), last, known);
    CHECK((*lane)->next_ticket() == last + 1);
    REQUIRE(engine->close().ok());
    const auto all = tickets_in(*disk);
    REQUIRE(all.size() == last);
    Ticket expected = 1;
    for (const Ticket ticket : all) REQUIRE(ticket == expected++);
  }
  CHECK(lives_with_gaps > 10);
  CHECK(segments > 2);
}

TEST_CASE("reorder: as many as can be held, of which the last goes first, and the power goes: all others are still missing") {
  constexpr Ticket held_max = pawl::limits::reorder_events_max, first_held = 101, last = first_held + held_max;
  // Those before first_held go when it comes. The last but one is the oldest of all that are held; the last makes the bound let first_held go, and what is older.
  const auto event = [](Ticket ticket) {
    const auto id = static_cast<std::int64_t>(ticket);
    const Duration shift = ticket < first_held ? 0 : ticket == last - 1 ? 2 * pawl::one_second : ticket == last ? 12 * pawl::one_second : 11 * pawl::one_second;
    return Payment{start + shift + id, id, id};
  };
  const auto open = [](pawl::io::Disk& disk) {
    auto engine = pawl::DurableEngine::open({.directory = "data", .pipeline_text = pipeline, .tick_interval = 0, .disk = &disk});
    REQUIRE(engine.ok());
    return *std::move(engine);
  };
  pawl::io::SimulatedDisk disk;
  std::atomic<std::uint64_t> decided = 0;
  auto engine = open(disk);
  engine->on_decision([&](const pawl::Decision& decision) { decided += decision.ticket() != 0; });
  const auto wait_for = [&](std::uint64_t count) {
    for (int i = 0; i < 20'000 && decided < count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    REQUIRE(decided == count);
  };
  const auto offer = [&](pawl::EngineLane& lane, Ticket from, Ticket to) {
    for (Ticket ticket = from; ticket <= to; ++ticket) REQUIRE(lane.publish(event(ticket), ticket).accepted());
  };
  auto lane = engine->lane("gateway", {.max_future = 0});
  REQUIRE(lane.ok());
  offer(**lane, 1, last - 1);
  wait_for(first_held - 1);
  offer(**lane, last, last);
  wait_for(first_held + 1);
  const auto after = disk.after_power_cut({.policy = pawl::io::PowerCut::Policy::torn, .seed = 1});
  disk.power_off();
  CHECK_FALSE(engine->close().ok());

  engine = open(*after);
  engine->on_decision([](const pawl::Decision&) {});
  lane = engine->lane("gateway", {.max_future = 0});
  REQUIRE(lane.ok());
  CHECK((*lane)->next_ticket() == first_held + 1);
  CHECK((*lane)->publish(event(first_held), first_held).refusal() == pawl::ring::Refusal::duplicate);
  offer(**lane, first_held + 1, last - 2);
  CHECK((*lane)->next_ticket() == last);
  offer(**lane, last, last);
  REQUIRE(engine->close().ok());
  std::set<Ticket> known;
  pawl::test::for_each_record("data", *after, [&](const pawl::journal::Record& record) {
    if (pawl::is_event(record.header().type)) CHECK(known.insert(record.header().ticket).second);
  });
  CHECK(known.size() == last);
  CHECK(*known.rbegin() == last);
}

TEST_CASE("reorder: blocks that could not say which events are missing are refused") {
  pawl::io::SimulatedDisk disk;
  pawl::EngineOptions options;
  options.directory = "data";
  options.pipeline_text = pipeline;
  options.block_bytes_max = 8 << 10;
  options.disk = &disk;
  const auto engine = pawl::DurableEngine::open(options);
  REQUIRE_FALSE(engine.ok());
  CHECK(engine.error().code == pawl::ErrorCode::usage);
  CHECK(engine.error().text.find("from 16384") != std::string::npos);
}

namespace {

// As offsets of a partition are that other consumers' records stand in: some are never seen.
class WithGaps final : public pawl::InputSource {
 public:
  WithGaps(std::uint16_t number, Ticket next) : number_(number), next_(next) {}
  std::int64_t fill(const pawl::SlotRun& run) override {
    std::int64_t filled = 0;
    for (; filled < run.size && count_ < 5'000; ++filled, ++count_, next_ += count_ % 1'000 == 500 ? 60'000 : 1) {
      std::byte* const slot = run.slot_to_fill(filled);
      pawl::encode(Payment{start + static_cast<Time>(count_), static_cast<std::int64_t>(next_), 1}, pawl::first_event_type, slot);
      reinterpret_cast<pawl::EventHeader*>(slot)->ticket = next_;
    }
    return filled;
  }
  bool finished() override { return count_ == 5'000; }
  std::uint16_t number() const override { return number_; }

 private:
  std::uint16_t number_;
  Ticket next_;
  std::uint64_t count_ = 0;
};

}  // namespace

TEST_CASE("reorder: only where it is declared do gaps in a source's tickets count as events held back, and take room in a segment's first blocks") {
  for (const bool in_order : {false, true}) {
    CAPTURE(in_order);
    pawl::io::SimulatedDisk disk;
    pawl::EngineOptions options{.directory = "data", .pipeline_text = pipeline, .tick_interval = 0, .segment_bytes = 128 << 10, .block_bytes_max = 16 << 10, .disk = &disk};
    if (!in_order) {
      options.pipeline_text.erase(options.pipeline_text.find(" reorder up to 10s"), 18);
      options.block_bytes_max = 8 << 10;  // too small to say which are missing
    }
    Ticket last = 0;
    for (int life = 0; life < 2; ++life) {
      auto engine = pawl::DurableEngine::open(options);
      REQUIRE(engine.ok());
      (*engine)->on_decision([](const pawl::Decision&) {});
      const auto identity = (*engine)->identify("topic-0");
      REQUIRE(identity.ok());
      CHECK(identity->last_ticket == last);
      CHECK(identity->missing.size() == (in_order && life > 0 ? pawl::limits::reorder_events_max - 1 - 1'499 : 0));
      WithGaps source(identity->number, identity->last_ticket + 1);
      REQUIRE((*engine)->add(source).ok());
      const auto report = (*engine)->close();
      REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
      CHECK(report->journal.segments > 2);
      last += 5'000 + 5 * 59'999;
    }
  }
}

TEST_CASE("reorder: an idle source's events are decided after as long as they may be late; a close takes all that is held") {
  pawl::EngineOptions options;
  options.durability = pawl::Durability::memory;
  options.pipeline_text = pipeline;
  options.pipeline_text.replace(options.pipeline_text.find("10s"), 3, "400ms");
  options.tick_interval = 10'000'000;
  auto engine = pawl::DurableEngine::open(options);
  REQUIRE(engine.ok());
  std::mutex mutex;
  std::vector<Ticket> order;
  (*engine)->on_decision([&](const pawl::Decision& decision) {
    const std::lock_guard hold(mutex);
    if (decision.ticket() > 0) order.push_back(decision.ticket());
  });
  auto lane = (*engine)->lane("gateway");
  REQUIRE(lane.ok());
  CHECK((*lane)->publish(Payment{start + 20'000'000, 1, 1}).accepted());
  CHECK((*lane)->publish(Payment{start, 2, 1}).accepted());
  const auto decided = [&] {
    const std::lock_guard hold(mutex);
    return order.size();
  };
  for (int i = 0; i < 10'000 && decided() < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(order == std::vector<Ticket>{2, 1});
  CHECK((*lane)->publish(Payment{start + 600'000'000, 3, 1}).accepted());
  CHECK((*lane)->publish(Payment{start + 500'000'000, 4, 1}).accepted());
  CHECK((*lane)->publish(Payment{start + 1'000'000, 5, 1}).accepted());
  const auto report = (*engine)->close();
  REQUIRE(report.ok());
  CHECK(order == std::vector<Ticket>{2, 1, 5, 4, 3});
  CHECK(report->reorder.late == 1);
  CHECK(report->reorder.most_held == 3);
}

}  // namespace reorder_test
