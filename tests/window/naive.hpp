// The naive twin: every window recomputed from the whole history of its key, straight from its definition in language.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "builders.hpp"

namespace pawl::window::test {

// A feature's value as the tiles hold it.
struct Answer {
  bool valid = false;
  std::int64_t number = 0;
  std::int64_t denominator = 0;  // ratios
};

class Naive {
 public:
  explicit Naive(const language::Pipeline& pipeline) : pipeline_(pipeline) {}

  // The next input; type 0 to 2 are events, others (ticks) change nothing. The slot is copied.
  void take(const std::byte* slot, std::size_t slot_bytes);
  // The feature at the latest input. Aggregates stay where they are, and are asked at any inputs.
  [[nodiscard]] Answer answer(const Aggregate& aggregate, const Type& type);

 private:
  struct Input {
    std::vector<std::byte> slot;
    std::optional<std::size_t> event;  // index of its schema
    Time te = 0;
    Time place = 0;  // in windows
  };
  using Key = std::vector<std::string>;
  // Of an input, what an aggregate may count.
  struct Counted {
    Time te, place;
    Value value;  // missing too if it asks for none
  };
  struct History {
    std::size_t looked_at = 0;  // inputs
    std::map<Key, std::vector<Counted>> of_key;
  };

  [[nodiscard]] std::optional<Key> key_of(const Aggregate& aggregate, const Input& input) const;
  [[nodiscard]] bool has_key_fields(const Aggregate& aggregate, std::size_t event) const;
  [[nodiscard]] Value eval(const Expr& expr, const Input& input) const;
  void look_at(const Aggregate& aggregate, const Input& input, History& history) const;
  [[nodiscard]] std::vector<const Counted*> window(const Aggregate& aggregate);

  const language::Pipeline& pipeline_;
  std::vector<Input> inputs_;
  std::map<const Aggregate*, History> histories_;
  Time te_ = INT64_MIN + 1;
};

}  // namespace pawl::window::test
