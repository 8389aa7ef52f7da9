// Figures of a journal's content, taken block by block.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pawl/core/base/histogram.hpp"
#include "pawl/journal/segment_reader.hpp"
#include "pawl/log/decoder.hpp"

namespace pawl::tools {

struct Count {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of records, without the blocks around them

  void add(std::size_t record_bytes) noexcept {
    ++records;
    bytes += record_bytes;
  }
};

// How many inputs came when, by ingest time: buckets of equal width, a whole number of seconds, which doubles as the journal gets longer.
class Rates {
 public:
  void add(Time at);

  struct Bucket {
    Time from;
    std::uint64_t inputs;
  };
  [[nodiscard]] Duration width() const noexcept { return width_; }
  // Those with inputs, rising.
  [[nodiscard]] std::vector<Bucket> buckets() const;
  // The same in at most so many rows.
  [[nodiscard]] Rates coarse(std::size_t rows_max) const;

 private:
  static constexpr std::size_t buckets_max = 4096;
  void widen();

  Duration width_ = one_second;
  std::map<std::int64_t, std::uint64_t> counts_;  // by floor(time / width)
};

// Thread: one.
class Statistics {
 public:
  // Each block in order, with its records.
  void add(const journal::BlockView& block, Decoder& decoder);

  static constexpr std::size_t size_classes = 9;  // 4 KiB, up to 8 KiB, ... up to 1 MiB
  static constexpr std::size_t block_kinds = 5;   // BlockKind from 1; seals of segments do not come by

  std::map<std::string, Count> inputs;                 // by type of event
  std::map<std::string, std::uint64_t> sources;        // inputs by source
  std::map<std::uint16_t, Count> annotations;          // by AnnotationType
  std::array<Count, block_kinds> blocks;               // by kind; bytes: as they stand in the file
  std::array<std::uint64_t, size_classes> data_sizes{};  // data blocks by size
  std::uint64_t padding_bytes = 0;
  Histogram inputs_per_block;    // of data blocks
  Histogram submitted_after_ns;  // of inputs: from sequencing to the submission of their block
  Histogram block_after_ns;      // from one block's submission to the next one's: while busy, one write with its sync
  Rates rates;
  Sequence first_sequence = 0, last_sequence = no_sequence;
  Time first_time = 0, last_time = 0;  // of blocks

 private:
  void add_input(journal::Record record, const journal::BlockHeader& block, Decoder& decoder);

  Time last_data_time_ = 0;
};

// One page; or one object of JSON.
[[nodiscard]] std::string to_text(const Statistics& statistics, const std::string& directory);
[[nodiscard]] std::string to_json(const Statistics& statistics);

}  // namespace pawl::tools
