// Numbers and fractions as instructions: arithmetic, what chooses between them, and functions of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/rules/plan.hpp"

namespace pawl::rules {

// The part of the compiler that knows arithmetic. `Compiler` has compile, emit, emit2, as_ratio, constant_of, text_length and refuse.
template <class Compiler>
class NumberCompiler {
 protected:
  static bool is_float(const language::Expr& expr) { return expr.type.kind == Kind::floating; }

  std::optional<Register> unary(const language::Expr& expr, Code number, Code ratio) {
    const auto of = self().compile(*expr.args[0]);
    if (!of) return std::nullopt;
    return self().emit(of->kind, {.code = of->kind == ColumnKind::ratio ? ratio : number, .a = of->index});
  }

  std::optional<Register> binary(std::optional<Register> a, std::optional<Register> b, Code number, Code ratio) {
    if (!a || !b) return std::nullopt;
    if (a->kind == ColumnKind::ratio || b->kind == ColumnKind::ratio) return self().emit2(ColumnKind::ratio, ratio, self().as_ratio(a), self().as_ratio(b));
    return self().emit2(ColumnKind::number, number, a, b);
  }

  std::optional<Register> arithmetic(const language::Expr& expr) {
    const auto a = self().compile(*expr.args[0]);
    const auto b = self().compile(*expr.args[1]);
    if (!a || !b) return std::nullopt;
    if (expr.type.kind == Kind::floating) return float_arithmetic(expr.op, a, b);
    switch (expr.op) {
      case language::Op::add: return binary(a, b, Code::add, Code::ratio_add);
      case language::Op::subtract: return binary(a, b, Code::subtract, Code::ratio_subtract);
      case language::Op::multiply: return binary(a, b, Code::multiply, Code::ratio_multiply);
      case language::Op::modulo:
        if (a->kind == ColumnKind::ratio || b->kind == ColumnKind::ratio) return self().refuse("the remainder of a fraction");
        return self().emit2(ColumnKind::number, Code::modulo, a, b);
      default: break;
    }
    PAWL_ASSERT(expr.op == language::Op::divide);
    if (a->kind == ColumnKind::number && b->kind == ColumnKind::number) return self().emit2(ColumnKind::ratio, Code::divide_numbers, a, b);
    return self().emit2(ColumnKind::ratio, Code::ratio_divide, self().as_ratio(a), self().as_ratio(b));
  }

  std::optional<Register> float_arithmetic(language::Op op, std::optional<Register> a, std::optional<Register> b) {
    switch (op) {
      case language::Op::add: return self().emit2(ColumnKind::number, Code::float_add, a, b);
      case language::Op::subtract: return self().emit2(ColumnKind::number, Code::float_subtract, a, b);
      case language::Op::multiply: return self().emit2(ColumnKind::number, Code::float_multiply, a, b);
      default: PAWL_ASSERT(op == language::Op::divide); return self().emit2(ColumnKind::number, Code::float_divide, a, b);
    }
  }

  struct CodeByKind { Code number, ratio, boolean; };

  // Two arguments, from args[first] on, merged into one value of their common kind; `condition` is a third operand.
  std::optional<Register> merged(const language::Expr& expr, CodeByKind codes, std::optional<Register> condition, std::size_t first) {
    auto a = self().compile(*expr.args[first]);
    auto b = self().compile(*expr.args[first + 1]);
    if (!a || !b) return std::nullopt;
    if (a->kind != b->kind) { a = self().as_ratio(a); b = self().as_ratio(b); }
    if (!a || !b) return std::nullopt;
    const Code code = a->kind == ColumnKind::number ? codes.number : a->kind == ColumnKind::ratio ? codes.ratio : codes.boolean;
    if (!condition) return self().emit(a->kind, {.code = code, .a = a->index, .b = b->index});
    return self().emit(a->kind, {.code = code, .a = condition->index, .b = a->index, .c = b->index});
  }

  std::optional<Register> choice(const language::Expr& expr) {
    const auto condition = self().compile(*expr.args[0]);
    if (!condition) return std::nullopt;
    return merged(expr, {Code::number_choose, Code::ratio_choose, Code::boolean_choose}, condition, 1);
  }

  std::optional<Register> call(const language::Expr& expr) {
    if (expr.name == "abs") return unary(expr, is_float(expr) ? Code::float_absolute : Code::absolute, Code::ratio_absolute);
    if (expr.name == "min2") return binary(self().compile(*expr.args[0]), self().compile(*expr.args[1]), is_float(expr) ? Code::float_minimum : Code::minimum, Code::ratio_minimum);
    if (expr.name == "max2") return binary(self().compile(*expr.args[0]), self().compile(*expr.args[1]), is_float(expr) ? Code::float_maximum : Code::maximum, Code::ratio_maximum);
    if (expr.name == "hour_of") return unary(expr, Code::hour_of_day, Code::hour_of_day);
    if (expr.name == "weekday_of") return unary(expr, Code::day_of_week, Code::day_of_week);
    if (expr.name == "hours") return scaled(*expr.args[0], 3600 * one_second);
    if (expr.name == "minutes") return scaled(*expr.args[0], 60 * one_second);
    if (expr.name == "floor") return whole(*expr.args[0], Code::ratio_floor);
    if (expr.name == "round") return whole(*expr.args[0], Code::ratio_round);
    if (expr.name == "len") return self().text_length(*expr.args[0]);
    if (expr.name == "km") return kilometres(expr);
    return self().refuse("`" + expr.name + "` of nothing that it knows");
  }

  // What has no fraction of its unit is itself; the unit of a decimal is one.
  std::optional<Register> whole(const language::Expr& value, Code code) {
    const auto of = self().compile(value);
    const unsigned digits = value.type.kind == Kind::decimal ? value.type.scale : 0;
    if (of && of->kind == ColumnKind::number && digits == 0) return of;
    const auto ratio = self().as_ratio(of);
    if (!ratio) return std::nullopt;
    return self().emit(ColumnKind::number, {.code = code, .a = ratio->index, .aux = digits});
  }

  std::optional<Register> kilometres(const language::Expr& expr) {
    std::array<std::uint16_t, 4> angles;
    for (std::size_t i = 0; i < angles.size(); ++i) {
      const auto angle = degrees(*expr.args[i]);
      if (!angle) return std::nullopt;
      angles[i] = angle->index;
    }
    return self().emit(ColumnKind::number, {.code = Code::great_circle, .a = angles[0], .b = angles[1], .c = angles[2], .aux = angles[3]});
  }

  std::optional<Register> degrees(const language::Expr& angle) {
    const auto value = self().compile(angle);
    if (!value || is_float(angle)) return value;
    const unsigned digits = angle.type.kind == Kind::decimal ? angle.type.scale : 0;
    return self().emit(ColumnKind::number, {.code = value->kind == ColumnKind::ratio ? Code::float_of_ratio : Code::float_of_number, .a = value->index, .aux = digits});
  }

  std::optional<Register> scaled(const language::Expr& value, std::int64_t divisor) {
    return self().emit2(ColumnKind::ratio, Code::ratio_multiply, self().as_ratio(self().compile(value)), self().constant_of(ColumnKind::ratio, 1, divisor));
  }

 private:
  Compiler& self() { return static_cast<Compiler&>(*this); }
};

}  // namespace pawl::rules
