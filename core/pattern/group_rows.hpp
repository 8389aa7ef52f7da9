// The open runs of one group as rows, for snapshots: independent of where keys and runs stand in memory.
//
//   part 0        how many keys and runs, the clock's hands, counters
//   parts 1-256   a partition of the hash each: its keys, in the order of the table, with their runs, oldest first
//
// A run is its pattern, step, closed steps, count, first effective time and sequence, which captures are there, and the captures; of a pattern
// that ends with `no` also its deadline.
// Places in the table are part of it: the clock that looks for runs past their time goes by them, and so does what is refused at a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pawl/core/pattern/group.hpp"
#include "pawl/core/state/rows.hpp"

namespace pawl::pattern {

// Thread: one; nothing may change the group meanwhile. Allocates. The group outlives it.
class GroupSaver {
 public:
  static constexpr std::size_t parts = 1 + limits::partitions;

  explicit GroupSaver(const Group& group) : group_(group) {}

  // What the rows look like, in one line: equal lines, equal meaning, if the pipeline is the same too.
  [[nodiscard]] static std::string schema(const Group& group);

  // Appends the rows of a part to `to`. REQUIRES: part < parts.
  void write(std::size_t part, std::vector<std::byte>& to) const;

 private:
  void write_head(state::RowWriter rows) const;
  void write_runs(const KeyHead& head, state::RowWriter& rows) const;

  const Group& group_;
};

// Thread: one. The group outlives it. After an error the group must not be used.
class GroupLoader {
 public:
  // REQUIRES: a new group, of the schema and bounds that the rows were written with.
  explicit GroupLoader(Group& group) noexcept : group_(group) {}

  // Takes the next part, from part 0 on. False: rows that no group can have.
  [[nodiscard]] bool read(state::RowReader& rows);
  // All parts were there, and all that the first of them announced.
  [[nodiscard]] bool finished() const noexcept;

 private:
  bool read_head(state::RowReader& rows);
  bool read_key(state::RowReader& rows, std::size_t partition);
  bool read_run(state::RowReader& rows, std::size_t partition, Group::Index record);

  Group& group_;
  std::size_t next_part_ = 0;
  std::uint64_t keys_ = 0, runs_ = 0;  // as the head says
};

}  // namespace pawl::pattern
