#include "pawl/core/pattern/group_rows.hpp"

#include "pawl/core/window/hash.hpp"

namespace pawl::pattern {
namespace {

void append_number(std::string& text, char name, std::uint64_t number) {
  text += name;
  text += std::to_string(number);
}

}  // namespace

std::string GroupSaver::schema(const Group& group) {
  std::string text = "runs 1, key ";
  append_number(text, 'b', group.plan_.key_bytes);
  for (const std::size_t pattern : group.plan_.patterns) {
    const PatternPlan& plan = group.patterns_[pattern];
    append_number(text += ", rule ", 'r', plan.rule);
    append_number(text, 's', plan.steps.size());
    for (const Capture& capture : plan.captures) {
      append_number(text += ' ', 'k', static_cast<std::uint64_t>(capture.kind));
      append_number(text, 'o', capture.offset);
      if (capture.floating) text += 'f';
    }
    if (plan.last_event) append_number(text += ' ', 'l', *plan.last_event);
    if (plan.end != 0) text += " deadline";
  }
  return text;
}

void GroupSaver::write(std::size_t part, std::vector<std::byte>& to) const {
  state::RowWriter rows(to);
  if (part == 0) return write_head(rows);
  rows.put(group_.table_.partition_keys(part - 1));
  group_.table_.each(part - 1, [&](std::uint32_t place, Group::Index index) {
    const std::byte* const record = group_.table_.record(index);
    rows.put(place);
    rows.put_bytes({record + sizeof(KeyHead), group_.plan_.key_bytes});
    write_runs(*group_.head_of(index), rows);
  });
}

void GroupSaver::write_head(state::RowWriter rows) const {
  rows.put(group_.table_.size());
  rows.put(group_.pool_.size());
  for (const std::uint32_t hand : group_.hands_) rows.put(hand);
  for (const std::uint64_t counter : {group_.runs_dropped_, group_.runs_refused_, group_.formula_counters_.overflows, group_.formula_counters_.divisions_by_zero}) rows.put(counter);
}

void GroupSaver::write_runs(const KeyHead& head, state::RowWriter& rows) const {
  std::uint32_t count = 0;
  for (RunIndex index = head.first; index != no_run; index = group_.pool_[index]->next) ++count;
  rows.put(count);
  for (RunIndex index = head.first; index != no_run; index = group_.pool_[index]->next) {
    const RunHead& run = *group_.pool_[index];
    rows.put(run.pattern);
    rows.put(run.step);
    rows.put(run.closed);
    rows.put(run.count);
    rows.put(run.first_te);
    rows.put(run.first_sequence);
    rows.put(run.valid);
    const PatternPlan& plan = group_.plan_of(run.pattern);
    rows.put_bytes({captures_of(&run), plan.capture_bytes});
    if (plan.end != 0) rows.put(group_.pool_.waiting(*group_.pool_[index]).deadline);
  }
}

// --- reading ---

bool GroupLoader::read(state::RowReader& rows) {
  const std::size_t number = next_part_++;
  if (number >= GroupSaver::parts) return false;
  if (number == 0) return read_head(rows) && rows.holds() && rows.ended();
  const auto keys = rows.take<std::uint32_t>();
  for (std::uint32_t i = 0; i < keys; ++i) {
    if (!rows.holds() || !read_key(rows, number - 1)) return false;
  }
  return rows.holds() && rows.ended();
}

bool GroupLoader::finished() const noexcept {
  return next_part_ == GroupSaver::parts && group_.table_.size() == keys_ && group_.pool_.size() == runs_;
}

bool GroupLoader::read_head(state::RowReader& rows) {
  keys_ = rows.take<std::uint64_t>();
  runs_ = rows.take<std::uint64_t>();
  for (std::uint32_t& hand : group_.hands_) hand = rows.take<std::uint32_t>();
  for (std::uint64_t* const counter : {&group_.runs_dropped_, &group_.runs_refused_, &group_.formula_counters_.overflows, &group_.formula_counters_.divisions_by_zero}) {
    *counter = rows.take<std::uint64_t>();
  }
  return keys_ <= group_.table_.records_max();
}

bool GroupLoader::read_key(state::RowReader& rows, std::size_t partition) {
  const auto place = rows.take<std::uint32_t>();
  const std::span<const std::byte> key = rows.take_bytes(group_.plan_.key_bytes);
  const auto runs = rows.take<std::uint32_t>();
  if (!rows.holds() || runs == 0) return false;
  const std::uint64_t hash = window::hash_bytes(key.data(), key.size());
  if (state::KeyTable::partition_of(hash) != partition) return false;
  if (group_.table_.find(hash, key.data()) != state::KeyTable::none) return false;
  const Group::Index record = group_.table_.restore(hash, key.data(), place);
  if (record == state::KeyTable::none) return false;
  *group_.head_of(record) = {.hash = hash, .patterns = 0, .first = no_run, .last = no_run, .hints = {}, .next_hint = 0};
  for (std::uint32_t i = 0; i < runs; ++i) {
    if (!read_run(rows, partition, record)) return false;
  }
  return true;
}

bool GroupLoader::read_run(state::RowReader& rows, std::size_t partition, Group::Index record) {
  if (group_.pool_.is_full(partition)) return false;
  const auto pattern = rows.take<std::uint16_t>();
  if (!rows.holds() || pattern >= group_.plan_.patterns.size()) return false;
  const PatternPlan& plan = group_.plan_of(pattern);
  const RunIndex index = group_.pool_.take(partition);
  RunHead& run = *group_.pool_[index];
  std::memset(static_cast<void*>(&run), 0, group_.pool_.run_bytes());
  run.pattern = pattern;
  run.step = rows.take<std::uint8_t>();
  run.closed = rows.take<StepMask>();
  run.count = rows.take<std::uint32_t>();
  run.first_te = rows.take<Time>();
  run.first_sequence = rows.take<Sequence>();
  run.valid = rows.take<std::uint64_t>();
  rows.take_into({captures_of(&run), plan.capture_bytes});
  if (plan.end != 0) group_.pool_.waiting(run) = {.deadline = rows.take<Time>(), .record = record, .place = no_place};
  if (!rows.holds() || run.step >= plan.steps.size()) return false;
  group_.link(record, index);
  return true;
}

}  // namespace pawl::pattern
