// The inside of SimulatedDisk: directory tree, un-synced entries, locks, faults, counters. Shared by the disk, its open files and
// its locks; every access under `mutex`.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "pawl/io/simulated.hpp"
#include "pawl/io/simulated_node.hpp"

namespace pawl::io {

using NodeId = std::uint64_t;
inline constexpr NodeId root_node = 0;
inline constexpr NodeId no_node = ~NodeId{0};

struct SimulatedDirectory {
  using Entries = std::map<std::string, NodeId, std::less<>>;
  Entries entries;  // as a running process sees them
  Entries durable;
};

// A change of entries that no sync_directory has covered yet.
struct UnsyncedEntry {
  std::uint64_t stamp = 0;
  NodeId node = no_node;       // what is linked, unlinked or moved
  NodeId from = no_node;       // directory it leaves, if any
  std::string from_name;
  NodeId to = no_node;         // directory it comes into, if any
  std::string to_name;
};

// One thing whose fate a power cut decides: a piece of a file, or an entry.
struct CrashChoice {
  std::uint64_t stamp = 0;
  NodeId node = no_node;
  std::optional<UnsyncedPiece> piece;
  std::optional<UnsyncedEntry> entry;
};

class SimulatedState {
 public:
  explicit SimulatedState(const SimulatedOptions& given) : options(given), random(given.seed) { directories[root_node]; }
  // Options, tree and contents of another one; nothing that a crash ends.
  SimulatedState(const SimulatedState& other, std::uint64_t seed);
  SimulatedState(const SimulatedState&) = delete;
  SimulatedState& operator=(const SimulatedState&) = delete;

  // Counts the operation; the fault that strikes it, if any.
  std::optional<Fault> begin(Operation operation, const std::string& path);
  // The same for operations that can only fail; 0 or errno.
  int begin_or_errno(Operation operation, const std::string& path);

  // Where a path leads: the directory that holds its last part, and the node there if there is one.
  struct Place {
    NodeId directory = no_node;  // no_node: a part before the last does not exist
    std::string name;
    NodeId node = no_node;
  };
  [[nodiscard]] Place find(const std::string& path) const;
  [[nodiscard]] bool is_directory(NodeId node) const { return directories.contains(node); }
  SimulatedNode& file_at(const std::string& path);  // asserts that it is there

  // The same change at once for the running process, and pending for the next power cut.
  void change_entry(const UnsyncedEntry& entry);
  void sync_directory(NodeId directory);
  NodeId new_node() { return next_node++; }
  std::uint64_t new_stamp() { return next_stamp++; }
  // Drops files that have no name, no pending name and no open file.
  void collect();
  [[nodiscard]] std::uint64_t used_bytes() const;

  [[nodiscard]] std::vector<CrashChoice> choices() const;
  // Paths of all that a running process sees.
  [[nodiscard]] std::map<NodeId, std::string> names() const;
  // Lets the choice land, as if it had been synced.
  void land(const CrashChoice& choice, Random* garbage);
  // What is left of everything is what is durable.
  void lose_power();

  // Decides what becomes of a write, by the faults planned and the space left.
  WritePlan plan_write(const std::string& path, const SimulatedNode& node, std::uint64_t bytes, std::uint64_t offset);
  void carry_out(const WritePlan& plan, SimulatedNode& node, std::span<const std::byte> data, bool durable);
  // Ends a write in flight: takes it out of the node. Asserts that the caller has left its memory alone.
  Completion complete(SimulatedNode& node, std::size_t index);

  // Calls `look`, if there is one and it is not looking already.
  void show();

  mutable std::recursive_mutex mutex;  // what looks from inside an operation takes it again
  std::function<void()> look;
  SimulatedOptions options;
  SimulatedCounters counters;
  FaultPlan faults;
  Random random;
  bool off = false;
  std::map<NodeId, SimulatedNode> files;
  std::map<NodeId, SimulatedDirectory> directories;
  std::vector<UnsyncedEntry> unsynced_entries;
  std::set<NodeId> locked;

 private:
  void name_tree(NodeId directory, const std::string& prefix, std::map<NodeId, std::string>& names) const;

  bool maybe_unnamed_ = false;  // a file may have lost its name, or may lose it at a power cut
  NodeId next_node = root_node + 1;
  std::uint64_t next_stamp = 1;
  bool looking_ = false;
};

}  // namespace pawl::io
