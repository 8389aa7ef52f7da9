#include "pawl/journal/snapshot/contents.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "pawl/core/window/group_rows.hpp"

namespace pawl::journal {
namespace {

// Groups by their first feature column: the same order in whatever shards they are.
std::map<std::uint32_t, window::Group*> groups_of(Machine& machine) {
  std::map<std::uint32_t, window::Group*> groups;
  for (const auto& windows : machine.windows()) {
    for (std::size_t i = 0; i < windows->groups(); ++i) groups.emplace(windows->first_column(i), &windows->group(i));
  }
  return groups;
}

SnapshotHeader header_of(Machine& machine, const SnapshotOf& of) {
  const rules::Decide::Standing standing = machine.decide().standing();
  SnapshotHeader header{};
  header.groups = static_cast<std::uint32_t>(groups_of(machine).size());
  header.database = of.database;
  header.sequence = standing.sequence;
  header.block = of.place.block;
  header.segment = of.place.segment;
  header.chain = of.place.chain;
  header.digest = standing.digest;
  header.effective_time = standing.effective_time;
  header.overflows = standing.overflows;
  header.divisions_by_zero = standing.divisions_by_zero;
  header.keys_max = of.limits.keys_max;
  header.entries_max = of.limits.entries_max;
  header.distinct_max = of.limits.distinct_max;
  header.created = of.created;
  return header;
}

std::span<const std::byte> text_bytes(std::string_view text) noexcept { return std::as_bytes(std::span(text)); }
std::string_view text_of(std::span<const std::byte> bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Error given_up() { return {ErrorCode::failed, "the snapshot was given up: the engine is closing"}; }

Result<void> save_group(SnapshotWriter& writer, std::uint32_t column, const window::Group& group, const ring::StopFlag* stop) {
  if (auto added = writer.add(PartKind::schema, column, text_bytes(window::GroupSaver::schema(group))); !added.ok()) return added;
  window::GroupSaver saver(group);
  std::vector<std::byte> rows;
  for (std::size_t part = 0; part < saver.parts(); ++part) {
    if (stop != nullptr && stop->requested()) return given_up();
    rows.clear();
    saver.write(part, rows);
    if (auto added = writer.add(PartKind::rows, column, rows); !added.ok()) return added;
  }
  return {};
}

Result<void> save_remembered(SnapshotWriter& writer, std::uint32_t number, const rules::StateRows& rows, Time now, const ring::StopFlag* stop) {
  if (auto added = writer.add(PartKind::decide_schema, number, text_bytes(rows.schema())); !added.ok()) return added;
  Result<void> saved;
  rows.save(now, [&](std::span<const std::byte> part) {
    saved = stop != nullptr && stop->requested() ? Result<void>(given_up()) : writer.add(PartKind::decide_rows, number, part);
    return saved.ok();
  });
  return saved;
}

class Loader {
 public:
  Loader(SnapshotReader& reader, const language::Pipeline& pipeline, Machine& machine)
      : reader_(reader), pipeline_(pipeline), machine_(machine), groups_(groups_of(machine)), remembered_(machine.decide().rows()) {}

  // Pipeline, firings and what decide remembers stand first.
  Result<void> run_standing() {
    set_effective_time();
    while (!has_pipeline_ || !has_firings_ || !all_remembered()) {
      auto more = reader_.next(part_);
      if (!more.ok()) return std::move(more).error();
      if (!*more) return finish();
      if (auto taken = take(); !taken.ok()) return taken;
    }
    return {};
  }

  Result<void> run() {
    set_effective_time();
    for (;;) {
      auto more = reader_.next(part_);
      if (!more.ok()) return std::move(more).error();
      if (!*more) return finish();
      if (auto taken = take(); !taken.ok()) return taken;
    }
  }

 private:
  void set_effective_time() {
    for (const auto& windows : machine_.windows()) windows->set_effective_time(reader_.header().effective_time);
  }

  Result<void> take() {
    switch (part_.header.kind) {
      case PartKind::pipeline: return take_pipeline();
      case PartKind::firings: return take_firings();
      case PartKind::schema: return take_schema();
      case PartKind::rows: return take_rows();
      case PartKind::decide_schema: return take_decide_schema();
      case PartKind::decide_rows: return take_decide_rows();
      case PartKind::end: break;
    }
    return other_release("a part of kind " + std::to_string(static_cast<std::uint32_t>(part_.header.kind)));
  }

  Result<void> take_pipeline() {
    if (text_of(part_.body) != pipeline_.source) return other_release("the state of another pipeline");
    has_pipeline_ = true;
    return {};
  }

  Result<void> take_firings() {
    const SnapshotHeader& header = reader_.header();
    rules::Decide::Standing standing{header.sequence, header.digest, header.effective_time, header.overflows, header.divisions_by_zero, {}};
    standing.firings.resize(machine_.decide().firings().size());
    if (has_firings_ || part_.body.size() != standing.firings.size() * sizeof(std::uint64_t)) return other_release("firings of other rules");
    if (!part_.body.empty()) std::memcpy(standing.firings.data(), part_.body.data(), part_.body.size());
    machine_.decide().restore(standing);
    has_firings_ = true;
    return {};
  }

  Result<void> take_schema() {
    if (auto done = finish_group(); !done.ok()) return done;
    const auto group = groups_.find(part_.header.group);
    if (group == groups_.end()) return other_release("a group of keys at column " + std::to_string(part_.header.group));
    if (text_of(part_.body) != window::GroupSaver::schema(*group->second)) return other_release("rows of other columns");
    loader_.emplace(*group->second, reader_.header().effective_time);
    column_ = group->first;
    groups_.erase(group);
    return {};
  }

  Result<void> take_rows() {
    if (!loader_ || part_.header.group != column_) return other_release("rows without a schema");
    return named(loader_->read(part_.body));
  }

  // One part of it after the other.
  Result<void> take_decide_schema() {
    if (has_decide_schema_ && remembered_[next_remembered_].loaded()) ++next_remembered_, has_decide_schema_ = false;
    if (has_decide_schema_ || part_.header.group != next_remembered_ || next_remembered_ >= remembered_.size()) return other_release("what other rules remember");
    if (text_of(part_.body) != remembered_[next_remembered_].schema()) return other_release("other rows of " + remembered_[next_remembered_].name());
    has_decide_schema_ = true;
    return {};
  }

  Result<void> take_decide_rows() {
    if (!has_decide_schema_ || part_.header.group != next_remembered_) return other_release("what rules remember without a schema");
    state::RowReader rows(part_.body);
    if (!remembered_[next_remembered_].load(rows) || !rows.holds() || !rows.ended()) {
      return named(Error{ErrorCode::corrupt, "the rows of " + remembered_[next_remembered_].name() + " do not fit it: the snapshot is damaged"});
    }
    return {};
  }

  [[nodiscard]] bool all_remembered() const {
    return std::all_of(remembered_.begin(), remembered_.end(), [](const rules::StateRows& rows) { return rows.loaded(); });
  }

  Result<void> finish_group() {
    if (!loader_) return {};
    auto done = named(loader_->finish());
    loader_.reset();
    return done;
  }

  Result<void> finish() {
    if (auto done = finish_group(); !done.ok()) return done;
    if (!groups_.empty() || !has_pipeline_ || !has_firings_ || !all_remembered()) return other_release("less than all of the state");
    return {};
  }

  [[nodiscard]] Result<void> named(Result<void> result) const {
    if (result.ok()) return result;
    return Error{result.error().code, reader_.path() + ": " + result.error().text};
  }
  [[nodiscard]] Error other_release(std::string_view what) const {
    return {ErrorCode::unsupported, reader_.path() + " holds " + std::string(what) + ": another release or pipeline wrote it, and its rows can't be read as this one's. A start replays instead"};
  }

  SnapshotReader& reader_;
  const language::Pipeline& pipeline_;
  Machine& machine_;
  std::map<std::uint32_t, window::Group*> groups_;  // still to come
  Part part_;
  std::optional<window::GroupLoader> loader_;
  std::uint32_t column_ = 0;
  std::vector<rules::StateRows> remembered_;
  std::size_t next_remembered_ = 0;
  bool has_decide_schema_ = false;
  bool has_pipeline_ = false, has_firings_ = false;
};

}  // namespace

Result<void> save_machine(Machine& machine, const SnapshotOf& of, io::Disk& disk, const std::string& path) {
  auto writer = SnapshotWriter::create(disk, path, header_of(machine, of));
  if (!writer.ok()) return std::move(writer).error();
  if (auto added = writer->add(PartKind::pipeline, 0, text_bytes(of.pipeline->source)); !added.ok()) return added;
  if (auto added = writer->add(PartKind::firings, 0, std::as_bytes(machine.decide().firings())); !added.ok()) return added;
  std::uint32_t number = 0;
  for (const rules::StateRows& rows : machine.decide().rows()) {
    if (auto saved = save_remembered(*writer, number++, rows, machine.decide().standing().effective_time, of.stop); !saved.ok()) return saved;
  }
  for (const auto& [column, group] : groups_of(machine)) {
    if (auto saved = save_group(*writer, column, *group, of.stop); !saved.ok()) return saved;
  }
  return writer->finish();
}

Result<void> load_machine(SnapshotReader& reader, const language::Pipeline& pipeline, Machine& machine) { return Loader(reader, pipeline, machine).run(); }
Result<void> load_standing(SnapshotReader& reader, const language::Pipeline& pipeline, Machine& machine) { return Loader(reader, pipeline, machine).run_standing(); }

}  // namespace pawl::journal
