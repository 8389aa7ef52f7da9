// Faults that a simulated disk shall have, and when.
#pragma once

#include <cerrno>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace pawl::io {

enum class Operation { open, read, write, sync, truncate, lock, list, make_directory, rename, remove, sync_directory, any };

struct Fault {
  static constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();
  enum class Kind {
    error,       // fails with error_number. EIO of a write: any of its sectors may have changed; others change nothing
    short_count,  // a write or read of `amount` bytes only
    lost,        // a write that says it is done, and is not
    misdirected,  // a write that lands `amount` bytes further on
  };
  Kind kind = Kind::error;
  Operation operation = Operation::any;
  std::string path_part = {};  // only where the path contains this; empty: everywhere
  std::uint64_t after = 0;   // so many matching operations go well first
  std::uint64_t times = 1;   // so many then fail
  int error_number = EIO;
  std::uint64_t amount = 0;  // bytes
};

// One by one through operations, in order; the first fault that strikes is taken. Thread: one.
class FaultPlan {
 public:
  void add(Fault fault) { faults_.push_back(std::move(fault)); }
  void clear() { faults_.clear(); }
  // Counts the operation, and tells the fault that strikes it.
  std::optional<Fault> strike(Operation operation, const std::string& path);

 private:
  std::vector<Fault> faults_;
};

}  // namespace pawl::io
