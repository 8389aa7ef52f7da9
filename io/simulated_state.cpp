#include "pawl/io/simulated_state.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace pawl::io {

SimulatedState::SimulatedState(const SimulatedState& other, std::uint64_t seed)
    : options(other.options),
      random(seed),
      files(other.files),
      directories(other.directories),
      unsynced_entries(other.unsynced_entries),
      maybe_unnamed_(true),
      next_node(other.next_node),
      next_stamp(other.next_stamp) {
  for (auto& [id, node] : files) node.open_files = 0;
}

void SimulatedState::show() {
  if (!look || looking_) return;
  looking_ = true;
  look();
  looking_ = false;
}

std::optional<Fault> SimulatedState::begin(Operation operation, const std::string& path) {
  ++counters.operations;
  const bool only_reads = operation == Operation::read || operation == Operation::list;
  if (!only_reads) show();
  if (off) return Fault{};
  auto struck = faults.strike(operation, path);
  counters.faults += struck ? 1U : 0U;
  return struck;
}

int SimulatedState::begin_or_errno(Operation operation, const std::string& path) {
  const auto fault = begin(operation, path);
  return fault && fault->kind == Fault::Kind::error ? fault->error_number : 0;
}

SimulatedState::Place SimulatedState::find(const std::string& path) const {
  Place place{.directory = no_node, .name = {}, .node = root_node};
  std::string_view name;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = std::string_view(path).substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    name = part;
    place.directory = place.node;
    place.node = no_node;
    const auto directory = directories.find(place.directory);
    if (directory == directories.end()) return {.directory = no_node, .name = std::string(name), .node = no_node};
    const auto entry = directory->second.entries.find(part);
    if (entry != directory->second.entries.end()) place.node = entry->second;
  }
  place.name = name;
  return place;
}

SimulatedNode& SimulatedState::file_at(const std::string& path) {
  const auto file = files.find(find(path).node);
  PAWL_ASSERT(file != files.end());
  return file->second;
}

void SimulatedState::change_entry(const UnsyncedEntry& entry) {
  if (entry.from != no_node) maybe_unnamed_ = true;
  if (entry.from != no_node) directories.at(entry.from).entries.erase(entry.from_name);
  if (entry.to != no_node) directories.at(entry.to).entries[entry.to_name] = entry.node;
  unsynced_entries.push_back(entry);
  unsynced_entries.back().stamp = new_stamp();
}

// A rename from one directory to another is one transaction: the sync of either makes it durable, whole.
void SimulatedState::sync_directory(NodeId id) {
  std::set<NodeId> moved;
  for (const UnsyncedEntry& entry : unsynced_entries) {
    if (entry.from != id && entry.to != id) continue;
    land({.stamp = entry.stamp, .node = entry.node, .piece = {}, .entry = entry}, nullptr);
    if (entry.from != no_node && entry.to != no_node) moved.insert(entry.node);
  }
  directories.at(id).durable = directories.at(id).entries;
  std::erase_if(unsynced_entries, [&](const UnsyncedEntry& entry) {
    const bool here = entry.from == id || entry.to == id;
    const bool came_before_move = moved.contains(entry.node) && entry.from == no_node;
    return here || came_before_move;
  });
}

void SimulatedState::collect() {
  if (!maybe_unnamed_) return;
  std::vector<NodeId> named;  // a set would allocate for each, at every close of a file
  for (const auto& [id, directory] : directories) {
    for (const auto& entry : directory.entries) named.push_back(entry.second);
    for (const auto& entry : directory.durable) named.push_back(entry.second);
  }
  for (const UnsyncedEntry& entry : unsynced_entries) named.push_back(entry.node);
  std::sort(named.begin(), named.end());
  named.erase(std::unique(named.begin(), named.end()), named.end());
  std::erase_if(files, [&](const auto& file) { return file.second.open_files == 0 && !std::binary_search(named.begin(), named.end(), file.first); });
  maybe_unnamed_ = !unsynced_entries.empty() || files.size() + directories.size() > named.size() + 1;
}

std::uint64_t SimulatedState::used_bytes() const {
  std::set<NodeId> named;
  for (const auto& [id, directory] : directories) {
    for (const auto& entry : directory.entries) named.insert(entry.second);
  }
  std::uint64_t used = 0;
  for (const auto& [id, node] : files) {
    if (node.open_files > 0 || named.contains(id)) used += node.device().allocated_bytes();
  }
  return used;
}

std::vector<CrashChoice> SimulatedState::choices() const {
  std::vector<CrashChoice> all;
  for (const auto& [id, node] : files) {
    for (const UnsyncedPiece& piece : node.unsynced_sectors()) {
      all.push_back({.stamp = piece.stamp, .node = id, .piece = piece, .entry = {}});
    }
  }
  for (const UnsyncedEntry& entry : unsynced_entries) {
    all.push_back({.stamp = entry.stamp, .node = entry.node, .piece = {}, .entry = entry});
  }
  std::stable_sort(all.begin(), all.end(), [](const CrashChoice& a, const CrashChoice& b) { return a.stamp < b.stamp; });
  return all;
}

void SimulatedState::name_tree(NodeId id, const std::string& prefix, std::map<NodeId, std::string>& names) const {
  for (const auto& [name, node] : directories.at(id).entries) {
    names[node] = prefix + "/" + name;
    if (is_directory(node)) name_tree(node, names[node], names);
  }
}

std::map<NodeId, std::string> SimulatedState::names() const {
  std::map<NodeId, std::string> names;
  name_tree(root_node, "", names);
  return names;
}

void SimulatedState::land(const CrashChoice& choice, Random* garbage) {
  if (choice.piece) return files.at(choice.node).land(*choice.piece, garbage);
  const UnsyncedEntry& entry = *choice.entry;
  if (entry.from != no_node) {
    auto& names = directories.at(entry.from).durable;
    const auto old = names.find(entry.from_name);
    if (old != names.end() && old->second == entry.node) names.erase(old);
  }
  if (entry.to != no_node) directories.at(entry.to).durable[entry.to_name] = entry.node;
}

void SimulatedState::lose_power() {
  unsynced_entries.clear();
  maybe_unnamed_ = true;
  for (auto& [id, directory] : directories) directory.entries = directory.durable;
  collect();
  for (auto& [id, node] : files) node.lose_power();
}

WritePlan SimulatedState::plan_write(const std::string& path, const SimulatedNode& node, std::uint64_t bytes, std::uint64_t offset) {
  ++counters.writes;
  const auto fault = begin(Operation::write, path);
  WritePlan plan{.result = static_cast<std::int64_t>(bytes), .offset = offset, .lands = bytes, .scattered = false};
  if (fault) {
    switch (fault->kind) {
      case Fault::Kind::error:
        plan.result = -fault->error_number;
        plan.scattered = fault->error_number == EIO && !off;
        if (!plan.scattered) plan.lands = 0;
        break;
      case Fault::Kind::short_count:
        plan.lands = std::min(bytes, fault->amount);
        plan.result = static_cast<std::int64_t>(plan.lands);
        break;
      case Fault::Kind::lost: plan.lands = 0; break;
      case Fault::Kind::misdirected: plan.offset += fault->amount; break;
    }
  }
  const std::uint64_t more = node.device().unallocated_bytes(plan.offset, plan.lands);
  const bool bounded = options.capacity_bytes != std::numeric_limits<std::uint64_t>::max();
  if (bounded && more > 0 && used_bytes() + more > options.capacity_bytes) plan = {.result = -ENOSPC, .offset = offset, .lands = 0, .scattered = false};
  return plan;
}

void SimulatedState::carry_out(const WritePlan& plan, SimulatedNode& node, std::span<const std::byte> data, bool durable) {
  data = data.first(plan.lands);
  if (plan.scattered) {
    for (std::uint64_t at = 0; at < data.size(); at += sector_bytes) {
      if (random.below(2) == 0) node.write(data.subspan(at, std::min(sector_bytes, data.size() - at)), plan.offset + at, new_stamp());
    }
    return;
  }
  const bool synced = durable && plan.result >= 0;
  synced ? node.write_and_sync(data, plan.offset, new_stamp()) : node.write(data, plan.offset, new_stamp());
  if (plan.result < 0) return;
  counters.written_bytes += static_cast<std::uint64_t>(plan.result);
  counters.durable_writes += synced ? 1U : 0U;
}

Completion SimulatedState::complete(SimulatedNode& node, std::size_t index) {
  const WriteInFlight write = node.in_flight[index];
  node.in_flight.erase(node.in_flight.begin() + static_cast<std::ptrdiff_t>(index));
  PAWL_ASSERT(std::memcmp(write.memory.data(), write.data->data(), write.data->size()) == 0);
  carry_out(write.plan, node, *write.data, write.durable);
  return {write.tag, write.plan.result};
}

}  // namespace pawl::io
