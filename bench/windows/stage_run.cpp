#include "windows/stage_run.hpp"

#include <algorithm>
#include <ctime>

#include "harness/fail.hpp"
#include "harness/random.hpp"

namespace pawl::bench {
namespace {

constexpr std::uint64_t cents = 20'000, frauds_in = 100;

Payment draw(std::uint64_t& random, const Stream& stream) {
  const auto below = [&](std::uint64_t bound) { return static_cast<std::int64_t>(next_random(random) % bound); };
  const std::int64_t customer = below(stream.customers), terminal = below(stream.terminals), amount = below(cents);
  return {customer, terminal, amount, below(frauds_in) == 0};
}

std::size_t columns_of(const std::vector<window::FeatureSpec>& features) {
  std::size_t end = 1;
  for (const auto& feature : features) end = std::max<std::size_t>(end, feature.column + feature.columns());
  return end;
}

window::StateLimits limits_of(const Stream& stream) {
  return {.keys_max = std::max(stream.customers, stream.terminals), .entries_max = static_cast<std::uint64_t>(stream.events) + 1024};
}

io::Region map(std::size_t bytes, bool prefault) {
  return or_fail(io::Region::map({.bytes = bytes, .best_pages = io::Pages::transparent_huge, .prefault = prefault}));
}

// What a reading of the processor's clock, a system call, adds to a turn between two of them: half a nanosecond for each of a thousand events. The least of some.
double clock_seconds() {
  double least = 1;
  for (int i = 0; i < 100; ++i) {
    const double start = processor_seconds();
    least = std::min(least, processor_seconds() - start);
  }
  return least;
}

}  // namespace

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::vector<window::FeatureSpec> features_of(const language::Pipeline& pipeline) {
  std::vector<window::FeatureSpec> features;
  std::uint32_t column = 0;
  for (const language::Let& let : pipeline.lets) {
    features.push_back({let.expr->aggregate.get(), let.expr->type, column});
    column += features.back().columns();
  }
  return features;
}

Time Stream::at(Sequence sequence) const {
  auto random = static_cast<std::uint64_t>(sequence);
  const bool late = late_in != 0 && sequence != events - 1 && next_random(random) % late_in == 0;
  return sequence * step - (late ? static_cast<Duration>(next_random(random) % static_cast<std::uint64_t>(late_by)) : 0);
}

LastValues last_values(const Stream& stream, const language::Aggregate& aggregate) {
  std::uint64_t random = 1;
  std::vector<std::pair<std::int64_t, std::int64_t>> payments;  // customer, amount
  payments.reserve(static_cast<std::size_t>(stream.events));
  for (std::int64_t i = 0; i < stream.events; ++i) {
    const Payment drawn = draw(random, stream);
    payments.emplace_back(drawn.customer, drawn.amount);
  }
  LastValues last;
  const Time now = stream.at(stream.events - 1);
  for (std::int64_t i = stream.events - 1; i >= 0 && i * stream.step > now - aggregate.width; --i) {
    const auto& [customer, amount] = payments[static_cast<std::size_t>(i)];
    if (customer != payments.back().first || stream.at(i) <= now - aggregate.width) continue;
    ++last.count;
    last.sum += amount;
    last.greatest = std::max(last.greatest, amount);
  }
  return last;
}

WindowsRun::WindowsRun(const language::Pipeline& pipeline, std::vector<window::FeatureSpec> features, const window::StateLimits& limits)
    : schema_(pipeline.events[0]), features_(std::move(features)), slot_bytes_(slot_bytes(schema_.payload_bytes)),
      ring_(map(slots * slot_bytes_, true)), state_(map(or_fail(window::memory_bytes(pipeline, features_, limits)), false)),
      columns_(columns_of(features_)), cells_(map(state::Tiles::memory_bytes(columns_, tile_count), true)), tiles_(cells_.bytes(), columns_, tile_count),
      windows_(or_fail(window::Windows::make(pipeline, features_, limits, state_.bytes()))) {}

StageRun::StageRun(const language::Pipeline& pipeline, std::vector<window::FeatureSpec> features, const Stream& stream)
    : stream_(stream), run_(pipeline, std::move(features), limits_of(stream)) {}

void StageRun::write(Sequence sequence) { write(sequence, draw(random_, stream_)); }

void StageRun::write(Sequence sequence, const Payment& payment) {
  std::byte* const slot = run_.slot(sequence);
  const EventSchema& schema = run_.schema();
  begin_event(schema, slot);
  write_number(schema, slot, 0, sequence);
  write_number(schema, slot, 1, stream_.at(sequence));
  write_number(schema, slot, 2, payment.customer);
  write_number(schema, slot, 3, payment.terminal);
  write_number(schema, slot, 4, payment.amount);
  write_number(schema, slot, 5, payment.fraud);
}

// Seconds of processor time for the events of [first, end).
double StageRun::process(Sequence first, Sequence end, Sequence batch) {
  constexpr Sequence written_ahead = 1024;
  const double clock = clock_seconds();
  double seconds = 0;
  for (; first < end; first += written_ahead) {
    const Sequence written = std::min(first + written_ahead, end);
    for (Sequence s = first; s < written; ++s) write(s);
    const double start = processor_seconds();
    for (Sequence s = first; s < written; s += batch) run_.process(s, std::min(s + batch, written) - 1);
    seconds += processor_seconds() - start - clock;
  }
  return seconds;
}

std::int64_t StageRun::add_amount(Sequence sequence, std::int64_t amount) {
  write(sequence, {.amount = amount});
  run_.process(sequence, sequence);
  return run_.cell(run_.column(0), sequence);
}

StageRun::Cost StageRun::run() {
  const Sequence warm = stream_.events - stream_.measured, middle = warm + stream_.measured / 2;
  process(0, warm, 256);
  const double batched = process(warm, middle, 256);
  const double singly = process(middle, stream_.events, 1);
  return {batched * 1e9 / static_cast<double>(middle - warm), singly * 1e9 / static_cast<double>(stream_.events - middle)};
}

double bare_lines_ns(std::uint64_t keys, std::size_t near, std::size_t far, std::uint64_t far_lines, std::int64_t events) {
  constexpr std::size_t ahead = 32, line_bytes = 64;
  const io::Region records = map(keys * near * line_bytes, true);
  const io::Region entries = map(far_lines * line_bytes, true);
  std::vector<std::byte*> waiting((near + far) * ahead, records.bytes().data());
  std::uint64_t random = 1;
  const double start = processor_seconds();
  for (std::int64_t i = 0; i < events; ++i) {
    std::byte** const mine = waiting.data() + static_cast<std::size_t>(i) % ahead * (near + far);
    for (std::size_t n = 0; n < near + far; ++n) ++*reinterpret_cast<std::uint64_t*>(mine[n]);
    std::byte* const record = records.bytes().data() + next_random(random) % keys * near * line_bytes;
    for (std::size_t n = 0; n < near; ++n) __builtin_prefetch(mine[n] = record + n * line_bytes, 1);
    for (std::size_t n = near; n < near + far; ++n) {
      __builtin_prefetch(mine[n] = entries.bytes().data() + next_random(random) % far_lines * line_bytes, 1);
    }
  }
  return (processor_seconds() - start) * 1e9 / static_cast<double>(events);
}

}  // namespace pawl::bench
