// The state of one group as rows, for snapshots: independent of the number of shards, of where records stand in memory, and of chunks.
// FORMAT.md draws them.
//
//   part 0        how many keys and entries, the clock's hands, counters
//   parts 1-256   a partition of the hash each: its keys with their totals, ring, lists of peaks and counted values, in the order of the table
//   then          entries of the time edges' queue, 65,536 a part, from the oldest on; a key is named by its number among the rows
//
// Where edges stand follows from the effective time, so it is no part of it. Places in the table are: the clock that forgets keys goes by
// them, and what it has forgotten decides what is refused at a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pawl/core/base/result.hpp"
#include "pawl/core/state/rows.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {

// Thread: one; nothing may change the group meanwhile. Allocates. The group outlives it.
class GroupSaver {
 public:
  explicit GroupSaver(const Group& group);

  // What the rows look like, in one line: equal lines, equal meaning, if the pipeline is the same too; conditions and values are named
  // by their numbers in it.
  [[nodiscard]] static std::string schema(const Group& group);

  [[nodiscard]] std::size_t parts() const noexcept;
  // Appends the rows of a part to `to`. REQUIRES: parts in order, from 0, each once.
  void write(std::size_t part, std::vector<std::byte>& to);

 private:
  struct Counted {  // a value in the table of `distinct`
    std::uint32_t row, feature, count;
    std::span<const std::byte> value;
  };

  void collect_counted();
  void write_head(state::RowWriter rows) const;
  void write_keys(std::size_t partition, state::RowWriter rows);
  void write_key(std::uint32_t place, Group::Index index, state::RowWriter& rows);
  void write_wide(Group::Index index, state::RowWriter& rows) const;
  void write_ring(const std::byte* record, state::RowWriter& rows) const;
  void write_tree(const std::byte* record, state::RowWriter& rows) const;
  void write_peaks(const std::byte* record, state::RowWriter& rows) const;
  void write_counted(std::uint32_t row, state::RowWriter& rows);
  void write_entries(state::RowWriter rows);

  const Group& group_;
  std::vector<std::uint32_t> row_of_;  // by index
  std::vector<Counted> counted_;       // by row, feature, value
  std::size_t next_counted_ = 0;
  state::EntryQueue::Cursor cursor_;   // of the next entry to write
  std::uint64_t entries_left_ = 0;
};

// Thread: one. The group outlives it. After an error the group must not be used.
class GroupLoader {
 public:
  // REQUIRES: a new group, of the schema and bounds that the rows were written with. `te`: the effective time they were written at.
  GroupLoader(Group& group, Time te) noexcept : group_(group), te_(te) {}

  // Takes the next part, from part 0 on. Errors (corrupt): rows that no group can have.
  Result<void> read(std::span<const std::byte> part);
  // Errors (corrupt): parts are missing.
  Result<void> finish() const;

 private:
  bool read_head(state::RowReader& rows);
  bool read_keys(std::size_t partition, state::RowReader& rows);
  bool read_key(state::RowReader& rows, std::size_t partition);
  bool read_wide(Group::Index index, state::RowReader& rows);
  bool read_ring(std::byte* record, state::RowReader& rows);
  bool read_tree(std::byte* record, state::RowReader& rows);
  bool read_peaks(std::byte* record, state::RowReader& rows);
  [[nodiscard]] std::size_t passed(const std::byte* record, int edge, std::uint32_t first) const noexcept;
  void rebuild_ranking(std::byte* record, const Ranking& ranking, std::uint32_t first, std::span<const std::uint32_t> locations);
  void rebuild_chain(std::byte* record, const Chain& chain, std::uint32_t first, std::span<const std::uint32_t> locations);
  void rebuild_fold(std::byte* record, const Fold& fold, std::uint32_t first, std::span<const std::uint32_t> locations);
  bool read_counted(Group::Index index, state::RowReader& rows);
  bool read_entries(state::RowReader& rows);
  bool read_entry(state::RowReader& rows);

  Group& group_;
  Time te_;
  std::size_t next_part_ = 0;
  std::uint64_t keys_ = 0, entries_ = 0;  // as the head says
  std::vector<Group::Index> index_of_;    // by row
};

}  // namespace pawl::window
