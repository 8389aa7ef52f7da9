// Nanoseconds per event of the windows stage alone, group by group, beside a bare loop that touches as many cache lines.
//
//   handbook   the features of the fraud-detection handbook over synthetic payments: 5,000 customers, 10,000 terminals, 9,600 a day
//   wide       {count, sum, avg} over 4 spans for --keys keys, uniform: the case of far memory
//
// Verified: counts and sums of the last window are recomputed from the stream. One thread, slots written just before they are read.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "pawl/core/language/check.hpp"
#include "pawl/core/window/windows.hpp"
#include "pawl/io/memory.hpp"

namespace {

using namespace pawl;

constexpr const char* handbook = R"(pipeline "handbook" version 1
event Payment { id: int, at: time, customer: int, terminal: int, amount: money, fraud: bool }
let c1  = count(per customer, 1d)
let s1  = sum(amount per customer, 1d)
let c7  = count(per customer, 7d)
let s7  = sum(amount per customer, 7d)
let c30 = count(per customer, 30d)
let s30 = sum(amount per customer, 30d)
let t1  = count(per terminal, 1d delayed 7d)
let f1  = count(per terminal, 1d delayed 7d where fraud)
let t7  = count(per terminal, 7d delayed 7d)
let f7  = count(per terminal, 7d delayed 7d where fraud)
let t30 = count(per terminal, 30d delayed 7d)
let f30 = count(per terminal, 30d delayed 7d where fraud)
let a7  = avg(amount per customer, 7d)
let r7  = share(fraud per terminal, 7d delayed 7d)
let p30 = prior count(per customer, 30d)
let u30 = prior avg(amount per customer, 30d)
let v1  = count(per customer, 1h)
let w1  = sum(amount per customer, 1h)
let m1  = prior count(per customer, 1h where amount < 2.00)
let lt  = prior last(terminal per customer, since start)
let la  = prior last(at per customer, since start)
let d1  = distinct(customer per terminal, 1h)
)";

constexpr const char* wide = R"(pipeline "wide" version 1
event Payment { id: int, at: time, customer: int, terminal: int, amount: money, fraud: bool }
let c1 = count(per customer, 1m)
let s1 = sum(amount per customer, 1m)
let a1 = avg(amount per customer, 1m)
let c2 = count(per customer, 10m)
let s2 = sum(amount per customer, 10m)
let a2 = avg(amount per customer, 10m)
let c3 = count(per customer, 1h)
let s3 = sum(amount per customer, 1h)
let a3 = avg(amount per customer, 1h)
let c4 = count(per customer, 6h)
let s4 = sum(amount per customer, 6h)
let a4 = avg(amount per customer, 6h)
)";

struct Workload {
  const char* name;
  const char* pipeline;
  std::uint64_t customers, terminals;
  Duration step;  // between payments
};

std::uint64_t next(std::uint64_t& state) {  // splitmix64 (Steele, Lea, Flood 2014)
  std::uint64_t z = state += 0x9E37'79B9'7F4A'7C15;
  z = (z ^ z >> 30) * 0xBF58'476D'1CE4'E5B9;
  z = (z ^ z >> 27) * 0x94D0'49BB'1331'11EB;
  return z ^ z >> 31;
}

// Time this thread had a processor: on a busy machine the nearest to what it would take on an idle one.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

[[noreturn]] void fail(const std::string& text) {
  std::fprintf(stderr, "window-throughput: %s\n", text.c_str());
  std::exit(1);
}

template <class T>
T or_fail(Result<T> result) {
  if (!result) fail(result.error().text);
  return std::move(*result);
}

std::vector<window::FeatureSpec> features_of(const language::Pipeline& pipeline) {
  std::vector<window::FeatureSpec> specs;
  std::uint32_t column = 0;
  for (const language::Let& let : pipeline.lets) {
    specs.push_back({let.expr->aggregate.get(), let.expr->type, column});
    column += specs.back().columns();
  }
  return specs;
}

// One run of the stage over a fresh stream, batch by batch as an engine under load sees it.
class Run {
 public:
  Run(const language::Pipeline& pipeline, const std::vector<window::FeatureSpec>& specs, const Workload& load, const window::StateLimits& limits)
      : schema_(pipeline.events[0]), load_(load), slot_bytes_(slot_bytes(schema_.payload_bytes)),
        ring_(or_fail(io::Region::map({.bytes = slots * slot_bytes_, .best_pages = io::Pages::transparent_huge}))),
        state_(or_fail(io::Region::map({.bytes = or_fail(window::memory_bytes(pipeline, specs, limits)), .best_pages = io::Pages::transparent_huge, .prefault = false}))),
        columns_(columns(specs)),
        cells_(or_fail(io::Region::map({.bytes = state::Tiles::memory_bytes(columns_, tile_count), .best_pages = io::Pages::transparent_huge}))),
        tiles_(cells_.bytes(), columns_, tile_count), windows_(or_fail(window::Windows::make(pipeline, specs, limits, state_.bytes()))) {}

  // Nanoseconds per event of the last `measured` of `events`.
  double operator()(std::int64_t events, std::int64_t measured, std::int64_t batch) {
    double seconds = 0;
    for (Sequence first = 0; first < events; first += written_ahead) {
      const Sequence end = std::min<Sequence>(first + written_ahead, events);
      for (Sequence s = first; s < end; ++s) write(s);
      const double start = processor_seconds();
      for (Sequence s = first; s < end; s += batch) {
        windows_.process({ring_.bytes().data(), slot_bytes_, slots - 1}, s, std::min<Sequence>(s + batch, end) - 1, tiles_);
      }
      if (first >= events - measured) seconds += processor_seconds() - start;
    }
    return seconds * 1e9 / static_cast<double>(measured);
  }
  [[nodiscard]] const window::Windows& windows() const { return windows_; }
  [[nodiscard]] std::int64_t cell(std::uint32_t column, Sequence sequence) const {
    return tiles_.numbers(column, sequence)[static_cast<std::size_t>(sequence) % 64];
  }

 private:
  static constexpr std::size_t slots = 4096, tile_count = 16;
  static constexpr Sequence written_ahead = 1024;

  static std::size_t columns(const std::vector<window::FeatureSpec>& specs) {
    std::size_t end = 1;
    for (const auto& spec : specs) end = std::max<std::size_t>(end, spec.column + spec.columns());
    return end;
  }
  void write(Sequence sequence) {
    std::byte* slot = ring_.bytes().data() + static_cast<std::size_t>(sequence) % slots * slot_bytes_;
    begin_event(schema_, slot);
    write_number(schema_, slot, 0, sequence);
    write_number(schema_, slot, 1, sequence * load_.step);
    write_number(schema_, slot, 2, static_cast<std::int64_t>(next(random_) % load_.customers));
    write_number(schema_, slot, 3, static_cast<std::int64_t>(next(random_) % load_.terminals));
    write_number(schema_, slot, 4, static_cast<std::int64_t>(next(random_) % 20'000));
    write_number(schema_, slot, 5, next(random_) % 100 == 0);
  }

  const EventSchema& schema_;
  Workload load_;
  std::size_t slot_bytes_;
  io::Region ring_, state_;
  std::size_t columns_;
  io::Region cells_;
  state::Tiles tiles_;
  window::Windows windows_;
  std::uint64_t random_ = 1;
};

// The bare loop: `near` neighbouring lines of a record, `far` lines elsewhere, read and written, fetched 32 events ahead.
double bare_loop(std::uint64_t keys, std::size_t near, std::size_t far, std::uint64_t entry_lines, std::int64_t events) {
  const io::Region records = or_fail(io::Region::map({.bytes = keys * near * 64, .best_pages = io::Pages::transparent_huge}));
  const io::Region entries = or_fail(io::Region::map({.bytes = entry_lines * 64, .best_pages = io::Pages::transparent_huge}));
  constexpr std::size_t ahead = 32;
  std::vector<std::byte*> lines((near + far) * ahead, records.bytes().data());
  std::uint64_t random = 1, sum = 0;
  const double start = processor_seconds();
  for (std::int64_t i = 0; i < events; ++i) {
    std::byte** const slot = lines.data() + static_cast<std::size_t>(i) % ahead * (near + far);
    for (std::size_t n = 0; n < near + far; ++n) {
      sum += std::to_integer<std::uint64_t>(*slot[n]);
      *slot[n] = static_cast<std::byte>(sum);
    }
    std::byte* const record = records.bytes().data() + next(random) % keys * near * 64;
    for (std::size_t n = 0; n < near; ++n) __builtin_prefetch(slot[n] = record + n * 64, 1);
    for (std::size_t n = near; n < near + far; ++n) __builtin_prefetch(slot[n] = entries.bytes().data() + next(random) % entry_lines * 64, 1);
  }
  const double ns = (processor_seconds() - start) * 1e9 / static_cast<double>(events);
  if (sum == 42) std::printf(" ");
  return ns;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Options {
  std::int64_t events = 4'000'000;
  std::uint64_t keys = 1'000'000;
  int runs = 3;
};

void verify(const Run& run, const std::vector<window::FeatureSpec>& specs, std::int64_t events, const Workload& load) {
  std::uint64_t random = 1;
  std::vector<std::pair<std::int64_t, std::int64_t>> stream;  // customer, amount
  for (std::int64_t i = 0; i < events; ++i) {
    const auto customer = static_cast<std::int64_t>(next(random) % load.customers);
    (void)next(random);
    stream.emplace_back(customer, static_cast<std::int64_t>(next(random) % 20'000));
    (void)next(random);
  }
  const language::Aggregate& sum_window = *specs[1].aggregate;
  std::int64_t count = 0, sum = 0;
  for (std::int64_t i = events - 1; i >= 0 && (events - 1 - i) * load.step < sum_window.width; --i) {
    if (stream[static_cast<std::size_t>(i)].first != stream.back().first) continue;
    ++count;
    sum += stream[static_cast<std::size_t>(i)].second;
  }
  if (run.cell(specs[0].column, events - 1) != count || run.cell(specs[1].column, events - 1) != sum) fail("wrong result");
}

void measure(const Workload& load, const Options& options) {
  const language::Checked checked = language::check(load.pipeline, load.name);
  if (!checked.pipeline) fail("the pipeline does not check");
  const std::vector<window::FeatureSpec> all = features_of(*checked.pipeline);
  const std::vector<window::GroupSummary> groups = or_fail(window::plan(*checked.pipeline, all));
  const window::StateLimits limits{.keys_max = std::max<std::uint64_t>(load.customers, load.terminals), .entries_max = static_cast<std::uint64_t>(options.events) + 1024};
  const auto report = [&](const char* what, const std::vector<window::FeatureSpec>& specs, std::int64_t batch, bool whole) {
    std::vector<double> times;
    for (int i = 0; i < options.runs; ++i) {
      Run run(*checked.pipeline, specs, load, limits);
      times.push_back(run(options.events, options.events / 4, batch));
      if (whole) verify(run, specs, options.events, load);
    }
    std::printf("%-9s %-22s batch %4lld  %7.1f ns/event\n", load.name, what, static_cast<long long>(batch), median(times));
  };
  for (const window::GroupSummary& group : groups) {
    std::vector<window::FeatureSpec> specs;
    for (const std::size_t feature : group.features) specs.push_back(all[feature]);
    report(("per " + group.key[0]).c_str(), specs, 256, false);
    const std::uint64_t keys = group.key[0] == "customer" ? load.customers : load.terminals;
    const std::size_t near = group.record_bytes / 64;
    std::printf("          record %zu bytes, entry %zu; bare loop of %zu + %zu lines %7.1f ns/event\n", group.record_bytes, group.entry_bytes, near, group.edges + 2,
                bare_loop(keys, near, group.edges + 2, std::max<std::uint64_t>(4096, static_cast<std::uint64_t>(options.events) / 3), options.events / 4));
  }
  if (groups.size() > 1) report("all groups", all, 256, true);
  report("all groups, singly", all, 1, true);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  bool no_wide = false;
  CLI::App app{"Time of the windows stage per event"};
  app.add_option("--events", options.events, "events of a run; the last quarter is measured")->check(CLI::PositiveNumber);
  app.add_option("--keys", options.keys, "keys of the wide case")->check(CLI::PositiveNumber);
  app.add_flag("--no-wide", no_wide, "only the handbook");
  app.add_option("--runs", options.runs, "runs; the median is shown")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  measure({"handbook", handbook, 5'000, 10'000, 9 * one_second}, options);
  if (!no_wide) measure({"wide", wide, options.keys, 10'000, one_second / 1000}, options);
}
