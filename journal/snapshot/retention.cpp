#include "pawl/journal/snapshot/retention.hpp"

#include <algorithm>
#include <numeric>

#include "pawl/core/base/planted.hpp"
#include "pawl/journal/files.hpp"

namespace pawl::journal {
namespace {

std::size_t snapshots_kept() noexcept { return planted(Bug::one_snapshot_is_enough) ? 1 : 2; }

// Of a snapshot that a start can rely on.
struct Anchor {
  SnapshotName name;
  std::uint64_t segment = 0;
  Time effective_time = 0;
};

Result<Anchor> check_anchor(const JournalReader& reader, const SnapshotName& name) {
  auto header = verify_snapshot(reader.disk(), name.path, reader.digest_interval());
  if (!header.ok()) return std::move(header).error();
  if (auto named = check_name(name, *header); !named.ok()) return std::move(named).error();
  if (auto ours = check_history(reader, *header); !ours.ok()) return std::move(ours).error();
  return Anchor{name, header->segment, header->effective_time};
}

// The newest ones, as many as are kept; fewer if there are no more. Bad ones are passed over.
std::vector<Anchor> find_anchors(const JournalReader& reader, const std::vector<SnapshotName>& snapshots, Sequence emitted) {
  std::vector<Anchor> anchors;
  for (const SnapshotName& name : snapshots) {
    if (anchors.size() == snapshots_kept()) break;
    if (name.sequence > emitted) continue;
    if (auto anchor = check_anchor(reader, name); anchor.ok()) anchors.push_back(*std::move(anchor));
  }
  return anchors;
}

// Whether no event of a sealed segment is later than `time`.
Result<bool> all_before(const JournalReader& reader, const SegmentSummary& segment, Time time) {
  auto blocks = reader.read({.from_sequence = segment.before.next_sequence, .until_block = segment.last_block});
  if (!blocks.ok()) return std::move(blocks).error();
  BlockView block;
  for (;;) {
    auto more = blocks->next(block);
    if (!more.ok()) return std::move(more).error();
    if (!*more) return true;
    for (const Record record : block.records()) {
      if (is_event(record.header().type) && record.header().at > time) return false;
    }
  }
}

}  // namespace

Duration longest_span(const language::Pipeline& pipeline) {
  Duration longest = 0;
  for (const window::FeatureSpec& feature : rules::make_plan(pipeline).features) {
    if (feature.aggregate->span == language::SpanKind::time) longest = std::max(longest, feature.aggregate->delay + feature.aggregate->width);
  }
  return longest;
}

Result<RetentionPlan> plan_retention(const JournalReader& reader, const RetentionOptions& options, Duration span, Sequence emitted) {
  RetentionPlan plan;
  if (!options.enabled) return plan;
  auto snapshots = list_snapshots(reader.disk(), reader.directory());
  if (!snapshots.ok()) return std::move(snapshots).error();
  const std::vector<Anchor> anchors = find_anchors(reader, *snapshots, emitted);
  if (anchors.size() < snapshots_kept()) return plan;
  const Anchor& older = anchors.back();
  for (auto name = snapshots->rbegin(); name != snapshots->rend() && name->sequence < older.name.sequence; ++name) plan.snapshots.push_back(name->path);

  // Retired before, and their removal was cut off.
  auto left_over = list_segments(reader.disk(), reader.directory());
  if (!left_over.ok()) return std::move(left_over).error();
  std::erase_if(*left_over, [&](std::uint64_t segment) { return segment >= reader.control().oldest_segment; });
  auto segments = reader.segments();
  if (!segments.ok()) return std::move(segments).error();
  const Duration keep = std::max(options.keep_time, span);
  plan.oldest_segment = reader.control().oldest_segment;
  std::uint64_t bytes = std::accumulate(segments->begin(), segments->end(), std::uint64_t{0}, [](std::uint64_t sum, const SegmentSummary& segment) { return sum + segment.bytes; });
  plan.segments = std::move(*left_over);
  const Time horizon = anchors.front().effective_time > INT64_MIN + keep ? anchors.front().effective_time - keep : INT64_MIN;
  for (const SegmentSummary& segment : *segments) {
    if (segment.number >= older.segment || !segment.opened || !segment.sealed || bytes - segment.bytes < options.keep_bytes) break;
    auto past = all_before(reader, segment, horizon);
    if (!past.ok()) return std::move(past).error();
    if (!*past) break;
    plan.segments.push_back(segment.number);
    plan.oldest_segment = segment.number + 1;
    bytes -= segment.bytes;
  }
  return plan;
}

Result<void> apply_retention(const RetentionPlan& plan, const std::string& directory, io::Disk& disk, const std::function<Result<void>(std::uint64_t)>& record) {
  for (const std::string& snapshot : plan.snapshots) {
    if (auto removed = disk.remove(snapshot); !removed.ok()) return removed;
  }
  if (!plan.snapshots.empty()) {
    if (auto synced = disk.sync_directory(snapshots_directory(directory)); !synced.ok()) return synced;
  }
  if (plan.segments.empty()) return {};
  const bool files_first = planted(Bug::segments_removed_before_control);
  if (auto recorded = files_first ? Result<void>{} : record(plan.oldest_segment); !recorded.ok()) return recorded;
  for (const std::uint64_t segment : plan.segments) {
    if (auto removed = disk.remove(segment_path(directory, segment)); !removed.ok()) return removed;
  }
  auto synced = disk.sync_directory(segments_directory(directory));
  return files_first && synced.ok() ? record(plan.oldest_segment) : synced;
}

}  // namespace pawl::journal
