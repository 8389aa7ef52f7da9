#include "pawl/io/lock_holder.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdio>
#include <fstream>
#include <optional>

namespace pawl::io {
namespace {

std::string command_of(int process) {
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(process) + "/comm"), name);
  return name;
}

// /proc/locks, proc(5): "1: FLOCK  ADVISORY  WRITE 4711 fe:00:9979411 0 EOF": process, device (hexadecimal) and inode. A line of a
// waiter has "->" behind its number, and does not parse. The holder's process; nothing if there is none to be seen.
std::optional<int> holder_of(const struct stat& file) {
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    int process = 0;
    unsigned major = 0, minor = 0;
    unsigned long inode = 0;
    if (std::sscanf(line.c_str(), "%*d: FLOCK %*s %*s %d %x:%x:%lu", &process, &major, &minor, &inode) != 4) continue;
    if (inode == file.st_ino && major == gnu_dev_major(file.st_dev) && minor == gnu_dev_minor(file.st_dev)) return process;
  }
  return {};
}

}  // namespace

std::string lock_holder(int fd) {
  struct stat file {};
  if (::fstat(fd, &file) != 0) return {};
  const auto process = holder_of(file);
  if (!process || *process <= 0) return {};  // of another process namespace
  const std::string name = command_of(*process);
  return "process " + std::to_string(*process) + (name.empty() ? "" : " (" + name + ")");
}

bool was_locked(const std::string& path) {
  struct stat file {};
  return ::stat(path.c_str(), &file) == 0 && holder_of(file).has_value();
}

}  // namespace pawl::io
