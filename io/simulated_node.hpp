// One file of a simulated disk: what the page cache shows, what the device shows, what is durable, and the un-synced rest.
//
//   write ----> cached + device + unsynced pieces          reads through the page cache see `cached`
//   sync -----> unsynced pieces become durable             direct reads see `device`
//   failed sync: unsynced pieces are gone from `device`, stay visible in `cached`, and no later sync brings them back
//                (what Linux does: Rebello et al., USENIX ATC 2020, "Can applications recover from fsync failures?")
//   power cut: durable, and of the unsynced pieces and the writes in flight whatever the cut lets through, sector by sector
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "pawl/io/disk.hpp"
#include "pawl/io/random.hpp"
#include "pawl/io/simulated_image.hpp"

namespace pawl::io {

inline constexpr std::uint64_t sector_bytes = 512;  // what a device writes whole or not at all

// What a power cut may find half done, smallest first: one sector, or one change of the file's size.
struct UnsyncedPiece {
  enum class Kind {
    sectors,  // `data` for whole sectors from `offset` on
    grow,     // the size that a write beyond the end needs; may become durable without the data (delayed allocation)
    resize,   // truncate
  };
  Kind kind = Kind::sectors;
  std::uint64_t stamp = 0;     // order of the operations on the whole disk
  std::uint64_t offset = 0;    // sectors: in the file, a multiple of sector_bytes
  std::uint64_t bytes = 0;     // sectors: up to the end of the write (maybe inside the last sector); grow, resize: the new size
  std::uint64_t skip_bytes = 0;  // sectors: `data` starts that much before `offset`
  std::shared_ptr<const std::vector<std::byte>> data;
};

// What will become of a write, decided when it is issued.
struct WritePlan {
  std::int64_t result = 0;    // as it will be reported: bytes, or -errno
  std::uint64_t offset = 0;   // where it lands
  std::uint64_t lands = 0;    // how many of its bytes do
  bool scattered = false;     // only some of the sectors, by chance
};

// An asynchronous write between submit and completion.
struct WriteInFlight {
  std::uint64_t stamp = 0;
  const void* owner = nullptr;                         // the open file it belongs to
  std::uint64_t tag = 0;
  std::span<const std::byte> memory;                   // the caller's: must not change
  std::shared_ptr<const std::vector<std::byte>> data;  // what it held at submit
  WritePlan plan;
  bool durable = false;
  std::int64_t due = 0;                                // monotonic time, or the number of polls still to come
};

class SimulatedNode {
 public:
  [[nodiscard]] std::uint64_t size() const { return cached_.size(); }
  [[nodiscard]] const Image& cached() const { return cached_; }
  [[nodiscard]] const Image& device() const { return device_; }
  [[nodiscard]] const Image& durable() const { return durable_; }

  void write(std::span<const std::byte> from, std::uint64_t offset, std::uint64_t stamp);
  void write_and_sync(std::span<const std::byte> from, std::uint64_t offset, std::uint64_t stamp);  // write, then sync_range
  void truncate(std::uint64_t bytes, std::uint64_t stamp);
  void sync();
  // Of the sectors that the range touches, as a write with data sync does it, and of the size that they need.
  void sync_range(std::uint64_t offset, std::uint64_t bytes);
  void fail_sync();
  // Changes all three images at once, beneath everybody: damage.
  void damage(std::span<const std::byte> from, std::uint64_t offset);

  // What a power cut decides about, in order of time, each sector for itself.
  [[nodiscard]] std::vector<UnsyncedPiece> unsynced_sectors() const;
  // Puts a piece onto `durable`. `garbage`: not what was written, nor what was there.
  void land(const UnsyncedPiece& piece, Random* garbage);
  // Forgets everything but what is durable, and shows that.
  void lose_power();
  // The same without showing it: lose_power follows on a copy.
  void keep_durable_alone();

  std::vector<WriteInFlight> in_flight;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> unreadable;  // offset, bytes: reads that touch it fail with EIO
  std::uint32_t open_files = 0;

 private:
  void show(std::span<const std::byte> from, std::uint64_t offset);
  void add_unsynced(std::uint64_t offset, std::uint64_t bytes, std::uint64_t stamp);
  void cut_out(std::uint64_t first, std::uint64_t end);

  Image cached_;
  Image device_;
  Image durable_;
  std::vector<UnsyncedPiece> unsynced_;
};

}  // namespace pawl::io
