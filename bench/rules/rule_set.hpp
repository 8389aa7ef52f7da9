// A realistic rule set, twice: as the text of a pipeline, and as plain predicates to check the engine's results by.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pawl::bench {

// Predicates: 40 % threshold, 20 % field with field, 10 % list, 10 % arithmetic, 20 % equality; three to a rule in the mean; about one
// rule in a hundred fires on an event whose fields are uniform in [0, value_max).
class RuleSet {
 public:
  static constexpr std::int64_t value_max = 10'000;

  // REQUIRES: fields >= 8.
  RuleSet(std::size_t rules, std::size_t fields, std::uint64_t seed = 1);

  // event Sample { at: time, f0: int, f1: int, ... } and the rules.
  [[nodiscard]] std::string pipeline() const;
  // By definition. `fields`: values of f0, f1, ...
  [[nodiscard]] bool fires(std::size_t rule, std::span<const std::int64_t> fields) const;
  [[nodiscard]] std::size_t size() const noexcept { return rules_.size(); }
  [[nodiscard]] std::size_t fields() const noexcept { return fields_; }

 private:
  enum class Kind { threshold, fields, list, arithmetic, equality };
  struct Predicate {
    Kind kind;
    std::size_t a, b;
    std::int64_t limit;
    bool above;
    std::vector<std::int64_t> list;
  };
  static std::string text_of(const Predicate& predicate);
  static bool holds(const Predicate& predicate, std::span<const std::int64_t> fields);

  std::size_t fields_;
  std::vector<std::vector<Predicate>> rules_;
};

}  // namespace pawl::bench
