#include "volume.hpp"

#include <algorithm>
#include <cstring>

namespace pawl::test {

// --- content ---

void Content::read(std::uint64_t offset, std::span<char> into) const {
  while (!into.empty()) {
    const std::uint64_t in_sector = offset % sector_bytes;
    const std::size_t bytes = std::min<std::uint64_t>(into.size(), sector_bytes - in_sector);
    const auto found = sectors_.find(offset / sector_bytes);
    if (found == sectors_.end()) {
      std::memset(into.data(), 0, bytes);
    } else {
      std::memcpy(into.data(), found->second.data() + in_sector, bytes);
    }
    into = into.subspan(bytes);
    offset += bytes;
  }
}

void Content::write(std::uint64_t offset, std::span<const char> from) {
  size_ = std::max(size_, offset + from.size());
  while (!from.empty()) {
    const std::uint64_t in_sector = offset % sector_bytes;
    const std::size_t bytes = std::min<std::uint64_t>(from.size(), sector_bytes - in_sector);
    Sector whole = sector(offset / sector_bytes);
    std::memcpy(whole.data() + in_sector, from.data(), bytes);
    set_sector(offset / sector_bytes, whole);
    from = from.subspan(bytes);
    offset += bytes;
  }
}

// What stands behind the end reads as zeros when the file grows again.
void Content::resize(std::uint64_t bytes) {
  std::erase_if(sectors_, [&](const auto& entry) { return entry.first * sector_bytes >= bytes; });
  if (const std::uint64_t rest = bytes % sector_bytes; rest != 0) {
    Sector last = sector(bytes / sector_bytes);
    std::memset(last.data() + rest, 0, sector_bytes - rest);
    set_sector(bytes / sector_bytes, last);
  }
  size_ = bytes;
}

Content::Sector Content::sector(std::uint64_t number) const {
  const auto found = sectors_.find(number);
  return found == sectors_.end() ? Sector{} : found->second;
}

void Content::set_sector(std::uint64_t number, const Sector& bytes) {
  if (bytes == Sector{}) {
    sectors_.erase(number);
  } else {
    sectors_[number] = bytes;
  }
}

// --- operations ---

Volume::Volume() : root_(std::make_shared<Node>()) {
  root_->is_directory = true;
  root_->mode = 0755;
}

std::shared_ptr<Node> Volume::find(const std::string& path) const {
  std::shared_ptr<Node> node = root_;
  for (std::size_t from = 1; from < path.size();) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    const auto entry = node->entries.find(path.substr(from, slash - from));
    if (entry == node->entries.end()) return nullptr;
    node = entry->second;
    from = slash + 1;
  }
  return node;
}

std::pair<std::shared_ptr<Node>, std::string> Volume::parent_of(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  return {find(path.substr(0, slash)), path.substr(slash + 1)};
}

void Volume::change(Node& directory, Node::Change change) {
  for (const auto& [name, node] : change) {
    if (node) {
      directory.entries[name] = node;
    } else {
      directory.entries.erase(name);
    }
  }
  directory.changes.push_back(std::move(change));
}

std::shared_ptr<Node> Volume::create(const std::string& path, unsigned mode, bool is_directory) {
  const auto [parent, name] = parent_of(path);
  auto node = std::make_shared<Node>();
  node->is_directory = is_directory;
  node->mode = mode;
  change(*parent, {{name, node}});
  return node;
}

void Volume::remove(const std::string& path) {
  const auto [parent, name] = parent_of(path);
  change(*parent, {{name, nullptr}});
}

void Volume::rename(const std::string& from, const std::string& to) {
  const std::shared_ptr<Node> node = find(from);
  const auto [from_parent, from_name] = parent_of(from);
  const auto [to_parent, to_name] = parent_of(to);
  if (from_parent == to_parent) return change(*to_parent, {{from_name, nullptr}, {to_name, node}});
  change(*to_parent, {{to_name, node}});
  change(*from_parent, {{from_name, nullptr}});
}

void Volume::write(Node& file, std::uint64_t offset, std::span<const char> from) {
  ++counters_.writes;
  file.seen.write(offset, from);
  for (std::uint64_t sector = offset / sector_bytes; sector * sector_bytes < offset + from.size(); ++sector) file.unsynced.insert(sector);
}

void Volume::resize(Node& file, std::uint64_t bytes) {
  const std::uint64_t before = file.seen.size();
  file.seen.resize(bytes);
  file.in_place = std::min(file.in_place, bytes);
  for (std::uint64_t sector = bytes / sector_bytes; sector * sector_bytes < before; ++sector) file.unsynced.insert(sector);
}

void Volume::sync(Node& node) {
  ++(node.is_directory ? counters_.directory_syncs : counters_.syncs);
  for (const std::uint64_t sector : node.unsynced) node.durable.set_sector(sector, node.seen.sector(sector));
  node.durable.resize(node.seen.size());
  node.in_place = node.seen.size();
  node.unsynced.clear();
  node.durable_entries = node.entries;
  node.changes.clear();
}

// --- the cut ---

void Volume::cut(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  cut(*root_, random);
}

void Volume::cut(Node& node, std::mt19937_64& random) {
  if (!node.is_directory) return cut_file(node, random);
  cut_directory(node, random);
  for (const auto& [name, entry] : node.entries) cut(*entry, random);
}

// A sector that was written over in place may have been caught in the middle; one behind the durable end belongs to the file only with the
// new size, which the file system's own journal guards: it is there, or zeros.
void Volume::cut_file(Node& file, std::mt19937_64& random) {
  const std::uint64_t size = random() % 2 == 0 ? file.seen.size() : file.durable.size();
  for (const std::uint64_t sector : file.unsynced) {
    const std::uint64_t fate = random() % 3;
    if (fate == 0) {
      file.durable.set_sector(sector, file.seen.sector(sector));
      continue;
    }
    ++counters_.dropped_sectors;
    if (fate == 1 || (sector + 1) * sector_bytes > file.in_place) continue;
    Content::Sector garbage;
    for (char& byte : garbage) byte = static_cast<char>(random());
    file.durable.set_sector(sector, garbage);
  }
  file.durable.resize(size);
  file.in_place = size;
  file.seen = file.durable;
  file.unsynced.clear();
}

// File systems keep changes in order, most of them; the promise asks for less.
void Volume::cut_directory(Node& directory, std::mt19937_64& random) {
  const bool in_order = random() % 2 == 0;
  const std::uint64_t kept = random() % (directory.changes.size() + 1);
  for (std::uint64_t i = 0; i < directory.changes.size(); ++i) {
    if (in_order ? i >= kept : random() % 2 == 0) {
      ++counters_.dropped_changes;
      continue;
    }
    for (const auto& [name, node] : directory.changes[i]) {
      if (node) {
        directory.durable_entries[name] = node;
      } else {
        directory.durable_entries.erase(name);
      }
    }
  }
  directory.entries = directory.durable_entries;
  directory.changes.clear();
}

}  // namespace pawl::test
