#include "pawl/io/device.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "pawl/io/os_error.hpp"

namespace pawl::io {
namespace {

constexpr std::size_t sysfs_sector_bytes = 512;  // of every count of sectors in sysfs, whatever the device's own blocks are
constexpr std::size_t stat_fields = 17;          // Documentation/block/stat.rst; flushes came with Linux 5.5

std::string sysfs_directory(dev_t device) {
  return "/sys/dev/block/" + std::to_string(major(device)) + ":" + std::to_string(minor(device));
}

// A partition has no queue of its own: its disk's is one level up.
std::ifstream open_queue_file(const std::string& directory, const std::string& name) {
  std::ifstream own(directory + "/queue/" + name);
  return own ? std::move(own) : std::ifstream(directory + "/../queue/" + name);
}

// A partition's flushes are counted by its disk alone.
std::string counting_directory(const std::string& directory) {
  return std::ifstream(directory + "/partition") ? directory + "/.." : directory;
}

}  // namespace

std::size_t physical_block_bytes(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return 0;
  std::size_t bytes = 0;
  open_queue_file(sysfs_directory(status.st_dev), "physical_block_size") >> bytes;
  return bytes;
}

Result<DeviceCounters> read_device_counters(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return os_error("cannot look up the device of", path, errno);
  const std::string directory = counting_directory(sysfs_directory(status.st_dev));
  const std::string name = directory + "/stat";
  std::ifstream file(name);
  std::array<std::uint64_t, stat_fields> field{};
  for (std::uint64_t& value : field) {
    if (!(file >> value)) {
      return Error{ErrorCode::unsupported, "cannot count the flushes of the device below " + path + ": " + name +
                                               " does not have them; use a directory on a local block device and Linux 5.5 or later"};
    }
  }
  std::string cache;
  std::getline(open_queue_file(directory, "write_cache"), cache);
  return DeviceCounters{.reads = field[0],
                        .writes = field[4],
                        .written_bytes = field[6] * sysfs_sector_bytes,
                        .discards = field[11],
                        .flushes = field[15],
                        .write_cache = cache != "write through"};
}

}  // namespace pawl::io
