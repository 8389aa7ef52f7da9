// Latency from sequencing to here, for every decision: how long decide took, and how long until the decision could leave.
#pragma once

#include <cstdint>
#include <vector>

#include "pawl/core/base/histogram.hpp"
#include "pawl/core/rules/decision.hpp"
#include "pawl/io/clock.hpp"

namespace pawl::journal {

// Reads the clock once per batch. Switched off it costs one predictable branch per event. Thread: one; histogram() once that has ended.
class LatencyProbe {
 public:
  LatencyProbe(io::Clock& clock, bool on) : clock_(clock), on_(on) { ingests_.reserve(pending_max); }

  // Set-up: what was recovered was sequenced in an earlier run, and says nothing of this one.
  void ignore_up_to(Sequence recovered) noexcept { recovered_ = recovered; }

  void decided(const rules::DecisionRecord& record) noexcept { note(record); }
  void emitted(const rules::DecisionRecord& record) noexcept { note(record); }
  void batch_ended() noexcept {
    if (ingests_.empty()) return;
    const Time now = clock_.now();
    for (const Time ingest : ingests_) histogram_.record(now - ingest);
    ingests_.clear();
  }

  [[nodiscard]] const Histogram& histogram() const noexcept { return histogram_; }

 private:
  static constexpr std::size_t pending_max = 4096;

  void note(const rules::DecisionRecord& record) noexcept {
    if (!on_ || record.sequence <= recovered_) return;
    if (ingests_.size() == pending_max) batch_ended();
    ingests_.push_back(record.ingest);
  }

  io::Clock& clock_;
  bool on_;
  Sequence recovered_ = no_sequence;
  std::vector<Time> ingests_;
  Histogram histogram_;
};

}  // namespace pawl::journal
