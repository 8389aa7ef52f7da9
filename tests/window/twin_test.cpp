// The engine's windows against the engine's twin, over pipelines and logs made to find mistakes; a difference is shrunk to a small log.
#include <doctest/doctest.h>

#include <bit>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>

#include "pawl/core/language/check.hpp"
#include "pawl/core/window/windows.hpp"
#include "stage.hpp"
#include "tests/twin/adversarial.hpp"
#include "tests/twin/lockstep.hpp"
#include "tests/twin/own.hpp"

namespace pawl::window::test {
namespace {

// The pipeline without the lets and rules that this release does not evaluate (W300): the twin computes them, windows do not.
std::unique_ptr<const language::Pipeline> load_evaluated(std::string_view name) {
  const std::unique_ptr<const language::Pipeline> whole = twin::adversarial::load(name);
  std::set<std::uint32_t> left_out;
  for (const language::Let& let : whole->lets) if (!let.not_evaluated.empty()) left_out.insert(let.place.line);
  for (const language::Rule& rule : whole->rules) if (!rule.not_evaluated.empty()) left_out.insert(rule.place.line);
  std::istringstream lines(twin::adversarial::pipeline_source(name));
  std::string source, line;
  for (std::uint32_t number = 1; std::getline(lines, line); ++number) source += (left_out.contains(number) ? std::string() : line) + '\n';
  const Operators operators = twin::own_operators();
  language::Checked checked = language::check(source, name, nullptr, &operators);
  REQUIRE(checked.pipeline != nullptr);
  return std::move(checked.pipeline);
}

class Adapter {
 public:
  static constexpr auto compare = twin::lockstep::Compare::features;

  explicit Adapter(const twin::Engine& twin) {
    std::uint32_t column = 0;
    for (std::size_t i = 0; i < twin.aggregate_count(); ++i) {
      const Expr& expr = twin.aggregate(i);
      specs_.push_back({expr.aggregate.get(), expr.type, column});
      column += specs_.back().columns();
    }
    const StateLimits limits{.keys_max = 4096, .entries_max = 1 << 16, .distinct_max = 1 << 12};
    state_.emplace(*memory_bytes(twin.pipeline(), specs_, limits));
    cells_.emplace(state::Tiles::memory_bytes(column, tiles_of_a_feed));
    tiles_.emplace(cells_->span(), column, tiles_of_a_feed);
    windows_.emplace(*Windows::make(twin.pipeline(), specs_, limits, state_->span()));
  }

  void feed(const twin::Log& log, Sequence first, Sequence last, std::vector<twin::Outcome>& out) {
    windows_->process(log.view(), first, last, *tiles_);
    for (Sequence s = first; s <= last; ++s) {
      twin::Outcome outcome;
      outcome.sequence = s;
      outcome.is_event = is_event(log.header(s).type);
      if (outcome.is_event) {
        outcome.effective_time = windows_->effective_time();
        outcome.event = static_cast<std::uint16_t>(log.header(s).type - first_event_type);
        for (std::size_t i = 0; i < specs_.size(); ++i) outcome.aggregates.push_back(datum(i, s));
      }
      out.push_back(std::move(outcome));
    }
  }

 private:
  static constexpr std::size_t tiles_of_a_feed = 4;  // a feed has at most 100 inputs

  [[nodiscard]] twin::Datum datum(std::size_t aggregate, Sequence sequence) const {
    const FeatureSpec& spec = specs_[aggregate];
    const auto cell = static_cast<std::size_t>(sequence) % state::Tiles::events;
    if (tiles_->valid(spec.column, sequence)[cell] == 0) return {};
    const std::int64_t number = tiles_->numbers(spec.column, sequence)[cell];
    if (spec.type.kind == Kind::floating) return twin::Datum::of_floating(std::bit_cast<double>(number));
    return spec.type.ratio ? twin::Datum::of_ratio(number, tiles_->numbers(spec.column + 1, sequence)[cell]) : twin::Datum::of(number);
  }

  std::vector<FeatureSpec> specs_;
  std::optional<twin::Memory> state_, cells_;
  std::optional<state::Tiles> tiles_;
  std::optional<Windows> windows_;
};

// Sanitizers make one some eight times as slow.
#ifdef PAWL_SANITIZED
constexpr std::uint64_t seeds = 3;
#else
constexpr std::uint64_t seeds = 6;
#endif

}  // namespace

TEST_CASE("windows equal the engine's twin on pipelines made to find mistakes") {
  for (const std::string_view name : twin::adversarial::pipeline_names) {
    const std::unique_ptr<const language::Pipeline> pipeline = load_evaluated(name);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      CAPTURE(name);
      CAPTURE(seed);
      twin::adversarial::Options options{.seed = seed, .inputs = 600};
      options.keys = seed % 2 == 0 ? 3 : 40;
      options.missing_percent = seed % 3 == 0 ? 40 : 5;
      options.extreme_numbers = name == "extremes" && seed % 2 == 1;
      options.extreme_times = name == "extremes" && seed % 3 == 0;
      const twin::Log log = twin::adversarial::generate(*pipeline, options);
      const auto difference = twin::lockstep::find_difference<Adapter>(*pipeline, log, {seed % 4});
      CHECK_MESSAGE(!difference, difference.value_or(""));
    }
  }
}

// Beside others, one has room that it lacks alone.
TEST_CASE("each aggregate equals the twin's as the only one of its key") {
  constexpr const char* aggregates[] = {
      "count(per customer, @)",       "sum(amount per customer, @)",    "avg(amount per customer, @)",         "min(amount per customer, @)",  "max(amount per customer, @)",
      "stddev(amount per customer, @)", "median(amount per customer, @)", "percentile 90(amount per customer, @)", "first(amount per customer, @)", "last(amount per customer, @)",
      "distinct(terminal per customer, @)", "share(amount > 50.00 per customer, @)", "rate(per customer, @)", "ewma(amount per customer, @)"};
  constexpr const char* spans[] = {"since start", "since start delayed 2s", "3s", "2s delayed 2s", "last 3", "3s by 1s"};
  int alone = 0;
  for (const std::string aggregate : aggregates) {
    for (const std::string span : spans) {
      for (const std::string late : {"", " late 4s"}) {
        for (const std::string prior : {"", "prior "}) {
          const std::string source = "pipeline \"alone\" version 1\nevent Payment" + late + " { at: time, customer: int, terminal: int, amount: money }\nlet it = " + prior +
                                     std::string(aggregate).replace(aggregate.find('@'), 1, span) + "\n";
          const language::Checked checked = language::check(source, "alone.pawl");
          if (!checked.pipeline || !checked.pipeline->lets[0].not_evaluated.empty()) continue;  // a rate needs a span of time, a median a bound
          ++alone;
          const twin::Log log = twin::adversarial::generate(*checked.pipeline, {.seed = 3, .inputs = 200});
          const auto difference = twin::lockstep::find_difference<Adapter>(*checked.pipeline, log, {0, 5});
          CHECK_MESSAGE(!difference, source, difference.value_or(""));
        }
      }
    }
  }
  CHECK(alone >= 200);
}

}  // namespace pawl::window::test
