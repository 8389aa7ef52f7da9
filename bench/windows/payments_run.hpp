// Our windows over generated payments, which other engines get as a file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gen/payments.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/window/windows.hpp"
#include "pawl/io/memory.hpp"

namespace pawl::bench {

// About 50 days of payments, whatever their number, so that all windows fill and empty. REQUIRES: 1,000 to 50 million.
[[nodiscard]] gen::PaymentOptions fifty_days(std::int64_t payments);

class PaymentsRun {
 public:
  // `lets`: text of a pipeline's lets, each an aggregate over Payment. All payments, of fifty_days(), are made now.
  PaymentsRun(const std::string& lets, std::int64_t payments);

  // One pass of fresh windows over all payments, from memory through slots, in batches on this thread. Calls seen(first, end) for each
  // batch [first, end), when its values can be read. Returns seconds.
  double pass(const std::function<void(Sequence, Sequence)>& seen);

  [[nodiscard]] std::size_t features() const { return features_.size(); }
  [[nodiscard]] const std::string& name(std::size_t feature) const { return checked_.pipeline->lets[feature].name; }
  [[nodiscard]] bool is_ratio(std::size_t feature) const { return features_[feature].type.ratio; }

  // Of the batch at hand; 0 if missing. Of a ratio the numerator.
  [[nodiscard]] std::int64_t number(std::size_t feature, Sequence s) const { return cell(features_[feature].column, s); }
  [[nodiscard]] std::int64_t denominator(std::size_t feature, Sequence s) const { return cell(features_[feature].column + 1, s); }
  [[nodiscard]] bool present(std::size_t feature, Sequence s) const { return tiles_.valid(features_[feature].column, s)[s % 64] != 0; }
  // A field of the payment itself.
  [[nodiscard]] std::int64_t field(std::size_t index, Sequence s) const { return read_number(schema(), slots()[s], index); }

 private:
  static constexpr Sequence batch = 256;  // as many slots, and tiles for them

  [[nodiscard]] const EventSchema& schema() const { return checked_.pipeline->events[0]; }
  [[nodiscard]] SlotView slots() const { return {ring_.bytes().data(), slot_bytes_, batch - 1}; }
  [[nodiscard]] std::int64_t cell(std::uint32_t column, Sequence s) const { return tiles_.numbers(column, s)[s % 64]; }

  gen::PaymentOptions options_;
  language::Checked checked_;
  std::vector<window::FeatureSpec> features_;
  gen::PaymentSource payments_;
  std::int64_t count_;
  std::size_t slot_bytes_;
  io::Region ring_, cells_;
  state::Tiles tiles_;
};

}  // namespace pawl::bench
