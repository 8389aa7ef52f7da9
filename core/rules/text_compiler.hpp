// Predicates of texts as instructions. A text of the event is compared where it stands; what `lower` makes and what a map holds has a column. One that is
// chosen, by `if`, `otherwise`, `min2`, `max2` or behind a let, is taken apart: the predicate of every text that it can be, merged by the same choices.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pawl/core/base/characters.hpp"
#include "pawl/core/language/lookup.hpp"
#include "pawl/core/rules/plan.hpp"
#include "pawl/core/rules/plan_parts.hpp"

namespace pawl::rules {

// The part of the compiler that knows texts. `Compiler` has compile, emit, emit_text, add_lookup, map_entry, inverted, constant_of, access, refuse and reads_state.
template <class Compiler>
class TextCompiler {
 protected:
  using Expr = language::Expr;
  using Op = language::Op;
  using Result = std::optional<Register>;

  Result text_comparison(Op op, const Expr& left, const Expr& right) {
    return each_text(left, [&](const Plain& l) { return each_text(right, [&](const Plain& r) { return plain_comparison(op, l, r); }); });
  }

  // Code::text_in, text_starts_with. An instruction takes so many constants as its operand says.
  Result text_test(Code code, const Expr& text, std::span<const std::string> constants) {
    return each_text(text, [&](const Plain& plain) {
      Result out = some_text_test(code, plain, constants.first(std::min<std::size_t>(constants.size(), UINT16_MAX)));
      for (std::size_t from = UINT16_MAX; from < constants.size() && out; from += UINT16_MAX) {
        out = self().emit2(ColumnKind::boolean, Code::logical_or, out, some_text_test(code, plain, constants.subspan(from, std::min<std::size_t>(constants.size() - from, UINT16_MAX))));
      }
      return out;
    });
  }

  Result text_matches(const Expr& matches) {
    return each_text(*matches.args[0], [&](const Plain& plain) {
      if (!plain.field) return constant_truth(matches.regex->matches(plain.text));
      std::vector<const regex::Regex*>& regexes = self().plan_.program.regexes;
      regexes.push_back(matches.regex.get());
      return self().emit(ColumnKind::boolean, {.code = Code::text_matches, .a = *plain.field, .aux = static_cast<std::int64_t>(regexes.size() - 1)});
    });
  }

  // In characters.
  Result text_length(const Expr& text) {
    return each_text(text, [&](const Plain& plain) {
      if (!plain.field) return self().constant_of(ColumnKind::number, characters(plain.text), 1);
      return self().emit(ColumnKind::number, {.code = Code::text_length, .a = *plain.field});
    });
  }

  // What the map of that call has for the text: a number.
  Result text_lookup(const Expr& text, std::int64_t call) {
    return each_text(text, [&](const Plain& plain) -> Result {
      if (plain.field) return self().emit(ColumnKind::number, {.code = Code::lookup_text, .a = *plain.field, .aux = call});
      const auto found = self().plan_.program.lookups[static_cast<std::size_t>(call)].find(std::string_view(plain.text));
      return found ? self().constant_of(ColumnKind::number, *found, 1) : self().allocate(ColumnKind::number);  // a column that nothing writes is missing
    });
  }

  // Never missing itself: a text is, too, where what chooses it is.
  Result text_missing(const Expr& text) {
    const Result missing = each_text(text, [&](const Plain& plain) {
      if (!plain.field) return constant_truth(false);
      return self().inverted(self().emit(ColumnKind::boolean, {.code = Code::text_present, .a = *plain.field}));
    });
    if (!missing || is_plain_text(text)) return missing;
    return self().emit2(ColumnKind::boolean, Code::boolean_otherwise, missing, constant_truth(true));
  }

  Result text_in_list(const Expr& text, std::uint16_t list) {
    return each_text(text, [&](const Plain& plain) {
      if (plain.field) return self().emit(ColumnKind::boolean, {.code = Code::list_holds_text_field, .a = *plain.field, .c = list});
      return self().emit(ColumnKind::boolean, {.code = Code::list_holds_text, .c = list, .aux = static_cast<std::int64_t>(add_text(plain.text))});
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
    const bool whole = add_choices(text, std::nullopt, false, value.choices);
    self().dependent_ = outer;
    if (!whole) return std::nullopt;
    value.kind = Operand::Kind::chosen_text;
    const TextChoice& first = value.choices.front();
    if (first.when) return value;
    return Operand{.kind = first.is_field ? Operand::Kind::text_field : Operand::Kind::text, .column = {}, .index = first.index, .choices = {}};
  }

 private:
  Compiler& self() { return static_cast<Compiler&>(*this); }

  // A text that is not chosen.
  struct Plain {
    std::optional<std::uint16_t> field;  // of Program::fields; nothing: a constant
    std::string text;
  };

  static bool is_plain_text(const Expr& text) { return text.op == Op::field || text.op == Op::literal || text.op == Op::map_lookup; }
  static bool is_lower(const Expr& text) { return text.op == Op::call && text.name == "lower"; }

  // REQUIRES: is_plain_text(text). `lower`: the text in lower case.
  std::optional<Plain> plain_of(const Expr& text, bool lower) {
    if (text.op == Op::literal) {
      Plain constant{.field = {}, .text = text.value.text};
      if (lower) (void)write_lower(constant.text, constant.text.data());
      return constant;
    }
    if (text.op == Op::field && !lower) return Plain{.field = self().access(text.name, Kind::text), .text = {}};
    const auto [at, fresh] = computed_.try_emplace(language::canonical(text) + (lower ? "|lower" : ""));
    if (fresh) {
      const bool outer = std::exchange(self().dependent_, self().reads_state(text));
      at->second = lower ? lowered(text) : entry(text);
      self().dependent_ = outer;
    }
    if (!at->second) return std::nullopt;
    return Plain{.field = *at->second, .text = {}};
  }
  std::optional<std::uint16_t> lowered(const Expr& text) {
    const auto of = plain_of(text, false);
    if (!of) return std::nullopt;
    const std::size_t bytes = longest(self().plan_.program.fields[*of->field]);
    return self().emit_text({.code = Code::lower_text, .a = *of->field}, bytes, bytes);
  }
  std::optional<std::uint16_t> entry(const Expr& lookup) {
    const auto call = self().add_lookup(self().pipeline_.maps[lookup.index]);
    const Result found = call ? self().map_entry(lookup, *call) : std::nullopt;
    if (!found) return std::nullopt;
    return self().emit_text({.code = Code::entry_text, .a = found->index, .aux = *call}, 0, lookup.type.text_bytes);
  }

  // of_plain(a text that is not chosen) -> a boolean, or a number.
  template <class OfPlain>
  Result each_text(const Expr& text, const OfPlain& of_plain, bool lower = false) {
    if (is_plain_text(text)) {
      const auto plain = plain_of(text, lower);
      return plain ? of_plain(*plain) : std::nullopt;
    }
    if (is_lower(text)) return each_text(*text.args[0], of_plain, true);
    if (text.op == Op::let) return each_text(behind(text), of_plain, lower);
    const auto choice = choice_of(text);
    const Result if_true = choice ? each_text(*choice->if_true, of_plain, lower) : std::nullopt;
    const Result if_false = if_true ? each_text(*choice->if_false, of_plain, lower) : std::nullopt;
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

  bool add_choices(const Expr& text, Result when, bool lower, std::vector<TextChoice>& choices) {
    if (is_plain_text(text)) {
      const auto plain = plain_of(text, lower);
      if (plain) choices.push_back({when, plain->field.has_value(), plain->field ? *plain->field : add_text(plain->text)});
      return plain.has_value();
    }
    if (is_lower(text)) return add_choices(*text.args[0], when, true, choices);
    if (text.op == Op::let) return add_choices(behind(text), when, lower, choices);
    const auto choice = choice_of(text);
    if (!choice) return false;
    const Result otherwise = self().inverted(choice->condition);
    const Result first = both(when, choice->condition), second = both(when, otherwise);
    return first && second && add_choices(*choice->if_true, first, lower, choices) && add_choices(*choice->if_false, second, lower, choices);
  }
  Result both(Result a, Result b) { return a && b ? self().emit2(ColumnKind::boolean, Code::logical_and, a, b) : b; }

  Result plain_comparison(Op op, const Plain& left, const Plain& right) {
    switch (op) {
      case Op::less: return order(true, left, right);
      case Op::less_equal: return order(false, left, right);
      case Op::greater: return order(true, right, left);
      case Op::greater_equal: return order(false, right, left);
      default: break;
    }
    Result out;
    if (left.field && right.field) {
      out = self().emit(ColumnKind::boolean, {.code = Code::text_equals_field, .a = *left.field, .b = *right.field});
    } else if (!right.field) {
      out = some_text_test(Code::text_in, left, {&right.text, 1});
    } else {
      out = some_text_test(Code::text_in, right, {&left.text, 1});
    }
    return op == Op::not_equal ? self().inverted(out) : out;
  }

  // low < high, or low <= high. A constant below a field is the contrary of the field below or at the constant.
  Result order(bool strict, const Plain& low, const Plain& high) {
    if (!low.field && !high.field) return constant_truth(strict ? low.text < high.text : low.text <= high.text);
    if (low.field && high.field) {
      return self().emit(ColumnKind::boolean, {.code = strict ? Code::text_less_field : Code::text_less_equal_field, .a = *low.field, .b = *high.field});
    }
    if (!high.field) return some_text_test(strict ? Code::text_less : Code::text_less_equal, low, {&high.text, 1});
    return self().inverted(some_text_test(strict ? Code::text_less_equal : Code::text_less, high, {&low.text, 1}));
  }

  Result some_text_test(Code code, const Plain& plain, std::span<const std::string> constants) {
    if (!plain.field) {
      const std::string& text = plain.text;
      if (code == Code::text_starts_with) return constant_truth(text.starts_with(constants.front()));
      return constant_truth(std::find(constants.begin(), constants.end(), text) != constants.end());
    }
    std::vector<std::string>& texts = self().plan_.program.texts;
    const auto first = static_cast<std::int64_t>(texts.size());
    texts.insert(texts.end(), constants.begin(), constants.end());
    return self().emit(ColumnKind::boolean, {.code = code, .a = *plain.field, .c = static_cast<std::uint16_t>(constants.size()), .aux = first});
  }

  Result constant_truth(bool truth) { return self().constant_of(ColumnKind::boolean, truth ? 1 : 0, 1); }
  std::size_t add_text(const std::string& text) {
    std::vector<std::string>& texts = self().plan_.program.texts;
    texts.push_back(text);
    return texts.size() - 1;
  }

  std::map<const Expr*, Register> conditions_;  // of choices
  std::map<std::string, std::optional<std::uint16_t>> computed_;  // texts with columns, among Program::fields; nothing: it cannot be compiled
};

}  // namespace pawl::rules
