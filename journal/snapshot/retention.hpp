// Retention: which snapshots and segments a journal needs no more, and their removal.
//
// Kept are: the two newest snapshots that are whole, of this history, and not ahead of what a sink holds durably; whatever is newer; every segment
// from the one with the older one's input on; and before it as many as the longest window and the bounds given ask for.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pawl/journal/snapshot/snapshots.hpp"

namespace pawl::journal {

struct RetentionOptions {
  bool enabled = false;           // false: everything is kept for ever
  std::uint64_t keep_bytes = 0;   // of segments, at least
  Duration keep_time = 0;         // of event time, at least; the longest window of the pipeline if that is longer
};

// What may go.
struct RetentionPlan {
  std::vector<std::string> snapshots;    // paths, the oldest first
  std::vector<std::uint64_t> segments;   // the oldest first
  std::uint64_t oldest_segment = 0;      // the journal begins with it then
};

// The longest window of time in a pipeline; those `since start` have no length, and live on in snapshots alone.
[[nodiscard]] Duration longest_span(const language::Pipeline& pipeline);

// `emitted`: decisions up to this one are durable in a sink, and the journal says durably that it took them. Reads two snapshots, and the segments that may go.
// Errors: of the operating system, damage.
Result<RetentionPlan> plan_retention(const JournalReader& reader, const RetentionOptions& options, Duration span, Sequence emitted);

// Snapshots first, then CONTROL, then segments, always the oldest first, each step durable before the next: whatever a crash leaves is a journal
// that its snapshots reach. `record`: makes CONTROL's oldest segment durable. Errors: of the operating system, record's; the rest is done next time.
Result<void> apply_retention(const RetentionPlan& plan, const std::string& directory, io::Disk& disk, const std::function<Result<void>(std::uint64_t oldest_segment)>& record);

}  // namespace pawl::journal
