// What the databases beside the journal have in common: the records they store, how those are checked when read back, and the frame of a run.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace pawl::bench {

struct StoreOptions {
  std::int64_t events = 1'000'000;
  std::size_t payload_bytes = 24;
  std::int64_t batch = 16'384;  // events of one group commit
  std::string directory = ".";  // exists and is empty
};

// Word j of record i is i + j. A record is as long as ours without CRC, length and flags: the payload and 32 bytes.
class StoreRecords {
 public:
  explicit StoreRecords(const StoreOptions& options);

  [[nodiscard]] std::int64_t events() const { return events_; }
  // The bytes of record `index`; valid until the next call.
  [[nodiscard]] std::span<const char> record(std::int64_t index);

  // What comes back, in order. Fails when a record is not the next one.
  void check(std::int64_t index, std::span<const char> record);
  // Fails unless all came back, with the right sum of all words.
  void check_end() const;

 private:
  std::int64_t events_;
  std::vector<std::uint64_t> words_;
  std::int64_t checked_ = 0;
  std::uint64_t total_ = 0;
};

// Of `body`, which takes all records.
[[nodiscard]] double events_per_second(const StoreRecords& records, const std::function<void()>& body);

// One level of durability of one store. `write` takes a path at which nothing is yet, `read` the same later. Both give events per second, of
// writing until the last commit has returned, and of reading alone: opening and closing do not count.
struct StoreLevel {
  std::string durability;  // disk, os
  std::string how;         // what of the store's settings gives it
  std::function<double(const std::string& path, StoreRecords& records, std::int64_t batch)> write;
  std::function<double(const std::string& path, StoreRecords& records)> read;
};

// Parses the command line of bench/peers/external.hpp, writes and reads back each level, and prints its figures.
int run_stores(int argc, char** argv, const std::string& name, const std::string& version, const std::vector<StoreLevel>& levels);

}  // namespace pawl::bench
