// What `pawl doctor` says about this machine: each finding with what is lost by it and how to cure it.
#pragma once

#include <string>
#include <vector>

#include "pawl/io/cpus.hpp"

namespace pawl::io {

struct Finding {
  enum class Status { ok, warn, bad };  // bad: Pawl does not keep its promises here, or not the ones asked for
  std::string name;                     // "io_uring"
  Status status = Status::ok;
  std::string found = {};               // what is there
  std::string lost = {};                // what that costs; empty if ok
  std::string cure = {};                // the command or setting that changes it; empty if ok
};

// Every check, in the order of the functions below. `directory`: where a journal is or would be. Thread: any. Writes a small file there
// and removes it.
[[nodiscard]] std::vector<Finding> examine_machine(const std::string& directory);

// One by one. `root` is "" for the real machine, or a directory with files of another one: for tests.
[[nodiscard]] Finding examine_cpus(const CpuSet& set);
[[nodiscard]] Finding examine_huge_pages(const std::string& root = "");
[[nodiscard]] Finding examine_locked_memory(std::size_t needed_bytes);
[[nodiscard]] Finding examine_io_uring(const std::string& obstacle);  // as of io_uring_obstacle()
[[nodiscard]] Finding examine_priority(const CpuSet& set, bool allowed);  // as of prompt_threads_go_first()
[[nodiscard]] Finding examine_direct_io(const std::string& directory);
[[nodiscard]] Finding examine_file_system(const std::string& directory);
[[nodiscard]] Finding examine_clock(const std::string& root = "");
[[nodiscard]] Finding examine_write_cache(const std::string& directory);

// Of a file system by the magic number of statfs(2): its name, and what it does to a journal.
[[nodiscard]] Finding judge_file_system(std::int64_t magic);

}  // namespace pawl::io
