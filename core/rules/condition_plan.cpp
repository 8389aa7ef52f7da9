#include "pawl/core/rules/condition_plan.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/rules/condition_parts.hpp"
#include "pawl/core/rules/plan.hpp"

namespace pawl::rules {
namespace {

using Index = ConditionPlan::Index;
using PartKind = ConditionPart::Kind;
using Residual = ConditionPlan::Residual;

constexpr std::size_t rows_bytes_max = std::size_t{16} << 20;  // of the bitmaps by the event

Index size_of(const auto& items) { return static_cast<Index>(items.size()); }

class Tables {
 public:
  Tables(Plan& plan, const ConditionParts& parts) : plan_(plan), out_(plan.conditions), parts_(parts), operands_(plan.rules.size()), set_words_(parts.sets.size(), none) {}

  void run() {
    out_.lazy = parts_.lazy;
    out_.takes = parts_.takes;
    each_taken([this](std::size_t rule) { number_on(rule); });
    out_.words = size_of(out_.ons);
    each_taken([this](std::size_t rule) { collect(rule); });
    make_steps();
    make_sums();
    each_taken([this](std::size_t rule) { make_operands(rule); });
    make_groups();
    make_index();
  }

 private:
  static constexpr Index none = ~Index{0};
  // A column or sum: the steps of its sets, and each set with the rules that ask for it.
  struct Asked {
    std::set<std::int64_t> steps;
    std::map<Index, std::vector<std::size_t>> rules_of_set;
  };

  template <class Operation>
  void each_taken(Operation operation) {
    for (std::size_t rule = 0; rule < plan_.rules.size(); ++rule) if (out_.takes[rule]) operation(rule);
  }
  [[nodiscard]] const std::vector<std::uint16_t>& on(std::size_t rule) const { return plan_.pipeline->rules[plan_.rules[rule].rule].on; }
  [[nodiscard]] bool is_sum(const ConditionPart& part) const { return part.kind == PartKind::set && parts_.sum_of[part.a].has_value(); }
  [[nodiscard]] const ValueSet& values(const ConditionPart& part) const { return parts_.sets[part.set].values; }

  void number_on(std::size_t rule) {
    const auto found = std::find(out_.ons.begin(), out_.ons.end(), on(rule));
    operands_[rule].push_back(static_cast<Index>(found - out_.ons.begin()));
    if (found == out_.ons.end()) out_.ons.push_back(on(rule));
  }

  // The number's column; it is read for the rule's events.
  Index column(std::uint16_t number, std::size_t rule) {
    const auto [at, fresh] = columns_.try_emplace(number, size_of(out_.columns));
    if (fresh) out_.columns.push_back({number, {}});
    std::vector<std::uint16_t>& events = out_.columns[at->second].events;
    for (const std::uint16_t event : on(rule)) if (std::find(events.begin(), events.end(), event) == events.end()) events.push_back(event);
    return at->second;
  }

  Index new_words(std::size_t count) { return std::exchange(out_.words, out_.words + static_cast<Index>(count)); }

  // What columns there are, and which steps each is asked for.
  void collect(std::size_t rule) {
    for (const ConditionPart& part : parts_.of_rule[rule]) {
      if (is_sum(part)) {
        for (const LinearForm::Term& term : parts_.sum_of[part.a]->terms) (void)column(term.number, rule);
        ask(sums_[part.a], part, rule);
      } else if (part.kind == PartKind::set) {
        (void)column(part.a, rule);
        ask(steps_[part.a], part, rule);
      } else if (part.kind == PartKind::pair) {
        (void)column(part.a, rule), (void)column(part.b, rule);
      }
    }
  }

  void ask(Asked& asked, const ConditionPart& part, std::size_t rule) {
    const auto [at, fresh] = asked.rules_of_set.try_emplace(part.set);
    if (fresh) asked.steps.insert(values(part).steps.begin(), values(part).steps.end());
    at->second.push_back(rule);
  }

  // A step can be told apart in a width if saturating to it leaves value >= step what it is.
  template <class Cell>
  static bool fits(std::int64_t step) { return step > std::numeric_limits<Cell>::min() && step <= std::numeric_limits<Cell>::max(); }

  template <class Cell>
  ConditionPlan::Steps add_steps(std::vector<Cell>& pool, Index source, const std::vector<std::int64_t>& steps, std::uint16_t number) {
    const ConditionPlan::Steps made{source, {size_of(pool), size_of(steps)}, new_words(2 * steps.size())};
    for (std::size_t i = 0; i < steps.size(); ++i) {
      pool.push_back(static_cast<Cell>(steps[i]));
      word_of_step_[{number, steps[i]}] = made.word + static_cast<Index>(2 * i);
    }
    return made;
  }

  void make_steps() {
    for (const auto& [number, asked] : steps_) {
      std::vector<std::int64_t> narrow16, narrow32, wide;
      for (const std::int64_t step : asked.steps) (fits<std::int16_t>(step) ? narrow16 : fits<std::int32_t>(step) ? narrow32 : wide).push_back(step);
      const Index source = columns_.at(number);
      if (!narrow16.empty()) out_.narrow16.push_back(add_steps(out_.steps16, source, narrow16, number));
      if (!narrow32.empty()) out_.narrow32.push_back(add_steps(out_.steps32, source, narrow32, number));
      if (!wide.empty()) out_.wide.push_back(add_steps(out_.steps64, source, wide, number));
    }
  }

  void make_sums() {
    for (const auto& [number, asked] : sums_) {
      ConditionPlan::Sum sum{.number = number, .terms = {size_of(out_.sum_terms), 0}, .steps = {}};
      std::int64_t weight = 0;
      for (const LinearForm::Term& term : parts_.sum_of[number]->terms) {
        const auto factor = static_cast<std::int32_t>(term.factor);
        out_.sum_terms.push_back(term_of(columns_.at(term.number), factor));
        weight += std::abs(term.factor);
        ++sum.terms.count;
      }
      const std::vector<std::int64_t> list(asked.steps.begin(), asked.steps.end());
      out_.sum_steps64_at.push_back(out_.steps64.size());
      out_.steps64.insert(out_.steps64.end(), list.begin(), list.end());
      sum.steps = add_steps(out_.steps32, size_of(out_.columns) + size_of(out_.sums), list, number);
      out_.sum_weight = std::max(out_.sum_weight, weight);
      sum_at_[number] = size_of(out_.sums);
      out_.sums.push_back(sum);
    }
  }

  Index term_of(Index column, std::int32_t factor) {
    const auto [at, fresh] = terms_.try_emplace({column, factor}, size_of(out_.terms));
    if (fresh) out_.terms.push_back({column, factor});
    return at->second;
  }

  // --- rules by the tile ---

  void make_operands(std::size_t rule) {
    for (const ConditionPart& part : parts_.of_rule[rule]) operands_[rule].push_back(word(part));
    std::sort(operands_[rule].begin(), operands_[rule].end());
    operands_[rule].erase(std::unique(operands_[rule].begin(), operands_[rule].end()), operands_[rule].end());
  }

  Index word(const ConditionPart& part) {
    if (part.kind == PartKind::leaf) {
      const auto [at, fresh] = leaves_.try_emplace(part.a, out_.words);
      if (fresh) out_.leaves.push_back({part.a, new_words(1)});
      return at->second;
    }
    if (part.kind == PartKind::pair) {
      const auto [at, fresh] = pairs_.try_emplace({part.a, part.b, part.equal}, out_.words);
      if (fresh) out_.pairs.push_back({columns_.at(part.a), columns_.at(part.b), part.equal, new_words(2)});
      return at->second + (part.negated ? 1 : 0);
    }
    if (set_words_[part.set] == none) set_words_[part.set] = word_of_set(part);
    return set_words_[part.set];
  }

  Index word_of_set(const ConditionPart& part) {
    const ValueSet& set = values(part);
    if (set.steps.size() == 1) return word_of_step_.at({part.a, set.steps[0]}) + (set.lowest ? 1 : 0);
    const auto [at, fresh] = combined_.try_emplace({part.a, set.lowest, set.steps}, out_.words);
    if (!fresh) return at->second;
    const Index source = is_sum(part) ? size_of(out_.columns) + sum_at_.at(part.a) : columns_.at(part.a);
    out_.combined.push_back({source, {size_of(out_.combined_words), size_of(set.steps)}, set.lowest, new_words(1)});
    for (const std::int64_t step : set.steps) out_.combined_words.push_back(word_of_step_.at({part.a, step}));
    return at->second;
  }

  void make_groups() {
    each_taken([this](std::size_t rule) { out_.rules.push_back(static_cast<Index>(rule)); });
    std::stable_sort(out_.rules.begin(), out_.rules.end(), [this](Index a, Index b) { return operands_[a].size() < operands_[b].size(); });
    for (Index i = 0; i < out_.rules.size(); ++i) {
      const std::vector<Index>& operands = operands_[out_.rules[i]];
      if (out_.groups.empty() || out_.groups.back().operands != operands.size()) out_.groups.push_back({size_of(operands), {i, 0}, size_of(out_.operands)});
      ++out_.groups.back().rules.count;
      out_.operands.insert(out_.operands.end(), operands.begin(), operands.end());
    }
  }

  // --- rules by the event ---

  void make_index() {
    constexpr std::size_t rules_at_once = 64 * ConditionPlan::words_at_once;
    out_.pitch = (plan_.rules.size() + rules_at_once - 1) / rules_at_once * ConditionPlan::words_at_once;
    std::size_t rows = 0;
    for (const auto& [number, asked] : steps_) rows += asked.steps.size() + 2;
    out_.indexed = rows * out_.pitch * sizeof(ConditionPlan::Bits) <= rows_bytes_max;
    if (!out_.indexed) return;
    const std::size_t events = plan_.pipeline->events.size();
    out_.on.assign(events, std::vector<ConditionPlan::Bits>(out_.pitch));
    each_taken([this](std::size_t rule) { for (const std::uint16_t event : on(rule)) set_bit(out_.on[event].data(), rule); });
    out_.families_of.resize(events);
    for (const auto& [number, asked] : steps_) make_family(number, asked);
    make_event_columns();
    out_.residuals_of.resize(plan_.rules.size());
    each_taken([this](std::size_t rule) { make_residuals(rule); });
    out_.family_steps.push_back(0);  // a search may look one behind the last
  }

  static void set_bit(ConditionPlan::Bits* bits, std::size_t rule) { bits[rule / 64] |= ConditionPlan::Bits{1} << (rule % 64); }
  static void clear_bit(ConditionPlan::Bits* bits, std::size_t rule) { bits[rule / 64] &= ~(ConditionPlan::Bits{1} << (rule % 64)); }

  void make_family(std::uint16_t number, const Asked& asked) {
    const std::vector<std::int64_t> steps(asked.steps.begin(), asked.steps.end());
    ConditionPlan::Family family{.column = columns_.at(number), .steps = {size_of(out_.family_steps), size_of(steps)}, .row = out_.rows.size()};
    out_.family_steps.insert(out_.family_steps.end(), steps.begin(), steps.end());
    make_parts(family, steps);
    out_.rows.resize(out_.rows.size() + (steps.size() + 2) * out_.pitch, ~ConditionPlan::Bits{0});
    ConditionPlan::Bits* const rows = out_.rows.data() + family.row;
    for (const auto& [set, rules] : asked.rules_of_set) {
      const auto clear = [&](std::size_t row) { for (const std::size_t rule : rules) clear_bit(rows + row * out_.pitch, rule); };
      const ValueSet& values = parts_.sets[set].values;
      for (std::size_t row = 0; row <= steps.size(); ++row) {
        if (!values.contains(row == 0 ? INT64_MIN : steps[row - 1])) clear(row);
      }
      clear(steps.size() + 1);
    }
    for (const std::uint16_t event : out_.columns[family.column].events) out_.families_of[event].push_back(family);
  }

  // Several parts for each step, so that few hold more than one.
  void make_parts(ConditionPlan::Family& family, const std::vector<std::int64_t>& steps) {
    constexpr std::uint64_t parts_min = 256;
    const std::uint64_t parts_max = std::max<std::uint64_t>(parts_min, 4 * steps.size());
    family.part = size_of(out_.parts);
    if (!steps.empty()) {
      family.lowest = steps.front();
      const auto behind = [&](std::int64_t step) { return static_cast<std::uint64_t>(step) - static_cast<std::uint64_t>(steps.front()); };
      while (behind(steps.back()) >> family.shift >= parts_max) ++family.shift;
      family.last_part = static_cast<Index>(behind(steps.back()) >> family.shift);
      Index step = 0;
      for (Index part = 0; part <= family.last_part; ++part) {
        while (step < steps.size() && behind(steps[step]) >> family.shift < part) ++step;
        out_.parts.push_back(step);
      }
    } else {
      out_.parts.push_back(0);
    }
    out_.parts.push_back(size_of(steps));
  }

  void make_event_columns() {
    std::set<Index> in_sums;
    for (const ConditionPlan::Term& term : out_.terms) in_sums.insert(term.column);
    out_.columns_of.resize(plan_.pipeline->events.size());
    for (Index column = 0; column < out_.columns.size(); ++column) {
      const std::vector<std::uint16_t>& asked = out_.columns[column].events;
      const bool summed = in_sums.contains(column);
      for (std::uint16_t event = 0; event < out_.columns_of.size(); ++event) {
        const bool asks = std::find(asked.begin(), asked.end(), event) != asked.end();
        if (asks || summed) out_.columns_of[event].push_back({column, summed ? ~std::uint64_t{0} : 0, asks ? 0 : all_lanes});
      }
    }
  }

  void make_residuals(std::size_t rule) {
    out_.residuals_of[rule].first = size_of(out_.residuals);
    for (const ConditionPart& part : parts_.of_rule[rule]) {
      if (part.kind != PartKind::set || is_sum(part)) out_.residuals.push_back(residual(part));  // of others the bitmaps know
    }
    out_.residuals_of[rule].count = size_of(out_.residuals) - out_.residuals_of[rule].first;
  }

  Residual residual(const ConditionPart& part) {
    if (part.kind == PartKind::leaf) return {.kind = Residual::Kind::leaf, .a = part.a, .terms = {}, .steps = {}};
    if (part.kind == PartKind::pair) {
      return {.kind = part.equal ? Residual::Kind::equal : Residual::Kind::compare, .negated = part.negated, .a = columns_.at(part.a), .b = columns_.at(part.b),
              .factor_a = 1, .limit_factor = 1, .terms = {}, .steps = {}};
    }
    const ConditionPlan::Sum& sum = out_.sums[sum_at_.at(part.a)];
    const auto term = [&](Index i) { return out_.terms[out_.sum_terms[sum.terms.first + i]]; };
    const ValueSet& set = values(part);
    if (sum.terms.count <= 2 && set.steps.size() == 1) {  // in the set below the step, or from it on
      const bool two = sum.terms.count == 2;
      return {.kind = Residual::Kind::compare, .negated = !set.lowest, .a = term(0).column, .b = two ? term(1).column : term(0).column,
              .factor_a = term(0).factor, .factor_b = two ? term(1).factor : 0, .limit = set.steps[0], .terms = {}, .steps = {}};
    }
    const ConditionPlan::Range steps{size_of(out_.family_steps), size_of(set.steps)};
    out_.family_steps.insert(out_.family_steps.end(), set.steps.begin(), set.steps.end());
    return {.kind = Residual::Kind::sum, .negated = set.lowest, .terms = sum.terms, .steps = steps};
  }

  Plan& plan_;
  ConditionPlan& out_;
  const ConditionParts& parts_;
  std::vector<std::vector<Index>> operands_;                 // by rule
  std::map<std::uint16_t, Index> columns_, sum_at_, leaves_; // by register
  std::map<std::uint16_t, Asked> steps_, sums_;              // by register of a column, of a sum
  std::vector<Index> set_words_;                             // by set
  std::map<std::pair<std::uint16_t, std::int64_t>, Index> word_of_step_;
  std::map<std::pair<Index, std::int32_t>, Index> terms_;
  std::map<std::tuple<std::uint16_t, std::uint16_t, bool>, Index> pairs_;
  std::map<std::tuple<std::uint16_t, bool, std::vector<std::int64_t>>, Index> combined_;
};

}  // namespace

void take_conditions(Plan& plan) {
  ConditionParts parts = condition_parts(plan);
  Tables(plan, parts).run();
  plan.program.instructions = std::move(parts.instructions);
}

}  // namespace pawl::rules
