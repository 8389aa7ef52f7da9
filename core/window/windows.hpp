// Exact keyed windows: for every event the value of every feature, written into the feature's cells beside the ring.
//
// Features with the same key fields and the same event types form a group. A group has one record per key, with one ring of
// entries for all its spans and one cursor per edge of a window (entry = effective time and running totals before it), so the
// value of a window is a difference of two totals. See ARCHITECTURE.md, and language.md for what a window means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pawl/core/base/result.hpp"
#include "pawl/core/base/types.hpp"
#include "pawl/core/event/slot_view.hpp"
#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/state/tiles.hpp"
#include "pawl/core/window/feature.hpp"

namespace pawl::window {

// Bounds of one group. What is refused depends on these and on the log alone. Memory is reserved for all of it, but only touched as keys and entries come.
struct StateLimits {
  std::uint64_t keys_max = std::uint64_t{1} << 20;      // live keys; at least so many fit, a partition of the hash takes a 256th and some slack
  std::uint64_t entries_max = std::uint64_t{16} << 20;  // events held for windows that end, of which those with a sum beyond 32 bits may count as two; and for `min`, and for `max`, of each value as many values beside the newest 7 of each key
  std::uint64_t distinct_max = std::uint64_t{1} << 20;  // values that large windows of `distinct` count in a table (smaller ones are scanned)
};

struct GroupCounters {
  std::uint64_t keys = 0;             // live now
  std::uint64_t keys_evicted = 0;     // keys whose windows had all become empty, forgotten to make room; changes no value
  std::uint64_t keys_refused = 0;     // events not inserted because their key found no room; the group's features then read missing
  std::uint64_t entries = 0;          // held now
  std::uint64_t entries_refused = 0;  // events not inserted because all entries are in use; likewise
  std::uint64_t overflow = 0;         // sums that do not fit in 64 bits; missing
  std::uint64_t distinct_values = 0;  // held now in the table of `distinct`
  std::uint64_t distinct_refused = 0; // values missing because the window was too large to scan and that table had no room
  std::uint64_t late = 0;             // events of types that may be late inserted before others of the log
  std::uint64_t too_late = 0;         // and those inserted at the effective time, as they were later than they may
};

// What a group needs and roughly costs, for `rules check` and for dividing groups among shards.
struct GroupSummary {
  std::vector<std::string> key;
  std::vector<std::uint16_t> on;
  std::vector<std::size_t> features;  // indices into the span given
  std::size_t record_bytes = 0;       // per key
  std::size_t entry_bytes = 0;        // per event held, without the chunk's own share
  std::size_t ring_entry_bytes = 0;   // per event in the key's own ring; 0: it has none
  std::size_t edges = 0;              // cursors per key
  std::uint64_t cost = 0;             // relative work per event
  std::string state;                  // what it keeps, for people: "64 bytes a key; 16 bytes for each event of the last 1h"
};

// Why this release does not compute an aggregate, or nothing if it does.
[[nodiscard]] std::optional<std::string> unsupported(const language::Aggregate& aggregate);

// The groups of a pipeline's features, in the order of their first feature. Errors (bad_pipeline): a feature that is not supported.
[[nodiscard]] Result<std::vector<GroupSummary>> plan(const language::Pipeline& pipeline, std::span<const FeatureSpec> features);

// Divides features into `shards` sets of whole groups of about equal cost; sets may be empty. Same input, same division.
[[nodiscard]] Result<std::vector<std::vector<FeatureSpec>>> split(const language::Pipeline& pipeline, std::span<const FeatureSpec> features, std::size_t shards);

// The block that make() needs for these features.
[[nodiscard]] Result<std::size_t> memory_bytes(const language::Pipeline& pipeline, std::span<const FeatureSpec> features, const StateLimits& limits);

class Group;

// One shard of the windows stage. Thread: one at a time. No allocation, system call or lock after make().
class Windows {
 public:
  // REQUIRES: `memory` is zeroed, starts at a cache line, has memory_bytes() and outlives this. The pipeline may go after make().
  // Errors (bad_pipeline): a feature that is not supported, a limit out of range.
  static Result<Windows> make(const language::Pipeline& pipeline, std::span<const FeatureSpec> features, const StateLimits& limits,
                              std::span<std::byte> memory);
  Windows(Windows&&) noexcept;
  Windows& operator=(Windows&&) noexcept;
  ~Windows();

  // Takes in the inputs of every sequence in [first, last] and writes all cells of its columns for each of them; missing where a
  // feature does not apply. How a log is cut into calls changes nothing. REQUIRES: first = the last `last` + 1 (0 at the start).
  void process(SlotView slots, Sequence first, Sequence last, state::Tiles& tiles) noexcept;

  // Effective time of the last event, or about the smallest Time if there was none.
  [[nodiscard]] Time effective_time() const noexcept { return te_; }
  [[nodiscard]] std::size_t groups() const noexcept;
  [[nodiscard]] GroupCounters counters(std::size_t group) const noexcept;

  // For snapshots (group_rows.hpp). A group's column tells it from all others of its pipeline, in whatever shard it is.
  [[nodiscard]] const Group& group(std::size_t group) const noexcept { return *groups_[group]; }
  [[nodiscard]] Group& group(std::size_t group) noexcept { return *groups_[group]; }
  // All memory that the group keeps its state in.
  [[nodiscard]] std::span<std::byte> memory(std::size_t group) const noexcept { return memory_[group]; }
  [[nodiscard]] std::uint32_t first_column(std::size_t group) const noexcept { return first_columns_[group]; }
  // Of the last event of the log that the groups are then loaded from.
  void set_effective_time(Time te) noexcept { te_ = te; }

 private:
  Windows();

  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<std::uint32_t> first_columns_;
  std::vector<std::span<std::byte>> memory_;
  std::size_t event_types_ = 0;
  std::vector<Duration> late_;  // by event type; empty: none may be late
  std::size_t batch_events_ = 0;  // that the next batch may have
  Time te_;
};

}  // namespace pawl::window
