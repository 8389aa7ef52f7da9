#include "pawl/core/language/typing.hpp"

#include <algorithm>

namespace pawl::language {

namespace {

Type ratio_of(Type type) noexcept {
  type.ratio = type.kind != Kind::floating;
  return type;
}

std::optional<Type> sum_type(Op op, const Type& a, const Type& b) noexcept {
  const bool a_time = a.kind == Kind::time;
  const bool b_time = b.kind == Kind::time;
  if (a_time && b_time) return op == Op::subtract && !a.ratio && !b.ratio ? std::optional(duration_type) : std::nullopt;
  if (a_time && b.kind == Kind::duration && !b.ratio) return a;
  if (b_time && a.kind == Kind::duration && !a.ratio && op == Op::add) return b;
  if (same_dimension(a, b) && is_number(a)) return joined(a, b);
  return {};
}

std::optional<Type> product_type(const Type& a, const Type& b) noexcept {
  if (!is_number(a) || !is_number(b)) return {};
  if (a.kind == Kind::floating || b.kind == Kind::floating) return a.kind == b.kind ? std::optional(floating_type) : std::nullopt;
  if (!is_plain(a) && !is_plain(b)) return {};
  Type type = is_plain(a) ? b : a;
  type.ratio = a.ratio || b.ratio;
  return type;
}

std::optional<Type> quotient_type(const Type& a, const Type& b) noexcept {
  if (!is_number(a) || !is_number(b)) return {};
  if (a.kind == Kind::floating || b.kind == Kind::floating) return a.kind == b.kind ? std::optional(floating_type) : std::nullopt;
  if (same_dimension(a, b)) return plain_ratio;
  return is_plain(b) ? std::optional(ratio_of(a)) : std::nullopt;
}

}  // namespace

bool same_dimension(const Type& a, const Type& b) noexcept {
  if (a.kind != b.kind) return false;
  if (a.kind == Kind::text) return true;
  return a.scale == b.scale && a.currency == b.currency;
}

bool is_ordered(const Type& type) noexcept { return type.kind != Kind::boolean && type.kind != Kind::enumeration; }

bool is_number(const Type& type) noexcept {
  return type.kind == Kind::integer || type.kind == Kind::money || type.kind == Kind::decimal || type.kind == Kind::floating || type.kind == Kind::duration;
}

bool is_plain(const Type& type) noexcept { return type.kind == Kind::integer; }

Type joined(const Type& a, const Type& b) noexcept {
  Type type = a;
  type.ratio = a.ratio || b.ratio;
  type.text_bytes = std::max(a.text_bytes, b.text_bytes);
  return type;
}

std::optional<Type> arithmetic_type(Op op, const Type& a, const Type& b) noexcept {
  switch (op) {
    case Op::add:
    case Op::subtract: return sum_type(op, a, b);
    case Op::multiply: return product_type(a, b);
    case Op::divide: return quotient_type(a, b);
    case Op::modulo: {
      const bool whole = !a.ratio && !b.ratio && is_number(a) && a.kind != Kind::floating;
      return whole && same_dimension(a, b) ? std::optional(a) : std::nullopt;
    }
    default: return {};
  }
}

std::optional<Type> aggregate_type(AggregateKind kind, const Type& type) noexcept {
  const bool exact_number = is_number(type) && !type.ratio;
  switch (kind) {
    case AggregateKind::count:
    case AggregateKind::distinct: return Type{};
    case AggregateKind::rate: return plain_ratio;
    case AggregateKind::share: return type.kind == Kind::boolean ? std::optional(plain_ratio) : std::nullopt;
    case AggregateKind::sum: return exact_number ? std::optional(type) : std::nullopt;
    case AggregateKind::avg: return exact_number ? std::optional(ratio_of(type)) : std::nullopt;
    case AggregateKind::stddev:
    case AggregateKind::ewma: return exact_number ? std::optional(floating_type) : std::nullopt;
    case AggregateKind::min:
    case AggregateKind::max:
    case AggregateKind::median:
    case AggregateKind::percentile: return is_ordered(type) && type.kind != Kind::text ? std::optional(type) : std::nullopt;
    case AggregateKind::first:
    case AggregateKind::last: return type;
    case AggregateKind::own: break;  // its declaration says
  }
  return {};
}

std::string_view word(AggregateKind kind) noexcept {
  switch (kind) {
    case AggregateKind::count: return "count";
    case AggregateKind::sum: return "sum";
    case AggregateKind::avg: return "avg";
    case AggregateKind::min: return "min";
    case AggregateKind::max: return "max";
    case AggregateKind::stddev: return "stddev";
    case AggregateKind::first: return "first";
    case AggregateKind::last: return "last";
    case AggregateKind::distinct: return "distinct";
    case AggregateKind::share: return "share";
    case AggregateKind::median: return "median";
    case AggregateKind::percentile: return "percentile";
    case AggregateKind::ewma: return "ewma";
    case AggregateKind::rate: return "rate";
    case AggregateKind::own: break;
  }
  return "";
}

std::string_view word(const Aggregate& aggregate) noexcept { return aggregate.kind == AggregateKind::own ? aggregate.own_name : word(aggregate.kind); }

std::string_view symbol(Op op) noexcept {
  switch (op) {
    case Op::logical_or: return "or";
    case Op::logical_and: return "and";
    case Op::equal: return "=";
    case Op::not_equal: return "!=";
    case Op::less: return "<";
    case Op::less_equal: return "<=";
    case Op::greater: return ">";
    case Op::greater_equal: return ">=";
    case Op::add: return "+";
    case Op::subtract: return "-";
    case Op::multiply: return "*";
    case Op::divide: return "/";
    case Op::modulo: return "%";
    case Op::otherwise: return "otherwise";
    default: return "";
  }
}

}  // namespace pawl::language
