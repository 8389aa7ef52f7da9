#include "pawl/core/rules/conditions.hpp"

#include <algorithm>

#include "pawl/core/base/assert.hpp"

namespace pawl::rules {
namespace {

using Index = ConditionPlan::Index;
using Residual = ConditionPlan::Residual;

// Below this magnitude 64-bit sums of terms cannot overflow: see condition_parts.cpp.
constexpr unsigned sum_bits = 31;

}  // namespace

Conditions::Conditions(const Plan& plan, const Kernels& kernels)
    : plan_(plan.conditions), kernels_(kernels), narrow_(plan_.columns.size()), terms_(plan_.terms.size()), words_(plan_.words), not_false_(plan_.words),
      valid_(plan_.columns.size() + plan_.sums.size()), truth_(plan.rules.size()), missing_(plan.rules.size()), active_((plan.rules.size() + 63) / 64),
      true_(plan_.pitch), may_(plan_.pitch), values_(plan_.columns.size()), present_(plan_.columns.size()), hits_(plan.rules.size() + 1) {
  for (const ConditionPlan::Pair& pair : plan_.pairs) pairs_.push_back({pair.a, pair.b, pair.equal, pair.word});
  for (const ConditionPlan::Sum& sum : plan_.sums) {
    sums_.push_back({plan_.sum_terms.data() + sum.terms.first, sum.terms.count, plan_.steps32.data() + sum.steps.steps.first, sum.steps.steps.count, words_.data() + sum.steps.word});
  }
  std::size_t families = 0;
  for (const auto& of_event : plan_.families_of) families = std::max(families, of_event.size());
  rows_.resize(families);
}

// --- by the tile ---

bool Conditions::begin(const Inputs& inputs) noexcept {
  for (std::size_t i = 0; i < narrow_.size(); ++i) kernels_.narrow(inputs.numbers[plan_.columns[i].number].cells.data(), narrow_[i]);
  unsigned bits = 0;
  for (const ConditionPlan::Term& term : plan_.terms) bits = std::max(bits, narrow_[term.column].bits);
  sums_are_narrow_ = bits < sum_bits && plan_.sum_weight << bits <= INT32_MAX;
  return sums_are_narrow_;
}

void Conditions::run(const Inputs& inputs) noexcept {
  for (std::size_t i = 0; i < plan_.ons.size(); ++i) {
    Lanes on = 0;
    for (const std::uint16_t event : plan_.ons[i]) on |= inputs.lanes_by_event[event];
    words_[i] = not_false_[i] = on & inputs.span;
  }
  compare_columns(inputs);
  compare_sums(inputs);
  for (const ConditionPlan::Combined& set : plan_.combined) {
    Lanes word = set.lowest ? all_lanes : 0;
    for (Index i = 0; i < set.words.count; ++i) word ^= words_[plan_.combined_words[set.words.first + i]];
    words_[set.word] = word;
  }
  for (const ConditionPlan::Leaf& leaf : plan_.leaves) words_[leaf.word] = inputs.booleans[leaf.boolean].truth;
  const bool missing = anything_missing(inputs);
  if (missing) {
    weigh_missing(inputs);
    conclude(not_false_, missing_);
  }
  conclude(words_, truth_);
  for (std::size_t rule = 0; rule < missing_.size(); ++rule) missing_[rule] = missing ? missing_[rule] & ~truth_[rule] : 0;
  kernels_.non_zero(truth_.data(), truth_.size(), active_.data());
  if (!missing) return;
  kernels_.non_zero(missing_.data(), missing_.size(), may_.data());
  for (std::size_t i = 0; i < active_.size(); ++i) active_[i] |= may_[i];
}

void Conditions::compare_columns(const Inputs& inputs) noexcept {
  for (std::size_t i = 0; i < plan_.columns.size(); ++i) valid_[i] = inputs.numbers[plan_.columns[i].number].valid;
  for (const ConditionPlan::Steps& s : plan_.narrow16) kernels_.steps16(narrow_[s.source].in16, &plan_.steps16[s.steps.first], s.steps.count, &words_[s.word]);
  for (const ConditionPlan::Steps& s : plan_.narrow32) kernels_.steps32(narrow_[s.source].in32, &plan_.steps32[s.steps.first], s.steps.count, &words_[s.word]);
  for (const ConditionPlan::Steps& s : plan_.wide) kernels_.steps64(narrow_[s.source].in64, &plan_.steps64[s.steps.first], s.steps.count, &words_[s.word]);
  if (!pairs_.empty()) kernels_.pairs(pairs_.data(), pairs_.size(), narrow_.data(), words_.data());
}

void Conditions::compare_sums(const Inputs& inputs) noexcept {
  if (sums_are_narrow_) {  // their lanes with a value are asked for in weigh_missing() alone
    for (std::size_t i = 0; i < terms_.size(); ++i) kernels_.scale(narrow_[plan_.terms[i].column].in32, plan_.terms[i].factor, terms_[i].cells);
    if (!sums_.empty()) kernels_.sums(sums_.data(), sums_.size(), &terms_.data()->cells);
    return;
  }
  for (std::size_t i = 0; i < plan_.sums.size(); ++i) {
    const ConditionPlan::Sum& sum = plan_.sums[i];
    const NumberColumn& computed = inputs.numbers[sum.number];
    valid_[sum.steps.source] = computed.valid;
    kernels_.steps64(computed.cells.data(), plan_.steps64.data() + plan_.sum_steps64_at[i], sum.steps.steps.count, words_.data() + sum.steps.word);
  }
}

Lanes Conditions::sum_valid(const ConditionPlan::Sum& sum, const Inputs& inputs) const noexcept {
  Lanes valid = all_lanes;
  for (Index i = 0; i < sum.terms.count; ++i) valid &= inputs.numbers[plan_.columns[plan_.terms[plan_.sum_terms[sum.terms.first + i]].column].number].valid;
  return valid;
}

// In a lane where it matters.
bool Conditions::anything_missing(const Inputs& inputs) const noexcept {
  Lanes missing = 0, events = 0;
  for (std::size_t i = 0; i < plan_.ons.size(); ++i) events |= words_[i];
  for (std::size_t i = 0; i < plan_.columns.size(); ++i) {
    if ((events & ~valid_[i]) == 0) continue;  // of any event type
    Lanes read = 0;
    for (const std::uint16_t event : plan_.columns[i].events) read |= inputs.lanes_by_event[event];
    missing |= read & ~valid_[i];
  }
  if (!sums_are_narrow_) {  // they may have overflowed
    for (std::size_t i = 0; i < plan_.sums.size(); ++i) missing |= ~valid_[plan_.columns.size() + i];
  }
  for (const ConditionPlan::Leaf& leaf : plan_.leaves) missing |= ~inputs.booleans[leaf.boolean].valid;
  return (missing & events) != 0;
}

// words_ from "the comparison holds" to "is true", beside "is not false".
void Conditions::weigh_missing(const Inputs& inputs) noexcept {
  for (const ConditionPlan::Sum& sum : plan_.sums) if (sums_are_narrow_) valid_[sum.steps.source] = sum_valid(sum, inputs);
  for (const auto* all : {&plan_.narrow16, &plan_.narrow32, &plan_.wide}) {
    for (const ConditionPlan::Steps& s : *all) weigh(s.word, 2 * std::size_t{s.steps.count}, valid_[s.source]);
  }
  for (const ConditionPlan::Sum& sum : plan_.sums) weigh(sum.steps.word, 2 * std::size_t{sum.steps.steps.count}, valid_[sum.steps.source]);
  for (const ConditionPlan::Combined& set : plan_.combined) weigh(set.word, 1, valid_[set.source]);
  for (const ConditionPlan::Pair& pair : plan_.pairs) weigh(pair.word, 2, valid_[pair.a] & valid_[pair.b]);
  for (const ConditionPlan::Leaf& leaf : plan_.leaves) weigh(leaf.word, 1, inputs.booleans[leaf.boolean].valid);
}

void Conditions::weigh(Index word, std::size_t count, Lanes valid) noexcept {
  for (std::size_t i = word; i < word + count; ++i) {
    not_false_[i] = words_[i] | ~valid;
    words_[i] &= valid;
  }
}

namespace {

// Compiled anew for each small number of operands, so that the loop has no branch that depends on it.
template <Index operands>
void conclude_group(const Index* operand, const Index* rule, std::size_t count, const Lanes* words, Lanes* out) noexcept {
  for (std::size_t i = 0; i < count; ++i, operand += operands) {
    Lanes lanes = words[operand[0]];
    for (Index j = 1; j < operands; ++j) lanes &= words[operand[j]];
    out[rule[i]] = lanes;
  }
}

void conclude_group(Index operands, const Index* operand, const Index* rule, std::size_t count, const Lanes* words, Lanes* out) noexcept {
  for (std::size_t i = 0; i < count; ++i, operand += operands) {
    Lanes lanes = words[operand[0]];
    for (Index j = 1; j < operands; ++j) lanes &= words[operand[j]];
    out[rule[i]] = lanes;
  }
}

}  // namespace

void Conditions::conclude(const std::vector<Lanes>& words, std::vector<Lanes>& out) const noexcept {
  for (const ConditionPlan::Group& group : plan_.groups) {
    const Index* const operand = plan_.operands.data() + group.first_operand;
    const Index* const rule = plan_.rules.data() + group.rules.first;
    const std::size_t count = group.rules.count;
    switch (group.operands) {
      case 1: conclude_group<1>(operand, rule, count, words.data(), out.data()); break;
      case 2: conclude_group<2>(operand, rule, count, words.data(), out.data()); break;
      case 3: conclude_group<3>(operand, rule, count, words.data(), out.data()); break;
      case 4: conclude_group<4>(operand, rule, count, words.data(), out.data()); break;
      case 5: conclude_group<5>(operand, rule, count, words.data(), out.data()); break;
      case 6: conclude_group<6>(operand, rule, count, words.data(), out.data()); break;
      default: conclude_group(group.operands, operand, rule, count, words.data(), out.data());
    }
  }
}

// --- by the event ---

void Conditions::begin_lanes() noexcept {
  for (std::size_t i = 0; i < active_.size(); ++i) {
    for (std::uint64_t bits = active_[i]; bits != 0; bits &= bits - 1) {
      const std::size_t rule = i * 64 + static_cast<std::size_t>(__builtin_ctzll(bits));
      truth_[rule] = missing_[rule] = 0;
    }
    active_[i] = 0;
  }
}

bool Conditions::run_lane(const Inputs& inputs, std::uint16_t event, std::size_t lane) noexcept {
  if (!plan_.indexed || !read_columns(inputs, event, lane)) return false;
  read_bitmaps(event);
  look_at_candidates(inputs, lane);
  return true;
}

// False: a sum might overflow.
bool Conditions::read_columns(const Inputs& inputs, std::uint16_t event, std::size_t lane) noexcept {
  std::uint64_t any = 0;
  Lanes present = all_lanes;
  for (const ConditionPlan::EventColumn& read : plan_.columns_of[event]) {
    const NumberColumn& column = inputs.numbers[plan_.columns[read.column].number];
    const std::int64_t value = column.cells[lane];
    values_[read.column] = value;
    present_[read.column] = has_lane(column.valid, lane);
    present &= column.valid | read.not_asked;
    any |= static_cast<std::uint64_t>(value ^ (value >> 63)) & read.in_sums;
  }
  all_present_ = has_lane(present, lane);
  return any >> sum_bits == 0;
}

// may_ is true_ if nothing is missing, and is not written then.
void Conditions::read_bitmaps(std::uint16_t event) noexcept {
  std::size_t rows = 0;
  for (const ConditionPlan::Family& family : plan_.families_of[event]) {
    const std::size_t row = present_[family.column] != 0 ? range_of(family, values_[family.column]) : family.steps.count + 1;
    rows_[rows++] = plan_.rows.data() + family.row + row * plan_.pitch;
  }
  intersect(plan_.on[event], rows, true_);
  if (all_present_) return;
  rows = 0;
  std::size_t known = 0;
  for (const ConditionPlan::Family& family : plan_.families_of[event]) {
    const std::uint64_t* const row = rows_[rows++];
    if (present_[family.column] != 0) rows_[known++] = row;
  }
  intersect(plan_.on[event], known, may_);
}

// out = first and the first `rows` of rows_.
void Conditions::intersect(const std::vector<std::uint64_t>& first, std::size_t rows, std::vector<std::uint64_t>& out) const noexcept {
  static_assert(ConditionPlan::words_at_once == 4);
  for (std::size_t w = 0; w < plan_.pitch; w += ConditionPlan::words_at_once) {
    std::uint64_t a = first[w], b = first[w + 1], c = first[w + 2], d = first[w + 3];
    for (std::size_t i = 0; i < rows; ++i) {
      const std::uint64_t* const row = rows_[i] + w;
      a &= row[0], b &= row[1], c &= row[2], d &= row[3];
    }
    out[w] = a, out[w + 1] = b, out[w + 2] = c, out[w + 3] = d;
  }
}

// How many steps are at most the value.
std::size_t Conditions::range_of(const ConditionPlan::Family& family, std::int64_t value) const noexcept {
  const std::int64_t* const steps = plan_.family_steps.data() + family.steps.first;
  const std::uint64_t behind = value < family.lowest ? 0 : static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(family.lowest);
  const Index* const part = plan_.parts.data() + family.part + std::min<std::uint64_t>(behind >> family.shift, family.last_part);
  std::size_t low = part[0], count = part[1] - low;
  while (count > 1) {  // hardly ever
    const std::size_t half = count / 2;
    low += static_cast<std::size_t>(steps[low + half - 1] <= value) * half;
    count -= half;
  }
  return low + (count & static_cast<std::size_t>(steps[low] <= value));
}

// Without branches on what holds, which nobody can predict.
void Conditions::look_at_candidates(const Inputs& inputs, std::size_t lane) noexcept {
  const std::vector<std::uint64_t>& candidates = all_present_ ? true_ : may_;
  std::size_t hits = 0;
  for (std::size_t i = 0; i < active_.size(); ++i) {
    for (std::uint64_t bits = candidates[i]; bits != 0; bits &= bits - 1) {
      const auto in_word = static_cast<std::size_t>(__builtin_ctzll(bits));
      const auto rule = static_cast<std::uint32_t>(i * 64 + in_word);
      bool is_true = ((true_[i] >> in_word) & 1U) != 0, is_not_false = true;
      const ConditionPlan::Range parts = plan_.residuals_of[rule];
      for (const Residual* part = plan_.residuals.data() + parts.first; part != plan_.residuals.data() + parts.first + parts.count; ++part) {
        const Truth truth = residual(*part, inputs, lane);
        is_true &= truth.is_true;
        is_not_false &= truth.is_not_false;
      }
      hits_[hits] = {rule, is_true};
      hits += static_cast<std::size_t>(is_not_false);
    }
  }
  const Lanes bit = lane_bit(lane);
  for (std::size_t i = 0; i < hits; ++i) {
    const Hit hit = hits_[i];
    truth_[hit.rule] |= hit.is_true ? bit : 0;
    missing_[hit.rule] |= hit.is_true ? 0 : bit;
    active_[hit.rule / 64] |= std::uint64_t{1} << (hit.rule % 64);
  }
}

Conditions::Truth Conditions::residual(const Residual& part, const Inputs& inputs, std::size_t lane) const noexcept {
  bool holds = false, valid = all_present_;
  const auto product = [](std::int64_t factor, std::int64_t value) { return static_cast<std::uint64_t>(factor) * static_cast<std::uint64_t>(value); };
  switch (part.kind) {
    case Residual::Kind::compare: {  // of two columns the factors are 0 and 1; sums fit: see read_columns()
      const std::int64_t a = values_[part.a], b = values_[part.b];
      const auto left = static_cast<std::int64_t>(product(part.factor_a, a) + product(part.factor_b, b));
      const auto right = static_cast<std::int64_t>(product(part.limit_factor, b) + static_cast<std::uint64_t>(part.limit));
      holds = part.negated != (left < right);
      if (!valid) valid = (present_[part.a] & present_[part.b]) != 0;
      break;
    }
    case Residual::Kind::leaf: {
      const BoolColumn& leaf = inputs.booleans[part.a];
      holds = has_lane(leaf.truth, lane);
      valid = has_lane(leaf.valid, lane);
      break;
    }
    case Residual::Kind::equal:
      holds = part.negated != (values_[part.a] == values_[part.b]);
      valid = (present_[part.a] & present_[part.b]) != 0;
      break;
    case Residual::Kind::sum:
      holds = sum_holds(part, valid);
      break;
  }
  return {holds && valid, holds || !valid};
}

// `valid`: no term is missing.
bool Conditions::sum_holds(const Residual& part, bool& valid) const noexcept {
  std::int64_t sum = 0;
  valid = true;
  for (Index i = 0; i < part.terms.count; ++i) {
    const ConditionPlan::Term& term = plan_.terms[plan_.sum_terms[part.terms.first + i]];
    valid &= present_[term.column] != 0;
    sum += values_[term.column] * term.factor;
  }
  bool holds = part.negated;
  for (Index i = 0; i < part.steps.count; ++i) holds ^= plan_.family_steps[part.steps.first + i] <= sum;
  return holds;
}

}  // namespace pawl::rules
