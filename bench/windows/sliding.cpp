#include "windows/sliding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <functional>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/random.hpp"
#include "harness/runs.hpp"
#include "windows/daba.hpp"
#include "windows/stage_run.hpp"

namespace pawl::bench {
namespace {

constexpr Duration step = 1000;
constexpr std::int64_t measured = 1 << 20;

language::Checked check(std::int64_t held, const char* kind) {
  const std::string text = fmt::format("pipeline \"sliding\" version 1\nevent Payment {{ id: int, at: time, customer: int, terminal: int, amount: money, fraud: bool }}\n"
                                       "let value = {}(amount per all, {}ns)\n", kind, held * step);
  language::Checked checked = language::check(text, "sliding");
  if (!checked.pipeline) fail("windows: the pipeline of one key does not check");
  return checked;
}

// Random amounts, one window.
StageRun::Cost one_key(std::int64_t held, const char* kind, std::int64_t events) {
  const language::Checked checked = check(held, kind);
  const Stream stream{.pipeline = {}, .customers = 1, .terminals = 1, .step = step, .events = events, .measured = std::min(measured, events / 2)};
  StageRun run(*checked.pipeline, features_of(*checked.pipeline), stream);
  const StageRun::Cost cost = run.run();
  const LastValues expected = last_values(stream, *checked.pipeline->lets[0].expr->aggregate);
  if (run.last_cell(0) != (kind[0] == 's' ? expected.sum : expected.greatest)) fail("windows: a wrong sliding value");
  return cost;
}

// The same maxima by DABA.
double daba_ns(std::int64_t held, std::int64_t events) {
  DabaMaximum window(std::bit_ceil(static_cast<std::size_t>(held) + 1));
  std::uint64_t random = 1;
  const auto draw = [&] { return static_cast<std::int64_t>(next_random(random) % 20'000); };
  const auto add = [&] {
    if (window.size() == static_cast<std::uint64_t>(held)) window.evict();
    window.insert(draw());
    return window.greatest();
  };
  const std::int64_t timed = std::min(measured, events / 2);
  for (std::int64_t i = timed; i < events; ++i) add();
  std::int64_t sum = 0;
  const std::int64_t start = now_ns();
  for (std::int64_t i = 0; i < timed; ++i) sum += add();
  const double seconds = seconds_since(start);
  if (sum > 20'000 * timed || sum < 0) fail("windows: DABA gave what was never put in");
  return seconds * 1e9 / static_cast<double>(timed);
}

// --- a falling row, and the value that outdoes all of it ---

// ns of that value. add(i, value) returns the maximum.
template <class Add>
double worst_of(std::int64_t held, Add add) {
  for (std::int64_t i = 0; i < held; ++i) {
    if (add(i, held - i) != held) fail("windows: a wrong maximum of a falling row");
  }
  const std::int64_t start = now_ns();
  const std::int64_t greatest = add(held, held + 1);
  const auto ns = static_cast<double>(now_ns() - start);
  if (greatest != held + 1) fail("windows: a wrong maximum behind a falling row");
  return ns;
}

double worst_of_windows(std::int64_t held) {
  const language::Checked checked = check(2 * held, "max");
  const Stream stream{.pipeline = {}, .customers = 1, .terminals = 1, .step = step, .events = held + 1, .measured = 0};
  StageRun run(*checked.pipeline, features_of(*checked.pipeline), stream);
  return worst_of(held, [&](std::int64_t i, std::int64_t value) { return run.add_amount(i, value); });
}

double worst_of_daba(std::int64_t held) {
  DabaMaximum window(std::bit_ceil(static_cast<std::size_t>(held) + 2));
  return worst_of(held, [&](std::int64_t, std::int64_t value) {
    window.insert(value);
    return window.greatest();
  });
}

}  // namespace

void measure_sliding(std::int64_t held, int runs, Outcome& outcome) {
  const std::string table = "windows, one key", worst_table = "windows, one key, the worst single event";
  const auto series = [](const std::string& group, std::string name, std::string unit, std::string base, bool peer) {
    return Series{.group = group, .name = std::move(name), .unit = std::move(unit), .higher_is_better = false, .base = std::move(base), .base_label = "DABA", .peer = peer};
  };
  std::vector<Series> rows;
  std::vector<std::function<double()>> measures;
  const auto add = [&](Series row, std::function<double()> measure) {
    rows.push_back(std::move(row));
    measures.push_back(std::move(measure));
  };
  for (std::int64_t window = 1024; window <= held; window *= 64) {
    const std::int64_t events = 2 * window + measured / 8;
    const std::string daba = fmt::format("DABA, plain array, max of {} events", window);
    add(series(table, fmt::format("sum of {} events, batches of 256", window), "ns/event", "", false), [=] { return one_key(window, "sum", events).batched; });
    add(series(table, fmt::format("max of {} events, batches of 256", window), "ns/event", daba, false), [=] { return one_key(window, "max", events).batched; });
    add(series(table, daba, "ns/event", "", true), [=] { return daba_ns(window, events); });
    const std::string worst = fmt::format("DABA, {} events", window);
    add(series(worst_table, fmt::format("max, behind a falling row of {}", window), "ns", worst, false), [=] { return worst_of_windows(window); });
    add(series(worst_table, worst, "ns", "", true), [=] { return worst_of_daba(window); });
  }
  for (Rounds rounds(table, runs, outcome); rounds.next();) {
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].values.push_back(measures[i]());
  }
  for (Series& row : rows) outcome.series.push_back(std::move(row));
}

}  // namespace pawl::bench
