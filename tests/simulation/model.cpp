#include "model.hpp"

#include <algorithm>
#include <cstring>

#include "pawl/core/base/assert.hpp"

namespace pawl::simulation {
namespace {

constexpr std::size_t tile = limits::tile_events;

std::int64_t number_of(const twin::Datum& datum) { return static_cast<std::int64_t>(boost::multiprecision::numerator(datum.number)); }

// Of a pipeline without policy, whose patterns have one number as their key.
void absorb_timed(rules::ChainedHash& hash, std::span<const twin::Outcome> outcomes) {
  for (const twin::Outcome& outcome : outcomes) {
    for (std::size_t i = 0; i < outcome.timed.size(); ++i) {
      const twin::Timed& timed = outcome.timed[i];
      const std::int64_t words[] = {outcome.sequence, timed.first_sequence, static_cast<std::int64_t>(timed.score)};
      const std::uint32_t halves[] = {static_cast<std::uint32_t>(i + 1), static_cast<std::uint32_t>(timed.rule)};
      const std::uint8_t bytes[8] = {timed.fired, timed.missing, timed.suppressed, timed.shadow, 0, 0, 0, 0};
      const std::int64_t key = number_of(timed.key[0]);
      hash.absorb(words, sizeof words);
      hash.absorb(halves, sizeof halves);
      hash.absorb(bytes, sizeof bytes);
      hash.absorb(&key, sizeof key);
    }
  }
}

// The canonical bytes of one tile, for a pipeline whose lets are all numbers.
void absorb(rules::ChainedHash& hash, const language::Pipeline& pipeline, std::span<const twin::Outcome> outcomes) {
  absorb_timed(hash, outcomes);
  const std::size_t lets = pipeline.lets.size(), rule_count = pipeline.rules.size();
  std::vector<std::uint64_t> masks(1 + lets + 2 * rule_count);
  std::vector<std::vector<std::int64_t>> cells(lets, std::vector<std::int64_t>(outcomes.size()));
  std::vector<std::int64_t> scores(outcomes.size());
  bool any_fired = false;
  for (std::size_t lane = 0; lane < outcomes.size(); ++lane) {
    const twin::Outcome& outcome = outcomes[lane];
    const std::uint64_t bit = std::uint64_t{1} << lane;
    if (!outcome.is_event) continue;
    masks[0] |= bit;
    for (std::size_t let = 0; let < lets; ++let) {
      if (outcome.lets[let].missing) continue;
      masks[1 + let] |= bit;
      cells[let][lane] = number_of(outcome.lets[let]);
    }
    for (const std::size_t rule : outcome.fired) masks[1 + lets + 2 * rule] |= bit;
    for (const std::size_t rule : outcome.missing) masks[2 + lets + 2 * rule] |= bit;
    any_fired = any_fired || !outcome.fired.empty();
    scores[lane] = static_cast<std::int64_t>(outcome.score);
  }
  hash.absorb(masks.data(), masks.size() * sizeof masks[0]);
  for (const auto& column : cells) hash.absorb(column.data(), column.size() * sizeof column[0]);
  if (any_fired) hash.absorb(scores.data(), scores.size() * sizeof scores[0]);
}

std::vector<Judged> judge(const twin::Outcome& outcome) {
  std::vector<Judged> decisions;
  if (outcome.is_event) {
    Judged& judged = decisions.emplace_back(Judged{.output = 0, .score = static_cast<std::int64_t>(outcome.score)});
    for (const std::size_t rule : outcome.fired) judged.fired |= std::uint64_t{1} << rule;
  }
  for (const twin::Timed& timed : outcome.timed) {
    const auto output = static_cast<std::uint32_t>(decisions.size() + (outcome.is_event ? 0 : 1));
    decisions.push_back({.output = output, .fired = std::uint64_t{timed.fired} << timed.rule, .score = static_cast<std::int64_t>(timed.score), .first = timed.first_sequence});
  }
  return decisions;
}

}  // namespace

Model run_model(const language::Pipeline& pipeline, std::span<const std::vector<std::byte>> records, std::int64_t interval) {
  twin::Log log(pipeline);
  twin::Engine twin(pipeline);
  Model model;
  std::vector<twin::Outcome> outcomes;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i > 0) {
      std::byte* slot = log.append(0, 0);
      PAWL_ASSERT(records[i].size() <= log.slot_bytes() - record_offset);
      std::memcpy(slot + record_offset, records[i].data(), records[i].size());
    }
    outcomes.push_back(twin.step(static_cast<Sequence>(i), log.slot(static_cast<Sequence>(i))));
    model.judged.push_back(judge(outcomes.back()));
    model.is_event.push_back(outcomes.back().is_event);
  }
  rules::ChainedHash hash;
  for (std::size_t first = 0; first < outcomes.size(); first += tile) {
    if (first > 0 && first % static_cast<std::size_t>(interval) == 0) hash.chain();
    absorb(hash, pipeline, std::span(outcomes).subspan(first, std::min(tile, outcomes.size() - first)));
  }
  model.digest = hash.value();
  return model;
}

}  // namespace pawl::simulation
