#include "pawl/io/lock_holder.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdio>
#include <fstream>

namespace pawl::io {
namespace {

std::string command_of(int process) {
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(process) + "/comm"), name);
  return name;
}

}  // namespace

// /proc/locks, proc(5): "1: FLOCK  ADVISORY  WRITE 4711 fe:00:9979411 0 EOF": process, device (hexadecimal) and inode. A line of a
// waiter has "->" behind its number, and does not parse.
std::string lock_holder(int fd) {
  struct stat file {};
  if (::fstat(fd, &file) != 0) return {};
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    int process = 0;
    unsigned major = 0, minor = 0;
    unsigned long inode = 0;
    if (std::sscanf(line.c_str(), "%*d: FLOCK %*s %*s %d %x:%x:%lu", &process, &major, &minor, &inode) != 4) continue;
    if (inode != file.st_ino || major != gnu_dev_major(file.st_dev) || minor != gnu_dev_minor(file.st_dev)) continue;
    if (process <= 0) return {};  // of another process namespace
    const std::string name = command_of(process);
    return "process " + std::to_string(process) + (name.empty() ? "" : " (" + name + ")");
  }
  return {};
}

}  // namespace pawl::io
