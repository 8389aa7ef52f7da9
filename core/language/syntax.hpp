// The file as it is written: names not resolved, literals without units. Between parser and checker only; views point into the source.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/language/problems.hpp"

namespace pawl::language::syntax {

struct Name {
  std::string_view text;
  Span span;

  [[nodiscard]] bool empty() const noexcept { return text.empty(); }
  [[nodiscard]] std::string string() const { return std::string(text); }
};

struct Node;
using NodePtr = std::unique_ptr<Node>;

enum class NodeKind : std::uint8_t {
  number,      // number in units of 10^-digits
  percent,     // likewise, a plain fraction
  duration, time, boolean,  // number
  text,        // text, unescaped
  name,        // name
  member,      // name . member
  index,       // name [ args[0] ]
  aggregate,   // aggregate
  call,        // name ( args )
  operation,   // op over args: everything else of the seam's Op
  in_list,     // args[0] in name
};

struct AggregateNode {
  AggregateKind kind = AggregateKind::count;
  Name own;  // AggregateKind::own
  bool prior = false;
  NodePtr value;
  std::vector<Name> key;
  SpanKind span = SpanKind::since_start;
  Duration width = 0, pane = 0, delay = 0;
  std::int64_t n = 0, percentile = 0;
  std::vector<Name> on;
  NodePtr where;
};

struct Node {
  NodeKind kind = NodeKind::number;
  Op op = Op::literal;
  std::uint8_t digits = 0;
  std::uint16_t depth = 1;  // of the tree below, itself included
  Span span;
  std::int64_t number = 0;
  std::string text;
  Name name, member;
  std::vector<NodePtr> args;
  std::unique_ptr<AggregateNode> aggregate;
};

struct TypeName {
  Name name;                           // empty: there was a syntax error
  std::optional<std::int64_t> number;  // (2), (32)
  Name currency;
  std::vector<Name> labels;
};
struct FieldDeclaration { Name name; TypeName type; };
struct Event { Name name; std::vector<FieldDeclaration> fields; Duration late = 0, reorder = 0; bool broken = false; };
struct List { Name name; TypeName type; Duration expires_after = 0; };
struct Map {
  Name name;
  TypeName from, to;
  bool filled = false;
  std::vector<std::pair<NodePtr, NodePtr>> entries;
  std::string path, sha256;     // of its file
  Span path_span, sha256_span;  // empty: it names none
  NodePtr otherwise;
};
struct OwnOperator { Name name; std::int64_t version = 0; TypeName takes, yields; bool yields_ratio = false; };
struct Let { Name name; NodePtr expr; };
struct Model { Name name; std::string path, sha256; Span path_span, sha256_span; std::vector<NodePtr> inputs; };

struct Step {
  Name name, event;
  NodePtr condition;
  std::int64_t at_least = 1, at_most = 1;
  bool negated = false, immediately = false;
  Duration wait = 0;
  Span span;
};
struct Pattern {
  std::vector<Step> steps;
  std::optional<Duration> within;
  std::vector<Name> key;
  bool has_key = false;
  NodePtr where;
  bool skip_to_next = false;
  std::int64_t limit = 16;
  Span span;
};
struct Action { ActionKind kind; Span span; std::string text; NodePtr expr; Name list; Duration ttl = 0; };
struct Reason { Name code; std::vector<std::string> texts; std::vector<NodePtr> exprs; };
struct Cooldown { Duration width = 0; std::vector<Name> key; Span span; };

struct Rule {
  Name name;
  std::string title, owner;
  std::vector<Name> on, tags;
  NodePtr when;
  std::optional<Pattern> pattern;
  std::vector<Action> actions;
  RuleMode mode = RuleMode::live;
  std::int64_t live_percent = 100;
  Name live_by;
  bool fire_if_missing = false;
  std::vector<Reason> reasons;
  std::optional<Cooldown> cooldown;
  bool broken = false;  // a clause was lost to a syntax error: what is not there may have been meant
};

struct PolicyThreshold { Name decision; std::int64_t score = 0; };
struct Policy {
  Span span;
  std::vector<Name> order;
  std::vector<PolicyThreshold> at_score;
  std::optional<std::int64_t> cap;
  Name default_decision;
};

struct Assignment { Name field; NodePtr value; };
struct Given { Name event; std::vector<Assignment> fields; };
struct Expectation { language::Expectation::Kind kind; Name name; std::size_t after_given = 0; };
struct Test { std::string name; Span span; std::vector<Given> given; std::vector<Expectation> expect; };

struct File {
  std::string name;
  Span name_span;
  std::int64_t version = 0;
  std::vector<Event> events;
  std::vector<List> lists;
  std::vector<Map> maps;
  std::vector<OwnOperator> operators;
  std::vector<Let> lets;
  std::vector<Model> models;
  std::vector<Rule> rules;
  std::vector<Policy> policies;
  std::vector<Test> tests;
  bool lost_item = false;  // recovery skipped an item whose name is not known: an unknown name may be its
};

}  // namespace pawl::language::syntax
