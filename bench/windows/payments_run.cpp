#include "windows/payments_run.hpp"

#include <algorithm>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "windows/stage_run.hpp"

namespace pawl::bench {
namespace {

constexpr std::size_t tile_count = 4;

language::Checked check(const std::string& lets) {
  language::Checked checked =
      language::check("pipeline \"payments\" version 1\nevent Payment { id: int, at: time, customer: int, terminal: int, amount: money, fraud: bool }\n" + lets, "payments");
  if (!checked.pipeline) fail("the lets over payments do not check: " + checked.diagnostics.front().message);
  return checked;
}

gen::PaymentSource prepared(const EventSchema& schema, const gen::PaymentOptions& options, std::int64_t payments) {
  auto source = or_fail(gen::PaymentSource::make(schema, options, payments));
  source.prepare(payments);
  return source;
}

std::size_t columns_in(const std::vector<window::FeatureSpec>& features) { return features.back().column + features.back().columns(); }

io::Region map(std::size_t bytes) { return or_fail(io::Region::map({.bytes = bytes, .best_pages = io::Pages::transparent_huge, .prefault = true})); }

}  // namespace

gen::PaymentOptions fifty_days(std::int64_t payments) {
  const auto per_day = static_cast<std::uint32_t>(payments / 50);
  return {.payments_per_day = per_day, .customers = per_day / 2, .terminals = per_day};
}

PaymentsRun::PaymentsRun(const std::string& lets, std::int64_t payments)
    : options_(fifty_days(payments)), checked_(check(lets)), features_(features_of(*checked_.pipeline)), payments_(prepared(schema(), options_, payments)), count_(payments),
      slot_bytes_(slot_bytes(schema().payload_bytes)), ring_(map(batch * slot_bytes_)),
      cells_(map(state::Tiles::memory_bytes(columns_in(features_), tile_count))), tiles_(cells_.bytes(), columns_in(features_), tile_count) {
  static_assert(tile_count * limits::tile_events == batch);
}

double PaymentsRun::pass(const std::function<void(Sequence, Sequence)>& seen) {
  const window::StateLimits limits{.keys_max = std::max(options_.customers, options_.terminals), .entries_max = static_cast<std::uint64_t>(count_) + 1024};
  const io::Region state = map(or_fail(window::memory_bytes(*checked_.pipeline, features_, limits)));
  window::Windows windows = or_fail(window::Windows::make(*checked_.pipeline, features_, limits, state.bytes()));
  gen::PaymentSource payments = payments_;
  const std::int64_t start = now_ns();
  for (Sequence first = 0; first < count_; first += batch) {
    const Sequence end = std::min(first + batch, count_);
    for (Sequence s = first; s < end; ++s) payments.next(ring_.bytes().data() + static_cast<std::size_t>(s % batch) * slot_bytes_);
    windows.process(slots(), first, end - 1, tiles_);
    seen(first, end);
  }
  return seconds_since(start);
}

}  // namespace pawl::bench
