// What the events of a batch add to the columns of their keys: facts and values first, then bits and words.
#include <algorithm>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {
namespace {

// Calls visit(i, number) for the field of each event. Nearly all fields are whole words.
template <class Visit>
[[gnu::always_inline]] inline void each_number(const Batch& batch, const Quick& field, Visit visit) noexcept {
  const std::size_t count = batch.count, word = field.word;
  if (field.mask == ~std::uint64_t{0}) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < count; ++i) visit(i, load<std::uint64_t>(batch.slot[i] + word));
  } else {
    const std::uint64_t mask = field.mask;
    const unsigned shift = field.shift;
    for (std::size_t i = 0; i < count; ++i) visit(i, load<std::uint64_t>(batch.slot[i] + word) >> shift & mask);
  }
}

}  // namespace

void Group::evaluate(const Batch& batch) noexcept {
  if (batch.uniform && is_plain(batch, layout_.types[batch.type[0]])) {
    const TypePlan& type = layout_.types[batch.type[0]];
    if (!type.inserts) return;
    run_plain(batch, type);
    if (run_) return take_columns(batch, type);
    take_plain_bits_and_words(batch.count, type);
    return;
  }
  for (std::size_t begin = 0; begin < batch.count;) {
    const std::uint16_t type = batch.type[begin];
    std::size_t end = begin + 1;
    while (end < batch.count && batch.type[end] == type) ++end;
    if (type != no_event && layout_.types[type].inserts) evaluate(batch, layout_.types[type], begin, end);
    begin = end;
  }
}

// Events of one type.
void Group::evaluate(const Batch& batch, const TypePlan& type, std::size_t begin, std::size_t end) noexcept {
  if (type.quick) {
    run_quick(batch, type, begin, end);
  } else {
    for (std::size_t i = begin; i < end; ++i) run_programs(batch, type, i);
  }
  take_bits(begin, end);
  for (std::size_t w = 0; w < layout_.words.size(); ++w) take_word(w, begin, end);
}

void Group::run_quick(const Batch& batch, const TypePlan& type, std::size_t begin, std::size_t end) noexcept {
  for (std::size_t i = begin; i < end; ++i) facts_[i] = 0;
  unsigned bit = 0;
  for (const Quick& where : type.quick_wheres) {
    const Quick quick = where;
    for (std::size_t i = begin; i < end; ++i) {
      facts_[i] |= (static_cast<Facts>(quick.valid(batch.slot[i])) & static_cast<Facts>(quick.in_range(batch.slot[i]))) << bit;
    }
    ++bit;
  }
  std::int64_t* value = values_.data();
  for (const Quick& plan : type.quick_values) {
    const Quick quick = plan;
    for (std::size_t i = begin; i < end; ++i) {
      const auto valid = static_cast<std::uint64_t>(quick.valid(batch.slot[i]));
      const std::uint64_t number = quick.number(batch.slot[i]) & (0 - valid);
      value[i] = static_cast<std::int64_t>(number);
      facts_[i] |= (valid | static_cast<Facts>(number != 0) << 1) << bit;
    }
    bit += 2;
    value += batch_events;
  }
}

// Nothing is missing: facts are what wheres and truths add to the facts that all events have.
void Group::run_plain(const Batch& batch, const TypePlan& type) noexcept {
  Facts* const facts = facts_.data();
  if (!type.plain_bits) std::fill_n(facts, batch.count, type.plain_facts);
  unsigned bit = 0;
  for (const Quick& where : type.quick_wheres) {
    const std::uint64_t low = where.low, width = where.width;
    const bool outside = where.outside;
    each_number(batch, where, [&](std::size_t i, std::uint64_t number) { facts[i] |= static_cast<Facts>((number - low <= width) != outside) << bit; });
    ++bit;
  }
  std::int64_t* value = values_.data();
  for (const Quick& field : type.quick_values) {
    if ((layout_.asked >> (bit + 1) & 1) == 0) {
      each_number(batch, field, [&](std::size_t i, std::uint64_t number) { value[i] = static_cast<std::int64_t>(number); });
    } else {
      each_number(batch, field, [&](std::size_t i, std::uint64_t number) {
        value[i] = static_cast<std::int64_t>(number);
        facts[i] |= static_cast<Facts>(number != 0) << (bit + 1);
      });
    }
    bit += 2;
    value += batch_events;
  }
}

void Group::take_plain_bits_and_words(std::size_t count, const TypePlan& type) noexcept {
  const Facts all = type.plain_facts;
  if (type.plain_bits) std::fill_n(bits_.data(), count, *type.plain_bits);
  else take_bits(0, count);
  const std::size_t row = layout_.words.size();
  for (std::size_t w = 0; w < row; ++w) {
    const Word word = layout_.words[w];
    if ((all & word.facts) != word.facts) {
      take_word(w, 0, count);
      continue;
    }
    const std::int64_t* const from = values(word.value);
    std::int64_t* const to = words_.data() + w;
    if (row == 1) {
      for (std::size_t i = 0; i < count; ++i) to[i] = from[i];
    } else {
      for (std::size_t i = 0; i < count; ++i) to[i * row] = from[i];
    }
    if (w < layout_.sums && !all_narrow(from, count)) [[unlikely]] note_wide(from, count);
  }
}

void Group::note_wide(const std::int64_t* from, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) bits_[i] |= static_cast<Bits>(!is_narrow(from[i])) << entry_bits_max;
}

void Group::run_programs(const Batch& batch, const TypePlan& type, std::size_t event) noexcept {
  const std::byte* const slot = batch.slot[event];
  Facts facts = 0;
  unsigned bit = 0;
  for (const Program& where : type.wheres) facts |= static_cast<Facts>(where.run(slot, batch.te[event]).number != 0) << bit++;
  std::int64_t* value = values_.data() + event;
  for (const Program& program : type.values) {
    const Scalar result = program.run(slot, batch.te[event]);
    *value = result.number;
    facts |= (static_cast<Facts>(result.valid) | static_cast<Facts>(result.number != 0) << 1) << bit;
    bit += 2;
    value += batch_events;
  }
  for (const FieldRef& text : type.texts) facts |= static_cast<Facts>(!text.missing(slot)) << bit++;
  facts_[event] = facts;
}

void Group::take_bits(std::size_t begin, std::size_t end) noexcept {
  if (layout_.bits_of_facts.empty()) {
    for (std::size_t i = begin; i < end; ++i) bits_[i] = layout_.bits_for(facts_[i]);
  } else {
    const Bits* const bits = layout_.bits_of_facts.data();
    for (std::size_t i = begin; i < end; ++i) bits_[i] = bits[facts_[i]];
  }
}

void Group::take_word(std::size_t w, std::size_t begin, std::size_t end) noexcept {
  const Word word = layout_.words[w];
  const std::int64_t* const from = values(word.value);
  const bool summed = w < layout_.sums;
  for (std::size_t i = begin; i < end; ++i) {
    const std::int64_t value = (facts_[i] & word.facts) == word.facts ? from[i] : 0;
    words(i)[w] = value;
    bits_[i] |= static_cast<Bits>(summed & !is_narrow(value)) << entry_bits_max;
  }
}

}  // namespace pawl::window
