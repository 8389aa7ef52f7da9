// A disk in memory that behaves as badly as a real one may: deterministic under a seed, with power cuts, faults and damage.
//
// Durable are: what sync() covered; a completed write of a file opened durable; entries (creations, renames, removals) of a
// directory that sync_directory() covered. All else is at the mercy of a power cut, each sector and each entry for itself.
// after_power_cut() makes the disk that the next start would find and leaves this one as it is, so that thousands of crash states
// can be tried from one moment, and the run goes on.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pawl/io/disk.hpp"
#include "pawl/io/faults.hpp"
#include "pawl/io/simulated_clock.hpp"

namespace pawl::io {

class SimulatedState;

struct SimulatedOptions {
  std::uint64_t seed = 1;
  std::uint64_t capacity_bytes = std::numeric_limits<std::uint64_t>::max();  // then free_bytes says 1 TiB
  bool grants_direct = true;
  // With a clock, a write takes a time between these two, and wait() moves the clock on to its end. Without, it takes up to
  // polls_max calls of poll(). Writes in flight end in any order. The clock must outlive the disk and what was made from it.
  SimulatedClock* clock = nullptr;
  Duration write_ns_min = 50'000;
  Duration write_ns_max = 500'000;
  std::uint64_t polls_max = 3;
};

// What has been done since the disk was made (power cut or not: a copy counts from 0).
struct SimulatedCounters {
  std::uint64_t operations = 0;        // of every kind
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;            // submitted or blocking, also failed ones
  std::uint64_t written_bytes = 0;     // acknowledged
  std::uint64_t durable_writes = 0;    // acknowledged with data sync
  std::uint64_t syncs = 0;             // of files, acknowledged
  std::uint64_t directory_syncs = 0;   // acknowledged
  std::uint64_t faults = 0;            // operations that a planned fault has struck
  // What a real device would count as flushes.
  [[nodiscard]] std::uint64_t flushes() const { return durable_writes + syncs + directory_syncs; }
};

// What a power cut makes of one thing that is not durable.
enum class Fate : std::uint8_t {
  lost,     // as before
  landed,   // as written
  garbage,  // a sector: neither. An entry or a size: landed, for the file system's own journal guards those
};

// One thing whose fate a power cut decides.
struct Unsynced {
  enum class Kind { sector, size, entry };
  Kind kind;
  std::string path;          // of the file, or of the entry ("" if the file has no name any more)
  std::uint64_t offset = 0;  // of a sector, in bytes
};

struct PowerCut {
  enum class Policy {
    drop_all,  // nothing un-synced landed
    keep_all,  // all of it landed
    prefix,    // the first `kept` things in order of time landed
    subset,    // any of it landed, by `seed`
    torn,      // as subset, but sectors may also hold garbage
  };
  Policy policy = Policy::drop_all;
  std::uint64_t seed = 1;
  std::size_t kept = 0;
};

// Thread: any; each File by one thread at a time. Paths are separated by '/'; a leading '/' makes no difference. It starts with the
// root directory alone.
class SimulatedDisk final : public Disk {
 public:
  explicit SimulatedDisk(const SimulatedOptions& options = {});
  ~SimulatedDisk() override;

  Result<std::unique_ptr<File>> open(const std::string& path, const OpenOptions& options) override;
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<bool> exists(const std::string& path) override;
  Result<void> make_directory(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::uint64_t> free_bytes(const std::string& path) override;
  [[nodiscard]] std::string_view backend() const override { return "simulated"; }

  // Crashes. The disks made have no locks, no open files, no faults planned, the same options.
  [[nodiscard]] std::unique_ptr<SimulatedDisk> after_power_cut(const PowerCut& cut) const;
  // One fate for each of unsynced(), in that order.
  [[nodiscard]] std::unique_ptr<SimulatedDisk> after_power_cut(std::span<const Fate> fates, std::uint64_t garbage_seed = 1) const;
  // The process dies, the machine lives: writes in flight land, the page cache stays.
  [[nodiscard]] std::unique_ptr<SimulatedDisk> after_process_death() const;
  // In order of time.
  [[nodiscard]] std::vector<Unsynced> unsynced() const;
  // From now on `look` is called from inside every operation that is about to change anything, blocking writes already in flight: each state
  // that a power cut may find is seen once. It may look at the disk and copy it, and may not use it otherwise. Empty: no longer.
  void watch(std::function<void()> look);
  // From now on every operation fails with EIO: ends an engine whose disk has been taken away.
  void power_off();

  // Faults and damage. Damage to a file that does not exist, or beyond its end, is a mistake in the test: it asserts.
  void add_fault(const Fault& fault);
  void clear_faults();
  void set_capacity(std::uint64_t bytes);
  void flip_bit(const std::string& path, std::uint64_t offset, unsigned bit);
  void overwrite(const std::string& path, std::uint64_t offset, std::span<const std::byte> bytes);
  void make_unreadable(const std::string& path, std::uint64_t offset, std::uint64_t bytes);  // whole sectors

  [[nodiscard]] SimulatedCounters counters() const;
  // What the device holds of a file, without counting as a read or meeting a fault.
  [[nodiscard]] std::vector<std::byte> content(const std::string& path) const;
  // Equal for equal trees and contents, of paths that begin with `under`; to count distinct crash states.
  [[nodiscard]] std::uint64_t fingerprint(std::string_view under = {}) const;

 private:
  friend class CrashStates;
  explicit SimulatedDisk(std::shared_ptr<SimulatedState> state);

  std::shared_ptr<SimulatedState> state_;  // open files and locks keep it alive
};

// The states of one moment: after_power_cut(fates) for who wants thousands of them. Independent of the disk, once made.
class CrashStates {
 public:
  explicit CrashStates(const SimulatedDisk& disk);
  ~CrashStates();
  // One fate for each of disk.unsynced(), in that order.
  [[nodiscard]] std::unique_ptr<SimulatedDisk> after(std::span<const Fate> fates, std::uint64_t garbage_seed = 1) const;

 private:
  struct Moment;
  std::unique_ptr<const Moment> moment_;
};

}  // namespace pawl::io
