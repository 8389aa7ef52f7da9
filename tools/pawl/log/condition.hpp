// Conditions on the inputs of a journal, as `pawl journal grep` takes them: FIELD=VALUE, and != < <= > >=.
//
//   FIELD   a field of an event; or sequence, type, source, ticket, at, ingest, which every input has
//   VALUE   in the text form of the field's type (core/event/format.hpp); `missing`; in double quotes always a text
//
// As in rules, a missing value is neither equal nor unequal to anything: only =missing and !=missing see it. An event without the field
// matches no condition on it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/log/log_reader.hpp"

namespace pawl::tools {

enum class Comparison : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

struct Condition {
  std::string text;  // as it was written
  std::string field;
  Comparison comparison = Comparison::equal;
  std::string value;
  bool is_quoted = false;
};

// Nothing: it has no operator behind a name, so it is no condition.
[[nodiscard]] std::optional<Condition> parse_condition(std::string_view text);

// All of the conditions at once. Thread: one.
class Matcher {
 public:
  explicit Matcher(std::vector<Condition> conditions) : conditions_(std::move(conditions)) {}

  // Whether the input meets every condition. Conditions are read against the pipeline that the journal holds, when it comes by.
  // Errors: usage: a field that no event has, a value that is none of its type, an order where there is none.
  Result<bool> matches(const Entry& entry, Decoder& decoder);

  // Reads the conditions against the pipeline at hand, if they were not yet: a mistake in one is an error though no input came by.
  Result<void> bind_to(Decoder& decoder);

  // Bounds on the sequence that the conditions set: nothing before and behind can match.
  [[nodiscard]] Result<void> bind_sequences();
  [[nodiscard]] Sequence first() const noexcept { return first_; }
  [[nodiscard]] Sequence last() const noexcept { return last_; }

 private:
  enum class What : std::uint8_t { nothing, field, sequence, type, source, ticket, at, ingest };
  // One condition, for one type of event.
  struct Test {
    What what = What::nothing;  // nothing: never met
    std::size_t field = 0;
    Comparison comparison = Comparison::equal;
    bool is_missing = false;    // compared with `missing`
    std::int64_t number = 0;
    double floating = 0;
    std::string text = {};
  };
  using Tests = std::vector<Test>;

  [[nodiscard]] Result<void> bind(const language::Pipeline* pipeline);
  [[nodiscard]] Result<void> bind_to_events(const Condition& condition);
  [[nodiscard]] Result<void> check_type(const Condition& condition) const;
  [[nodiscard]] static Result<Test> bind_header(const Condition& condition, What what);
  [[nodiscard]] static Result<Test> bind_field(const Condition& condition, const EventSchema& event, std::size_t field);
  [[nodiscard]] static bool meets(const Test& test, const Entry& entry, const EventSchema* event, Decoder& decoder);
  [[nodiscard]] static bool field_meets(const Test& test, const Entry& entry, const EventSchema& event, Decoder& decoder);

  std::vector<Condition> conditions_;
  bool is_bound_ = false;
  const language::Pipeline* pipeline_ = nullptr;  // that they are bound to
  std::vector<Tests> by_event_;                   // in the order of the pipeline's events
  Tests of_others_;                               // ticks, activations, events without a schema
  Sequence first_ = 0, last_ = INT64_MAX;
};

}  // namespace pawl::tools
