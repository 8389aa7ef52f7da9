// Random well-typed expressions, as source text.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

namespace pawl::language::test {

// What the generated expressions may name.
inline constexpr const char* generated_prelude = R"(pipeline "p" version 1
event Payment { at: time, customer: int, terminal: int, device: text(8), amount: money, price: decimal(4), gap: duration, ok: bool, side: enum(buy, sell) }
list hot of int
list names of text(4)
let called = if ok then device else "none"
map limits from int to money otherwise 10.00
)";

// As it is written in the braces of a reason.
inline std::string in_braces(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// One shape for each type; `depth` bounds the nesting.
class Generator {
 public:
  std::string boolean(int depth) const {
    if (depth == 0) return *rc::gen::element<std::string>("ok", "true", "false", "amount > 2.00", "device = \"a\"", "side = \"buy\"");
    switch (*rc::gen::inRange(0, 18)) {
      case 14: return text(depth - 1, false) + comparison() + text(depth - 1, false);
      case 15: return text(depth - 1, true) + (*rc::gen::arbitrary<bool>() ? " in names" : " is missing");
      case 16: return "(device otherwise " + text(depth - 1, false) + ") in (\"a\", \"none\", \"\")";  // as long as the longest of them
      case 17: return text(depth - 1, false) + " starts with \"a\"";
      case 0: return boolean(depth - 1) + " and " + boolean(depth - 1);
      case 1: return boolean(depth - 1) + " or " + boolean(depth - 1);
      case 2: return "not " + paren(boolean(depth - 1));
      case 3: return paren(boolean(depth - 1)) + (*rc::gen::arbitrary<bool>() ? " = " : " != ") + paren(boolean(depth - 1));
      case 4: return money(depth - 1) + comparison() + money(depth - 1);
      case 5: return number(depth - 1) + comparison() + number(depth - 1);
      case 6: return ratio(depth - 1) + comparison() + literal_ratio();
      case 7: return duration(depth - 1) + comparison() + duration(depth - 1);
      case 8: return number(depth - 1) + " in (1, -2, 3)";
      case 9: return number(depth - 1) + " not in hot";
      case 10: return money(depth - 1) + " between " + money(depth - 1) + " and " + money(depth - 1);
      case 11: return paren(money(depth - 1)) + " is not missing";
      case 12: return *rc::gen::element<std::string>("device starts with \"a\\\"b\"", "device matches \"^[a-z]\\d+\\\"$\"", "lower(device) in (\"a\", \"b\\\\c\")", "km(1, price, -0.5, 1 / 3) < 12.5");
      default: return paren(boolean(depth - 1));
    }
  }

  // A text for a list is short enough for it.
  std::string text(int depth, bool is_short) const {
    if (depth == 0) return is_short ? *rc::gen::element<std::string>("device", "\"b\"", "called") : *rc::gen::element<std::string>("device", "\"a\\\"b\"", "called", "\"\"");
    const std::string a = text(depth - 1, is_short), b = text(depth - 1, is_short);
    switch (*rc::gen::inRange(0, 4)) {
      case 3: return "lower(" + a + ")";
      case 0: return "(" + a + " otherwise " + b + ")";
      case 1: return (*rc::gen::arbitrary<bool>() ? "min2(" : "max2(") + a + ", " + b + ")";
      default: return "(if " + boolean(depth - 1) + " then " + a + " else " + b + ")";
    }
  }

  std::string money(int depth) const {
    if (depth == 0) return *rc::gen::element<std::string>("amount", "limits[customer]");
    switch (*rc::gen::inRange(0, 8)) {
      case 0: return paren(money(depth - 1) + " + " + money(depth - 1));
      case 1: return paren(money(depth - 1) + " - 3.25");
      case 2: return whole(depth - 1) + " * " + money(depth - 1);
      case 3: return money(0) + " otherwise " + paren(money(depth - 1));
      case 4: return "(if " + boolean(depth - 1) + " then " + money(depth - 1) + " else 7.50)";
      case 5: return window("sum", "amount");
      case 6: return "-" + money(0);
      default: return "max2(" + money(depth - 1) + ", " + money(depth - 1) + ")";
    }
  }

  std::string number(int depth) const {
    if (depth == 0) return *rc::gen::element<std::string>("customer", "terminal", "hour_of(at)", "len(device)");
    switch (*rc::gen::inRange(0, 8)) {
      case 6: return "floor(" + ratio(depth - 1) + ")";
      case 7: return "round(" + ratio(depth - 1) + ")";
      case 0: return paren(number(depth - 1) + *rc::gen::element<std::string>(" + ", " - ", " % ") + whole(depth - 1));
      case 1: return window("count", "");
      case 2: return window("distinct", "device");
      case 3: return "(if " + boolean(depth - 1) + " then " + number(depth - 1) + " else 0)";
      case 4: return number(0) + " * " + number(0);
      default: return "abs(" + number(depth - 1) + ")";
    }
  }

  std::string whole(int depth) const { return *rc::gen::arbitrary<bool>() ? std::to_string(*rc::gen::inRange(0, 100)) : number(depth); }

  std::string ratio(int depth) const {
    if (depth == 0) return window("share", "ok");
    switch (*rc::gen::inRange(0, 6)) {
      case 0: return paren(money(depth - 1)) + " / " + paren(money(depth - 1));
      case 1: return paren(ratio(depth - 1)) + " otherwise 0";
      case 2: return paren(ratio(depth - 1) + " * " + literal_ratio());
      case 3: return "hours(" + duration(depth - 1) + ")";
      case 4: return paren(number(depth - 1)) + " / " + paren(number(depth - 1));
      default: return paren(ratio(depth - 1) + " + 1.5");
    }
  }

  std::string duration(int depth) const {
    if (depth == 0) return *rc::gen::element<std::string>("gap", "late_by", "90m", "1500ms");
    if (*rc::gen::arbitrary<bool>()) return "(at - " + window("last", "at") + ")";
    return paren(duration(depth - 1) + " + " + duration(depth - 1));
  }

 private:
  static std::string paren(const std::string& text) { return '(' + text + ')'; }
  static std::string comparison() { return *rc::gen::element<std::string>(" = ", " != ", " < ", " <= ", " > ", " >= "); }
  static std::string literal_ratio() { return *rc::gen::element<std::string>("0", "1", "0.125", "3%", "0.5%", "50bps", "-2.5", "100%"); }

  static std::string window(const std::string& aggregate, const std::string& value) {
    const std::string prior = *rc::gen::element<std::string>("", "prior ");
    const std::string key = *rc::gen::element<std::string>("customer", "customer+terminal", "all");
    const bool adds_up = aggregate != "distinct" && aggregate != "last";  // pane by pane
    const std::string span = *rc::gen::element<std::string>("1d", "24h", adds_up ? "30d by 1h" : "30d", "last 5", "since start");
    const std::string delay = *rc::gen::element<std::string>("", " delayed 7d", " delayed 0s");
    const std::string on = *rc::gen::element<std::string>("", " on Payment");
    const std::string where = *rc::gen::element<std::string>("", " where ok", " where amount > 2.50 and not ok", " where side = \"sell\" or price < 0.5");
    return prior + aggregate + '(' + value + (value.empty() ? "" : " ") + "per " + key + ", " + span + delay + on + where + ')';
  }
};

}  // namespace pawl::language::test
