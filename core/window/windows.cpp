#include "pawl/core/window/windows.hpp"

#include <algorithm>

#include "pawl/core/window/describe_state.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {

using language::Aggregate;
using language::AggregateKind;
using language::SpanKind;

namespace {

struct FeatureGroup {
  std::vector<std::size_t> features;  // indices into the span given
  std::vector<FeatureSpec> specs;
};

std::vector<FeatureGroup> group(std::span<const FeatureSpec> features) {
  std::vector<FeatureGroup> groups;
  for (std::size_t i = 0; i < features.size(); ++i) {
    auto it = std::find_if(groups.begin(), groups.end(),
                           [&](const FeatureGroup& g) { return same_group(*g.specs[0].aggregate, *features[i].aggregate); });
    if (it == groups.end()) it = groups.insert(groups.end(), FeatureGroup{});
    it->features.push_back(i);
    it->specs.push_back(features[i]);
  }
  return groups;
}

std::optional<std::string> unsupported_span(const Aggregate& aggregate) {
  Duration reach;
  if (aggregate.pane < 0 || (aggregate.pane != 0 && (aggregate.span != SpanKind::time || aggregate.width % aggregate.pane != 0))) return "a window of panes is a whole number of them";
  if (aggregate.delay < 0 || __builtin_add_overflow(aggregate.delay, aggregate.width, &reach)) return "the window reaches too far back";
  if (aggregate.span == SpanKind::time && aggregate.width <= 0) return "the window has no width";
  if (aggregate.span == SpanKind::last_n && (aggregate.n < 1 || aggregate.n > INT32_MAX)) return "`last N` takes 1 to 2147483647";
  return std::nullopt;
}

bool adds_up_in_panes(const Aggregate& aggregate) {
  switch (aggregate.kind) {
    case AggregateKind::count: case AggregateKind::sum: case AggregateKind::avg: case AggregateKind::stddev: case AggregateKind::share: case AggregateKind::min:
    case AggregateKind::max: return true;
    case AggregateKind::own: return aggregate.own != nullptr && aggregate.own->inverse != nullptr;
    default: return false;
  }
}

bool is_float(const language::Expr& expr) { return expr.type.kind == Kind::floating; }

std::optional<std::string> unsupported_kind(const Aggregate& aggregate) {
  const bool text = aggregate.value && aggregate.value->type.kind == Kind::text;
  const bool ratio = aggregate.value && aggregate.value->type.ratio;
  switch (aggregate.kind) {
    case AggregateKind::count: case AggregateKind::distinct: case AggregateKind::rate:
      if (text && aggregate.value->op != language::Op::field) return "texts inside an aggregate must be fields in this release";
      if (aggregate.kind == AggregateKind::rate && aggregate.span != SpanKind::time) return "`rate` needs a span of time";
      break;
    case AggregateKind::sum: case AggregateKind::avg: case AggregateKind::share: case AggregateKind::first: case AggregateKind::last:
    case AggregateKind::min: case AggregateKind::max: case AggregateKind::stddev: case AggregateKind::median: case AggregateKind::percentile:
    case AggregateKind::ewma:
      if (text) return "`first` and `last` of a text are not evaluated in this release";
      break;
    case AggregateKind::own:
      if (aggregate.own == nullptr) return "operator `" + aggregate.own_name + "` is not registered with this program";
      if (text || is_float(*aggregate.value)) return "operators take whole numbers";
      break;
  }
  if (aggregate.kind == AggregateKind::ewma && aggregate.span != SpanKind::time) return "`ewma` needs a half-life";
  if (aggregate.pane != 0 && !adds_up_in_panes(aggregate)) return "only count, sum, avg, stddev, share, min, max and operators with an inverse are evaluated `by` panes";
  const bool ranked = aggregate.kind == AggregateKind::median || aggregate.kind == AggregateKind::percentile;
  if (ranked && aggregate.span == SpanKind::since_start) return "`median` and `percentile` since the start keep every value for ever; `last N` and spans of time are bounded";
  const bool added = aggregate.kind == AggregateKind::sum || aggregate.kind == AggregateKind::avg || aggregate.kind == AggregateKind::stddev;
  if (added && is_float(*aggregate.value)) return "sums of floats are not evaluated in this release";
  if (ratio && aggregate.kind != AggregateKind::count && aggregate.kind != AggregateKind::rate) return "aggregates of ratios are not evaluated in this release";
  return std::nullopt;
}

Result<std::vector<Layout>> lay_out_all(const language::Pipeline& pipeline, std::span<const FeatureSpec> features) {
  for (const FeatureSpec& feature : features) {
    if (auto reason = unsupported(*feature.aggregate)) return Error{ErrorCode::bad_pipeline, std::move(*reason)};
  }
  std::vector<Layout> layouts;
  for (const FeatureGroup& g : group(features)) {
    Result<Layout> layout = lay_out(pipeline, g.specs);
    if (!layout) return layout.error();
    layouts.push_back(std::move(*layout));
  }
  return layouts;
}

std::optional<Error> out_of_range(const StateLimits& limits) {
  constexpr std::uint64_t keys = std::uint64_t{1} << 26, entries = entries_max_max, distinct = std::uint64_t{1} << 32;
  if (limits.keys_max >= 1 && limits.keys_max <= keys && limits.entries_max >= 1 && limits.entries_max <= entries && limits.distinct_max <= distinct) {
    return std::nullopt;
  }
  return Error{ErrorCode::usage, "state limits of a group: keys 1 to 67108864, entries 1 to 1073741824, distinct values 0 to 4294967296"};
}

// Events of one tile, whose slots lie one behind the other.
Batch take(SlotView slots, Sequence first, Sequence last, std::size_t most, Time& te, std::size_t types) noexcept {
  constexpr auto tile_events = static_cast<Sequence>(state::Tiles::events);
  Batch batch;
  batch.first = first;
  const Sequence tile_left = tile_events - first % tile_events;
  const Sequence ring_left = slots.mask + 1 - (first & slots.mask);
  const auto count = static_cast<std::size_t>(std::min({last - first + 1, tile_left, ring_left, static_cast<Sequence>(most)}));
  bool uniform = true;
  std::size_t i = 0;
  const std::uint16_t first_type = slots.header(first).type;
  if (static_cast<std::uint16_t>(first_type - first_event_type) < types) {  // nearly always all of them are of its type, and in order: foreseen, no event waits for the time of the one before
    Time latest = te;
    std::uint32_t missing = 0;
    const std::byte* slot = slots[first];
    for (; i < count; ++i, slot += slots.slot_bytes) {
      const EventHeader& header = *reinterpret_cast<const EventHeader*>(slot);
      if (header.type != first_type || header.at < latest) break;
      latest = header.at;
      batch.slot[i] = slot;
      batch.te[i] = latest;
      missing |= header.missing;
    }
    te = latest;
    batch.missing = missing;
    std::fill_n(batch.type.begin(), i, static_cast<std::uint16_t>(first_type - first_event_type));
  }
  for (; i < count; ++i) {
    const std::byte* const slot = slots[first + static_cast<Sequence>(i)];
    const EventHeader& header = *reinterpret_cast<const EventHeader*>(slot);
    const auto type = static_cast<std::uint16_t>(header.type - first_event_type);  // of what is no event: far beyond all types
    const bool event = type < types;
    if (event) te = std::max(te, header.at);
    batch.slot[i] = slot;
    batch.te[i] = te;
    batch.type[i] = event ? type : no_event;
    batch.missing |= header.missing;
    uniform &= batch.type[i] == batch.type[0];
  }
  batch.count = count;
  batch.uniform = uniform && batch.type[0] != no_event;
  return batch;
}

// Where the events stand: see lateness.hpp.
void place(Batch& batch, std::span<const Duration> late) noexcept {
  for (std::size_t i = 0; i < batch.count; ++i) {
    batch.place[i] = batch.te[i];
    const Duration allowed = batch.type[i] == no_event ? 0 : late[batch.type[i]];
    if (allowed == 0) continue;
    const Time at = reinterpret_cast<const EventHeader*>(batch.slot[i])->at;
    Duration behind;
    if (__builtin_sub_overflow(batch.te[i], at, &behind) || behind > allowed) batch.too_late |= EventBits{1} << i;
    else batch.place[i] = std::max(at, no_time + 1);
  }
}

}  // namespace

std::optional<std::string> unsupported(const Aggregate& aggregate) {
  if (auto reason = unsupported_span(aggregate)) return reason;
  if (auto reason = unsupported_kind(aggregate)) return reason;
  if (aggregate.where) {
    if (auto reason = unsupported_in_aggregate(*aggregate.where)) return reason;
  }
  return aggregate.value ? unsupported_in_aggregate(*aggregate.value) : std::nullopt;
}

Result<std::vector<GroupSummary>> plan(const language::Pipeline& pipeline, std::span<const FeatureSpec> features) {
  Result<std::vector<Layout>> layouts = lay_out_all(pipeline, features);
  if (!layouts) return layouts.error();
  std::vector<GroupSummary> summaries;
  const std::vector<FeatureGroup> groups = group(features);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const Aggregate& aggregate = *groups[i].specs[0].aggregate;
    const Layout& layout = (*layouts)[i];
    // Lines of the record, of the entries at its edges and of the bucket weigh most; each feature adds a few instructions.
    const std::uint64_t lines = layout.record_bytes / limits::cache_line_bytes + layout.edges.size() + 2;
    summaries.push_back({aggregate.key, aggregate.on, groups[i].features, layout.record_bytes, layout.entry_bytes, layout.keeps_rings() ? layout.ring_entry_bytes : 0, layout.edges.size(), 4 * lines + groups[i].features.size(), describe_state(layout)});
  }
  return summaries;
}

Result<std::vector<std::vector<FeatureSpec>>> split(const language::Pipeline& pipeline, std::span<const FeatureSpec> features, std::size_t shards) {
  PAWL_ASSERT(shards >= 1);
  Result<std::vector<GroupSummary>> summaries = plan(pipeline, features);
  if (!summaries) return summaries.error();
  std::stable_sort(summaries->begin(), summaries->end(), [](const GroupSummary& a, const GroupSummary& b) { return a.cost > b.cost; });
  std::vector<std::vector<FeatureSpec>> sets(shards);
  std::vector<std::uint64_t> costs(shards, 0);
  for (const GroupSummary& summary : *summaries) {  // the dearest first, each to the shard with least: within 4/3 of the best
    const auto shard = static_cast<std::size_t>(std::min_element(costs.begin(), costs.end()) - costs.begin());
    costs[shard] += summary.cost;
    for (const std::size_t feature : summary.features) sets[shard].push_back(features[feature]);
  }
  return sets;
}

Result<std::size_t> memory_bytes(const language::Pipeline& pipeline, std::span<const FeatureSpec> features, const StateLimits& limits) {
  if (auto error = out_of_range(limits)) return *error;
  Result<std::vector<Layout>> layouts = lay_out_all(pipeline, features);
  if (!layouts) return layouts.error();
  state::Arena measure;
  for (Layout& layout : *layouts) const Group group(std::move(layout), limits, measure);
  return measure.used_bytes();
}

Windows::Windows() : batch_events_(usual_batch_events), te_(no_time + 1) {}
Windows::Windows(Windows&&) noexcept = default;
Windows& Windows::operator=(Windows&&) noexcept = default;
Windows::~Windows() = default;

Result<Windows> Windows::make(const language::Pipeline& pipeline, std::span<const FeatureSpec> features, const StateLimits& limits,
                              std::span<std::byte> memory) {
  if (auto error = out_of_range(limits)) return *error;
  Result<std::vector<Layout>> layouts = lay_out_all(pipeline, features);
  if (!layouts) return layouts.error();
  Windows windows;
  windows.event_types_ = pipeline.events.size();
  if (std::any_of(pipeline.late.begin(), pipeline.late.end(), [](Duration late) { return late != 0; })) windows.late_ = pipeline.late;
  state::Arena arena(memory);
  for (Layout& layout : *layouts) {
    const std::size_t begin = arena.used_bytes();
    windows.groups_.push_back(std::make_unique<Group>(std::move(layout), limits, arena));
    windows.memory_.push_back(memory.subspan(begin, arena.used_bytes() - begin));
  }
  for (const FeatureGroup& g : window::group(features)) windows.first_columns_.push_back(g.specs[0].column);
  return windows;
}

void Windows::process(SlotView slots, Sequence first, Sequence last, state::Tiles& tiles) noexcept {
  while (first <= last) {
    Batch batch = take(slots, first, last, batch_events_, te_, event_types_);
    if (!late_.empty()) place(batch, late_);
    for (const auto& group : groups_) group->gather(batch);
    for (const auto& group : groups_) group->locate(batch);
    for (const auto& group : groups_) group->evaluate(batch);
    for (const auto& group : groups_) group->settle(batch);
    bool run = true;
    for (const auto& group : groups_) {
      group->update(batch, tiles);
      run &= group->was_run();
    }
    batch_events_ = run ? batch_events : usual_batch_events;
    for (const auto& group : groups_) group->read(batch, tiles);
    first += static_cast<Sequence>(batch.count);
  }
}

std::size_t Windows::groups() const noexcept { return groups_.size(); }
GroupCounters Windows::counters(std::size_t group) const noexcept { return groups_[group]->counters(); }

}  // namespace pawl::window
