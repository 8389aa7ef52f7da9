// The whole durable engine in an open loop: payment i comes at t0 + i / rate, whatever became of those before it.
#pragma once

#include <string>

#include "pawl/core/base/histogram.hpp"
#include "pawl/journal/engine/timeline.hpp"
#include "pipeline/load.hpp"

namespace pawl::bench {

struct OpenLoad {
  double rate = 1e6;       // events per second
  double seconds = 10;     // that are measured
  double warm_up = 0.5;    // seconds before them
  Sequence every = 8;      // of so many events one is measured
  double stall_ms = 0;     // the sink stops once for so long, after a third of the time: shows what an open loop sees

  [[nodiscard]] std::int64_t events() const { return static_cast<std::int64_t>(rate * (warm_up + seconds)); }
  [[nodiscard]] std::int64_t warm_events() const { return static_cast<std::int64_t>(rate * warm_up); }
};

// Where the time of one event went, in ns. In data-path order; but for the last they add up to `total`.
struct Parts {
  std::int64_t ingest = 0;   // from the planned time until it was sequenced and published
  std::int64_t windows = 0;  // until its features were there
  std::int64_t rules = 0;    // until it was decided
  std::int64_t disk = 0;     // that the decision still waited for the disk
  std::int64_t emit = 0;     // until the sink had it
  std::int64_t durable_after = 0;  // beside these: from sequenced to durable

  [[nodiscard]] std::int64_t decided() const { return ingest + windows + rules; }
  [[nodiscard]] std::int64_t total() const { return decided() + disk + emit; }
};

// The mean parts of events around a percentile.
struct Share {
  std::int64_t events = 0;
  Parts mean = {};
};

struct OpenRun {
  Histogram decision, emitted;                       // from the planned time; emitted: durable, at the sink
  Histogram ingest, windows, rules, journal, emit;   // each stage's own; journal: from sequenced to durable
  Share around_p50, above_p99_9;                     // of `emitted`
  std::string slowest;                               // what the events above p99.9 had in common
  double achieved_rate = 0;                          // events per second from the first planned time to the last emit
  std::string threads;
};

// Fails unless every event has its decision, in order. `prepared` has at least open.events() payments; the directory of the journal is empty.
[[nodiscard]] OpenRun run_open(const EngineLoad& load, const OpenLoad& open, const gen::PaymentSource& prepared, const std::string& journal);

}  // namespace pawl::bench
