// Name resolution and types: from the file as written to the typed tree. One object per check; set-up only.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pawl/core/language/literal.hpp"
#include "pawl/core/language/lookup.hpp"
#include "pawl/core/language/model_files.hpp"
#include "pawl/core/language/problems.hpp"
#include "pawl/core/language/syntax.hpp"

namespace pawl::language {

using ExprPtr = std::unique_ptr<Expr>;
using EventSet = std::vector<std::uint16_t>;  // ascending
using Labels = const std::vector<std::string>*;

// An expression with the labels of its enumeration. Null: there was an error, already reported; whoever gets it keeps quiet.
struct Typed {
  ExprPtr expr;
  Labels labels = nullptr;

  explicit operator bool() const noexcept { return expr != nullptr; }
};

// What the names of an expression mean where it stands.
struct Scope {
  EventSet events;                            // a plain field is one of every one of these
  bool aggregate = false;                     // inside an aggregate: fields and constants only
  bool fields = true;                         // false: a pattern's rule reads fields through its steps
  bool let = false;                           // no rule: an aggregate without `on` has no event to fall back on
  EventSet* narrowed = nullptr;               // let: loses events whose key field has another type than the window's
  const std::vector<Step>* steps = nullptr;   // of a pattern, those that may be named so far
  bool timed = false;                         // of a pattern that a deadline completes: there is no event, so no let, window or model
  const syntax::Node* hole = nullptr;         // of a reason: what stands in its braces
};

class Checker {
 public:
  // `model_files`: null to leave the files of models unread.
  // `operators`: null to leave those that the file declares unbound.
  Checker(const syntax::File& file, Pipeline& pipeline, Problems& problems, ModelFiles* model_files, const Operators* operators)
      : file_(file), out_(pipeline), problems_(problems), model_files_(model_files), own_operators_(operators) {}

  void run();

 private:
  // Declarations: check_items.cpp.
  void events();
  void event(const syntax::Event& event);
  std::optional<Field> field(const syntax::FieldDeclaration& declaration, std::size_t event_bytes);
  std::optional<Type> type(const syntax::TypeName& name);
  std::optional<Type> money_type(const syntax::TypeName& name);
  void declare_names();
  void declare(const syntax::Name& name, std::string_view what, bool shadows_fields);
  Type storable(const syntax::TypeName& name);
  void lists_and_maps();
  void lets();
  void order_lets();
  void report_cycle(const std::vector<std::size_t>& path, std::size_t again);
  void let(std::size_t index);
  void policy();
  void tests();
  void test(const syntax::Test& test);
  void given(const syntax::Given& given, Test& test);

  // Maps: check_map.cpp.
  void map(const syntax::Map& map);
  std::optional<Value> map_literal(const syntax::Node& node, const Type& type, std::string_view what);
  void fill_map(const syntax::Map& map, Map& out);
  void read_map(const syntax::Map& map, Map& out);
  static std::string read_entries(std::string_view bytes, const Map& map, std::vector<Lookup::Entry>& entries);

  // Models: check_model.cpp.
  void models();
  void model(const syntax::Model& model);
  void model_input(const syntax::Model& model, const syntax::Node& input, EventSet& events, Model& out);
  void load_model(const syntax::Model& model, Model& out);
  bool check_features(const syntax::Model& model, const pawl::model::Model& content);

  // Operators of the program: check_own.cpp.
  void own_operators();
  void own_operator(const syntax::OwnOperator& declared);
  void find_registered(const syntax::OwnOperator& declared, OwnOperator& own);
  const OwnOperator* known_operator(const syntax::Name& name);
  std::optional<Type> own_type(const OwnOperator& own, const Type& value, Span span);

  // Which events a let or model input can be read at: check_needs.cpp. `models`: null within a model's inputs, which name no models (E190).
  using ModelIndex = std::unordered_map<std::string_view, std::size_t>;
  EventSet readable(const syntax::Node& node, std::vector<std::string>& needs);
  void collect_needs(const syntax::Node& node, const ModelIndex* models, std::vector<std::string>& needs) const;
  void keep_readers_of_lets(const syntax::Node& node, const ModelIndex* models, EventSet& events) const;
  void report_unreadable(const syntax::Name& name, const std::vector<std::string>& needs);

  // Rules: check_rule.cpp.
  void rules();
  void rule(const syntax::Rule& rule);
  void condition(const syntax::Rule& rule, Rule& out, const Scope& scope);
  void pattern(const syntax::Rule& rule, Rule& out);
  static EventSet last_events(const Pattern& pattern, bool has_where);
  void steps(const syntax::Pattern& pattern, Pattern& out);
  void timed_before_the_end(const syntax::Pattern& pattern);
  void step(const syntax::Step& step, Pattern& out);
  void actions(const syntax::Rule& rule, Rule& out, const Scope& scope);
  void action(const syntax::Action& action, Rule& out, const Scope& scope);
  void reasons(const syntax::Rule& rule, Rule& out, const Scope& scope);
  void rest(const syntax::Rule& rule, Rule& out);
  EventSet on(const std::vector<syntax::Name>& names);
  std::vector<std::string> key(const std::vector<syntax::Name>& names, const EventSet& events);
  [[nodiscard]] bool fields_of_key(const std::vector<syntax::Name>& names, const syntax::Rule& rule, const Rule& out, std::string_view what);

  // Expressions: check_expression.cpp, check_operation.cpp.
  Typed expression(const syntax::Node& node, const Scope& scope);
  Typed without_labels(const syntax::Node& node, const Scope& scope);
  ExprPtr boolean(const syntax::Node& node, const Scope& scope, std::string_view what);
  Typed name(const syntax::Node& node, const Scope& scope);
  Typed outside_aggregate(const syntax::Node& node, const Scope& scope);
  bool is_without_event(Span span, const Scope& scope, std::string_view what);
  Typed let_reference(std::size_t index, const syntax::Node& node, const Scope& scope);
  Typed model_reference(std::size_t index, const syntax::Node& node, const Scope& scope);
  Typed reasons_of_model(std::size_t index, const syntax::Node& node, const Scope& scope);
  Typed field_reference(const syntax::Name& name, const Scope& scope);
  void unknown_name(const syntax::Name& name, const Scope& scope);
  Typed member(const syntax::Node& node, const Scope& scope, bool iterated);
  Typed map_lookup(const syntax::Node& node, const Scope& scope);
  Typed iteration(const syntax::Node& node, const Scope& scope);
  Typed call(const syntax::Node& node, const Scope& scope);
  Typed operation(const syntax::Node& node, const Scope& scope);
  Typed logical(const syntax::Node& node, const Scope& scope);
  Typed comparison(const syntax::Node& node, const Scope& scope);
  Typed between(const syntax::Node& node, const Scope& scope);
  Typed arithmetic(const syntax::Node& node, const Scope& scope);
  Typed negation(const syntax::Node& node, const Scope& scope);
  Typed alternative(const syntax::Node& node, const Scope& scope);
  Typed in_set(const syntax::Node& node, const Scope& scope);
  Typed in_list(const syntax::Node& node, const Scope& scope);
  Typed text_test(const syntax::Node& node, const Scope& scope);
  std::shared_ptr<const regex::Regex> regular_expression(const syntax::Node& node);
  Typed is_missing(const syntax::Node& node, const Scope& scope);
  // Two operands of one dimension: a literal takes the type of the other. False: reported.
  bool pair(const syntax::Node& a, const syntax::Node& b, const Scope& scope, Typed& left, Typed& right, std::string_view verb);
  bool compatible(const Typed& a, const Typed& b, Span span, std::string_view verb);
  Typed adapt(const syntax::Node& node, const Typed& other, const Scope& scope, std::string_view verb = "use");
  std::optional<Constant> constant(const syntax::Node& node, const Scope& scope) const;

  // Windows: check_aggregate.cpp.
  Typed aggregate(const syntax::Node& node, const Scope& scope);
  EventSet windowed_events(const syntax::Node& node, const Scope& scope);
  EventSet infer_events(const syntax::Node& node, const Scope& scope);
  bool keys(const syntax::AggregateNode& aggregate, const EventSet& on, const Scope& scope);
  bool key_at_reader(const syntax::Name& name, const Type& type, const Scope& scope);
  bool is_key_field(const syntax::Name& name);
  bool typed_value(const syntax::Node& node, const Scope& inner, Aggregate& out, Typed& result);
  std::optional<Type> yielded(const syntax::AggregateNode& source, const Type& type, Aggregate& out);
  void spans(const syntax::Node& node);

  // Look-ups.
  [[nodiscard]] int find_event(std::string_view name) const;
  int known_event(const syntax::Name& name);  // -1: reported
  [[nodiscard]] const Field* find_field(std::uint16_t event, std::string_view name) const;
  [[nodiscard]] EventSet events_with(std::string_view field) const;
  [[nodiscard]] EventSet all_events() const;
  [[nodiscard]] std::string event_names(const EventSet& events, std::string_view last_separator = " and ") const;
  [[nodiscard]] std::vector<std::string> visible_names(const Scope& scope) const;
  [[nodiscard]] std::string suggest(std::string_view name, const std::function<std::vector<std::string>()>& candidates) const;
  // The field of every one of `events`, of one type; null: reported.
  const Field* common_field(const syntax::Name& name, const Scope& scope);
  Typed make(Op op, Type type, Span span);
  Typed error(Span span, std::string_view code, std::string message);

  const syntax::File& file_;
  Pipeline& out_;
  Problems& problems_;
  ModelFiles* model_files_;
  const Operators* own_operators_;
  std::vector<bool> broken_events_;                     // by event: fields may be missing because of a syntax error
  std::unordered_map<std::string_view, std::size_t> event_index_, let_index_, model_index_, list_index_, map_index_, rule_index_, own_index_;
  std::unordered_map<std::string_view, EventSet> field_events_;
  std::unordered_map<std::string_view, std::string> declared_;  // name -> what, of lists, maps, lets and models
  std::vector<std::optional<Constant>> let_constants_;  // lets that are literals: they take units of where they are used
  std::vector<Labels> let_labels_;
  std::vector<std::vector<std::string>> let_needs_;     // fields an event must have to read the let
  std::vector<bool> let_done_;
  std::vector<EventSet> model_events_;
  std::unordered_map<std::string_view, std::shared_ptr<const regex::Regex>> regexes_;  // of the file, by their text; null: reported
  std::size_t regex_work_ = 0;                          // that making them took
};

// Of the language: abs, round, ...
[[nodiscard]] bool is_function(std::string_view name) noexcept;

}  // namespace pawl::language
