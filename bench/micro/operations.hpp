// The small operations that the data path is made of, each on one thread with warm caches: measured in time by micro (Google Benchmark)
// and in instructions by instructions (callgrind).
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace pawl::bench {

struct Operation {
  std::string name;
  std::int64_t items = 1;                 // events, records or bytes that one call handles
  std::string item = "event";
  std::function<void()> prepare = {};     // not measured; before each call
  std::function<void()> run = {};
};

// How to make each operation's state: only those that are asked for take memory.
struct OperationMaker {
  std::string name;
  Operation (*make)(const std::string& name);
};
[[nodiscard]] const std::vector<OperationMaker>& operations();

}  // namespace pawl::bench
