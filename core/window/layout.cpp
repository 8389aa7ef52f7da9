#include "pawl/core/window/layout.hpp"

#include <algorithm>

#include "pawl/core/language/lateness.hpp"
#include "pawl/core/window/places.hpp"
#include "pawl/core/window/type_plans.hpp"

namespace pawl::window {

using language::Aggregate, language::AggregateKind, language::Expr, language::SpanKind;

namespace {

std::size_t up_to(std::size_t size, std::size_t multiple) noexcept { return (size + multiple - 1) / multiple * multiple; }
std::size_t up_to_8(std::size_t bytes) noexcept { return up_to(bytes, 8); }

// Collects what the features need, then places it, then compiles the features against the places.
class Builder {
 public:
  Builder(const language::Pipeline& pipeline, std::span<const FeatureSpec> features) : pipeline_(pipeline), features_(features) {}

  Result<Layout> build() {
    layout_.pane = features_[0].aggregate->pane;
    layout_.late = language::lateness(pipeline_, *features_[0].aggregate);
    if (auto error = not_late()) return std::move(*error);
    for (const FeatureSpec& feature : features_) collect_inputs(*feature.aggregate);
    layout_.wheres = wheres_.size();
    layout_.values = values_.size();
    layout_.texts = texts_.size();
    if (wheres_.size() + 2 * values_.size() + texts_.size() > facts_max) {
      return Error{ErrorCode::bad_pipeline, "features per the same key use more than 64 different conditions and values; drop some, or spread them over keys"};
    }
    for (const FeatureSpec& feature : features_) needs_.push_back(collect(*feature.aggregate));
    for (std::size_t i = 0; i < layout_.edges.size(); ++i) need_matching(i);
    for (const Distinct& distinct : layout_.distincts) {
      if (distinct.lead >= 0 || distinct.trail >= 0) (void)count_column(0, true, false);
    }
    if (layout_.links_entries() && layout_.pane == 0) (void)count_column(0, true, false);
    if (layout_.late != 0) expect_late();
    order_edges();
    place_key();
    if (auto error = place_columns()) return std::move(*error);
    place_ring_cursors();
    place_record();
    if (!place_ring_entry(layout_)) return Error{ErrorCode::bad_pipeline, "features per the same key keep too many bytes of an event; shorten the texts they use"};
    if (layout_.late != 0) place_tree_nodes(layout_);
    for (std::size_t i = 0; i < features_.size(); ++i) compile(features_[i], needs_[i]);
    layout_.before.take_apart();
    layout_.after.take_apart();
    layout_.place_row();
    layout_.types = plan_types({pipeline_, *features_[0].aggregate, wheres_, values_, texts_, key_offsets_, key_is_text_, layout_});
    return std::move(layout_);
  }

 private:
  struct Needs {
    int lead = -1, trail = -1;               // edges
    std::size_t first = none, second = none; // columns: value or numerator, denominator
    std::size_t distinct = none;
    std::size_t chain = none, window = none;
    std::size_t gathered = none;
    std::size_t ranking = none;
    std::size_t fold = none;
    std::size_t peak = none;
  };
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  std::optional<Error> not_late() const {
    for (const FeatureSpec& feature : features_) {
      const auto what = layout_.late == 0 ? std::nullopt : language::why_not_late(*feature.aggregate);
      if (what) return Error{ErrorCode::bad_pipeline, *what + " cannot take late events in yet"};
    }
    return std::nullopt;
  }

  // --- collect ---

  template <class List>
  static std::size_t add_expr(List& list, const Expr* expr) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (same(*list[i], *expr)) return i;
    }
    list.push_back(expr);
    return list.size() - 1;
  }

  void collect_inputs(const Aggregate& aggregate) {
    if (aggregate.where) add_expr(wheres_, aggregate.where.get());
    if (aggregate.value) add_expr(is_text(aggregate) ? texts_ : values_, aggregate.value.get());
  }
  static bool is_text(const Aggregate& aggregate) { return aggregate.value && aggregate.value->type.kind == Kind::text; }

  Facts where_fact(const Aggregate& aggregate) {
    return aggregate.where ? Facts{1} << add_expr(wheres_, aggregate.where.get()) : 0;
  }
  Facts valid_facts(const Aggregate& aggregate) {
    if (!aggregate.value) return where_fact(aggregate);
    const std::size_t bit = is_text(aggregate) ? wheres_.size() + 2 * values_.size() + add_expr(texts_, aggregate.value.get())
                                               : wheres_.size() + 2 * add_expr(values_, aggregate.value.get());
    return where_fact(aggregate) | Facts{1} << bit;
  }
  Facts true_facts(const Aggregate& aggregate) {
    return valid_facts(aggregate) | Facts{1} << (wheres_.size() + 2 * add_expr(values_, aggregate.value.get()) + 1);
  }

  std::size_t add_column(const Column& column) {
    for (std::size_t i = 0; i < layout_.columns.size(); ++i) {
      Column& other = layout_.columns[i];
      if (other.kind != column.kind || other.facts != column.facts || other.match != column.match || other.value != column.value || other.half_life != column.half_life ||
          other.own != column.own || other.room != column.room) continue;
      other.in_entry |= column.in_entry;
      return i;
    }
    layout_.columns.push_back(column);
    return layout_.columns.size() - 1;
  }

  int add_edge(const Edge& edge) {
    for (std::size_t i = 0; i < layout_.edges.size(); ++i) {
      const Edge& other = layout_.edges[i];
      if (other.last_n == edge.last_n && other.offset == edge.offset && other.n == edge.n && other.facts == edge.facts && other.lead == edge.lead) {
        return static_cast<int>(i);
      }
    }
    layout_.edges.push_back(edge);
    return static_cast<int>(layout_.edges.size() - 1);
  }

  int trail_of(const Aggregate& aggregate, int lead) {
    if (aggregate.span == SpanKind::since_start) return -1;
    Edge edge;
    if (aggregate.span == SpanKind::time) {
      edge.offset = offset_of(aggregate.delay + aggregate.width);
    } else {
      edge.last_n = true;
      edge.n = static_cast<std::uint64_t>(aggregate.n);
      edge.facts = where_fact(aggregate);
      edge.lead = lead;
    }
    return add_edge(edge);
  }

  // An event of pane p has left a window for one of pane q when p <= q - offset, exactly when the begin of p <= the begin of q - the duration.
  Duration offset_of(Duration duration) const { return layout_.pane == 0 ? duration : duration / layout_.pane + (duration % layout_.pane != 0); }

  // Panes hold any number of events: their totals are as wide as those since the start.
  std::size_t count_column(Facts facts, bool in_entry, bool since_start) {
    Column column;
    column.kind = since_start || layout_.has_wide_totals() ? Column::Kind::count64 : Column::Kind::count32;
    column.facts = facts;
    column.in_entry = in_entry;
    return add_column(column);
  }

  std::size_t sum_column(const Aggregate& aggregate, bool in_entry, bool since_start) {
    Column column;
    column.kind = since_start || layout_.has_wide_totals() ? Column::Kind::sum128 : Column::Kind::sum64;
    column.facts = valid_facts(aggregate);
    column.value = add_expr(values_, aggregate.value.get());
    column.in_entry = in_entry;
    return add_column(column);
  }

  std::size_t carry_column(const Aggregate& aggregate, bool in_entry) {
    Column column;
    const bool last_n = aggregate.span == SpanKind::last_n;
    column.kind = last_n ? Column::Kind::carry : Column::Kind::latest;
    column.facts = valid_facts(aggregate);
    if (last_n) column.match = where_fact(aggregate);
    column.value = add_expr(values_, aggregate.value.get());
    column.in_entry = in_entry;
    return add_column(column);
  }

  static bool is_chained(AggregateKind kind) { return kind == AggregateKind::first || kind == AggregateKind::min || kind == AggregateKind::max; }

  bool goes_by_peaks(const Aggregate& aggregate) const {
    const bool peak = aggregate.kind == AggregateKind::min || aggregate.kind == AggregateKind::max;
    return peak && aggregate.span == SpanKind::time && aggregate.delay == 0 && layout_.pane == 0 && layout_.late == 0;
  }

  std::size_t moments_column(const Aggregate& aggregate, bool in_entry) {
    return add_column({.kind = Column::Kind::moments, .facts = valid_facts(aggregate), .value = add_expr(values_, aggregate.value.get()), .in_entry = in_entry});
  }

  std::size_t decayed_column(const Aggregate& aggregate, bool in_entry) {
    return add_column({.kind = Column::Kind::decayed, .facts = valid_facts(aggregate), .half_life = aggregate.width, .floating = aggregate.value->type.kind == Kind::floating,
                       .value = add_expr(values_, aggregate.value.get()), .in_entry = in_entry});
  }

  const Operator* kept(const Aggregate& aggregate) {
    const auto known = std::find_if(layout_.operators.begin(), layout_.operators.end(), [&](const auto& one) { return one->name == aggregate.own->name && one->version == aggregate.own->version; });
    return known != layout_.operators.end() ? known->get() : layout_.operators.emplace_back(std::make_unique<const Operator>(*aggregate.own)).get();
  }

  // A short `last N` stays in the record, whatever the operator; else one with an inverse is a difference of totals, and one without is folded, unless nothing leaves.
  void collect_own(const Aggregate& aggregate, Needs& needs) {
    const std::size_t value = add_expr(values_, aggregate.value.get());
    if (aggregate.span == SpanKind::last_n && aggregate.n <= operator_values_max) {
      needs.first = add_column({.kind = Column::Kind::recent, .facts = where_fact(aggregate), .match = valid_facts(aggregate), .own = kept(aggregate),
                                .room = static_cast<std::uint32_t>(aggregate.n), .value = value, .in_entry = aggregate.delay > 0});
      return;
    }
    needs.trail = trail_of(aggregate, needs.lead);
    if (aggregate.own->inverse == nullptr && needs.trail >= 0) needs.fold = add_fold(aggregate, needs);
    else needs.first = add_column({.kind = Column::Kind::own, .facts = valid_facts(aggregate), .own = kept(aggregate), .value = value, .in_entry = needs.lead >= 0 || needs.trail >= 0});
  }

  std::size_t add_fold(const Aggregate& aggregate, const Needs& needs) {
    const Fold fold{.own = kept(aggregate), .raw = add_raw({.value = add_expr(values_, aggregate.value.get()), .facts = valid_facts(aggregate)}), .lead = needs.lead, .trail = needs.trail};
    const auto alike = [&](const Fold& other) { return other.own == fold.own && other.raw == fold.raw && other.lead == fold.lead && other.trail == fold.trail; };
    const auto known = std::find_if(layout_.folds.begin(), layout_.folds.end(), alike);
    if (known != layout_.folds.end()) return static_cast<std::size_t>(known - layout_.folds.begin());
    layout_.folds.push_back(fold);
    return layout_.folds.size() - 1;
  }

  // The first, least or greatest value since the start.
  std::size_t kept_column(const Aggregate& aggregate, bool in_entry) {
    Column column;
    column.kind = aggregate.kind == AggregateKind::first ? Column::Kind::earliest : aggregate.kind == AggregateKind::min ? Column::Kind::least : Column::Kind::greatest;
    column.facts = valid_facts(aggregate);
    column.value = add_expr(values_, aggregate.value.get());
    column.in_entry = in_entry;
    return add_column(column);
  }

  Needs collect(const Aggregate& aggregate) {
    Needs needs;
    const bool since_start = aggregate.span == SpanKind::since_start;
    if (aggregate.delay > 0) needs.lead = add_edge(Edge{.offset = offset_of(aggregate.delay)});
    if (aggregate.kind == AggregateKind::last) {
      needs.first = carry_column(aggregate, aggregate.delay > 0);
    } else if (aggregate.kind == AggregateKind::ewma) {
      needs.first = decayed_column(aggregate, aggregate.delay > 0);
    } else if (aggregate.kind == AggregateKind::own) {
      collect_own(aggregate, needs);
    } else if (since_start && is_chained(aggregate.kind)) {
      needs.first = kept_column(aggregate, aggregate.delay > 0);
    } else if (goes_by_peaks(aggregate)) {
      needs.peak = add_peaks(aggregate);
    } else {
      needs.trail = trail_of(aggregate, needs.lead);
      collect_totals(aggregate, needs, since_start);
    }
    layout_.immortal |= aggregate.span != SpanKind::time || aggregate.kind == AggregateKind::ewma;
    if (aggregate.span == SpanKind::time) layout_.reach = std::max(layout_.reach, offset_of(aggregate.delay + aggregate.width));
    return needs;
  }

  void collect_totals(const Aggregate& aggregate, Needs& needs, bool since_start) {
    const bool in_entry = needs.lead >= 0 || needs.trail >= 0;
    switch (aggregate.kind) {
      case AggregateKind::count: case AggregateKind::rate: needs.first = count_column(valid_facts(aggregate), in_entry, since_start); break;
      case AggregateKind::sum: needs.first = sum_column(aggregate, in_entry, since_start); break;
      case AggregateKind::avg:
        needs.first = sum_column(aggregate, in_entry, since_start);
        needs.second = count_column(valid_facts(aggregate), in_entry, since_start);
        break;
      case AggregateKind::share:
        needs.first = count_column(true_facts(aggregate), in_entry, since_start);
        needs.second = count_column(valid_facts(aggregate), in_entry, since_start);
        break;
      case AggregateKind::first: case AggregateKind::min: case AggregateKind::max:
        if (layout_.late != 0) needs.gathered = add_gathered(aggregate, needs);
        else add_to_chain(aggregate, needs);
        break;
      case AggregateKind::median: case AggregateKind::percentile: needs.ranking = add_ranking(aggregate, needs); break;
      case AggregateKind::stddev:
        needs.first = moments_column(aggregate, in_entry);
        needs.second = count_column(valid_facts(aggregate), in_entry, since_start);
        break;
      default: needs.distinct = add_distinct(aggregate, needs); break;
    }
  }

  std::size_t add_distinct(const Aggregate& aggregate, const Needs& needs) {
    Raw raw;
    raw.text = is_text(aggregate);
    raw.value = add_expr(raw.text ? texts_ : values_, aggregate.value.get());
    raw.facts = valid_facts(aggregate);
    if (raw.text) raw.bytes = text_bytes(aggregate);
    const Distinct distinct{.raw = add_raw(raw), .lead = needs.lead, .trail = needs.trail};
    for (std::size_t i = 0; i < layout_.distincts.size(); ++i) {
      const Distinct& other = layout_.distincts[i];
      if (other.raw == distinct.raw && other.lead == distinct.lead && other.trail == distinct.trail) return i;
    }
    layout_.distincts.push_back(distinct);
    return layout_.distincts.size() - 1;
  }

  std::size_t add_gathered(const Aggregate& aggregate, const Needs& needs) {
    const std::size_t column = kept_column(aggregate, true);
    std::vector<Gathered>& all = layout_.gathered;
    auto known = std::find_if(all.begin(), all.end(), [&](const Gathered& other) { return other.column == column && other.lead == needs.lead && other.trail == needs.trail; });
    if (known == all.end()) known = all.insert(known, {.column = column, .lead = needs.lead, .trail = needs.trail});
    (aggregate.prior ? known->before : known->after) = true;
    return static_cast<std::size_t>(known - all.begin());
  }

  // Nodes of trees hold blocks with all columns. An event can be asked about for so much longer.
  void expect_late() {
    for (Column& column : layout_.columns) column.in_entry = true;
    if (__builtin_add_overflow(layout_.reach, layout_.late, &layout_.reach)) layout_.reach = INT64_MAX;
  }

  void add_to_chain(const Aggregate& aggregate, Needs& needs) {
    Raw raw{.value = add_expr(values_, aggregate.value.get()), .facts = valid_facts(aggregate)};
    raw.greatest = layout_.pane != 0 && aggregate.kind == AggregateKind::max;
    Chain chain{.raw = add_raw(raw), .lead = needs.lead};
    if (aggregate.kind != AggregateKind::first) chain.order = aggregate.kind == AggregateKind::min ? Chain::Order::least : Chain::Order::greatest;
    const auto alike = [&](const Chain& other) { return other.order == chain.order && other.raw == chain.raw && other.lead == chain.lead; };
    const auto known = std::find_if(layout_.chains.begin(), layout_.chains.end(), alike);
    needs.chain = static_cast<std::size_t>(known - layout_.chains.begin());
    if (known == layout_.chains.end()) layout_.chains.push_back(chain);
    std::vector<Chain::Window>& windows = layout_.chains[needs.chain].windows;
    const auto window = std::find_if(windows.begin(), windows.end(), [&](const Chain::Window& other) { return other.trail == needs.trail; });
    needs.window = static_cast<std::size_t>(window - windows.begin());
    if (window == windows.end()) windows.push_back({.trail = needs.trail});
  }

  std::size_t add_peaks(const Aggregate& aggregate) {
    const PeakList list{.value = add_expr(values_, aggregate.value.get()), .facts = valid_facts(aggregate), .turned = aggregate.kind == AggregateKind::min ? -1 : 0};
    const auto alike = [&](const PeakList& other) { return other.value == list.value && other.facts == list.facts && other.turned == list.turned; };
    auto known = std::find_if(layout_.peaks.begin(), layout_.peaks.end(), alike);
    if (known == layout_.peaks.end()) known = layout_.peaks.insert(known, list);
    known->longest = std::max(known->longest, aggregate.width);
    return static_cast<std::size_t>(known - layout_.peaks.begin());
  }

  std::size_t add_ranking(const Aggregate& aggregate, const Needs& needs) {
    const Raw raw{.value = add_expr(values_, aggregate.value.get()), .facts = valid_facts(aggregate)};
    const Ranking ranking{.raw = add_raw(raw), .lead = needs.lead, .trail = needs.trail};
    const auto alike = [&](const Ranking& other) { return other.raw == ranking.raw && other.lead == ranking.lead && other.trail == ranking.trail; };
    const auto known = std::find_if(layout_.rankings.begin(), layout_.rankings.end(), alike);
    if (known != layout_.rankings.end()) return static_cast<std::size_t>(known - layout_.rankings.begin());
    layout_.rankings.push_back(ranking);
    return layout_.rankings.size() - 1;
  }

  std::size_t add_raw(const Raw& raw) {
    for (std::size_t i = 0; i < layout_.raws.size(); ++i) {
      const Raw& other = layout_.raws[i];
      if (other.text == raw.text && other.value == raw.value && other.facts == raw.facts && other.greatest == raw.greatest) return i;
    }
    layout_.raws.push_back(raw);
    return layout_.raws.size() - 1;
  }

  // Texts of one name may have other lengths in other events; padded with zeros to the longest they compare byte by byte.
  std::size_t text_bytes(const Aggregate& aggregate) const {
    std::size_t bytes = 0;
    for (const std::uint16_t event : aggregate.on) {
      const EventSchema& schema = pipeline_.events[event];
      bytes = std::max(bytes, stored_bytes(schema.fields[static_cast<std::size_t>(schema.find(aggregate.value->name))].type));
    }
    return up_to_8(bytes);
  }

  void need_matching(std::size_t edge) {
    const Edge& e = layout_.edges[edge];
    if (e.last_n) (void)count_column(e.facts, true, false);
  }

  // --- place ---

  void order_edges() {
    std::vector<std::size_t> order(layout_.edges.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const Edge &x = layout_.edges[a], &y = layout_.edges[b];
      return x.last_n != y.last_n ? y.last_n : x.offset < y.offset;
    });
    std::vector<int> moved(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) moved[order[i]] = static_cast<int>(i);
    const auto move = [&](int& edge) { if (edge >= 0) edge = moved[static_cast<std::size_t>(edge)]; };
    std::vector<Edge> edges;
    for (const std::size_t i : order) edges.push_back(layout_.edges[i]);
    for (Edge& edge : edges) move(edge.lead);
    for (Needs& needs : needs_) { move(needs.lead); move(needs.trail); }
    for (Distinct& distinct : layout_.distincts) { move(distinct.lead); move(distinct.trail); }
    for (Chain& chain : layout_.chains) {
      move(chain.lead);
      for (Chain::Window& window : chain.windows) move(window.trail);
    }
    for (Ranking& ranking : layout_.rankings) { move(ranking.lead); move(ranking.trail); }
    for (Fold& fold : layout_.folds) { move(fold.lead); move(fold.trail); }
    for (Gathered& gathered : layout_.gathered) { move(gathered.lead); move(gathered.trail); }
    layout_.edges = std::move(edges);
    layout_.time_edges = static_cast<std::size_t>(std::count_if(layout_.edges.begin(), layout_.edges.end(), [](const Edge& e) { return !e.last_n; }));
  }

  const std::vector<std::string>& key() const { return features_[0].aggregate->key; }

  void place_key() {
    for (const std::string& name : key()) {
      std::size_t bytes = 0;
      const EventSchema& model = pipeline_.events[features_[0].aggregate->on[0]];
      key_is_text_ |= model.fields[static_cast<std::size_t>(model.find(name))].type.kind == Kind::text;
      for (const EventSchema& schema : pipeline_.events) {
        if (can_read(pipeline_, *features_[0].aggregate, schema)) bytes = std::max(bytes, stored_bytes(schema.fields[static_cast<std::size_t>(schema.find(name))].type));
      }
      key_offsets_.push_back(layout_.key_bytes);
      layout_.key_bytes += bytes;
    }
    layout_.key_offset = sizeof(RecordHead);
    layout_.totals_offset = layout_.key_offset + up_to_8(layout_.key_bytes);
  }

  template <class Visit>
  void each_column(bool in_entry, Visit visit) {
    for (Column& column : layout_.columns) {
      if (column.in_entry == in_entry) visit(column);
    }
  }
  std::uint32_t add_bit(Facts facts) {
    if (layout_.bits.size() == entry_bits_max) layout_.bits.push_back(~Facts{0});  // the place of wide_bit
    layout_.bits.push_back(facts);
    return static_cast<std::uint32_t>(layout_.bits.size() - 1);
  }
  // One that is there already, for the many columns that operators may have.
  std::uint32_t shared_bit(Facts facts) {
    const auto known = std::find(layout_.bits.begin(), layout_.bits.end(), facts);
    return known != layout_.bits.end() ? static_cast<std::uint32_t>(known - layout_.bits.begin()) : add_bit(facts);
  }
  std::uint32_t add_word(const Column& column) {
    layout_.words.push_back({column.facts, column.value});
    return static_cast<std::uint32_t>(layout_.words.size() - 1);
  }

  // The order of bits and words is that of the columns in a block, so that adding an entry to a block needs no plan.
  std::optional<Error> place_columns() {
    std::size_t offset = 0;
    each_column(true, [&](Column& column) {
      if (column.kind != Column::Kind::sum64) return;
      column.offset = static_cast<std::uint32_t>(offset);
      column.word = add_word(column);
      offset += sizeof(std::uint64_t);
    });
    layout_.sums = layout_.words.size();
    each_column(true, [&](Column& column) {
      if (column.kind != Column::Kind::count32) return;
      column.bit = add_bit(column.facts);
      column.offset = static_cast<std::uint32_t>(offset + column.bit * sizeof(std::uint32_t));
    });
    layout_.counts = layout_.bits.size() <= 2 ? up_to(layout_.bits.size(), 2) : up_to(layout_.bits.size(), 4);
    offset += layout_.counts * sizeof(std::uint32_t);
    offset = place_others(true, offset, layout_.edge_others);
    layout_.block_bytes = offset;
    layout_.entry_words = layout_.words.size();
    layout_.packed = layout_.keeps_queue() && layout_.sums == 1 && layout_.counts <= 8 && layout_.edge_others.empty() &&
                     layout_.edges[layout_.time_edges - 1].offset <= packed_span_max;
    layout_.entry_bytes = sizeof(EntryHead) + (layout_.packed ? 0 : layout_.entry_words * sizeof(std::int64_t));
    if (layout_.bits.size() > entry_bits_max) {
      return Error{ErrorCode::bad_pipeline, "windows per the same key count more than 31 different conditions; drop some, or spread them over keys"};
    }
    totals_bytes_ = place_others(false, offset, layout_.now_others);
    for (Raw& raw : layout_.raws) {
      raw.bit = add_bit(raw.facts);
      raw.offset = layout_.raws_bytes;
      layout_.raws_bytes += raw.bytes;
    }
    for (PeakList& list : layout_.peaks) list.bit = shared_bit(list.facts);
    for (const Facts f : layout_.bits) layout_.asked |= f;
    for (const Word& word : layout_.words) layout_.asked |= word.facts;
    const std::size_t facts = wheres_.size() + 2 * values_.size() + texts_.size();
    for (Facts f = 0; facts <= 8 && f < Facts{1} << facts; ++f) layout_.bits_of_facts.push_back(layout_.bits_for(f));
    if (layout_.bits.size() <= bits_max) return std::nullopt;
    return Error{ErrorCode::bad_pipeline, "features per the same key use more than 64 different conditions and values; drop some, or spread them over keys"};
  }

  std::size_t place_others(bool in_entry, std::size_t offset, std::vector<Column>& others) {
    each_column(in_entry, [&](Column& column) {
      if (column.kind == Column::Kind::sum64 || column.kind == Column::Kind::count32) return;
      column.offset = static_cast<std::uint32_t>(offset);
      column.bit = column.own != nullptr ? shared_bit(column.facts) : add_bit(column.facts);
      if (column.kind == Column::Kind::carry) column.match_bit = add_bit(column.match);
      if (column.kind == Column::Kind::recent) column.match_bit = shared_bit(column.match);
      if (column.kind != Column::Kind::count64) column.word = add_word(column);
      offset += bytes_of(column);
      if (in_entry && (column.kind == Column::Kind::moments || column.kind == Column::Kind::own)) layout_.edge_additive.push_back(column);
      (!in_entry && column.kind == Column::Kind::latest ? layout_.latests : others).push_back(column);
    });
    return offset;
  }

  // A window of `last N` finds what it passes, and `distinct`, chains and rankings their values, in the key's own ring.
  void place_ring_cursors() {
    std::vector<bool> needed(layout_.edges.size());
    const auto need = [&](int edge) { if (edge >= 0) needed[static_cast<std::size_t>(edge)] = true; };
    for (const Distinct& distinct : layout_.distincts) { need(distinct.lead); need(distinct.trail); }
    for (const Chain& chain : layout_.chains) {
      need(chain.lead);
      for (const Chain::Window& window : chain.windows) need(window.trail);
    }
    for (const Ranking& ranking : layout_.rankings) { need(ranking.lead); need(ranking.trail); }
    for (const Fold& fold : layout_.folds) { need(fold.lead); need(fold.trail); }
    for (std::size_t i = layout_.time_edges; i < layout_.edges.size(); ++i) {
      needed[i] = true;
      layout_.ring_words = layout_.entry_words;
    }
    if (layout_.pane != 0) {
      needed.assign(needed.size(), true);
      layout_.ring_words = (sizeof(Time) + layout_.block_bytes) / sizeof(std::int64_t);
    }
    for (std::uint32_t i = 0; i < needed.size(); ++i) {
      if (needed[i]) layout_.ring_edges.push_back(i);
    }
  }

  void place_record() {
    std::size_t offset = layout_.totals_offset + totals_bytes_;
    layout_.ring_head_offset = offset;
    if (layout_.keeps_rings()) offset += sizeof(RingHead);
    for (Edge& edge : layout_.edges) {
      const std::size_t in_line = offset % limits::cache_line_bytes;  // one line is fetched ahead for an edge
      if (in_line + layout_.block_bytes > limits::cache_line_bytes && layout_.block_bytes <= limits::cache_line_bytes) offset += limits::cache_line_bytes - in_line;
      edge.block = static_cast<std::uint32_t>(offset);
      offset += layout_.block_bytes;
    }
    if (layout_.late != 0) offset = place_tree(layout_, offset);
    for (const std::uint32_t edge : layout_.ring_edges) {
      layout_.edges[edge].ring = static_cast<std::uint32_t>(offset);
      offset += sizeof(RingCursor);
    }
    offset = place_kept(layout_, offset);
    for (const std::uint32_t edge : layout_.ring_edges) {
      if (edge < layout_.time_edges && layout_.pane == 0) layout_.edges[edge].passed = count_place(0, static_cast<int>(edge));
    }
    for (Edge& edge : layout_.edges) {
      if (!edge.last_n) continue;
      edge.match_now = count_place(edge.facts, edge.lead);
      edge.match_here = count_place(edge.facts, static_cast<int>(&edge - layout_.edges.data()));
    }
    layout_.record_bytes = (offset + limits::cache_line_bytes - 1) / limits::cache_line_bytes * limits::cache_line_bytes;
  }

  // --- compile ---

  // Where a column stands at an edge.
  std::uint32_t place(std::size_t column, int edge) const {
    const std::size_t block = edge < 0 ? layout_.totals_offset : layout_.edges[static_cast<std::size_t>(edge)].block;
    return column == none ? 0 : static_cast<std::uint32_t>(block + layout_.columns[column].offset);
  }
  std::uint32_t count_place(Facts facts, int edge) { return place(count_column(facts, true, false), edge); }

  void compile(const FeatureSpec& feature, const Needs& needs) {
    const Aggregate& aggregate = *feature.aggregate;
    Read read;
    read.op = op_of(aggregate, layout_.has_wide_totals());
    read.ratio = feature.columns() == 2;
    read.cell = feature.column * static_cast<std::uint32_t>(limits::tile_events);
    read.lead_edge = needs.lead;
    read.trail_edge = needs.trail;
    read.lead = place(needs.first, needs.lead);
    read.trail = place(needs.first, needs.trail);
    read.lead_count = place(needs.second, needs.lead);
    read.trail_count = place(needs.second, needs.trail);
    read.total = static_cast<std::uint32_t>(needs.distinct);
    if (read.op == Read::Op::sum64 || read.op == Read::Op::avg32) read.total = layout_.columns[needs.first].word;
    if (needs.chain != none) read.lead = layout_.chains[needs.chain].windows[needs.window].front;
    if (needs.gathered != none) read.lead = layout_.gathered[needs.gathered].front;
    if (needs.ranking != none) {
      read.lead = layout_.rankings[needs.ranking].root;
      read.total = static_cast<std::uint32_t>(needs.ranking);
    }
    if (aggregate.kind == AggregateKind::own) {
      read.operator_ = kept(aggregate);
      read.total = read.op == Read::Op::recent ? static_cast<std::uint32_t>(aggregate.n) : static_cast<std::uint32_t>(needs.fold);
    }
    read.reach = read.op == Read::Op::rate32 || read.op == Read::Op::rate64 ? aggregate.width : aggregate.delay + aggregate.width;
    read.floating = feature.type.kind == Kind::floating && read.op != Read::Op::decayed && read.op != Read::Op::deviation32 && read.op != Read::Op::deviation64 && read.operator_ == nullptr;
    if (aggregate.value) read.scale = aggregate.value->type.kind == Kind::duration ? 9 : aggregate.value->type.scale;  // of durations these are seconds
    read.n = static_cast<std::uint64_t>(read.op != Read::Op::ranked ? aggregate.n : aggregate.kind == AggregateKind::median ? 50 : aggregate.percentile);
    if (needs.peak != none) {
      PeakList& list = layout_.peaks[needs.peak];
      (aggregate.prior ? list.before : list.after).push_back({aggregate.width, read.cell});
      read.op = Read::Op::peak;
    }
    (aggregate.prior ? layout_.before : layout_.after).all.push_back(read);
  }

  const language::Pipeline& pipeline_;
  std::span<const FeatureSpec> features_;
  std::vector<const Expr*> wheres_, values_, texts_;
  std::vector<Needs> needs_;
  std::vector<std::size_t> key_offsets_;
  std::size_t totals_bytes_ = 0;
  bool key_is_text_ = false;
  Layout layout_;
};

}  // namespace

Result<Layout> lay_out(const language::Pipeline& pipeline, std::span<const FeatureSpec> features) {
  return Builder(pipeline, features).build();
}

}  // namespace pawl::window
