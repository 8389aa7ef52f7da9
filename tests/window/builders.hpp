// Short ways to write events and aggregates without the parser.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pawl/core/language/pipeline.hpp"

namespace pawl::window::test {

using language::Aggregate;
using language::AggregateKind;
using language::Expr;
using language::Op;
using language::SpanKind;
using ExprPtr = std::unique_ptr<Expr>;

inline constexpr Duration second = one_second;
inline constexpr Type integer{.kind = Kind::integer};
inline constexpr Type boolean{.kind = Kind::boolean};
inline constexpr Type money{.kind = Kind::money, .scale = 2};
inline constexpr Type instant{.kind = Kind::time};

inline Type text_of(std::uint16_t bytes) { return {.kind = Kind::text, .text_bytes = bytes}; }

inline ExprPtr node(Op op, Type type) {
  auto expr = std::make_unique<Expr>();
  expr->op = op;
  expr->type = type;
  return expr;
}
inline ExprPtr field(std::string name, Type type) {
  auto expr = node(Op::field, type);
  expr->name = std::move(name);
  return expr;
}
inline ExprPtr literal(std::int64_t number, Type type) {
  auto expr = node(Op::literal, type);
  expr->value = Value::of(number);
  return expr;
}
inline ExprPtr text_literal(std::string text) {
  auto expr = node(Op::literal, text_of(32));
  expr->value = Value::of_text(std::move(text));
  return expr;
}
inline ExprPtr both(Op op, ExprPtr a, ExprPtr b, Type type = boolean) {
  auto expr = node(op, type);
  expr->args.push_back(std::move(a));
  expr->args.push_back(std::move(b));
  return expr;
}
inline ExprPtr one(Op op, ExprPtr a, Type type = boolean) {
  auto expr = node(op, type);
  expr->args.push_back(std::move(a));
  return expr;
}

// Chained setters: agg(count).per("customer").within(10 * second).delayed(5 * second).where(...)
struct Builder {
  Aggregate aggregate;

  Builder&& of(ExprPtr value) && { aggregate.value = std::move(value); return std::move(*this); }
  Builder&& per(std::string name) && { aggregate.key.push_back(std::move(name)); return std::move(*this); }
  Builder&& within(Duration width) && { aggregate.span = SpanKind::time; aggregate.width = width; return std::move(*this); }
  Builder&& by(Duration pane) && { aggregate.pane = pane; return std::move(*this); }
  Builder&& latest(std::int64_t n) && { aggregate.span = SpanKind::last_n; aggregate.n = n; return std::move(*this); }
  Builder&& delayed(Duration delay) && { aggregate.delay = delay; return std::move(*this); }
  Builder&& on(std::vector<std::uint16_t> events) && { aggregate.on = std::move(events); return std::move(*this); }
  Builder&& where(ExprPtr condition) && { aggregate.where = std::move(condition); return std::move(*this); }
  Builder&& percent(std::int64_t percentile) && { aggregate.percentile = percentile; return std::move(*this); }
  Builder&& by_operator(std::shared_ptr<const Operator> own) && {
    aggregate.own_name = own->name;
    aggregate.own = std::move(own);
    return std::move(*this);
  }
  Builder&& prior() && { aggregate.prior = true; return std::move(*this); }
};

inline Builder agg(AggregateKind kind) {
  Builder builder;
  builder.aggregate.kind = kind;
  builder.aggregate.on = {0};
  return builder;
}

inline EventSchema schema(std::string name, std::vector<Field> fields, std::size_t index) {
  return *EventSchema::make(std::move(name), std::move(fields), static_cast<std::uint16_t>(first_event_type + index));
}
inline Field field_of(std::string name, Type type) {
  Field made;
  made.name = std::move(name);
  made.type = type;
  return made;
}

// Payment (0) and Login (1) of one customer; a transfer (2) has neither customer nor terminal.
inline language::Pipeline payments() {
  language::Pipeline pipeline;
  pipeline.events.push_back(schema("Payment",
                                   {field_of("at", instant), field_of("customer", integer), field_of("terminal", integer),
                                    field_of("device", text_of(12)), field_of("amount", money), field_of("fraud", boolean)}, 0));
  pipeline.events.push_back(schema("Login", {field_of("at", instant), field_of("customer", integer), field_of("device", text_of(20)), field_of("ok", boolean)}, 1));
  pipeline.events.push_back(schema("Transfer", {field_of("at", instant), field_of("amount", money)}, 2));
  return pipeline;
}

}  // namespace pawl::window::test
