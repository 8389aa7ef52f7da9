// Every code of error with the place it is reported at: the bytes between << and >> carry the carets.
#include <doctest/doctest.h>

#include <algorithm>

#include "pawl/core/language/check.hpp"

namespace problems_test {

using namespace pawl::language;

namespace {

constexpr std::string_view prelude = R"(pipeline "p" version 1
event Payment { at: time, customer: int, terminal: int, device: text(8), amount: money, price: decimal(4), gap: duration, ok: bool, side: enum(buy, sell), rate: float, euros: money(2,EUR) }
event Login { at: time, customer: int, device: text(8), ok: bool }
list hot of int
map limits from int to money
)";

struct Case {
  std::string_view code;
  std::string_view source;
  std::string_view words;  // that the message must contain
};

struct Marked {
  std::string source;
  Place place;
};

Marked unmark(std::string_view text) {
  const std::size_t open = text.find("<<");
  const std::size_t close = text.find(">>");
  REQUIRE(open != std::string_view::npos);
  REQUIRE(close != std::string_view::npos);
  Marked marked;
  marked.source = std::string(text.substr(0, open)) + std::string(text.substr(open + 2, close - open - 2)) + std::string(text.substr(close + 2));
  marked.place.line = static_cast<std::uint32_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(open), '\n') + 1);
  const std::size_t line = text.rfind('\n', open);
  marked.place.column = static_cast<std::uint32_t>(open - (line == std::string_view::npos ? 0 : line + 1) + 1);
  marked.place.length = static_cast<std::uint32_t>(close - open - 2);
  return marked;
}

void check_case(const Case& expected, bool with_prelude) {
  const Marked marked = unmark((with_prelude ? std::string(prelude) : std::string()) + std::string(expected.source));
  INFO(marked.source.substr(with_prelude ? prelude.size() : 0));
  const Checked checked = check(marked.source, "p.pawl");
  std::string all;
  const Diagnostic* found = nullptr;
  int errors = 0;
  for (const Diagnostic& diagnostic : checked.diagnostics) {
    all += render(diagnostic, marked.source, "p.pawl");
    if (diagnostic.severity == Severity::error) ++errors;
    const bool is_meant = found == nullptr || diagnostic.place.line == marked.place.line;  // the prelude may have one of its own
    if (diagnostic.code == expected.code && is_meant) found = &diagnostic;
  }
  INFO(all);
  REQUIRE(found != nullptr);
  CHECK(errors == (found->severity == Severity::error ? 1 : 0));
  CHECK((checked.pipeline == nullptr) == (found->severity == Severity::error));
  CHECK(found->place.line == marked.place.line);
  CHECK(found->place.column == marked.place.column);
  CHECK(found->place.length == marked.place.length);
  CHECK(found->message.find(expected.words) != std::string::npos);
}

constexpr Case cases[] = {
    // Tokens.
    {"E002", "rule r <<\"open { on Payment when ok }>>", "not closed"},
    {"E003", "let x = sum(amount per customer, 1h) <<$>>", "unexpected character `$`"},
    {"E003", "rule r { on Payment when ok <<==>> true }", "write `=`"},
    {"E003", "rule r { on Payment when ok <<&&>> ok }", "write `and`"},
    {"E004", "let x = count(per customer, <<5w>>)", "unknown unit `w`"},
    {"E004", "let x = count(per customer, <<1.5h>>)", "whole number of a unit"},
    {"E004", "let x = count(per customer, <<40000d>>)", "100 years"},
    {"E004", "rule r { on Payment when amount > <<99999999999999999999>> }", "too many digits"},
    {"E004", "rule r { on Payment when at > <<2018-02-30T00:00:00Z>> }", "not a time of the calendar"},
    // Syntax.
    {"E010", "rule r { on Payment when amount > <<}>>", "expected a value"},
    {"E010", "let x <<count>>(per customer, 1h)", "expected `=`"},
    {"E011", "<<rul>> r { on Payment when ok }", "Did you mean `rule`?"},
    {"E011", "rule r { on Payment <<wen>> ok }", "Did you mean `when`?"},
    {"E011", "rule r { on Payment when ok then <<declin>> }", "Did you mean `decline`?"},
    {"E012", "rule r { on Payment when 1.00 < amount <<<>> 2.00 }", "a < b and b < c"},
    {"E013", "rule r { on <<payment>> when ok }", "capital letter"},
    {"E013", "rule r { on Payment when ok reason <<X1>> \"t\" }", "three digits"},
    {"E013", "rule <<bigRule>> { on Payment when ok }", "capital letter"},
    {"E014", "event E { at: time, <<not>>: int }", "cannot name a field"},
    {"E015", "rule r { on Payment when ok reason A001 \"is <<{>>amount\" }", "not closed"},
    // Names.
    {"E100", "rule r { on <<Paymant>> when ok }", "Did you mean `Payment`?"},
    {"E101", "event <<E>> { x: int }", "at: time"},
    {"E101", "event E { at: <<int>> }", "must be of type time"},
    {"E102", "event E { at: time, a: text(1024), b: text(1024), c: text(1024), <<d>>: text(1024) }", "more than 4048 bytes"},
    {"E103", "rule r { on Payment when <<amout>> > 3.00 }", "unknown field `amout` of Payment. Did you mean `amount`?"},
    {"E103", "let x = sum(<<amuont>> per customer, 1h on Payment)", "Did you mean `amount`?"},
    {"E103", "let x = count(per <<custommer>>, 1h on Payment)", "Did you mean `customer`?"},
    {"E103", "let usual = avg(amount per customer, 1h)\nrule r { on Payment when amount > <<usul>> }", "Did you mean `usual`?"},
    {"E104", "rule r { on Login when <<amount>> > 3.00 }", "`amount` is not a field of Login, but of Payment"},
    {"E104", "rule r { on Payment, Login when <<terminal>> = 1 }", "one rule per event"},
    {"E104", "let x = count(per terminal, 1h)\nrule r { on Login when <<x>> > 1 }", "cannot be read at Login, which has no field `terminal`"},
    {"E104", "rule r { on Login when count(per <<terminal>>, 1h) > 1 }", "reads this window at Login"},
    {"E105", "let x = <<count(per customer, 1h)>>", "`customer` is a field of Payment and Login; write which to aggregate, such as `on Payment`"},
    {"E105", "event Other { at: time, colour: int }\nrule r { on Payment when <<sum(amount per colour, 1h)>> > 1.00 }", "no event has all of `amount` and `colour`"},
    {"E106", "rule r { on Payment when <<abz>>(amount) > 1.00 }", "Did you mean `abs`?"},
    {"E107", "rule r { on Payment when <<abs(amount, amount)>> > 1.00 }", "takes 1 value, not 2"},
    {"E108", "event E { at: time, x: <<integer>> }", "not a type"},
    {"E108", "event E { at: time, x: <<text>> }", "text(32)"},
    {"E108", "event E { at: time, x: <<money>>(30) }", "at most 18"},
    {"E109", "event Refund { at: time, amount: int }\nrule r { on Payment, Refund when <<amount>> > 3 }", "different types"},
    // Types.
    {"E110", "rule r { on Payment when <<amount>> then alert }", "must be true or false, but this is money"},
    {"E110", "let x = share(<<amount>> per customer, 1h)", "`share` needs a condition"},
    {"E111", "rule r { on Payment when amount > <<\"100\">> }", "cannot compare money with text; remove the quotes"},
    {"E111", "rule r { on Payment when <<amount > terminal>> }", "cannot compare money with int"},
    {"E111", "rule r { on Payment when <<amount = euros>> }", "one scale and currency"},
    {"E111", "rule r { on Payment when <<amount * amount>> > 1.00 }", "cannot compute money * money"},
    {"E111", "rule r { on Payment when gap > <<60>> }", "durations have a unit"},
    {"E111", "rule r { on Payment when amount > <<5%>> }", "5% * amount"},
    {"E111", "rule r { on Payment when at > <<3>> }", "2018-08-08T10:00:00Z"},
    {"E111", "rule r { on Payment when <<at + at>> = at }", "cannot compute time + time"},
    {"E111", "rule r { on Payment when ok then score <<amount>> }", "whole number"},
    {"E113", "rule r { on Payment when amount > <<220.005>> }", "2 digits"},
    {"E113", "rule r { on Payment when amount > <<220.000>> }", "2 digits"},
    {"E113", "rule r { on Payment when amount > <<999999999999999999>> }", "too large"},
    {"E114", "rule r { on Payment when <<ok < ok>> }", "has no order"},
    {"E114", "let x = sum(<<at>> per terminal, 1h)", "`sum` is not defined for time"},
    {"E114", "rule r { on Payment when <<-ok>> }", "has no negative"},
    {"E114", "let x = count(per <<late_by>>, 1h on Payment)", "cannot be a key; a key is a field of the event"},
    {"E114", "let x = sum(amount per customer + <<late_by>>, 1h)", "where late_by > 0s"},
    {"E114", "rule r { on Payment when ok cooldown 1h per <<late_by>> }", "cannot be a key"},
    {"E114", "rule r { pattern a: Payment then b: Payment within 1h per <<late_by>> }", "cannot be a key"},
    {"E115", "rule r { on Payment when device = <<\"far too long\">> }", "at most 8"},
    {"E116", "rule r { on Payment when side = <<\"buyy\">> }", "Did you mean `buy`?"},
    {"E117", "rule r { on Payment when terminal in (1, <<customer>>) }", "literals only"},
    {"E010", "rule r { on Payment when device matches <<5>> then score 1 }", "expected a regular expression in quotes"},
    {"E010", "rule r { on Payment when device matches <<device>> then score 1 }", "expected a regular expression in quotes"},
    {"E181", "rule r { on Payment when device matches \"a<<(>>b\" }", "no `)` that closes this"},
    {"E181", "rule r { on Payment when device matches \"\\\"<<\\1>>\" }", "references to groups are not supported"},
    {"E182", "rule r { on Payment when device matches \"<<(a|b)*a(a|b){20}>>\" }", "larger table"},
    {"W201", "rule r { on Payment when <<device matches \"a$b\">> }", "can never fire"},
    {"W202", "rule r { on Payment when <<device matches \"a*\">> }", "that has what this condition reads"},
    // Windows.
    {"E120", "rule r { on Payment when <<sum(amount)>> > 1.00 }", "needs a key and a span"},
    {"E120", "let x = count(per customer<<)>>", "needs a span after its key"},
    {"E120", "rule r { on Payment when <<min(amount, amount)>> > 1.00 }", "min2(a, b)"},
    {"E120", "let x = sum(amount <<customer>>, 1h)", "needs `per` and a key here"},
    {"E121", "let x = count(per terminal, <<0s>>)", "longer than nothing"},
    {"E130", "event Refund late 10m <<late>> 5m { at: time }", "keep one"},
    {"E121", "list cold of int expires after <<0s>>", "`expires after` must be longer than nothing"},
    {"E121", "rule r { on Payment when ok then add customer to hot for <<0s>> }", "`for` must be longer than nothing"},
    {"E121", "rule r { pattern Payment then no Login for <<0s>> within 1h per customer }", "longer than nothing"},
    {"E121", "let x = count(per terminal, 1h by <<7m>>)", "whole number of panes"},
    {"E121", "let x = <<count(per terminal, last 0)>>", "`last` takes"},
    {"E122", "let x = <<sum(per terminal, 1h)>>", "`sum` needs a value"},
    {"E150", "let a = sum(amount per customer, 1h)\nlet b = sum(<<a>> per terminal, 1h)", "`a` is a let"},
    {"E151", "let b = sum(<<count(per terminal, 1h)>> per terminal, 1h)", "inside an aggregate"},
    {"E152", "let b = count(per terminal, 1h where <<terminal in hot>>)", "ask the list outside"},
    // Declarations.
    {"E130", "let x = count(per terminal, 1h)\nlet <<x>> = count(per terminal, 2h)", "already the name of a let"},
    {"E130", "let <<amount>> = count(per terminal, 1h)", "already a field of Payment"},
    {"E130", "rule r { on Payment when ok }\nrule <<r>> { on Payment when ok }", "declared twice"},
    {"E130", "event E { at: time, x: int, <<x>>: int }", "declared twice"},
    {"E130", "event <<Login>> { at: time }", "declared twice"},
    {"E130", "let x = count(per terminal+<<terminal>>, 1h)", "twice"},
    {"E131", "let <<a>> = b + 1\nlet b = c\nlet c = a", "`a` uses `b`, `b` uses `c`, `c` uses `a`"},
    {"E131", "let <<a>> = a", "`a` uses `a`"},
    {"E140", "rule r { on Payment when <<device>> in hot }", "holds int, but this is text(8)"},
    {"E140", "rule r { on Payment when ok then add <<device>> to hot }", "holds int"},
    {"E141", "rule r { on Payment when terminal in <<hott>> }", "Did you mean `hot`?"},
    {"E144", "map m from int to int { 1 = 2, <<1>> = 3 }\nlet x = m[terminal]", "twice"},
    {"E144", "map m from float to int { 0.0 = 2, <<-0.0>> = 3 }\nlet x = m[rate]", "twice"},
    {"E111", "map m from int to money { 1 = <<\"2\">> }\nlet x = m[terminal]", "money"},
    {"E113", "map m from int to money { 1 = <<2.005>> }\nlet x = m[terminal]", "2 digits"},
    {"E115", "map m from text(2) to int { <<\"abc\">> = 2 }\nlet x = m[device]", "at most 2"},
    {"E117", "let y = 2 * terminal\nmap m from int to int { 1 = 2, 2 = <<y>> }\nlet x = m[terminal]", "must be a literal"},
    {"E117", "let y = 2\nmap m from int to int otherwise <<y>>\nlet x = m[terminal]", "must be a literal"},
    {"E010", "map m from int to int { 1 <<2>> }", "`=`"},
    {"E010", "map m from int to int { 1 = 2 <<3>> = 4 }", "`,` or `}`"},
    {"E194", "map m from int to int from \"m.csv\" sha256 <<\"12\">>\nlet x = m[terminal]", "64 hexadecimal digits"},
    {"W203", "map <<m>> from int to int\nlet x = m[terminal]", "holds nothing"},
    {"W203", "map <<m>> from int to int { 1 = 2 }", "never looked into"},
    {"W300", "map m from int to int from \"m.csv\" sha256 \"0000000000000000000000000000000000000000000000000000000000000000\"\nlet <<x>> = m[terminal]", "file was not read"},
    {"E142", "rule r { on Payment when amount > <<limit>>[customer] }", "Did you mean `limits`?"},
    // Rules.
    {"E160", "rule <<r>> { when ok }", "has no `on`"},
    {"E160", "rule <<r>> { on Payment then alert }", "neither `when` nor `pattern`"},
    {"E161", "rule r { on Payment when ok <<when>> ok }", "twice"},
    {"E162", "rule r { on <<Payment>> pattern Payment then Payment within 1h per customer }", "remove `on`"},
    {"E123", "rule r { pattern <<Payment then Payment>> then alert }", "unbounded"},
    {"E120", "rule r { pattern <<Payment then Login>> within 1h }", "needs a key"},
    {"E163", "rule r { pattern <<no Login>> then Payment within 1h per customer }", "starts with an event that comes"},
    {"E163", "rule r { pattern a: Payment then b: Payment(amount > <<c>>.amount) within 1h per customer }", "no step `c`"},
    {"E163", "rule r { pattern Payment then <<no Login for 10m>> then no Payment for 5m within 1h per customer }", "put a step that is needed between them, or the time on the last one"},
    {"E163", "rule r { pattern Payment then <<no Login for 10m>> then Login? then no Payment within 1h per customer }", "put a step that is needed between them"},
    {"E164", "rule r { pattern a: Payment+ then b: Payment(amount > <<a.amount>>) within 1h per customer }", "repeats"},
    {"E104", "rule r { pattern a: Payment then Payment within 1h per customer reason A001 \"{<<amount>>}\" }", "through its steps"},
    {"E165", "rule r { on Payment when ok mode live <<0.5%>> by customer }", "whole percentage"},
    {"E170", "rule probe { on Payment when ok }\ntest \"t\" { given Payment(at=2018-08-08T10:00:00Z) expect fires <<prob>> }", "Did you mean `probe`?"},
    {"E171", "policy { order allow > <<declne>> }", "Did you mean `decline`?"},
    // Warnings and notes.
    {"E190", "model m from \"m.json\" sha256 \"00\" inputs (<<m>>)\nlet x = m", "a model's inputs name no models"},
    {"E131", "model m from \"m.json\" sha256 \"00\" inputs (x)\nlet <<x>> = m", "`x` uses `x`"},
    {"E104", "let twice = 2 * terminal\nrule r { pattern Login then Payment? within 1h per customer then score <<twice>> }", "cannot be read at Login"},
    {"E104", "let twice = 2 * terminal\nrule r { pattern l: Login then p: Payment? within 1h per customer where p.ok or <<twice>> > 1 }", "cannot be read at Login"},
    {"E166", "let twice = 2 * amount\nrule r { pattern p: Payment then no Login within 1h per customer then score <<twice>> }", "let `twice` is computed at an event"},
    {"E166", "rule r { pattern p: Payment then no Login within 1h per customer where <<count(per customer, 1h on Login)>> > 2 }", "a window is computed at an event"},
    {"E166", "rule r { pattern p: Payment then no Login within 1h per customer cooldown 1h per <<device>> }", "its cooldown can only be a field of its key"},
    {"E166", "rule r { pattern p: Payment then no Login within 1h per customer mode live 5% by <<device>> }", "what it is live by"},
    {"W201", "rule r { pattern a: Payment(<<amount > 5.00 and amount < 1.00>>) then Payment within 1h per customer }", "can never fire"},
    {"W201", "rule r { pattern Payment then no Payment(<<false>>) then Login within 1h per customer }", "nothing is forbidden here"},
    {"W201", "rule r { pattern a: Payment then Payment within 1h per customer where <<a.amount > 5.00 and a.amount < 1.00>> }", "no run fulfils"},
    {"W202", "rule r { pattern Payment(<<count(per customer, 1h) >= 0>>) then Login within 1h per customer }", "always true"},
    {"W202", "rule r { on Payment when <<not (share(ok per terminal, 7d delayed 7d) > 1)>> }", "that has what this condition reads"},
    {"W202", "rule r { on Payment when <<share(ok per terminal, 7d) >= 0>> if missing fire }", "fires on every event"},
    {"W203", "list <<cold>> of int", "never asked"},
    {"W203", "list <<cold>> of int\nrule r { on Payment when customer in cold }", "nothing is ever added"},
    {"W203", "operator <<idle>> version 1 of int yields int", "called nowhere"},
    {"W300", "operator own version 1 of int yields ratio\nlet <<x>> = own(customer per customer, 1h on Payment)", "operator `own`, which this program does not have"},
    {"E195", "let x = <<mises>>(customer per customer, 1h on Payment)\noperator misses version 1 of int yields int", "Did you mean `misses`?"},
    {"E195", "let x = prior <<own>>(customer per customer, last 5 on Payment)", "`operator own version 1 of int yields int`"},
    {"E114", "operator own version 1 of int yields int\nlet x = own(<<amount>> per customer, 1h)", "`own` takes int, but this is money"},
    {"E122", "operator own version 1 of int yields int\nlet x = <<own(per customer, 1h on Payment)>>", "`own` needs a value"},
    {"E130", "operator <<sum>> version 1 of int yields int", "a word of the language"},
    {"E130", "operator <<abs>> version 1 of int yields int", "a word of the language"},
    {"E130", "operator own version 1 of int yields int\noperator <<own>> version 2 of int yields int", "declared twice"},
    {"E108", "operator own version 1 of <<text>>(8) yields int", "whole numbers"},
    {"E108", "operator own version 1 of int yields ratio of <<bool>>", "a ratio of numbers"},
    {"E010", "operator own version 1 <<yields>> int", "`of`"},
    {"E010", "let x = prior <<abs>>(customer)", "an aggregate after `prior`"},
    {"W203", "model <<m>> from \"m.json\" sha256 \"0000000000000000000000000000000000000000000000000000000000000000\" inputs (amount)", "read nowhere"},
    {"I330", "let <<unused>> = count(per customer, 1h on Payment)", "the file of features alone"},
    {"W201", "rule r { pattern a: Payment then <<no Login for 1h>> then Payment within 1h per customer }", "can never complete"},
    {"W201", "rule r { pattern a: Payment then no Login for 40m then Payment then <<no Login for 20m>> then Payment within 1h per customer }", "one after the other"},
    {"W220", "rule r { pattern <<l: Login(not ok){2,5}>> within 1h per customer }", "complete with the first 2 of these"},
    {"W220", "rule r { pattern Payment then <<l: Login+>> within 1h per customer }", "complete with the first of these"},
    {"W220", "rule r { pattern Payment then <<Login?>> within 1h per customer }", "never taken"},
    {"W201", "rule r { on Payment when <<amount > 500.00 and amount < 100.00>> }", "can never fire"},
    {"W201", "rule r { on Payment when <<share(ok per terminal, 1h on Payment) > 100%>> }", "can never fire"},
    {"W201", "rule r { on Payment when <<device = \"a\" and device = \"b\">> }", "can never fire"},
    {"W202", "rule r { on Payment when <<count(per terminal, 1h) >= 0>> }", "every event"},
    {"W210", "rule r { on Payment when <<amount > 3 * avg(amount per terminal, 1h)>> }", "Did you mean `prior avg(amount per terminal, 1h on Payment)`?"},
    {"W210", "let usual = avg(amount per terminal, 1h)\nrule r { on Payment when <<amount > 3 * usual>> }", "prior"},
    {"E126", "let x = <<median(amount per terminal, since start)>>", "keep every value for ever"},
    {"E125", "let x = <<median(amount per terminal, 1h by 1m)>>", "`median` cannot be added up pane by pane"},
    {"E114", "let x = first(<<terminal / 3>> per terminal, 1h on Payment)", "write round(..) of it"},
    {"E114", "rule r { pattern many: Payment{2,3} then p: Payment(amount > <<median(many.amount)>>) within 1h per customer }", "over the events of a step"},
    {"E119", "let a = if ok then device else \"1\"\nlet b = if ok then a else if terminal > 1 then a else if terminal > 2 then a else a\nlet c = if ok then b else if terminal > 3 then b else if terminal > 4 then b else b\nlet <<d>> = if ok then c else if terminal > 5 then c else c",
     "more than 64 texts"},
    {"W300", "event E { at: time, k: int, x: float }\nlet <<x_sum>> = sum(x per k, 1h on E)", "declared as a decimal"},
    {"W300", "let <<x>> = first(device per terminal, 1h on Payment)", "`first` of a text"},
    {"W300", "let <<x>> = distinct(lower(device) per terminal, 1h on Payment)", "of a text that is computed"},
    {"E121", "event E late <<0s>> { at: time }", "late by something"},
    {"E124", "event E late 10m { at: time, k: int }\nlet x = <<median(k per k, 1h on E)>>", "`median` cannot take late events in yet, and `E` can be late here"},
    {"E124", "event E late 10m { at: time, k: int }\nlet x = <<sum(k per k, last 3 on E)>>", "`last N` cannot take late events"},
    {"E124", "event E late 10m { at: time, k: int }\nlet x = <<max(k per k, 2h by 1h on E)>>", "`by` panes"},
    {"E124", "event E late 10m { at: time, customer: int }\nrule r { on Payment when <<distinct(terminal per customer, 1h on Payment)>> > 2 }", "`E` can be late here"},
    {"E121", "event E reorder up to <<0s>> { at: time }", "late by something"},
    {"I310", "rule r { on Payment when <<count(per customer, 1h)>> > 2 }", "this window holds Payment"},
    {"I320", "let a = count(per terminal, 1h)\nlet b = count(per terminal, 2h)\nlet c = <<count(per device, 1h on Login)>>", "partitioned by terminal"},
};

}  // namespace

TEST_CASE("each problem has its code, place and words") {
  for (const Case& one : cases) check_case(one, true);
}

TEST_CASE("a field that the key of a pattern cannot have is one problem, whoever else names it") {
  const std::string source = std::string(prelude) + "event Refund { at: time, customer: text(8) }\n"
                             "rule r { pattern p: Payment then no Refund within 1h per customer then alert mode live 5% by customer cooldown 1h per customer }\n";
  const Checked checked = check(source, "p.pawl");
  std::string seen;
  for (const Diagnostic& diagnostic : checked.diagnostics) seen += diagnostic.code + ' ';
  CHECK(seen == "E109 ");
}

TEST_CASE("a file without a head, one without events, and one that is too large") {
  check_case({"E010", "<<event>> E { at: time }", "starts with its name and version"}, false);
  CHECK(check("", "p.pawl").diagnostics.at(0).code == "E010");
  check_case({"E118", "pipeline <<\"empty\">> version 1\n", "declare one, such as `event Payment { at: time, amount: money }`"}, false);
  check_case({"E118", "# nothing yet\npipeline <<\"lists\">> version 1\nlist hot of int\n", "without events"}, false);
  const std::string large(600'000, ' ');
  const Checked checked = check(large, "p.pawl");
  REQUIRE(checked.diagnostics.size() == 1);
  CHECK(checked.diagnostics[0].code == "E001");
}

TEST_CASE("texts of texts are taken apart only so deep") {
  std::string source = "let l0 = device\n";
  for (int i = 1; i < 20'000; ++i) {
    const std::string number = std::to_string(i);
    source.append(i == 200 ? "let <<l" : "let l").append(number).append(i == 200 ? ">> = lower(l" : " = lower(l").append(std::to_string(i - 1)).append(")\n");
  }
  source += "rule r { on Payment when l19999 = \"a\" }";
  check_case({"E119", source, "a text made of texts, more than 200 deep"}, true);
}

TEST_CASE("a pattern has as many steps, and reads as many fields of them, as a run has room for") {
  const auto pattern = [](int steps, const std::string& condition) {
    std::string text = "rule <<r>> { pattern s0: Payment";
    for (int i = 1; i < steps; ++i) {
      const std::string number = std::to_string(i);
      text.append(" then s").append(number).append(": Payment").append(i + 1 == steps ? condition : "");
    }
    return text + " within 1h per customer }";
  };
  const std::string too_many = pattern(33, "");
  check_case({"E167", too_many.c_str(), "more than 32 steps"}, true);
  std::string all;  // 3 of each of 22 steps: 66 that can be missing
  for (int i = 0; i < 22; ++i) {
    for (const char* field : {"amount", "terminal", "device"}) all.append(all.empty() ? "(" : " or ").append("s").append(std::to_string(i)).append(".").append(field).append(" is missing");
  }
  const std::string too_wide = pattern(23, all + ")");
  check_case({"E168", too_wide.c_str(), "at most 64 values that can be missing"}, true);
}

TEST_CASE("all problems are reported at once, in order of place, and a syntax error hides no other rule's problems") {
  const std::string source = std::string(prelude) + R"(let a = sum(amuont per customer, 1h on Payment)
rule one { on Payment when amout > 3.00 then alert }
rule two { on Payment when amount > then alert }
rule three { on Paymant when amount > 3.005 }
rule four { on Payment when amount > "x" and terminal = "y" tags (a b) owner "me" }
rule five { on Payment when ok
rule six { on Payment when missing_one > 1 }
)";
  const Checked checked = check(source, "p.pawl");
  std::string seen;
  for (const Diagnostic& diagnostic : checked.diagnostics) seen += std::to_string(diagnostic.place.line) + diagnostic.code + ' ';
  CHECK(seen == "6E103 7E103 8E010 9E100 10E111 10E111 10E010 12E010 12E103 ");
}

TEST_CASE("names lost in a broken item are not reported a second time") {
  const std::string source = R"(pipeline "p" version 1
event Payment { at: time, amount money, customer: int }
let a = sum(amount per customer, 1h)
rule r { on Payment when amount > 3.00 and customer in known then decline }
lists known of int
)";
  const Checked checked = check(source, "p.pawl");
  std::string seen;
  for (const Diagnostic& diagnostic : checked.diagnostics) seen += std::to_string(diagnostic.place.line) + diagnostic.code + ' ';
  CHECK(seen == "2E010 5E011 ");
}

TEST_CASE("models that name each other, and themselves behind lets, are named and not followed") {
  const std::string head(prelude);
  const auto codes = [](const std::string& source) {
    std::string seen;
    for (const Diagnostic& diagnostic : check(source, "p.pawl").diagnostics) seen += diagnostic.severity == Severity::error ? diagnostic.code + ' ' : "";
    return seen;
  };
  CHECK(codes(head + "model m from \"m\" sha256 \"00\" inputs (n)\nmodel n from \"m\" sha256 \"00\" inputs (m)\nrule r { on Payment when m > 0.5 }\nlet x = m") == "E190 E190 ");
  CHECK(codes(head + "model m from \"m\" sha256 \"00\" inputs (m * 2, n)\nmodel n from \"m\" sha256 \"00\" inputs (n)\nlet x = m + n") == "E190 E190 E190 ");
  CHECK(codes(head + "model m from \"m\" sha256 \"00\" inputs (x)\nmodel n from \"m\" sha256 \"00\" inputs (y)\nlet x = n\nlet y = m") == "E131 ");
}

TEST_CASE("a quote within the braces of a reason ends the text, and what to write instead is said") {
  const Checked checked = check(std::string(prelude) + "rule r { on Payment when ok reason A001 \"from {device otherwise \"none\"}\" }", "p.pawl");
  REQUIRE(!checked.diagnostics.empty());
  const auto is_it = [](const Diagnostic& diagnostic) { return diagnostic.code == "E015" && diagnostic.message.find("a quote within braces is written `\\\"`") != std::string::npos; };
  CHECK(std::any_of(checked.diagnostics.begin(), checked.diagnostics.end(), is_it));
}

TEST_CASE("a pattern whose end is needed, or that says in `where` when it is complete, ends as it says") {
  for (const char* body : {"pattern a: Login{3} within 1h per customer", "pattern a: Login? within 1h per customer", "pattern Payment then a: Login{2,5} within 1h per customer where count(a) >= 4",
                           "pattern Payment then Login+ then Payment within 1h per customer", "pattern Payment then Login+ then no Payment within 1h per customer"}) {
    CAPTURE(body);
    for (const Diagnostic& diagnostic : check(std::string(prelude) + "rule r { " + body + " }", "p.pawl").diagnostics) CHECK(diagnostic.code != "W220");
  }
}

TEST_CASE("rendering: the line, carets below the very bytes, tabs kept, wide characters one column, long lines cut") {
  const Diagnostic amout{Severity::error, "E103", {2, 7, 5}, "unknown field `amout` of Payment. Did you mean `amount`?"};
  CHECK(render(amout, "a\nwhen  amout > 3\n", "cards.pawl") == "cards.pawl:2:7: error E103: unknown field `amout` of Payment. Did you mean `amount`?\n"
                                                              "    2 | when  amout > 3\n"
                                                              "      |       ^^^^^\n");
  CHECK(render({Severity::warning, "W1", {1, 4, 2}, "m"}, "\t\tbxy\r\n", "f").ends_with("    1 | \t\tbxy\n      | \t\t ^^\n"));
  CHECK(render({Severity::note, "I1", {1, 4, 1}, "m"}, "\"\xC3\xA9x", "f").ends_with("      |   ^\n"));
  CHECK(render({Severity::note, "I1", {9, 4, 1}, "m"}, "", "f").ends_with("^\n"));
  const std::string long_line = std::string(1000, 'a') + "bcd" + std::string(1000, 'e');
  const std::string shown = render({Severity::error, "E1", {1, 1001, 3}, "m"}, long_line, "f");
  CHECK(shown.size() < 600);
  const std::size_t excerpt = shown.find("    1 | ");
  const std::size_t carets = shown.find('^');
  CHECK(shown.substr(carets - shown.rfind("      | ") + excerpt, 3) == "bcd");
}

TEST_CASE("an expression is not blamed for what those before it took of the file's share") {
  std::string source(prelude);
  for (int i = 0; i < 60; ++i) {
    const std::string n = std::to_string(i);
    source += "rule r" + n + " { on Payment when device matches \"(x|" + n + ")*x(x|" + n + "){12}\" then alert }\n";
  }
  source += "rule last { on Payment when device matches \"abc\" then alert }\n";
  const Checked checked = check(source, "p.pawl");
  REQUIRE_FALSE(checked.diagnostics.empty());
  const Diagnostic& last = checked.diagnostics.back();
  CHECK(last.code == "E182");
  CHECK(last.message.find("before this one took nearly all that one file may use") != std::string::npos);
}

TEST_CASE("for editors: one JSON object, whatever bytes the source has") {
  const Diagnostic diagnostic{Severity::error, "E103", {2, 7, 5}, "say \"x\"\n\xFF\xC3\xA9"};
  CHECK(render_json(diagnostic, "a.pawl") ==
        "{\"file\":\"a.pawl\",\"line\":2,\"column\":7,\"length\":5,\"severity\":\"error\",\"code\":\"E103\","
        "\"message\":\"say \\\"x\\\"\\u000a\xEF\xBF\xBD\xC3\xA9\"}");
}

}  // namespace problems_test
