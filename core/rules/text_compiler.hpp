// Predicates of texts as instructions. A text never becomes a column: it is compared where it stands. One that is chosen, by `if`,
// `otherwise`, `min2`, `max2` or behind a let, is taken apart: the predicate of every text that it can be, merged by the same choices.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pawl/core/rules/plan.hpp"

namespace pawl::rules {

// The part of the compiler that knows texts. `Compiler` has compile, emit, inverted, constant_of, access, refuse and reads_state.
template <class Compiler>
class TextCompiler {
 protected:
  using Expr = language::Expr;
  using Op = language::Op;
  using Result = std::optional<Register>;

  Result text_comparison(Op op, const Expr& left, const Expr& right) {
    return each_text(left, [&](const Expr& l) { return each_text(right, [&](const Expr& r) { return plain_comparison(op, l, r); }); });
  }

  // Code::text_in, text_starts_with. An instruction takes so many constants as its operand says.
  Result text_test(Code code, const Expr& text, std::span<const std::string> constants) {
    return each_text(text, [&](const Expr& plain) {
      Result out = some_text_test(code, plain, constants.first(std::min<std::size_t>(constants.size(), UINT16_MAX)));
      for (std::size_t from = UINT16_MAX; from < constants.size() && out; from += UINT16_MAX) {
        out = self().emit2(ColumnKind::boolean, Code::logical_or, out, some_text_test(code, plain, constants.subspan(from, std::min<std::size_t>(constants.size() - from, UINT16_MAX))));
      }
      return out;
    });
  }

  Result text_matches(const Expr& matches) {
    return each_text(*matches.args[0], [&](const Expr& plain) {
      if (plain.op == Op::literal) return constant_truth(matches.regex->matches(plain.value.text));
      std::vector<const regex::Regex*>& regexes = self().plan_.program.regexes;
      regexes.push_back(matches.regex.get());
      return self().emit(ColumnKind::boolean, {.code = Code::text_matches, .a = self().access(plain.name, Kind::text), .aux = static_cast<std::int64_t>(regexes.size() - 1)});
    });
  }

  // What the map of that call has for the text: a number.
  Result text_lookup(const Expr& text, std::int64_t call) {
    return each_text(text, [&](const Expr& plain) -> Result {
      if (plain.op == Op::field) return self().emit(ColumnKind::number, {.code = Code::lookup_text, .a = self().access(plain.name, Kind::text), .aux = call});
      const auto found = self().plan_.program.lookups[static_cast<std::size_t>(call)].find(std::string_view(plain.value.text));
      return found ? self().constant_of(ColumnKind::number, *found, 1) : self().allocate(ColumnKind::number);  // a column that nothing writes is missing
    });
  }

  // Never missing itself: a text is, too, where what chooses it is.
  Result text_missing(const Expr& text) {
    const Result missing = each_text(text, [&](const Expr& plain) {
      if (plain.op == Op::literal) return constant_truth(false);
      return self().inverted(self().emit(ColumnKind::boolean, {.code = Code::text_present, .a = self().access(plain.name, Kind::text)}));
    });
    if (!missing || text.op == Op::field || text.op == Op::literal) return missing;
    return self().emit2(ColumnKind::boolean, Code::boolean_otherwise, missing, constant_truth(true));
  }

  Result text_in_list(const Expr& text, std::uint16_t list) {
    return each_text(text, [&](const Expr& plain) {
      if (plain.op == Op::field) return self().emit(ColumnKind::boolean, {.code = Code::list_holds_text_field, .a = self().access(plain.name, Kind::text), .c = list});
      return self().emit(ColumnKind::boolean, {.code = Code::list_holds_text, .c = list, .aux = static_cast<std::int64_t>(add_text(plain))});
    });
  }

  // Where it has a value; `to`: where it stands.
  Result text_let(const Expr& text, Operand& to) {
    const bool outer = std::exchange(self().dependent_, self().reads_state(text));
    const Result present = self().inverted(text_missing(text));
    self().dependent_ = outer;
    auto operand = text_operand(text);
    if (!present || !operand) return std::nullopt;
    to = *std::move(operand);
    return present;
  }

  // Where the text stands, or which of several it is.
  std::optional<Operand> text_operand(const Expr& text) {
    Operand value;
    const bool outer = std::exchange(self().dependent_, self().reads_state(text));
    const bool whole = add_choices(text, std::nullopt, value.choices);
    self().dependent_ = outer;
    if (!whole) return std::nullopt;
    value.kind = Operand::Kind::chosen_text;
    const TextChoice& first = value.choices.front();
    if (first.when) return value;
    return Operand{.kind = first.is_field ? Operand::Kind::text_field : Operand::Kind::text, .column = {}, .index = first.index, .choices = {}};
  }

 private:
  Compiler& self() { return static_cast<Compiler&>(*this); }

  // of_plain(a field or literal) -> a boolean, or a number.
  template <class OfPlain>
  Result each_text(const Expr& text, const OfPlain& of_plain) {
    if (text.op == Op::field || text.op == Op::literal) return of_plain(text);
    if (text.op == Op::let) return each_text(behind(text), of_plain);
    const auto choice = choice_of(text);
    const Result if_true = choice ? each_text(*choice->if_true, of_plain) : std::nullopt;
    const Result if_false = if_true ? each_text(*choice->if_false, of_plain) : std::nullopt;
    if (!if_false) return std::nullopt;
    const Code code = if_true->kind == ColumnKind::number ? Code::number_choose : Code::boolean_choose;
    return self().emit(if_true->kind, {.code = code, .a = choice->condition.index, .b = if_true->index, .c = if_false->index});
  }

  // What a let stands for. A chain of nothing but lets may be as long as the file.
  const Expr& behind(const Expr& let) {
    const Expr* expr = &let;
    while (expr->op == Op::let) expr = self().pipeline_.lets[expr->index].expr.get();
    return *expr;
  }

  // A missing condition makes the text missing.
  struct Choice {
    Register condition;
    const Expr *if_true, *if_false;
  };
  std::optional<Choice> choice_of(const Expr& text) {
    const Expr *first = nullptr, *second = nullptr;
    if (text.op == Op::choose) first = text.args[1].get(), second = text.args[2].get();
    else if (text.op == Op::otherwise || (text.op == Op::call && (text.name == "min2" || text.name == "max2"))) second = text.args[0].get(), first = text.args[1].get();
    if (first == nullptr) return self().refuse("a computed text"), std::nullopt;
    auto known = conditions_.find(&text);
    if (known == conditions_.end()) {
      const bool outer = std::exchange(self().dependent_, self().reads_state(text));
      const Result condition = condition_of(text);
      self().dependent_ = outer;
      if (!condition) return std::nullopt;
      known = conditions_.emplace(&text, *condition).first;
    }
    return Choice{known->second, first, second};
  }
  Result condition_of(const Expr& text) {
    if (text.op == Op::choose) return self().compile(*text.args[0]);
    if (text.op == Op::otherwise) return text_missing(*text.args[0]);
    return text_comparison(text.name == "min2" ? Op::less : Op::greater_equal, *text.args[1], *text.args[0]);
  }

  bool add_choices(const Expr& text, Result when, std::vector<TextChoice>& choices) {
    if (text.op == Op::field || text.op == Op::literal) {
      const bool is_field = text.op == Op::field;
      choices.push_back({when, is_field, is_field ? self().access(text.name, Kind::text) : add_text(text)});
      return true;
    }
    if (text.op == Op::let) return add_choices(behind(text), when, choices);
    const auto choice = choice_of(text);
    if (!choice) return false;
    const Result otherwise = self().inverted(choice->condition);
    const Result first = both(when, choice->condition), second = both(when, otherwise);
    return first && second && add_choices(*choice->if_true, first, choices) && add_choices(*choice->if_false, second, choices);
  }
  Result both(Result a, Result b) { return a && b ? self().emit2(ColumnKind::boolean, Code::logical_and, a, b) : b; }

  Result plain_comparison(Op op, const Expr& left, const Expr& right) {
    switch (op) {
      case Op::less: return order(true, left, right);
      case Op::less_equal: return order(false, left, right);
      case Op::greater: return order(true, right, left);
      case Op::greater_equal: return order(false, right, left);
      default: break;
    }
    Result out;
    if (left.op == Op::field && right.op == Op::field) {
      out = self().emit(ColumnKind::boolean, {.code = Code::text_equals_field, .a = self().access(left.name, Kind::text), .b = self().access(right.name, Kind::text)});
    } else if (right.op == Op::literal) {
      out = some_text_test(Code::text_in, left, {&right.value.text, 1});
    } else {
      out = some_text_test(Code::text_in, right, {&left.value.text, 1});
    }
    return op == Op::not_equal ? self().inverted(out) : out;
  }

  // low < high, or low <= high. A constant below a field is the contrary of the field below or at the constant.
  Result order(bool strict, const Expr& low, const Expr& high) {
    if (low.op == Op::literal && high.op == Op::literal) return constant_truth(strict ? low.value.text < high.value.text : low.value.text <= high.value.text);
    if (low.op == Op::field && high.op == Op::field) {
      return self().emit(ColumnKind::boolean, {.code = strict ? Code::text_less_field : Code::text_less_equal_field, .a = self().access(low.name, Kind::text), .b = self().access(high.name, Kind::text)});
    }
    if (high.op == Op::literal) return some_text_test(strict ? Code::text_less : Code::text_less_equal, low, {&high.value.text, 1});
    return self().inverted(some_text_test(strict ? Code::text_less_equal : Code::text_less, high, {&low.value.text, 1}));
  }

  Result some_text_test(Code code, const Expr& plain, std::span<const std::string> constants) {
    if (plain.op == Op::literal) {
      const std::string& text = plain.value.text;
      if (code == Code::text_starts_with) return constant_truth(text.starts_with(constants.front()));
      return constant_truth(std::find(constants.begin(), constants.end(), text) != constants.end());
    }
    std::vector<std::string>& texts = self().plan_.program.texts;
    const auto first = static_cast<std::int64_t>(texts.size());
    texts.insert(texts.end(), constants.begin(), constants.end());
    return self().emit(ColumnKind::boolean, {.code = code, .a = self().access(plain.name, Kind::text), .c = static_cast<std::uint16_t>(constants.size()), .aux = first});
  }

  Result constant_truth(bool truth) { return self().constant_of(ColumnKind::boolean, truth ? 1 : 0, 1); }
  std::size_t add_text(const Expr& literal) {
    std::vector<std::string>& texts = self().plan_.program.texts;
    texts.push_back(literal.value.text);
    return texts.size() - 1;
  }

  std::map<const Expr*, Register> conditions_;  // of choices
};

}  // namespace pawl::rules
