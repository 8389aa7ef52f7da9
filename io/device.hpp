// Facts and counters of the block device below a file or directory, from sysfs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "pawl/core/base/result.hpp"

namespace pawl::io {

// Bytes of a physical block of the device below an open file; 0 if the file has no such device (tmpfs, network).
[[nodiscard]] std::size_t physical_block_bytes(int descriptor);

// What the device has been asked to do since it appeared. Shared by all that use the device: only a rise proves anything.
struct DeviceCounters {
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t discards = 0;
  std::uint64_t flushes = 0;   // of the device's volatile cache; at least one per synced write that did not overlap another
  bool write_cache = true;     // false: the device has none, or none that loses data, so the kernel never flushes it
};

// Counters of the device that holds `path`. Errors: unsupported, if there is no block device below it or the kernel does not
// count flushes (before 5.5).
[[nodiscard]] Result<DeviceCounters> read_device_counters(const std::string& path);

}  // namespace pawl::io
