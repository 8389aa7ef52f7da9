#include "pawl/log/condition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <compare>

#include "pawl/core/event/format.hpp"
#include "pawl/core/language/problems.hpp"

namespace pawl::tools {
namespace {

struct Operator {
  std::string_view text;
  Comparison comparison;
};
// Longer ones first.
constexpr std::array operators = {Operator{"!=", Comparison::not_equal}, Operator{"<=", Comparison::less_equal}, Operator{">=", Comparison::greater_equal},
                                  Operator{"==", Comparison::equal},     Operator{"=", Comparison::equal},       Operator{"<", Comparison::less},
                                  Operator{">", Comparison::greater}};

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

template <class T>
bool holds(const T& left, Comparison comparison, const T& right) {
  switch (comparison) {
    case Comparison::equal: return left == right;
    case Comparison::not_equal: return left != right;
    case Comparison::less: return left < right;
    case Comparison::less_equal: return left <= right;
    case Comparison::greater: return left > right;
    case Comparison::greater_equal: return left >= right;
  }
  return false;
}

bool is_ordering(Comparison comparison) { return comparison != Comparison::equal && comparison != Comparison::not_equal; }

Error bad(const Condition& condition, std::string_view why) { return {ErrorCode::usage, fmt::format("`{}`: {}", condition.text, why)}; }

constexpr std::array header_names = {"sequence", "type", "source", "ticket", "at", "ingest"};

// Names of the fields of all events, each once.
std::vector<std::string> field_names(const language::Pipeline* pipeline) {
  std::vector<std::string> names(header_names.begin(), header_names.end());
  if (pipeline == nullptr) return names;
  for (const EventSchema& event : pipeline->events) {
    for (const Field& field : event.fields) {
      if (std::find(names.begin(), names.end(), field.name) == names.end()) names.push_back(field.name);
    }
  }
  return names;
}

}  // namespace

std::optional<Condition> parse_condition(std::string_view text) {
  const std::size_t at = text.find_first_of("=!<>");
  if (at == std::string_view::npos || !is_name(text.substr(0, at))) return {};
  for (const Operator& candidate : operators) {
    if (!text.substr(at).starts_with(candidate.text)) continue;
    Condition condition{std::string(text), std::string(text.substr(0, at)), candidate.comparison, std::string(text.substr(at + candidate.text.size())), false};
    condition.is_quoted = condition.value.size() >= 2 && condition.value.front() == '"' && condition.value.back() == '"';
    if (condition.is_quoted) condition.value = condition.value.substr(1, condition.value.size() - 2);
    return condition;
  }
  return {};
}

Result<void> Matcher::bind_sequences() {
  for (const Condition& condition : conditions_) {
    if (condition.field != "sequence") continue;
    const auto test = bind_header(condition, What::sequence);
    if (!test) return test.error();
    const bool from_below = condition.comparison == Comparison::equal || condition.comparison == Comparison::greater || condition.comparison == Comparison::greater_equal;
    const bool from_above = condition.comparison == Comparison::equal || condition.comparison == Comparison::less || condition.comparison == Comparison::less_equal;
    if (from_below) first_ = std::max(first_, test->number);
    if (from_above) last_ = std::min(last_, test->number);
  }
  return {};
}

Result<bool> Matcher::matches(const Entry& entry, Decoder& decoder) {
  if (auto bound = bind_to(decoder); !bound) return bound.error();
  const EventSchema* event = decoder.schema(entry.record);
  const Tests& tests = event == nullptr ? of_others_ : by_event_[static_cast<std::size_t>(event - pipeline_->events.data())];
  return std::all_of(tests.begin(), tests.end(), [&](const Test& test) { return meets(test, entry, event, decoder); });
}

Result<void> Matcher::bind_to(Decoder& decoder) {
  const language::Pipeline* pipeline = decoder.pipeline();
  return is_bound_ && pipeline == pipeline_ ? Result<void>() : bind(pipeline);
}

Result<void> Matcher::bind(const language::Pipeline* pipeline) {
  pipeline_ = pipeline;
  is_bound_ = true;
  by_event_.assign(pipeline == nullptr ? 0 : pipeline->events.size(), {});
  of_others_.clear();
  for (const Condition& condition : conditions_) {
    const auto header = std::find(header_names.begin(), header_names.end(), condition.field);
    if (header == header_names.end()) {
      if (auto bound = bind_to_events(condition); !bound) return bound;
      continue;
    }
    const auto what = static_cast<What>(static_cast<std::size_t>(What::sequence) + static_cast<std::size_t>(header - header_names.begin()));
    auto test = bind_header(condition, what);
    if (!test) return std::move(test).error();
    if (auto known = what == What::type ? check_type(condition) : Result<void>(); !known) return known;
    for (Tests& tests : by_event_) tests.push_back(*test);
    of_others_.push_back(*test);
  }
  return {};
}

// To every event that has the field. It is enough that the value fits one of them.
Result<void> Matcher::bind_to_events(const Condition& condition) {
  std::optional<Error> error;
  bool is_known = false, is_good = false;
  for (std::size_t i = 0; i < by_event_.size(); ++i) {
    const EventSchema& event = pipeline_->events[i];
    const int field = event.find(condition.field);
    auto test = field < 0 ? Result<Test>(Test{}) : bind_field(condition, event, static_cast<std::size_t>(field));
    if (!test) error = test.error();
    is_known |= field >= 0;
    is_good |= field >= 0 && test;
    by_event_[i].push_back(test ? *std::move(test) : Test{});
  }
  of_others_.push_back({});
  if (is_good) return {};
  if (is_known) return *error;
  const auto names = field_names(pipeline_);
  return bad(condition, fmt::format("no event in this journal has a field `{}`.{} There are {}", condition.field, language::suggestion(condition.field, names),
                                    language::quoted_list(names)));
}

Result<void> Matcher::check_type(const Condition& condition) const {
  std::vector<std::string> names = {"activate", "tick", "unknown"};
  for (std::size_t i = 0; i < by_event_.size(); ++i) names.push_back(pipeline_->events[i].name);
  const bool is_number = condition.value.find_first_not_of("0123456789") == std::string::npos;
  if (is_number || std::find(names.begin(), names.end(), condition.value) != names.end()) return {};
  return bad(condition, fmt::format("this journal has no inputs of type `{}`.{} There are {}", condition.value, language::suggestion(condition.value, names),
                                    language::quoted_list(names)));
}

Result<Matcher::Test> Matcher::bind_header(const Condition& condition, What what) {
  Test test{.what = what, .comparison = condition.comparison};
  test.text = condition.value;
  if (what == What::type || what == What::source) {
    if (is_ordering(condition.comparison)) return bad(condition, "names have no order: write = or !=");
    if (condition.value.empty()) return bad(condition, "a name is missing behind the operator");
    return test;
  }
  const bool is_time = what == What::at || what == What::ingest;
  const Field field{.name = condition.field, .type = {.kind = is_time ? Kind::time : Kind::integer}, .labels = {}};
  if (const ParseError error = parse_number(field, condition.value, test.number); error != ParseError::none) {
    return bad(condition, fmt::format("`{}` {}", condition.value, explain(error, field)));
  }
  return test;
}

Result<Matcher::Test> Matcher::bind_field(const Condition& condition, const EventSchema& event, std::size_t index) {
  const Field& field = event.fields[index];
  Test test{.what = What::field, .field = index, .comparison = condition.comparison};
  test.is_missing = !condition.is_quoted && condition.value == "missing";
  test.text = condition.value;
  if (test.is_missing && is_ordering(condition.comparison)) return bad(condition, "missing has no order: write = or !=");
  if (test.is_missing || field.type.kind == Kind::text) return test;
  if (is_ordering(condition.comparison) && (field.type.kind == Kind::enumeration || field.type.kind == Kind::boolean)) {
    return bad(condition, fmt::format("{} has no order: write = or !=", to_string(field.type)));
  }
  if (const ParseError error = parse_number(field, condition.value, test.number); error != ParseError::none) {
    return bad(condition, fmt::format("`{}` {} ({}.{} is {})", condition.value, explain(error, field), event.name, field.name, to_string(field.type)));
  }
  if (field.type.kind == Kind::floating) test.floating = std::bit_cast<double>(test.number);
  return test;
}

bool Matcher::meets(const Test& test, const Entry& entry, const EventSchema* event, Decoder& decoder) {
  const journal::RecordHeader& header = entry.record.header();
  const auto is_one_of = [&](const std::string& name, std::uint16_t number) {
    return (name == test.text || std::to_string(number) == test.text) == (test.comparison == Comparison::equal);
  };
  switch (test.what) {
    case What::nothing: return false;
    case What::field: return event != nullptr && field_meets(test, entry, *event, decoder);
    case What::sequence: return holds(entry.sequence, test.comparison, test.number);
    case What::type: return is_one_of(input_name(event, header.type), header.type);
    case What::source: return is_one_of(decoder.source_name(header.source), header.source);
    case What::ticket: return holds(static_cast<std::int64_t>(header.ticket), test.comparison, test.number);
    case What::at: return holds(header.at, test.comparison, test.number);
    case What::ingest: return holds(header.ingest, test.comparison, test.number);
  }
  return false;
}

bool Matcher::field_meets(const Test& test, const Entry& entry, const EventSchema& event, Decoder& decoder) {
  const std::byte* slot = decoder.slot_of(entry.record);
  const bool missing = is_missing(event, slot, test.field);
  if (test.is_missing) return missing == (test.comparison == Comparison::equal);
  if (missing) return false;
  switch (event.fields[test.field].type.kind) {
    case Kind::text: return holds(read_text(event, slot, test.field), test.comparison, std::string_view(test.text));
    case Kind::floating: return holds(std::bit_cast<double>(read_number(event, slot, test.field)), test.comparison, test.floating);
    default: return holds(read_number(event, slot, test.field), test.comparison, test.number);
  }
}

}  // namespace pawl::tools
