// A log in memory for tests: slots as the ring would hold them, sequence 0 the ACTIVATE, and the same events as CSV text.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "pawl/core/event/slot_view.hpp"
#include "pawl/core/language/pipeline.hpp"
#include "tests/twin/value.hpp"

namespace pawl::twin {

class Log {
 public:
  // The pipeline outlives the log.
  explicit Log(const language::Pipeline& pipeline);

  // A new event with every field missing and `at` set; its slot is valid until the next append.
  std::byte* append(std::size_t event, Time at);
  void append_tick(Time at);
  // A copy of an input of another log of the same pipeline.
  void append_copy(const Log& other, Sequence sequence);

  [[nodiscard]] Sequence last() const { return size_ - 1; }  // sequences 0 .. last()
  [[nodiscard]] const std::byte* slot(Sequence sequence) const { return bytes(static_cast<std::size_t>(sequence)); }
  [[nodiscard]] const EventHeader& header(Sequence sequence) const { return *reinterpret_cast<const EventHeader*>(slot(sequence)); }
  [[nodiscard]] std::size_t slot_bytes() const { return slot_bytes_; }
  [[nodiscard]] const language::Pipeline& pipeline() const { return *pipeline_; }
  // Of the whole log, as one large ring. Valid until the next append.
  [[nodiscard]] SlotView view() const { return {bytes(0), slot_bytes_, static_cast<Sequence>(capacity_) - 1}; }

  // Header row and one row for each event of the type; what the command reads with `--event`. The log must hold no empty text, which
  // CSV cannot tell from a missing one.
  [[nodiscard]] std::string to_csv(std::size_t event) const;
  // One input in one line, for reports.
  [[nodiscard]] std::string describe(Sequence sequence) const;

 private:
  struct alignas(64) Line { std::byte bytes[64]; };

  [[nodiscard]] std::byte* bytes(std::size_t slot) { return storage_.data()->bytes + slot * slot_bytes_; }
  [[nodiscard]] const std::byte* bytes(std::size_t slot) const { return storage_.data()->bytes + slot * slot_bytes_; }
  std::byte* append_slot();

  const language::Pipeline* pipeline_;
  std::size_t slot_bytes_ = 0;
  std::size_t capacity_ = 0;  // slots; a power of two
  Sequence size_ = 0;
  std::vector<Line> storage_;
};

}  // namespace pawl::twin
