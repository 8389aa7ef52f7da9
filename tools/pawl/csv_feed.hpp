// A CSV file as a polled source of the engine; ends with a tick at the largest effective time.
#pragma once

#include <optional>

#include "csv/source.hpp"
#include "pawl/core/engine/source.hpp"

namespace pawl::tools {

// Thread: the sequence stage's; the results once the engine is closed.
class CsvFeed final : public InputSource {
 public:
  CsvFeed(csv::Source source, std::uint16_t number, Ticket first_ticket) : rows_(std::move(source)), number_(number), ticket_(first_ticket) {}

  std::int64_t fill(const SlotRun& run) override;
  [[nodiscard]] bool finished() override { return ended_; }
  [[nodiscard]] std::uint16_t number() const override { return number_; }

  // The first bad row, or what is wrong with the input.
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }
  [[nodiscard]] const csv::Source& rows() const noexcept { return rows_; }
  // Reports of skipped rows, the first few of them.
  [[nodiscard]] const std::vector<std::string>& bad_rows() const noexcept { return bad_rows_; }

 private:
  static constexpr std::size_t reports_max = 100;
  void wait_a_little();

  csv::Source rows_;
  std::uint16_t number_;
  Ticket ticket_;
  Time latest_ = INT64_MIN;
  int polls_without_input_ = 0;
  bool ended_ = false;
  std::optional<Error> error_;
  std::vector<std::string> bad_rows_;
};

}  // namespace pawl::tools
