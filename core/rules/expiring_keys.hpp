// Keys that are remembered until a time: the values of a list, the keys of cooldowns. Bounded per partition of the hash: of keys that have
// run out none counts, so what is refused depends on the log and the bound alone, and not on where keys lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pawl/core/base/types.hpp"
#include "pawl/core/rules/deadlines.hpp"
#include "pawl/core/rules/state_rows.hpp"
#include "pawl/core/state/arena.hpp"
#include "pawl/core/state/key_table.hpp"

namespace pawl::rules {

// Thread: one. No allocation after construction, but for rows. Time: effective time, which never goes back.
class ExpiringKeys {
 public:
  // Memory from `arena`; when that only measures, the keys must not be used. `name`: "list hot_terminals", for rows and messages.
  ExpiringKeys(std::string name, std::size_t key_bytes, std::uint64_t keys_max, state::Arena& arena);

  // Added, and not a `ttl` ago or longer.
  [[nodiscard]] bool holds(const std::byte* key, Time now) const noexcept;
  // Remembers the key for `ttl` from now on, 0: for ever; a key that is remembered for longer stays so. True: holds() has changed its
  // answer. A partition that is full of keys refuses: counted.
  bool add(const std::byte* key, Time now, Duration ttl) noexcept;
  // True: it was held.
  bool remove(const std::byte* key, Time now) noexcept;
  // Something that is no key, as it is too long, was to be added: counted.
  void note_too_long() noexcept { ++too_long_; }

  struct Counters {
    std::uint64_t keys = 0;     // in memory; some may have run out
    std::uint64_t refused = 0;  // not remembered because their partition was full
    std::uint64_t too_long = 0; // texts longer than the list's
  };
  [[nodiscard]] Counters counters() const noexcept { return {table_.size(), refused_, too_long_}; }

  // See state_rows.hpp.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string schema() const;
  void save(Time now, const PartSink& sink) const;
  [[nodiscard]] bool load(state::RowReader& part);
  [[nodiscard]] bool loaded() const noexcept { return head_loaded_ && table_.size() == to_load_; }

 private:
  using Index = state::KeyTable::Index;

  [[nodiscard]] Time last_of(Index index) const noexcept;
  [[nodiscard]] const std::byte* key_of(Index index) const noexcept;
  [[nodiscard]] Index insert(std::uint64_t hash, const std::byte* key, Time now, Time last) noexcept;
  void prolong(Index index, Time last) noexcept;
  void erase(Index index) noexcept;
  [[nodiscard]] std::size_t partition_of(Index index) const noexcept;
  [[nodiscard]] std::vector<Index> alive(Time now) const;

  std::string name_;
  std::size_t key_bytes_;
  state::KeyTable table_;
  Deadlines deadlines_;  // of all keys that run out
  std::uint64_t refused_ = 0, too_long_ = 0;
  std::uint64_t to_load_ = 0;
  bool head_loaded_ = false;
};

}  // namespace pawl::rules
