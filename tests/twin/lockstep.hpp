// Drives a fast engine and the naive twin over the same log and compares what they say about every event. On a difference the log is
// shrunk to a small one that still differs, and a report shows its events, the history of the key and both values.
//
// The fast engine stands behind a small adapter, made anew for every run (shrinking runs many):
//
//   struct Adapter {
//     static constexpr lockstep::Compare compare = ...;  // what its outcomes carry
//     Adapter(const twin::Engine& twin);                  // pipeline: twin.pipeline()
//     void feed(const twin::Log& log, Sequence first, Sequence last, std::vector<twin::Outcome>& out);
//   };
//
// feed takes the inputs first .. last, which follow those of the call before (the first call starts at 0, the ACTIVATE), and appends
// one Outcome per input, whether it is an event or not. Log::view() is the log as one ring; a small ring copies from Log::slot().
//  (a) Compare::features: `aggregates` only, one per twin.aggregate_count(), at index i the value of twin.aggregate(i); a fast engine that
//      has features of its own finds the index by twin.aggregate_index(*feature.aggregate).
//  (b) Compare::decisions: `timed`, `lets`, `fired`, `shadow`, `suppressed`, `missing`, `decision` and `score`.
// Datum::of, of_text, of_ratio make the values; a ratio need not be in lowest terms.
//
//   const auto difference = twin::lockstep::find_difference<Adapter>(pipeline, log, {0, seed});
//   CHECK_MESSAGE(!difference, difference.value_or(""));
#pragma once

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/twin/engine.hpp"
#include "tests/twin/log.hpp"

namespace pawl::twin::lockstep {

enum class Compare : std::uint8_t { features, decisions };

struct Difference {
  Sequence sequence = no_sequence;
  std::string what;                        // "let usual", "rule r missing", the text of an aggregate
  std::string expected, got;
  std::optional<std::size_t> aggregate;    // whose history the report shows
};

// The first difference between two outcomes of one input, or nothing.
[[nodiscard]] std::optional<Difference> compare(const Engine& twin, const Outcome& expected, const Outcome& got, Compare what);

// What a reader needs to see the mistake: all inputs of a short log, the history of the key, both values.
[[nodiscard]] std::string report(const language::Pipeline& pipeline, const Log& log, const Difference& difference);

// The inputs of `log` but those in [first, last], which do not include sequence 0.
[[nodiscard]] Log without(const Log& log, Sequence first, Sequence last);
// The inputs 0 .. last.
[[nodiscard]] Log prefix(const Log& log, Sequence last);

// The twin, and what it says of every input of a log: costs more than the fast side, so several are compared with one of it.
struct Expected {
  Expected(const language::Pipeline& pipeline, const Log& log) : twin(pipeline) {
    for (Sequence s = 0; s <= log.last(); ++s) outcomes.push_back(twin.step(s, log.slot(s)));
  }
  Engine twin;
  std::vector<Outcome> outcomes;
};

// Runs the fast side over the log, cut into batches of 1 .. 100 inputs that the seed chooses, or one by one if the seed is 0.
template <class Adapter>
[[nodiscard]] std::optional<Difference> first_difference(const Expected& expected, const Log& log, std::uint64_t seed) {
  Adapter fast(expected.twin);
  std::mt19937_64 random(seed);
  std::vector<Outcome> got;
  for (Sequence first = 0; first <= log.last();) {
    const auto wanted = seed == 0 ? 1 : static_cast<Sequence>(random() % 100 + 1);
    const Sequence last = std::min(log.last(), first + wanted - 1);
    got.clear();
    fast.feed(log, first, last, got);
    if (static_cast<Sequence>(got.size()) != last - first + 1) {
      return Difference{first, "number of outcomes", std::to_string(last - first + 1), std::to_string(got.size()), {}};
    }
    for (Sequence s = first; s <= last; ++s) {
      const Outcome& outcome = expected.outcomes[static_cast<std::size_t>(s)];
      if (auto difference = compare(expected.twin, outcome, got[static_cast<std::size_t>(s - first)], Adapter::compare)) return difference;
    }
    first = last + 1;
  }
  return std::nullopt;
}

template <class Adapter>
[[nodiscard]] std::optional<Difference> first_difference(const language::Pipeline& pipeline, const Log& log, std::uint64_t seed) {
  return first_difference<Adapter>(Expected(pipeline, log), log, seed);
}

// Leaves inputs out, halves first, as long as some difference stays. At most `runs` runs.
template <class Adapter>
[[nodiscard]] Log shrink(const language::Pipeline& pipeline, Log log, std::uint64_t seed, int runs = 400) {
  for (Sequence size = std::max<Sequence>(1, log.last() / 2); size >= 1; size /= 2) {
    for (Sequence last = log.last(); last >= 1 && runs > 0;) {
      const Sequence first = std::max<Sequence>(1, last - size + 1);
      Log smaller = without(log, first, last);
      --runs;
      if (const auto difference = first_difference<Adapter>(pipeline, smaller, seed)) log = prefix(smaller, difference->sequence);
      last = std::min(first - 1, log.last());
    }
  }
  return log;
}

// Nothing if the two agree on every event, else the report of the shrunk case.
template <class Adapter>
[[nodiscard]] std::optional<std::string> explain_difference(const Expected& expected, const Log& log, std::uint64_t seed) {
  const auto found = first_difference<Adapter>(expected, log, seed);
  if (!found) return std::nullopt;
  const language::Pipeline& pipeline = expected.twin.pipeline();
  const Log small = shrink<Adapter>(pipeline, prefix(log, found->sequence), seed);
  const auto difference = first_difference<Adapter>(pipeline, small, seed);
  return "batches " + std::to_string(seed) + "\n" + report(pipeline, small, difference ? *difference : *found);
}

// The same of each adapter, with each seed of batches.
template <class... Adapters>
[[nodiscard]] std::optional<std::string> find_difference(const language::Pipeline& pipeline, const Log& log, std::initializer_list<std::uint64_t> seeds) {
  const Expected expected(pipeline, log);
  std::optional<std::string> found;
  for (const std::uint64_t seed : seeds) {
    if (((found = explain_difference<Adapters>(expected, log, seed)) || ...)) break;
  }
  return found;
}

}  // namespace pawl::twin::lockstep
