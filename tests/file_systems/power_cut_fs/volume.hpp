// What a machine holds of a small file system, and what it would hold after a power cut: each file and directory twice, as programs see
// it and as it stands on the device. sync moves the one to the other; a cut lets chance decide of all that no sync covered.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pawl::test {

inline constexpr std::uint64_t sector_bytes = 512;  // what a device writes as a whole

// Bytes of a file. Sectors that were never written, or only with zeros, take no memory.
class Content {
 public:
  void read(std::uint64_t offset, std::span<char> into) const;
  void write(std::uint64_t offset, std::span<const char> from);
  void resize(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }

  using Sector = std::array<char, sector_bytes>;
  [[nodiscard]] Sector sector(std::uint64_t number) const;
  // Does not change the size.
  void set_sector(std::uint64_t number, const Sector& bytes);

 private:
  std::unordered_map<std::uint64_t, Sector> sectors_;
  std::uint64_t size_ = 0;
};

struct Node;
using Entries = std::map<std::string, std::shared_ptr<Node>>;

struct Node {
  bool is_directory = false;
  unsigned mode = 0;
  Content seen, durable;
  std::set<std::uint64_t> unsynced;  // sectors
  std::uint64_t in_place = 0;        // of the durable bytes, those that no truncation has taken away: writes there go over old data
  Entries entries, durable_entries;
  // What happened to the directory since its last sync, each all or nothing: a name and what it stands for, null: nothing.
  using Change = std::vector<std::pair<std::string, std::shared_ptr<Node>>>;
  std::vector<Change> changes;
};

// Thread: one at a time.
class Volume {
 public:
  struct Counters {
    std::uint64_t writes = 0, syncs = 0, directory_syncs = 0;
    std::uint64_t dropped_sectors = 0, dropped_changes = 0;  // by cuts
  };

  Volume();
  // Null: not there.
  [[nodiscard]] std::shared_ptr<Node> find(const std::string& path) const;
  // REQUIRES: the parent is a directory.
  std::shared_ptr<Node> create(const std::string& path, unsigned mode, bool is_directory);
  void remove(const std::string& path);
  void rename(const std::string& from, const std::string& to);
  void write(Node& file, std::uint64_t offset, std::span<const char> from);
  void resize(Node& file, std::uint64_t bytes);
  void sync(Node& node);

  // The power goes: what was not synced is there, or not, or, where a device was writing over old data, neither.
  void cut(std::uint64_t seed);
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  [[nodiscard]] std::pair<std::shared_ptr<Node>, std::string> parent_of(const std::string& path) const;
  static void change(Node& directory, Node::Change change);
  void cut(Node& node, std::mt19937_64& random);
  void cut_file(Node& file, std::mt19937_64& random);
  void cut_directory(Node& directory, std::mt19937_64& random);

  std::shared_ptr<Node> root_;
  Counters counters_;
};

}  // namespace pawl::test
