// A checked pipeline file: the typed tree that everything behind the language reads (windows, rules, the naive twin, `rules explain`).
// Names are resolved, literals are converted to the units of their context, every expression carries its type.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pawl/core/event/schema.hpp"
#include "pawl/core/event/type.hpp"
#include "pawl/core/model/model.hpp"
#include "pawl/core/operator/operator.hpp"
#include "pawl/core/regex/regex.hpp"

namespace pawl::language {

class Lookup;  // lookup.hpp

struct Place {
  std::uint32_t line = 0;    // from 1
  std::uint32_t column = 0;  // from 1, in bytes
  std::uint32_t length = 1;  // bytes, for the carets
};

enum class Op : std::uint8_t {
  literal,       // value
  field,         // name: a field of the event at hand (resolved per event type by name); `late_by` is one of every event, a duration
  binding,       // name = step, member = field: an earlier step of a pattern
  let,           // index into Pipeline::lets
  aggregate,     // aggregate
  model,         // index into Pipeline::models
  logical_or, logical_and, logical_not,
  equal, not_equal, less, less_equal, greater, greater_equal,  // of two arguments of the same type but for `ratio`
  add, subtract, multiply, divide, modulo, negate,
  otherwise,     // args[0] unless it is missing, then args[1]
  in_set,        // args[0] in the literals args[1..]
  in_list,       // args[0] in list `index`
  between,       // args[1] <= args[0] <= args[2]
  is_missing,    // never missing itself
  starts_with,   // args[0], with the text of value
  matches,       // args[0], with the regular expression in the text of value
  choose,        // if args[0] then args[1] else args[2]
  call,          // name(args): see below
  map_lookup,    // map `index` at args[0]
};

// Calls: abs, round, floor, min2, max2, len, lower, km(latitude, longitude, latitude, longitude);
//   hour_of(time): 0..23 UTC; weekday_of(time): 1 (Monday) .. 7 (Sunday);
//   hours(duration), minutes(duration): the exact ratio ns / 3'600'000'000'000, ns / 60'000'000'000;
//   in a pattern also count(step), sum(step.field), first(..) ... over the events of a repeated step, args[0] a binding.
// Types: arithmetic on ratios is exact; `/` and avg yield ratios, int * X yields X. A literal beside a ratio is a ratio
// (denominator 1 if it is whole), and so is a fraction beside an int; else it has the other side's type. Lengths of texts may differ.

enum class AggregateKind : std::uint8_t {
  count, sum, avg, min, max, stddev, first, last, distinct, share, median, percentile, ewma, rate,
  own,           // an operator of the embedding program
};

enum class SpanKind : std::uint8_t { time, last_n, since_start };

struct Expr;

// The window of event e: events f of the types `on` with the same key, sequence <= e's (prior: < e's), `where` true, and
//   time:        te(f) in (te(e) - delay - width, te(e) - delay]
//   last_n:      the latest `n` matching ones with te(f) <= te(e) - delay
//   since_start: te(f) <= te(e) - delay
// Of an event declared `late`, the place that its own time gives it stands for te (lateness.hpp); of equal ones the earlier in the log comes first.
struct Aggregate {
  AggregateKind kind = AggregateKind::count;
  bool prior = false;
  std::unique_ptr<Expr> value;            // null for count(per ..) and rate(per ..); boolean for share
  std::vector<std::string> key;           // names of fields of every event in `on`; empty: per all
  SpanKind span = SpanKind::since_start;
  Duration width = 0;                     // time
  Duration pane = 0;                      // `by`; 0: exact
  std::int64_t n = 0;                     // last_n
  std::int64_t percentile = 0;            // percentile: 1..100
  std::string own_name;                   // own: which operator
  std::int64_t own_version = 0;
  std::shared_ptr<const Operator> own;    // null where operators were not asked for: the pipeline is then read, not run
  Duration delay = 0;
  std::vector<std::uint16_t> on;          // indices into Pipeline::events, ascending, at least one
  std::unique_ptr<Expr> where;            // null: all. Sees only fields of the windowed event and constants, as do key and value
};

struct Expr {
  Op op = Op::literal;
  Place place;
  Type type;
  Value value;                     // literal (in units of `type`), starts_with, matches
  std::string name;                // field, binding, call
  std::string member;              // binding
  std::size_t index = 0;           // let, model, in_list, map_lookup
  std::vector<std::unique_ptr<Expr>> args;
  std::unique_ptr<Aggregate> aggregate;
  std::shared_ptr<const regex::Regex> regex;         // matches
  const std::vector<std::string>* labels = nullptr;  // of an enumeration: those of a field of Pipeline::events; null of a literal
};

// One text for one meaning: equal texts are the same computation, wherever they stand in the file. The key of hash-consing.
[[nodiscard]] std::string canonical(const Expr& expr);
// Everything of the aggregate: kind, value, key, span, delay, types, where, prior.
[[nodiscard]] std::string canonical(const Aggregate& aggregate);

struct List { std::string name; Type type; Duration expires_after = 0; Place place; };
struct Map {
  std::string name;
  Type from, to;
  Value otherwise;                        // of keys that it does not have
  bool filled = false;                    // it says what it holds, itself or by a file
  std::string path, sha256, bytes;        // of the file, if it names one
  std::shared_ptr<const Lookup> content;  // empty where it is not filled; null where files were not asked for
  Place place;
};

struct OwnOperator {
  std::string name;
  std::int64_t version = 0;
  Type takes, yields;
  std::shared_ptr<const Operator> content;  // null where operators were not asked for: the pipeline is then read, not run
  Place place;
};

struct Let {
  std::string name;
  std::unique_ptr<Expr> expr;
  std::vector<std::string> labels;         // of an enumeration
  std::vector<std::uint16_t> readable_at;  // events that have every field it needs (keys of its aggregates included), ascending
  Place place;
  std::string not_evaluated;               // empty, or why this release does not evaluate it (W300); it then reads as missing
};

struct Model {
  std::string name, path, sha256;
  std::vector<std::unique_ptr<Expr>> inputs;
  std::vector<std::uint16_t> readable_at;             // events that have every field its inputs need, ascending; missing at others
  std::shared_ptr<const model::Model> content;        // null where files were not asked for: the pipeline is then read, not run
  std::string bytes;                                  // of the file
  Place place;
};

enum class ActionKind : std::uint8_t { allow, approve, decline, reject, review, challenge, alert, score, tag, add_to_list, remove_from_list };
struct Action {
  ActionKind kind;
  std::string text;                // queue, challenge, alert level, tag
  std::unique_ptr<Expr> expr;      // score, add, remove
  std::size_t list = 0;
  Duration ttl = 0;
  Place place;
};

struct Step {
  std::string name;                // binding, or empty
  std::uint16_t event = 0;
  std::unique_ptr<Expr> condition; // or null
  std::int64_t at_least = 1, at_most = 1;  // at_most < 0: no upper bound
  bool negated = false, immediately = false;
  Duration wait = 0;               // `no X for DUR`
  Place place;
};
struct Pattern {
  std::vector<Step> steps;
  Duration within = 0;
  std::vector<std::string> key;
  std::unique_ptr<Expr> where;
  bool skip_to_next = false;
  std::int64_t limit = 16;
};

enum class RuleMode : std::uint8_t { live, shadow, off, live_percent };
struct Reason { std::string code; std::vector<std::string> texts; std::vector<std::unique_ptr<Expr>> exprs; };  // texts[0] {exprs[0]} texts[1] ...

struct Rule {
  std::string name, title, owner;
  std::vector<std::uint16_t> on;   // events it is evaluated at, ascending
  std::unique_ptr<Expr> when;      // null for a pattern rule
  std::optional<Pattern> pattern;
  std::vector<Action> actions;
  RuleMode mode = RuleMode::live;
  std::int64_t live_percent = 100;
  std::string live_by;
  bool fire_if_missing = false;
  std::vector<Reason> reasons;
  Duration cooldown = 0;
  std::vector<std::string> cooldown_key, tags;
  Place place;
  std::string not_evaluated;       // empty, or why this release does not evaluate it (W300); it then never fires
};

struct Policy {
  bool present = false;
  std::vector<std::string> order;
  std::vector<std::pair<std::string, std::int64_t>> at_score;
  std::optional<std::int64_t> cap;
  std::string default_decision = "approve";
  Place place;
};

struct Given { std::uint16_t event = 0; std::vector<std::pair<std::size_t, Value>> fields; };  // field index, value
struct Expectation { enum class Kind : std::uint8_t { fires, silent, decision } kind; std::string name; std::size_t after_given = 0; };
struct Test { std::string name; std::vector<Given> given; std::vector<Expectation> expect; Place place; };

// Immutable once checked; readable from any thread.
struct Pipeline {
  std::string name;
  std::int64_t version = 0;
  std::string source;              // the file's text, byte for byte
  std::vector<EventSchema> events; // event i has EventHeader::type first_event_type + i
  std::vector<Duration> late;      // by event: its own time counts if it is not further behind the effective time; 0: it never does
  std::vector<Duration> reorder;   // by event: how much later than younger ones of its source it may come, and is still put in its place; 0: not at all
  std::vector<List> lists;
  std::vector<Map> maps;
  std::vector<OwnOperator> operators;
  std::vector<Let> lets;           // in file order; a let uses only earlier ones of `let_order`
  std::vector<std::size_t> let_order;  // a topological order of lets
  std::vector<Model> models;
  std::vector<Rule> rules;         // in file order
  Policy policy;
  std::vector<Test> tests;
};

}  // namespace pawl::language
