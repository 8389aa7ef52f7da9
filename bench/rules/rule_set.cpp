#include "rules/rule_set.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/random.hpp"

namespace pawl::bench {

// Equalities and lists look at fields of 16 values (the event's f0 .. f7), the others at wide ones.
RuleSet::RuleSet(std::size_t rules, std::size_t fields, std::uint64_t seed) : fields_(fields) {
  constexpr std::size_t narrow = 8;
  std::uint64_t random = seed;
  const auto below = [&](std::uint64_t bound) { return next_random(random) % bound; };
  const auto wide_field = [&] { return narrow + below(fields - narrow); };
  for (std::size_t r = 0; r < rules; ++r) {
    std::vector<Predicate> predicates(1 + below(5));
    for (Predicate& p : predicates) {
      const std::uint64_t draw = below(10);
      p.above = below(2) == 0;
      p.kind = draw < 4 ? Kind::threshold : draw < 6 ? Kind::fields : draw < 7 ? Kind::list : draw < 8 ? Kind::arithmetic : Kind::equality;
      const bool category = p.kind == Kind::list || p.kind == Kind::equality;
      p.a = category ? below(narrow) : wide_field();
      p.b = wide_field();
      if (p.a == p.b) p.b = narrow + (p.b - narrow + 1) % (fields - narrow);
      p.limit = static_cast<std::int64_t>(category ? below(16) : below(value_max));
      for (std::uint64_t n = 0; p.kind == Kind::list && n < 4; ++n) p.list.push_back(static_cast<std::int64_t>((static_cast<std::uint64_t>(p.limit) + n * 3) % 16));
    }
    // A rule of few predicates is a rare one: its first is a threshold near the edge.
    if (predicates.size() < 4) predicates.front() = {Kind::threshold, wide_field(), 0, value_max - value_max / 100 - static_cast<std::int64_t>(below(100)), true, {}};
    rules_.push_back(std::move(predicates));
  }
}

std::string RuleSet::text_of(const Predicate& p) {
  const char* const sign = p.above ? ">" : "<";
  switch (p.kind) {
    case Kind::threshold: return fmt::format("f{} {} {}", p.a, sign, p.limit);
    case Kind::fields: return fmt::format("f{} {} f{}", p.a, sign, p.b);
    case Kind::list: return fmt::format("f{} in ({})", p.a, fmt::join(p.list, ", "));
    case Kind::arithmetic: return fmt::format("f{} + 2 * f{} {} {}", p.a, p.b, sign, p.limit);
    case Kind::equality: return fmt::format("f{} = {}", p.a, p.limit);
  }
  return "";
}

bool RuleSet::holds(const Predicate& p, std::span<const std::int64_t> fields) {
  const auto compare = [&](std::int64_t left, std::int64_t right) { return p.above ? left > right : left < right; };
  switch (p.kind) {
    case Kind::threshold: return compare(fields[p.a], p.limit);
    case Kind::fields: return compare(fields[p.a], fields[p.b]);
    case Kind::list: return std::find(p.list.begin(), p.list.end(), fields[p.a]) != p.list.end();
    case Kind::arithmetic: return compare(fields[p.a] + 2 * fields[p.b], p.limit);
    case Kind::equality: return fields[p.a] == p.limit;
  }
  return false;
}

std::string RuleSet::pipeline() const {
  std::string text = "pipeline \"rules\" version 1\nevent Sample { at: time";
  for (std::size_t f = 0; f < fields_; ++f) text += fmt::format(", f{}: int", f);
  text += " }\n";
  for (std::size_t r = 0; r < rules_.size(); ++r) {
    text += fmt::format("rule r{} {{ on Sample when ", r);
    for (std::size_t p = 0; p < rules_[r].size(); ++p) text += (p == 0 ? "" : " and ") + text_of(rules_[r][p]);
    text += " then score 1 }\n";
  }
  return text;
}

bool RuleSet::fires(std::size_t rule, std::span<const std::int64_t> fields) const {
  return std::all_of(rules_[rule].begin(), rules_[rule].end(), [&](const Predicate& predicate) { return holds(predicate, fields); });
}

}  // namespace pawl::bench
