// How to open a journal, and what its acks are worth.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/result.hpp"
#include "pawl/io/clock.hpp"
#include "pawl/io/disk.hpp"
#include "pawl/journal/hash.hpp"

namespace pawl::journal {

// What an ack means: survives a power cut; survives the death of the process, not of the system; survives nothing.
enum class Durability : std::uint32_t { disk = 0, os = 1, memory = 2 };

[[nodiscard]] std::string_view name(Durability durability) noexcept;

struct Options {
  std::string directory;
  Durability durability = Durability::disk;
  BodyHash body_hash = BodyHash::xxh3_128;
  Duration seal_after = 2'000'000;  // idle time after which a small block witnesses the last one
  bool check_records = true;        // check each record's CRC again before it is written: memory damage stops here

  // Fixed when the journal is created, read from CONTROL afterwards. Bytes; multiples of 4096.
  std::uint64_t segment_bytes = limits::segment_bytes_default;  // at least 4 blocks
  std::uint32_t block_bytes_max = limits::block_bytes_max;      // also bounds the pipeline's text: half of it

  // REQUIRES (unless durability is memory): both live longer than the journal.
  io::Disk* disk = nullptr;
  io::Clock* clock = nullptr;
  // Of database ids and secrets. The simulator gives a seeded one.
  void (*random)(std::span<std::byte> into) = random_bytes;
};

// ErrorCode::usage, naming every contradiction at once.
[[nodiscard]] Result<void> check(const Options& options);

}  // namespace pawl::journal
