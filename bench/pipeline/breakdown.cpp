#include "pipeline/breakdown.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "harness/statistics.hpp"
#include "pipeline/cause_time.hpp"

namespace pawl::bench {
namespace {

using Causes = std::array<CauseTime, cause_count>;

CauseTime& of(Causes& causes, Cause cause) { return causes[static_cast<std::size_t>(cause)]; }

// A turn with page faults is blamed on them but for the time that it waited for a CPU.
void add_turns(const journal::ThreadWatch& thread, Causes& causes) {
  for (const journal::LongTurn& turn : thread.turns()) {
    const std::int64_t waited = std::min(turn.usage.waited_for_cpu_ns, turn.to_ns - turn.from_ns);
    of(causes, Cause::no_cpu).add(turn.from_ns, turn.to_ns, waited);
    if (turn.between_rounds || turn.usage.minor_faults + turn.usage.major_faults == 0) continue;
    of(causes, turn.role == io::Role::windows ? Cause::state_growth : Cause::page_fault).add(turn.from_ns, turn.to_ns, turn.to_ns - turn.from_ns - waited);
  }
}

// Samples that became durable together were one write, which began when the one before had ended and there was something to write. Slow is
// four times the median and more.
void add_slow_writes(const journal::Timeline& timeline, CauseTime& slow) {
  struct Write { std::int64_t from, to; };
  std::vector<Write> writes;
  for (std::size_t i = 0; i < timeline.durable.samples(); ++i) {
    const std::int64_t at = timeline.durable.at_ns(i);
    if (at == journal::StageLog::not_passed || timeline.sequenced.at_ns(i) == journal::StageLog::not_passed) continue;
    if (!writes.empty() && writes.back().to == at) continue;
    writes.push_back({std::max(writes.empty() ? 0 : writes.back().to, timeline.sequenced.at_ns(i)), at});
  }
  std::vector<double> lengths;
  for (const Write& write : writes) lengths.push_back(static_cast<double>(write.to - write.from));
  const double limit = 4 * median(lengths);
  for (const Write& write : writes) {
    if (static_cast<double>(write.to - write.from) >= limit) slow.add(write.from, write.to, write.to - write.from);
  }
}

Causes causes_of(const journal::Timeline& timeline, const std::vector<StealSampler::Stolen>& stolen) {
  Causes causes;
  for (const journal::ThreadWatch& thread : timeline.threads) add_turns(thread, causes);
  add_slow_writes(timeline, of(causes, Cause::slow_write));
  for (const StealSampler::Stolen& one : stolen) of(causes, Cause::stolen).add(one.from_ns, one.to_ns, one.ns);
  return causes;
}

// How many events had each cause, and the last: none.
struct Counts {
  std::int64_t events = 0;
  std::array<std::int64_t, cause_count + 1> had{};

  void add(const EventTime& event, Causes& causes) {
    ++events;
    bool any = false;
    const std::int64_t total = event.total();
    for (std::size_t c = 0; c < cause_count; ++c) {
      if (causes[c].within(event.planned_ns, event.planned_ns + total) < 0.1 * static_cast<double>(total)) continue;
      ++had[c];
      any = true;
    }
    if (!any) ++had[cause_count];
  }
  [[nodiscard]] std::array<double, cause_count + 1> percent() const {
    std::array<double, cause_count + 1> all{};
    for (std::size_t c = 0; c < all.size(); ++c) all[c] = events == 0 ? 0 : static_cast<double>(had[c]) * 100 / static_cast<double>(events);
    return all;
  }
};

std::array<double, part_count> mean_us(const std::vector<EventTime>& events, std::int64_t low, std::int64_t high) {
  std::array<double, part_count> sums{};
  double count = 0;
  for (const EventTime& event : events) {
    if (const std::int64_t total = event.total(); total < low || total > high) continue;
    ++count;
    for (std::size_t p = 0; p < part_count; ++p) sums[p] += static_cast<double>(event.parts[p]) / 1e3;
  }
  for (double& sum : sums) sum /= std::max(count, 1.0);
  return sums;
}

// Slow events come in episodes: neighbours that waited for the same thing. Each counts for the part that took most of it.
std::string episodes_of(const std::vector<EventTime>& events, std::int64_t limit) {
  constexpr std::array<const char*, part_count> short_names{"ingest", "sequence", "windows", "rules", "disk", "emit"};
  constexpr std::size_t gap = 16;  // samples between two episodes
  std::array<int, part_count> episodes{};
  std::array<std::int64_t, part_count> sums{};
  int count = 0;
  std::size_t last = 0;
  const auto end_episode = [&] {
    if (count > 0) ++episodes[static_cast<std::size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin())];
    sums = {};
  };
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].total() < limit) continue;
    if (count == 0 || i > last + gap) {
      end_episode();
      ++count;
    }
    for (std::size_t p = 0; p < part_count; ++p) sums[p] += events[i].parts[p];
    last = i;
  }
  end_episode();
  std::string text = fmt::format("{} episode{}", count, count == 1 ? "" : "s");
  for (std::size_t p = 0; p < part_count; ++p) {
    if (episodes[p] > 0) text += fmt::format(", {} mostly in {}", episodes[p], short_names[p]);
  }
  return text;
}

}  // namespace

Shares explain(const std::vector<EventTime>& events, const journal::Timeline& timeline, const std::vector<StealSampler::Stolen>& stolen) {
  std::vector<std::int64_t> totals;  // not a histogram: its buckets are wider than the differences between many events
  for (const EventTime& event : events) totals.push_back(event.total());
  std::sort(totals.begin(), totals.end());
  const auto at = [&](double fraction) { return totals.empty() ? 0 : totals[static_cast<std::size_t>(fraction * static_cast<double>(totals.size() - 1))]; };
  const std::int64_t slow = at(0.999);
  Shares shares;
  shares.around_p50_us = mean_us(events, at(0.45), at(0.55));
  shares.above_p99_9_us = mean_us(events, slow, INT64_MAX);
  shares.episodes = episodes_of(events, slow);
  Causes causes = causes_of(timeline, stolen);
  Counts slowest, others;
  for (const EventTime& event : events) (event.total() >= slow ? slowest : others).add(event, causes);
  shares.of_slowest_percent = slowest.percent();
  shares.of_others_percent = others.percent();
  return shares;
}

StageHistograms histograms_of(const std::vector<EventTime>& events) {
  StageHistograms histograms;
  for (const EventTime& event : events) {
    for (std::size_t p = 0; p < part_count; ++p) histograms.parts[p].record(event.parts[p]);
    histograms.durable_after.record(event.durable_after);
  }
  return histograms;
}

}  // namespace pawl::bench
