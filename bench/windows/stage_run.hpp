// The windows stage alone, over a synthetic stream: one thread, slots written just before they are read, as an engine under load sees it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pawl/core/language/check.hpp"
#include "pawl/core/window/windows.hpp"
#include "pawl/io/memory.hpp"

namespace pawl::bench {

// Payments, `step` apart, with customers and terminals drawn uniformly.
struct Stream {
  std::string pipeline;  // text; lets that are aggregates, nothing else. The first let is a count, the second a sum, of the same window
  std::uint64_t customers = 1, terminals = 1;
  Duration step = one_second;
  std::int64_t events = 0;
  std::int64_t measured = 0;  // the last so many
  std::uint64_t late_in = 0;  // one payment in so many but the last is late, by up to late_by; 0: none is
  Duration late_by = 0;

  // When the payment happened.
  [[nodiscard]] Time at(Sequence sequence) const;
};

// Each let's aggregate, with columns one behind the other.
[[nodiscard]] std::vector<window::FeatureSpec> features_of(const language::Pipeline& pipeline);

// What windows of the aggregate's span per customer must say at the last event, by the definition. REQUIRES: payments may be as late as they are.
struct LastValues { std::int64_t count = 0, sum = 0, greatest = 0; };
[[nodiscard]] LastValues last_values(const Stream& stream, const language::Aggregate& aggregate);

struct Payment {
  std::int64_t customer = 0, terminal = 0, amount = 0;
  bool fraud = false;
};

// Windows with slots and tiles of their own, on this thread.
class WindowsRun {
 public:
  static constexpr std::size_t slots = 4096, tile_count = 16;

  // The pipeline outlives it. Its events are of one type, whose features these are.
  WindowsRun(const language::Pipeline& pipeline, std::vector<window::FeatureSpec> features, const window::StateLimits& limits);

  [[nodiscard]] const EventSchema& schema() const { return schema_; }
  [[nodiscard]] std::byte* slot(Sequence sequence) { return ring_.bytes().data() + static_cast<std::size_t>(sequence) % slots * slot_bytes_; }
  void process(Sequence first, Sequence last) { windows_.process({ring_.bytes().data(), slot_bytes_, slots - 1}, first, last, tiles_); }
  // The feature in a column at an event; of a ratio the next column has the denominator.
  [[nodiscard]] std::int64_t cell(std::uint32_t column, Sequence sequence) const { return tiles_.numbers(column, sequence)[static_cast<std::size_t>(sequence) % 64]; }
  [[nodiscard]] bool present(std::uint32_t column, Sequence sequence) const { return tiles_.valid(column, sequence)[static_cast<std::size_t>(sequence) % 64] != 0; }
  [[nodiscard]] std::uint32_t column(std::size_t feature) const { return features_[feature].column; }

 private:
  const EventSchema& schema_;
  std::vector<window::FeatureSpec> features_;
  std::size_t slot_bytes_;
  io::Region ring_, state_;
  std::size_t columns_;
  io::Region cells_;
  state::Tiles tiles_;
  window::Windows windows_;
};

// Time this thread had a processor: on a busy machine the nearest to what it would take on an idle one.
[[nodiscard]] double processor_seconds();

class StageRun {
 public:
  // Pipeline and stream outlive it.
  StageRun(const language::Pipeline& pipeline, std::vector<window::FeatureSpec> features, const Stream& stream);

  // ns of processor time per event: in batches of 256 for the first half of the measured events, one by one for the second.
  struct Cost { double batched = 0, singly = 0; };
  Cost run();

  // In place of run(): takes in a payment of the amount, alone, and returns the first feature's value. REQUIRES: sequences from 0 on.
  std::int64_t add_amount(Sequence sequence, std::int64_t amount);

  [[nodiscard]] std::int64_t last_cell(std::uint32_t column) const { return run_.cell(column, stream_.events - 1); }

 private:
  void write(Sequence sequence);
  void write(Sequence sequence, const Payment& payment);
  double process(Sequence first, Sequence end, Sequence batch);

  const Stream& stream_;
  WindowsRun run_;
  std::uint64_t random_ = 1;
};

// K of this group: a bare loop over `near` neighbouring lines of one of `keys` records and `far` lines anywhere in `far_lines`, read and
// written, fetched 32 events ahead. ns of processor time per event.
[[nodiscard]] double bare_lines_ns(std::uint64_t keys, std::size_t near, std::size_t far, std::uint64_t far_lines, std::int64_t events);

}  // namespace pawl::bench
