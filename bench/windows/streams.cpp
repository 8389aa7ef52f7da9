#include "windows/streams.hpp"

#include <array>
#include <vector>

#include "harness/fail.hpp"
#include "harness/random.hpp"
#include "harness/runs.hpp"
#include "markov/misses.hpp"
#include "windows/stage_run.hpp"

namespace pawl::bench {
namespace {

constexpr Sequence turn = 1024, batch = 256;
constexpr std::string_view streams_table = "windows, streams of other benchmarks, one thread";

language::Checked checked(std::string_view text, const Operators* operators = nullptr) {
  language::Checked result = language::check(text, "streams", nullptr, operators);
  if (!result.pipeline) fail("windows: a pipeline of the streams does not check");
  return result;
}

// --- Yahoo: of 1,000 advertisements of 100 campaigns, how often was a campaign viewed in the last 10 seconds? ---

constexpr std::int64_t ads = 1000, campaigns = 100, event_kinds = 3, viewed = 0;
constexpr Duration ad_step = 1'000;          // a million events a second of event time
constexpr std::int64_t ten_seconds = 10'000'000'000 / ad_step;

struct AdEvent {
  std::int64_t ad = 0, kind = 0;
};

// The campaign of each advertisement.
std::vector<std::int64_t> campaign_table() {
  std::vector<std::int64_t> campaign_of(ads);
  for (std::int64_t ad = 0; ad < ads; ++ad) campaign_of[static_cast<std::size_t>(ad)] = ad * 7 % campaigns;
  return campaign_of;
}

std::vector<AdEvent> ad_events(std::int64_t count) {
  std::uint64_t random = 1;
  std::vector<AdEvent> events(static_cast<std::size_t>(count));
  for (AdEvent& event : events) {
    const std::uint64_t drawn = next_random(random);
    event = {static_cast<std::int64_t>(drawn % ads), static_cast<std::int64_t>((drawn >> 32) % event_kinds)};
  }
  return events;
}

// The views of each campaign among the last ten seconds before `end`, of its last view.
std::int64_t naive_count(const std::vector<AdEvent>& events, const std::vector<std::int64_t>& campaign_of, std::int64_t last) {
  std::int64_t count = 0;
  const auto campaign = [&](std::int64_t i) { return campaign_of[static_cast<std::size_t>(events[static_cast<std::size_t>(i)].ad)]; };
  for (std::int64_t i = last; i >= 0 && i > last - ten_seconds; --i) count += events[static_cast<std::size_t>(i)].kind == viewed && campaign(i) == campaign(last);
  return count;
}

// All events go through the windows, which leave out what is no view: 10 s of all of them.
double yahoo_in_windows(std::int64_t count) {
  const language::Checked pipeline = checked("pipeline \"yahoo\" version 1\nevent Ad { at: time, ad: int, kind: int, campaign: int }\n"
                                             "let views = count(per campaign, 10s where kind = 0)\n");
  const std::vector<AdEvent> events = ad_events(count);
  const std::vector<std::int64_t> campaign_of = campaign_table();
  WindowsRun run(*pipeline.pipeline, features_of(*pipeline.pipeline), {.keys_max = 4096, .entries_max = static_cast<std::uint64_t>(ten_seconds) + 2 * turn});
  double seconds = 0;
  std::int64_t views = 0, naive_views = 0;
  for (Sequence first = 0; first < count; first += turn) {
    const Sequence end = std::min(first + turn, count);
    for (Sequence s = first; s < end; ++s) {
      const AdEvent& event = events[static_cast<std::size_t>(s)];
      std::byte* const slot = run.slot(s);
      begin_event(run.schema(), slot);
      write_number(run.schema(), slot, 0, s * ad_step);
      write_number(run.schema(), slot, 1, event.ad);
      write_number(run.schema(), slot, 2, event.kind);
      write_number(run.schema(), slot, 3, 0);
    }
    const double start = processor_seconds();
    for (Sequence s = first; s < end; ++s) {  // the look-up
      std::byte* const slot = run.slot(s);
      write_number(run.schema(), slot, 3, campaign_of[static_cast<std::size_t>(read_number(run.schema(), slot, 1))]);
    }
    for (Sequence s = first; s < end; s += batch) run.process(s, std::min(s + batch, end) - 1);
    if (first >= count / 2) seconds += processor_seconds() - start;
    if ((first / turn) % 512 != 0 && end != count) continue;
    views += run.cell(run.column(0), end - 1);
    naive_views += naive_count(events, campaign_of, end - 1);
  }
  if (views != naive_views) fail("windows: a wrong count of views");
  return static_cast<double>(count / 2) / seconds / 1e6;
}

// Filter and look-up come first, as in a program that publishes views alone.
double yahoo_filtered(std::int64_t count) {
  const language::Checked pipeline = checked("pipeline \"yahoo\" version 1\nevent View { at: time, campaign: int }\nlet views = count(per campaign, 10s)\n");
  const std::vector<AdEvent> events = ad_events(count);
  const std::vector<std::int64_t> campaign_of = campaign_table();
  WindowsRun run(*pipeline.pipeline, features_of(*pipeline.pipeline), {.keys_max = 4096, .entries_max = static_cast<std::uint64_t>(ten_seconds) + 2 * turn});
  double seconds = 0;
  std::int64_t views = 0, naive_views = 0;
  Sequence published = 0;
  for (std::int64_t first = 0; first < count; first += turn) {
    const std::int64_t end = std::min(first + turn, count);
    const double start = processor_seconds();
    const Sequence before = published;
    std::int64_t last = -1;
    for (std::int64_t i = first; i < end; ++i) {
      const AdEvent& event = events[static_cast<std::size_t>(i)];
      if (event.kind != viewed) continue;
      std::byte* const slot = run.slot(published++);
      begin_event(run.schema(), slot);
      write_number(run.schema(), slot, 0, i * ad_step);
      write_number(run.schema(), slot, 1, campaign_of[static_cast<std::size_t>(event.ad)]);
      last = i;
    }
    for (Sequence s = before; s < published; s += batch) run.process(s, std::min(s + batch, published) - 1);
    if (first >= count / 2) seconds += processor_seconds() - start;
    if (last < 0 || ((first / turn) % 512 != 0 && end != count)) continue;
    views += run.cell(run.column(0), published - 1);
    naive_views += naive_count(events, campaign_of, last);
  }
  if (views != naive_views) fail("windows: a wrong count of filtered views");
  return static_cast<double>(count / 2) / seconds / 1e6;
}

// --- DSPBench: is the way of a card through its last 5 states unusual? ---

struct Transaction {
  std::int64_t card, state;
};

Transaction draw_transaction(std::uint64_t& random, std::int64_t cards) {
  const std::uint64_t drawn = next_random(random);
  return {static_cast<std::int64_t>(drawn % static_cast<std::uint64_t>(cards)), static_cast<std::int64_t>((drawn >> 40) % markov::states)};
}

struct Found {
  std::int64_t alerts = 0;
  std::uint64_t sum = 0;  // of the millionths, each with another weight, modulo 2^64

  void add(std::int64_t sequence, std::int64_t missed) {
    alerts += missed * 100 > 96 * 4 * markov::whole;
    sum = sum * 31 + static_cast<std::uint64_t>(missed + sequence);
  }
  friend bool operator==(const Found&, const Found&) = default;
};

struct Predictor {
  std::vector<std::array<std::int64_t, 5>> latest;  // by card, in turn
  std::vector<std::int64_t> seen;

  explicit Predictor(std::int64_t count) : latest(static_cast<std::size_t>(count)), seen(static_cast<std::size_t>(count)) {}

  // Millionths that the table missed by, over the four transitions behind `state`; nothing before there are so many.
  std::int64_t missed(std::int64_t card, std::int64_t state) {
    auto& ring = latest[static_cast<std::size_t>(card)];
    std::int64_t& count = seen[static_cast<std::size_t>(card)];
    ring[static_cast<std::size_t>(count++ % 5)] = state;
    std::int64_t sum = 0;
    for (std::int64_t i = count - 4; count >= 5 && i < count; ++i) {
      sum += markov::misses[static_cast<std::size_t>(ring[static_cast<std::size_t>((i - 1) % 5)])][static_cast<std::size_t>(ring[static_cast<std::size_t>(i % 5)])];
    }
    return sum;
  }
};

// By itself, behind the windows' run, so that their caches are theirs.
Found naive_chain(std::int64_t count, std::int64_t cards) {
  Predictor naive(cards);
  Found found;
  std::uint64_t random = 1;
  for (std::int64_t i = 0; i < count; ++i) {
    const Transaction one = draw_transaction(random, cards);
    found.add(i, naive.missed(one.card, one.state));
  }
  return found;
}

double markov_chain(std::int64_t count, std::int64_t cards) {
  const Operators operators = Operators::of<markov::Misses>();
  const language::Checked pipeline = checked("pipeline \"markov\" version 1\nevent Transaction { at: time, card: int, state: int }\noperator misses version 1 of int yields ratio\n"
                                             "let unusual = misses(state per card, last 5)\n", &operators);
  WindowsRun run(*pipeline.pipeline, features_of(*pipeline.pipeline), {.keys_max = static_cast<std::uint64_t>(cards), .entries_max = 1024});
  const std::uint32_t column = run.column(0);
  std::uint64_t random = 1;
  double seconds = 0;
  Found found;
  for (Sequence first = 0; first < count; first += turn) {
    const Sequence end = std::min(first + turn, count);
    for (Sequence s = first; s < end; ++s) {
      const Transaction one = draw_transaction(random, cards);
      std::byte* const slot = run.slot(s);
      begin_event(run.schema(), slot);
      write_number(run.schema(), slot, 0, s * 1000);
      write_number(run.schema(), slot, 1, one.card);
      write_number(run.schema(), slot, 2, one.state);
    }
    const double start = processor_seconds();
    for (Sequence s = first; s < end; s += batch) run.process(s, std::min(s + batch, end) - 1);
    if (first >= count / 2) seconds += processor_seconds() - start;
    for (Sequence s = first; s < end; ++s) found.add(s, run.cell(column, s));
  }
  if (found != naive_chain(count, cards) || found.alerts == 0) fail("windows: wrong alerts of the Markov chain");
  return static_cast<double>(count / 2) / seconds / 1e6;
}

}  // namespace

void measure_streams(std::int64_t events, int runs, Outcome& outcome) {
  const auto series = [](std::string name) { return Series{.group = std::string(streams_table), .name = std::move(name), .unit = "M events/s"}; };
  std::vector<Contender> contenders;
  contenders.push_back({series("Yahoo: look up, then windows that filter"), [=] { return yahoo_in_windows(events); }});
  contenders.push_back({series("Yahoo: filter and look up, then windows"), [=] { return yahoo_filtered(events); }});
  contenders.push_back({series("Markov chain, 5 states of 10,000 cards"), [=] { return markov_chain(events, 10'000); }});
  contenders.push_back({series("Markov chain, 5 states of 1,000,000 cards"), [=] { return markov_chain(events, 1'000'000); }});
  run_interleaved(std::move(contenders), runs, outcome);
}

}  // namespace pawl::bench
