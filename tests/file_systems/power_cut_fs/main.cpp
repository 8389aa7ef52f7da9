// A file system in memory that can lose power and fail on command: power_cut_fs MOUNTPOINT, as root.
//
// It says "ready" when it is mounted. Then, by lines on standard input, each answered by one line:
//   cut SEED                        the power goes: from here on every operation fails with EIO
//   on                              mounted again, with what the cut left ("ready")
//   fail write|sync ERRNO TIMES     so many of the next ones fail so; 0 times: none any more
//   stall MS                        the next write is answered so much later
//   counters                        writes, syncs, directory syncs; sectors and changes that cuts have dropped
// The end of its input ends it.
#define FUSE_USE_VERSION 31
#include <fuse.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <mutex>
#include <sstream>
#include <thread>
#include <utility>

#include "volume.hpp"

namespace {

using pawl::test::Node;
using pawl::test::Volume;

struct Failing {
  int error_number = 0;
  std::uint64_t times = 0;

  // 0, or the error that strikes now.
  int strike() {
    if (times == 0) return 0;
    --times;
    return error_number;
  }
};

struct Machine {
  std::mutex mutex;
  Volume volume;
  bool powered = true;
  Failing write, sync;
  std::uint64_t stall_ms = 0;
};

Machine machine;

// Runs `operation` on what stands at `path`; -EIO without power, -ENOENT without anything there.
template <class Operation>
int on_node(const char* path, Operation operation) {
  const std::lock_guard hold(machine.mutex);
  if (!machine.powered) return -EIO;
  const std::shared_ptr<Node> node = machine.volume.find(path);
  return node ? operation(*node) : -ENOENT;
}

int get_attributes(const char* path, struct stat* status, fuse_file_info*) {
  return on_node(path, [&](const Node& node) {
    *status = {};
    status->st_mode = (node.is_directory ? static_cast<mode_t>(S_IFDIR) : static_cast<mode_t>(S_IFREG)) | node.mode;
    status->st_nlink = node.is_directory ? 2 : 1;
    status->st_size = static_cast<off_t>(node.seen.size());
    status->st_blocks = static_cast<blkcnt_t>((node.seen.size() + 511) / 512);
    return 0;
  });
}

int read_directory(const char* path, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*, fuse_readdir_flags) {
  return on_node(path, [&](const Node& node) {
    for (const auto& [name, entry] : node.entries) fill(buffer, name.c_str(), nullptr, 0, static_cast<fuse_fill_dir_flags>(0));
    return 0;
  });
}

int make(const char* path, mode_t mode, bool is_directory) {
  const std::lock_guard hold(machine.mutex);
  if (!machine.powered) return -EIO;
  if (machine.volume.find(path)) return -EEXIST;
  machine.volume.create(path, mode & 0777U, is_directory);
  return 0;
}
int make_directory(const char* path, mode_t mode) { return make(path, mode, true); }
int create(const char* path, mode_t mode, fuse_file_info*) { return make(path, mode, false); }

int remove(const char* path) {
  return on_node(path, [&](const Node& node) {
    if (!node.entries.empty()) return -ENOTEMPTY;
    machine.volume.remove(path);
    return 0;
  });
}

int rename(const char* from, const char* to, unsigned flags) {
  if (flags != 0) return -EINVAL;
  return on_node(from, [&](const Node&) {
    machine.volume.rename(from, to);
    return 0;
  });
}

int open(const char* path, fuse_file_info*) {
  return on_node(path, [](const Node&) { return 0; });
}

int read(const char* path, char* into, std::size_t bytes, off_t offset, fuse_file_info*) {
  return on_node(path, [&](const Node& node) {
    const auto from = static_cast<std::uint64_t>(offset);
    if (from >= node.seen.size()) return 0;
    bytes = std::min<std::uint64_t>(bytes, node.seen.size() - from);
    node.seen.read(from, {into, bytes});
    return static_cast<int>(bytes);
  });
}

void stall() {
  std::uint64_t ms = 0;
  {
    const std::lock_guard hold(machine.mutex);
    ms = std::exchange(machine.stall_ms, 0);
  }
  if (ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

int write(const char* path, const char* from, std::size_t bytes, off_t offset, fuse_file_info*) {
  stall();
  return on_node(path, [&](Node& node) {
    if (const int error = machine.write.strike(); error != 0) return -error;
    machine.volume.write(node, static_cast<std::uint64_t>(offset), {from, bytes});
    return static_cast<int>(bytes);
  });
}

int truncate(const char* path, off_t bytes, fuse_file_info*) {
  return on_node(path, [&](Node& node) {
    machine.volume.resize(node, static_cast<std::uint64_t>(bytes));
    return 0;
  });
}

int sync(const char* path, int, fuse_file_info*) {
  return on_node(path, [&](Node& node) {
    if (const int error = machine.sync.strike(); error != 0) return -error;
    machine.volume.sync(node);
    return 0;
  });
}

fuse_operations operations() {
  fuse_operations all{};
  all.getattr = get_attributes;
  all.readdir = read_directory;
  all.mkdir = make_directory;
  all.create = create;
  all.unlink = remove;
  all.rmdir = remove;
  all.rename = rename;
  all.open = open;
  all.read = read;
  all.write = write;
  all.truncate = truncate;
  all.fsync = sync;
  all.fsyncdir = sync;
  return all;
}

// Mounts and serves until the mount is taken away. False: it could not be mounted, and has said why.
bool serve(const char* mountpoint) {
  const fuse_operations all = operations();
  std::array<char*, 2> words{const_cast<char*>("power_cut_fs"), nullptr};
  fuse_args arguments = FUSE_ARGS_INIT(1, words.data());
  fuse* session = fuse_new(&arguments, &all, sizeof all, nullptr);
  if (session == nullptr || fuse_mount(session, mountpoint) != 0) return false;
  std::puts("ready");
  std::fflush(stdout);
  fuse_loop(session);
  fuse_unmount(session);
  fuse_destroy(session);
  return true;
}

void fail_next(std::istringstream& words) {
  std::string operation, name;
  std::uint64_t times = 0;
  words >> operation >> name >> times;
  const int error_number = name == "EIO" ? EIO : name == "EAGAIN" ? EAGAIN : name == "EROFS" ? EROFS : name == "ENOSPC" ? ENOSPC : EINVAL;
  (operation == "write" ? machine.write : machine.sync) = {error_number, times};
}

// What to answer; empty: serve() does.
std::string obey(const std::string& line, const char* mountpoint) {
  const std::lock_guard hold(machine.mutex);
  std::istringstream words(line);
  std::string command;
  std::uint64_t number = 0;
  words >> command;
  if (command == "fail") {
    fail_next(words);
    return "ok";
  }
  words >> number;
  if (command == "cut") {
    machine.powered = false;
    machine.volume.cut(number);
    return "ok";
  }
  if (command == "on") {
    machine.powered = true;
    machine.write = machine.sync = {};
    return ::umount2(mountpoint, MNT_DETACH) == 0 ? "" : "cannot unmount: " + std::string(std::strerror(errno));
  }
  if (command == "stall") machine.stall_ms = number;
  const Volume::Counters& counters = machine.volume.counters();
  std::ostringstream answer;
  answer << counters.writes << " " << counters.syncs << " " << counters.directory_syncs << " " << counters.dropped_sectors << " " << counters.dropped_changes;
  return answer.str();
}

void take_commands(const char* mountpoint) {
  for (std::string line; std::getline(std::cin, line);) {
    const std::string answer = obey(line, mountpoint);
    if (answer.empty()) continue;
    std::puts(answer.c_str());
    std::fflush(stdout);
  }
  ::umount2(mountpoint, MNT_DETACH);
  std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: power_cut_fs MOUNTPOINT\n", stderr);
    return 64;
  }
  std::thread(take_commands, argv[1]).detach();
  while (serve(argv[1])) continue;
  return 74;
}
