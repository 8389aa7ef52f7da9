// What time has come to where decide is, for whoever writes ticks: only a pipeline with patterns that end with `no` has use for it.
#pragma once

#include <cstdint>
#include <optional>

#include "pawl/core/base/types.hpp"
#include "pawl/core/ring/latest.hpp"

namespace pawl {

struct DecidedTime {
  Sequence sequence;  // the last input that was decided, timed outputs included
  Time deadline;      // the earliest that is open; INT64_MAX: none
  Time effective;     // of the last event
  Time ingest;        // when that was sequenced; INT64_MIN: in no input that was decided here
};

// Thread: publish by decide's, load by any.
class DecidedTimes {
 public:
  void publish(const DecidedTime& time) noexcept {
    latest_.publish({static_cast<std::uint64_t>(time.sequence) + 2, static_cast<std::uint64_t>(time.deadline), static_cast<std::uint64_t>(time.effective), static_cast<std::uint64_t>(time.ingest)});
  }
  // Nothing yet.
  [[nodiscard]] std::optional<DecidedTime> load() const noexcept {
    const auto words = latest_.load();
    if (words[0] == 0) return std::nullopt;
    return DecidedTime{static_cast<Sequence>(words[0] - 2), static_cast<Time>(words[1]), static_cast<Time>(words[2]), static_cast<Time>(words[3])};
  }

 private:
  ring::Latest<4> latest_;  // the sequence from 1: zeros before the first publish
};

}  // namespace pawl
