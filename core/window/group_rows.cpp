#include "pawl/core/window/group_rows.hpp"

#include <algorithm>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/hash.hpp"

namespace pawl::window {
namespace {

constexpr std::uint64_t part_entries = 65'536;
constexpr std::size_t first_entry_part = 1 + limits::partitions;

std::size_t entry_parts(std::uint64_t entries) noexcept { return static_cast<std::size_t>((entries + part_entries - 1) / part_entries); }

// visit(offset, bytes) for each total and each count of a record; what is left out follows from these, or never changes.
template <class Visit>
void each_field(const Layout& layout, Visit visit) {
  for (const Column& column : layout.columns) {
    visit(layout.totals_offset + column.offset, bytes_of(column));
    if (!column.in_entry) continue;
    if (layout.late != 0) visit(layout.base + column.offset, bytes_of(column));
    for (const Edge& edge : layout.edges) visit(edge.block + column.offset, bytes_of(column));
  }
  for (const Distinct& distinct : layout.distincts) visit(std::size_t{distinct.state}, sizeof(DistinctState));
}

std::size_t ring_entry_row_bytes(const Layout& layout) noexcept { return sizeof(Bits) + layout.ring_words * sizeof(std::int64_t) + layout.raws_bytes; }
std::size_t entry_words_bytes(const Layout& layout) noexcept { return layout.entry_words * sizeof(std::int64_t); }

// Entries of a ring from the first of its oldest chunk on.
std::uint32_t first_position(const Layout& layout, const RingHead& ring) noexcept {
  return ring.oldest_chunk == no_chunk ? ring.position : ring.oldest_end - layout.chunk_entries;
}

Error unlikely_rows(std::size_t part) {
  return {ErrorCode::corrupt, "part " + std::to_string(part) + " of a group's rows does not fit the group: the snapshot is damaged, or this release keeps other rows"};
}

void append_number(std::string& text, char name, std::uint64_t number) {
  text += name;
  text += std::to_string(number);
}

void append_own(std::string& text, const Column& column) {
  text += 'o' + column.own->name;
  append_number(text, '.', static_cast<std::uint64_t>(column.own->version));
  append_number(text, 'b', column.own->state_bytes);
  append_number(text, 'n', column.room);
}

}  // namespace

std::string GroupSaver::schema(const Group& group) {
  const Layout& layout = group.layout_;
  std::string text = "rows 1, key ";
  append_number(text, 'b', layout.key_bytes);
  text += ", totals";
  for (const Column& column : layout.columns) {
    append_number(text += ' ', 'k', static_cast<std::uint64_t>(column.kind));
    append_number(text, 'f', column.facts);
    append_number(text, 'm', column.match);
    append_number(text, 'v', column.value);
    append_number(text, 'e', column.in_entry);
    if (column.own != nullptr) append_own(text, column);
    if (column.kind == Column::Kind::decayed) append_number(text, 'h', static_cast<std::uint64_t>(column.half_life));
  }
  text += ", edges";
  for (const Edge& edge : layout.edges) {
    append_number(text += ' ', edge.last_n ? 'n' : 't', edge.last_n ? edge.n : static_cast<std::uint64_t>(edge.offset));
    append_number(text, 'f', edge.facts);
    append_number(text, 'l', static_cast<std::uint64_t>(edge.lead + 1));
    append_number(text, 'r', edge.ring != 0);
  }
  text += ", bits";
  for (const Facts facts : layout.bits) append_number(text += ' ', 'f', facts);
  text += ", words";
  for (const Word& word : layout.words) append_number(text += ' ', 'v', word.value), append_number(text, 'f', word.facts);
  append_number(text, 'e', layout.entry_words);
  append_number(text, 'r', layout.ring_words);
  append_number(text, 'c', layout.chunk_entries);
  text += ", values";
  for (const Raw& raw : layout.raws) append_number(text += ' ', raw.text ? 't' : 'v', raw.value), append_number(text, 'b', raw.bytes);
  text += ", distinct";
  for (const Distinct& distinct : layout.distincts) append_number(text += ' ', 'v', distinct.raw);
  if (!layout.peaks.empty()) text += ", peaks";
  for (const PeakList& list : layout.peaks) append_number(text += ' ', list.turned == 0 ? 'g' : 'l', list.value), append_number(text, 'f', list.facts);
  if (layout.pane != 0) append_number(text += ", panes", ' ', static_cast<std::uint64_t>(layout.pane));
  if (layout.late != 0) append_number(text += ", late", ' ', static_cast<std::uint64_t>(layout.late));
  return text;
}

// --- writing ---

GroupSaver::GroupSaver(const Group& group) : group_(group), row_of_(group.table_.records_max()) {
  std::uint32_t row = 0;
  for (std::size_t partition = 0; partition < limits::partitions; ++partition) {
    group_.table_.each(partition, [&](std::uint32_t, Group::Index index) { row_of_[index] = row++; });
  }
  collect_counted();
  if (!group_.layout_.keeps_queue()) return;
  cursor_ = group_.passes_.back().cursor;
  entries_left_ = group_.queue_entries();
}

void GroupSaver::collect_counted() {
  group_.counted_.each([&](DistinctTable::Owner owner, std::uint32_t count, DistinctTable::Value value) {
    counted_.push_back({row_of_[owner.record], owner.feature, count, value});
  });
  std::sort(counted_.begin(), counted_.end(), [](const Counted& a, const Counted& b) {
    if (a.row != b.row) return a.row < b.row;
    if (a.feature != b.feature) return a.feature < b.feature;
    return std::lexicographical_compare(a.value.begin(), a.value.end(), b.value.begin(), b.value.end());
  });
}

std::size_t GroupSaver::parts() const noexcept { return first_entry_part + (group_.layout_.keeps_queue() ? entry_parts(group_.queue_entries()) : 0); }

void GroupSaver::write(std::size_t part, std::vector<std::byte>& to) {
  if (part == 0) return write_head(state::RowWriter(to));
  if (part < first_entry_part) return write_keys(part - 1, state::RowWriter(to));
  write_entries(state::RowWriter(to));
}

void GroupSaver::write_head(state::RowWriter rows) const {
  rows.put(group_.table_.size());
  rows.put(entries_left_);
  for (const std::uint32_t hand : group_.hands_) rows.put(hand);
  rows.put(static_cast<std::uint64_t>(group_.next_partition_));
  for (const std::uint64_t counter : {group_.keys_evicted_, group_.keys_refused_, group_.entries_refused_, group_.overflow_, group_.distinct_refused_}) rows.put(counter);
  if (group_.layout_.late != 0) rows.put(group_.late_), rows.put(group_.too_late_);
}

void GroupSaver::write_keys(std::size_t partition, state::RowWriter rows) {
  rows.put(group_.table_.partition_keys(partition));
  group_.table_.each(partition, [&](std::uint32_t place, Group::Index index) { write_key(place, index, rows); });
}

void GroupSaver::write_key(std::uint32_t place, Group::Index index, state::RowWriter& rows) {
  const Layout& layout = group_.layout_;
  const std::byte* const record = group_.table_.record(index);
  const RecordHead head = load<RecordHead>(record);
  rows.put(place);
  rows.put_bytes({record + layout.key_offset, layout.key_bytes});
  rows.put(head.last_te);
  rows.put(std::uint32_t{group_.is_wide(index)});
  each_field(layout, [&](std::size_t offset, std::size_t bytes) { rows.put_bytes({record + offset, bytes}); });
  if (group_.is_wide(index)) write_wide(index, rows);
  if (layout.keeps_rings()) write_ring(record, rows);
  if (layout.late != 0) write_tree(record, rows);
  write_peaks(record, rows);
  if (!layout.distincts.empty()) write_counted(row_of_[index], rows);
}

// Words count from whatever the record's last owner left, the same at all places: windows are differences, and so are the rows.
void GroupSaver::write_wide(Group::Index index, state::RowWriter& rows) const {
  const std::size_t places = group_.layout_.edges.size() + 1, sums = group_.layout_.sums;
  const std::int64_t* const base = group_.wide_words(index, places - 1);
  for (std::size_t i = 0; i < places * sums; ++i) {
    rows.put(static_cast<std::uint64_t>(group_.wide_words(index, 0)[i]) - static_cast<std::uint64_t>(base[i % sums]));
  }
}

void GroupSaver::write_ring(const std::byte* record, state::RowWriter& rows) const {
  const Layout& layout = group_.layout_;
  const RingHead& ring = *group_.ring_of(record);
  const std::uint32_t first = first_position(layout, ring);
  rows.put(first);
  rows.put(ring.position);
  for (const std::uint32_t edge : layout.ring_edges) rows.put(load<RingCursor>(record + layout.edges[edge].ring).position);
  std::uint32_t location = ring.oldest_chunk << location_index_bits;
  for (std::uint32_t position = first; position != ring.position;) {
    rows.put_bytes({group_.ring_entry(location), ring_entry_row_bytes(layout)});
    if (++position != ring.position) location = group_.following(location);
  }
}

void GroupSaver::write_tree(const std::byte* record, state::RowWriter& rows) const {
  const TreeHead& tree = *group_.tree_of(record);
  rows.put(tree.seen);
  rows.put(tree.entries);
  group_.trees_.each(tree, [&](Time time, const std::byte* entry) {
    rows.put(time);
    rows.put_bytes({entry, group_.layout_.leaf_entry_bytes});
  });
}

// How many stand in the record is told, as what the bound refuses goes by the chunks beside it.
void GroupSaver::write_peaks(const std::byte* record, state::RowWriter& rows) const {
  for (const PeakList& list : group_.layout_.peaks) {
    std::vector<PeakValue> values;
    const std::uint32_t held = group_.peaks_.each(*Group::peak_of(record, list), [&](const PeakValue& one) { values.push_back(one); });
    rows.put(static_cast<std::uint32_t>(values.size()));
    rows.put(held);
    for (const PeakValue& one : values) rows.put(one.te), rows.put(one.value ^ list.turned);
  }
}

void GroupSaver::write_counted(std::uint32_t row, state::RowWriter& rows) {
  const std::size_t first = next_counted_;
  while (next_counted_ < counted_.size() && counted_[next_counted_].row == row) ++next_counted_;
  rows.put(static_cast<std::uint64_t>(next_counted_ - first));
  for (std::size_t i = first; i < next_counted_; ++i) {
    rows.put(counted_[i].feature);
    rows.put(counted_[i].count);
    rows.put_bytes(counted_[i].value);
  }
}

void GroupSaver::write_entries(state::RowWriter rows) {
  for (std::uint64_t i = 0; i < part_entries && entries_left_ > 0; ++i, --entries_left_) {
    rows.put(group_.time_at(cursor_));
    if (group_.layout_.packed) {
      const auto entry = load<packed::Entry>(cursor_.at);
      const std::int64_t value = group_.packed_value(cursor_);
      rows.put(row_of_[entry.record]);
      rows.put(static_cast<std::uint32_t>(entry.counts()) | (is_narrow(value) ? 0 : wide_bit));
      rows.put(value);
      if (entry.wide()) group_.queue_.step(cursor_);
    } else {
      const EntryHead head = load<EntryHead>(cursor_.at);
      rows.put(row_of_[head.record]);
      rows.put(head.bits);
      rows.put_bytes({cursor_.at + sizeof(EntryHead), entry_words_bytes(group_.layout_)});
    }
    group_.queue_.step(cursor_);
  }
}

// --- reading ---

Result<void> GroupLoader::read(std::span<const std::byte> part) {
  const std::size_t number = next_part_++;
  state::RowReader rows(part);
  const bool fits = number == 0 ? read_head(rows) : number < first_entry_part ? read_keys(number - 1, rows) : read_entries(rows);
  if (!fits || !rows.holds() || !rows.ended()) return unlikely_rows(number);
  return {};
}

Result<void> GroupLoader::finish() const {
  const bool whole = next_part_ == first_entry_part + entry_parts(entries_) && group_.table_.size() == keys_ && group_.ring_entries_ <= group_.entries_max_ &&
                     (!group_.layout_.keeps_queue() || group_.queue_entries() == entries_);
  return whole ? Result<void>{} : unlikely_rows(next_part_);
}

bool GroupLoader::read_head(state::RowReader& rows) {
  keys_ = rows.take<std::uint64_t>();
  entries_ = rows.take<std::uint64_t>();
  for (std::uint32_t& hand : group_.hands_) hand = rows.take<std::uint32_t>();
  group_.next_partition_ = static_cast<std::size_t>(rows.take<std::uint64_t>()) % limits::partitions;
  for (std::uint64_t* const counter : {&group_.keys_evicted_, &group_.keys_refused_, &group_.entries_refused_, &group_.overflow_, &group_.distinct_refused_}) {
    *counter = rows.take<std::uint64_t>();
  }
  if (group_.layout_.late != 0) group_.late_ = rows.take<std::uint64_t>(), group_.too_late_ = rows.take<std::uint64_t>();
  if (keys_ > group_.table_.records_max() || entries_ > group_.entries_max_) return false;
  index_of_.reserve(static_cast<std::size_t>(keys_));
  return entries_ == 0 || group_.layout_.keeps_queue();
}

bool GroupLoader::read_keys(std::size_t partition, state::RowReader& rows) {
  const auto keys = rows.take<std::uint32_t>();
  for (std::uint32_t i = 0; i < keys; ++i) {
    if (index_of_.size() == keys_ || !read_key(rows, partition)) return false;
  }
  return true;
}

bool GroupLoader::read_key(state::RowReader& rows, std::size_t partition) {
  const Layout& layout = group_.layout_;
  const auto place = rows.take<std::uint32_t>();
  const std::span<const std::byte> key = rows.take_bytes(layout.key_bytes);
  if (!rows.holds()) return false;
  const std::uint64_t hash = hash_bytes(key.data(), key.size());
  if (state::KeyTable::partition_of(hash) != partition) return false;
  const Group::Index index = group_.table_.restore(hash, key.data(), place);
  if (index == state::KeyTable::none) return false;
  index_of_.push_back(index);
  std::byte* const record = group_.table_.record(index);
  std::memcpy(record + layout.totals_offset, group_.blank_.data() + layout.totals_offset, layout.record_bytes - layout.totals_offset);
  head_of(record)->last_te = rows.take<Time>();
  const auto wide = rows.take<std::uint32_t>();
  each_field(layout, [&](std::size_t offset, std::size_t bytes) { rows.take_into({record + offset, bytes}); });
  if (wide != 0 && !read_wide(index, rows)) return false;
  if (layout.keeps_rings() && !read_ring(record, rows)) return false;
  if (layout.late != 0 && !read_tree(record, rows)) return false;
  if (!read_peaks(record, rows)) return false;
  return rows.holds() && (layout.distincts.empty() || read_counted(index, rows));
}

bool GroupLoader::read_wide(Group::Index index, state::RowReader& rows) {
  const std::size_t words = (group_.layout_.edges.size() + 1) * group_.layout_.sums;
  if (words != 0) group_.set_wide(index);
  for (std::size_t i = 0; i < words; ++i) group_.wide_words(index, 0)[i] = rows.take<std::int64_t>();
  return rows.holds();
}

bool GroupLoader::read_ring(std::byte* record, state::RowReader& rows) {
  const Layout& layout = group_.layout_;
  RingHead& ring = *group_.ring_of(record);
  const auto first = rows.take<std::uint32_t>();
  const auto end = rows.take<std::uint32_t>();
  if (!rows.holds() || end - first > group_.entries_max_ - group_.ring_entries_) return false;
  std::vector<std::uint32_t> positions;
  for (const std::uint32_t edge : layout.ring_edges) {
    positions.push_back(rows.take<std::uint32_t>());
    if (positions.back() - first > end - first) return false;
    group_.ring_cursor(record, edge)->position = first;  // until all entries are there
  }
  ring.position = first;
  std::vector<std::uint32_t> locations;
  locations.reserve(end - first);
  for (; ring.position != end; ++ring.position, ++group_.ring_entries_) {
    if ((ring.append & chunk_entries_max) >= layout.chunk_entries) group_.append_chunk(record);
    locations.push_back(ring.append);
    rows.take_into({group_.ring_entry(ring.append++), ring_entry_row_bytes(layout)});
    if (!rows.holds()) return false;
  }
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::uint32_t at = positions[i] - first;
    // At the end it has no place: the next entry sets it.
    *group_.ring_cursor(record, layout.ring_edges[i]) = {at < locations.size() ? locations[at] : 0, positions[i]};
  }
  for (const Chain& chain : layout.chains) rebuild_chain(record, chain, first, locations);
  for (const Ranking& ranking : layout.rankings) rebuild_ranking(record, ranking, first, locations);
  for (const Fold& fold : layout.folds) rebuild_fold(record, fold, first, locations);
  return true;
}

// Into other nodes perhaps. Where its edges stand follows from the last place it was seen at.
bool GroupLoader::read_tree(std::byte* record, state::RowReader& rows) {
  const Layout& layout = group_.layout_;
  TreeHead& tree = *group_.tree_of(record);
  tree.seen = rows.take<Time>();
  const auto entries = rows.take<std::uint32_t>();
  if (!rows.holds() || entries > group_.entries_max_ - group_.ring_entries_) return false;
  Time last = no_time + 1;
  for (std::uint32_t i = 0; i < entries; ++i) {
    const auto time = rows.take<Time>();
    const std::span<const std::byte> entry = rows.take_bytes(layout.leaf_entry_bytes);
    if (!rows.holds() || time < last) return false;
    group_.trees_.insert(tree, time, load<Bits>(entry.data()), entry.data() + sizeof(Bits));
    last = time;
  }
  group_.ring_entries_ += entries;
  group_.find_dues(record);
  return true;
}

bool GroupLoader::read_peaks(std::byte* record, state::RowReader& rows) {
  std::vector<PeakValue> values;
  for (const PeakList& list : group_.layout_.peaks) {
    const auto count = rows.take<std::uint32_t>(), held = rows.take<std::uint32_t>();
    values.clear();
    for (std::uint32_t i = 0; i < count && rows.holds(); ++i) {
      const auto te = rows.take<Time>();
      values.push_back({te, rows.take<std::int64_t>() ^ list.turned});
    }
    if (!rows.holds() || (count != 0 && values.back().te > te_) || !group_.peaks_.restore(*Group::peak_of(record, list), values, held)) return false;
  }
  return true;
}

std::size_t GroupLoader::passed(const std::byte* record, int edge, std::uint32_t first) const noexcept {
  return (edge < 0 ? group_.ring_of(record)->position : load<RingCursor>(record + group_.layout_.edges[static_cast<std::size_t>(edge)].ring).position) - first;
}

// What the trail has passed never was in it: another tree perhaps, of the same values.
void GroupLoader::rebuild_ranking(std::byte* record, const Ranking& ranking, std::uint32_t first, std::span<const std::uint32_t> locations) {
  for (std::size_t i = passed(record, ranking.trail, first); i < passed(record, ranking.lead, first); ++i) group_.enter(record, ranking, locations[i]);
}

// As if the lead had passed all of its entries before the trails passed any of theirs: the same chain.
void GroupLoader::rebuild_chain(std::byte* record, const Chain& chain, std::uint32_t first, std::span<const std::uint32_t> locations) {
  for (const std::uint32_t location : locations.first(passed(record, chain.lead, first))) group_.extend(record, chain, location);
  for (const Chain::Window& window : chain.windows) {
    for (const std::uint32_t location : locations.first(passed(record, window.trail, first))) group_.leave(record, chain, window, location);
  }
}

// Cut into other parts perhaps, of the same values.
void GroupLoader::rebuild_fold(std::byte* record, const Fold& fold, std::uint32_t first, std::span<const std::uint32_t> locations) {
  const std::size_t begin = passed(record, fold.trail, first);
  auto& state = *reinterpret_cast<FoldState*>(record + fold.state);
  state.left.position = state.accumulated.position = state.right = state.back = first + static_cast<std::uint32_t>(begin);
  for (std::size_t i = begin; i < passed(record, fold.lead, first); ++i) group_.enter(record, fold, locations[i], first + static_cast<std::uint32_t>(i));
}

bool GroupLoader::read_counted(Group::Index index, state::RowReader& rows) {
  const Layout& layout = group_.layout_;
  const auto values = rows.take<std::uint64_t>();
  for (std::uint64_t i = 0; i < values && rows.holds(); ++i) {
    const auto feature = rows.take<std::uint32_t>();
    const auto count = rows.take<std::uint32_t>();
    if (feature >= layout.distincts.size()) return false;
    const std::span<const std::byte> value = rows.take_bytes(layout.raws[layout.distincts[feature].raw].bytes);
    if (!rows.holds() || !group_.counted_.restore({index, feature}, value, count)) return false;
  }
  for (const Distinct& distinct : layout.distincts) {
    group_.counted_windows_ += distinct.trail >= 0 && load<DistinctState>(group_.table_.record(index) + distinct.state).counted != 0;
  }
  return rows.holds();
}

bool GroupLoader::read_entries(state::RowReader& rows) {
  const std::uint64_t left = entries_ - group_.queue_entries();
  if (!group_.layout_.keeps_queue()) return false;
  for (std::uint64_t i = 0; i < std::min(left, part_entries); ++i) {
    if (!read_entry(rows)) return false;
  }
  return true;
}

// An edge stands behind all that has become due for it; the last one behind none of these.
bool GroupLoader::read_entry(state::RowReader& rows) {
  const auto te = rows.take<Time>();
  const auto row = rows.take<std::uint32_t>();
  const auto bits = rows.take<std::uint32_t>();
  const std::span<const std::byte> words = rows.take_bytes(entry_words_bytes(group_.layout_));
  if (!rows.holds() || row >= index_of_.size() || te > te_ || te <= earlier(te_, group_.passes_.back().offset)) return false;
  if (group_.queue_.full()) return false;
  group_.append_entry(te, index_of_[row], bits, words.data());
  for (Group::Pass& pass : group_.passes_) {
    if (te <= earlier(te_, pass.offset)) pass.cursor = group_.queue_.end();
  }
  return true;
}

}  // namespace pawl::window
