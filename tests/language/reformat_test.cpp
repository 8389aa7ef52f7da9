// The canonical layout: what it looks like, that it says what the file said, and that nothing is laid out twice.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "generator.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/language/explain.hpp"
#include "pawl/core/language/lexer.hpp"
#include "pawl/core/language/problems.hpp"
#include "pawl/core/language/reformat.hpp"
#include "pipelines.hpp"
#include "../lockstep/random_rules.hpp"

using namespace pawl::language;

namespace reformat_test {
namespace {

namespace fs = std::filesystem;

std::string laid_out(const std::string& source) {
  const Reformatted result = reformat(source);
  for (const Diagnostic& diagnostic : result.diagnostics) FAIL_CHECK(render(diagnostic, source, "p.pawl"));
  return result.text.value_or("");
}

// Tokens as they are written, and every comment.
struct Words {
  std::vector<std::string> tokens, comments;
};

Words words_of(const std::string& source) {
  Problems problems(source);
  Words words;
  std::size_t end = span_of_text(source).begin;
  for (const Token& token : lex(source, span_of_text(source), false, problems)) {
    std::istringstream gap(source.substr(end, token.span.begin - end));
    for (std::string line; std::getline(gap, line);) {
      if (const std::size_t at = line.find('#'); at != std::string::npos) words.comments.push_back(line.substr(at, line.find_last_not_of(" \t\r") + 1 - at));
    }
    words.tokens.push_back(source.substr(token.span.begin, token.span.end - token.span.begin));
    end = token.span.end;
  }
  return words;
}

// All that a pipeline means: windows, lets, rules and what is explained of them. Empty if it has errors.
std::string meaning(const std::string& source) {
  const Checked checked = check(source, "p.pawl");
  if (!checked.pipeline) return {};
  std::string text = explain(*checked.pipeline);
  for (const Let& let : checked.pipeline->lets) text += let.name + " = " + canonical(*let.expr) + '\n';
  for (const Rule& rule : checked.pipeline->rules) text += rule.name + " : " + (rule.when ? canonical(*rule.when) : "pattern") + '\n';
  return text;
}

// Empty, or what is wrong with the layout of a good file.
std::string wrong_with(const std::string& source) {
  const Reformatted once = reformat(source);
  if (!once.text) return "refused: " + render(once.diagnostics.at(0), source, "p.pawl");
  const Words before = words_of(source), after = words_of(*once.text);
  if (before.tokens != after.tokens) return "other tokens";
  if (before.comments != after.comments) return "other comments";
  if (meaning(source) != meaning(*once.text)) return "another meaning";
  const Reformatted twice = reformat(*once.text);
  if (twice.text != once.text) return "not idempotent:\n" + *once.text + "---\n" + twice.text.value_or("refused");
  if (!once.text->ends_with('\n') || once.text->ends_with("\n\n")) return "does not end with one line";
  std::istringstream lines(*once.text);
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with(' ') || line.find('\t') < line.find_first_of("\"#")) return "blanks: `" + line + '`';
  }
  return {};
}

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The same tokens, with other blanks between and comments strewn in.
std::string disturbed(const std::string& source, bool with_comments) {
  const Words words = words_of(source);
  std::string text;
  for (std::size_t i = 0; i + 1 < words.tokens.size(); ++i) {
    const std::string& before = i == 0 ? words.tokens.back() : words.tokens[i - 1];
    const bool joined = !before.empty() && before != "%" && before.find_first_of("(),") == 0 && *rc::gen::arbitrary<bool>();
    if (with_comments && *rc::gen::weightedElement<bool>({{9, false}, {1, true}})) text += *rc::gen::element<std::string>("# one\n", "\n#two \r\n\n", "\n\n\n  # three # \"\n# four\n");
    else if (!joined) text += *rc::gen::weightedElement<std::string>({{6, " "}, {1, "\n"}, {1, "\t \r\n\n\n"}, {1, "   "}});
    text += words.tokens[i];
  }
  return text + (with_comments ? " # the end" : "");
}

constexpr const char* untidy_cards = R"(
# What it is for.


pipeline   "cards"
  version 1 # the first
event Payment{id:int,at:time,customer:int,amount:money( 2 , EUR ),channel:enum(chip,online)}
event Login {
  at: time, customer: int, ok: bool,

  # where from
  device: text (32), address: text(45)   # as it is printed
}
list hot of int expires after 28d
map limits from int to money otherwise - 10.00


let  usual   = prior avg (amount per customer,30d)
let net=-amount+(- 3.50)*2%-limits [customer]
let typical = percentile 95(amount per customer+channel, last 5 on Payment where not (amount<2.00)) otherwise(if amount > 3.00 then 2.00 else 1.00)


rule small { on Payment when amount < 2.00 then tag tiny }
rule large "A large one" { on Payment when amount > 220.00 and not (customer in hot) then decline, score 900
  # for the customer

  reason A001 "amount {amount} is over 220.00" owner "us" tags(a,b) }
rule tries { pattern f : Login ( not ok ){2, 5} then immediately Login+ then Payment ? then no Login(ok) for 10m within 1h per customer limit 4 then score 100*count(f) }
policy { order allow>decline >review decline at score 1000 default approve }
test "t" { given Payment (customer = 1, amount=-1.00, at=2018-08-08T10:00:00Z) expect fires small given Login(customer=1, at=2018-08-08T10:00:01Z) expect silent large expect decision approve }
# The end.

)";

constexpr const char* tidy_cards = R"(# What it is for.

pipeline "cards" version 1  # the first
event Payment { id: int, at: time, customer: int, amount: money(2, EUR), channel: enum(chip, online) }
event Login {
  at: time,
  customer: int,
  ok: bool,

  # where from
  device: text(32),
  address: text(45)  # as it is printed
}
list hot of int expires after 28d
map limits from int to money otherwise -10.00

let usual = prior avg(amount per customer, 30d)
let net = -amount + (-3.50) * 2% - limits[customer]
let typical = percentile 95 (amount per customer + channel, last 5 on Payment where not (amount < 2.00))
    otherwise (if amount > 3.00 then 2.00 else 1.00)

rule small { on Payment when amount < 2.00 then tag tiny }
rule large "A large one" {
  on Payment
  when amount > 220.00 and not (customer in hot)
  then decline, score 900
  # for the customer

  reason A001 "amount {amount} is over 220.00"
  owner "us"
  tags (a, b)
}
rule tries {
  pattern f: Login(not ok){2,5} then immediately Login+ then Payment? then no Login(ok) for 10m within 1h per customer
      limit 4
  then score 100 * count(f)
}
policy { order allow > decline > review decline at score 1000 default approve }
test "t" {
  given Payment(customer=1, amount=-1.00, at=2018-08-08T10:00:00Z) expect fires small
  given Login(customer=1, at=2018-08-08T10:00:01Z) expect silent large expect decision approve
}
# The end.
)";

}  // namespace

TEST_CASE("what does not fit into a line gets one for each clause; spaces, comments and blank lines have their places") {
  CHECK(laid_out(untidy_cards) == tidy_cards);
}

TEST_CASE("comments in the middle of things stay where they are") {
  CHECK(laid_out("pipeline # p\n# q\n\"x\" version 1\nevent E { # e\n\n\n# f\n\n# g\nat: time # h\n\n# i\n\n}\nlet a = # why\n 1 + # j\n\n# k\n 2\n\n\n# l\n") ==
        "pipeline  # p\n"
        "    # q\n"
        "    \"x\" version 1\n"
        "event E {  # e\n"
        "  # f\n"
        "\n"
        "  # g\n"
        "  at: time  # h\n"
        "\n"
        "  # i\n"
        "}\n"
        "let a =  # why\n"
        "    1 +  # j\n"
        "    # k\n"
        "    2\n"
        "\n"
        "# l\n");
}

TEST_CASE("long lines are broken at the outermost and, or, then or comma") {
  const std::string head = "pipeline \"p\" version 1\nevent P { at: time, a: int }\n";
  CHECK(laid_out(head + "let x = a in (1111111111, 2222222222, 3333333333, 4444444444, 5555555555, 6666666666, 7777777777, 8888888888, 9999999999, 1010101010)\n"
                        "rule r { on P when (a > 1111111111 and a < 2222222222 or a = 3333333333) and not (a = 4444444444 or a = 5555555555 or a = 6666666666) then alert }\n") ==
        head + "let x = a in (1111111111, 2222222222, 3333333333, 4444444444, 5555555555, 6666666666, 7777777777, 8888888888,\n"
               "    9999999999, 1010101010)\n"
               "rule r {\n"
               "  on P\n"
               "  when (a > 1111111111 and a < 2222222222 or a = 3333333333)\n"
               "      and not (a = 4444444444 or a = 5555555555 or a = 6666666666)\n"
               "  then alert\n"
               "}\n");
  const std::string text(200, 'x');
  CHECK(laid_out(head + "rule r { on P when a > 1 then alert reason A001 \"" + text + "\" }\n") ==
        head + "rule r {\n  on P\n  when a > 1\n  then alert\n  reason A001\n      \"" + text + "\"\n}\n");
}

TEST_CASE("a file that cannot be read is refused with all its errors; one whose names and types are wrong is laid out") {
  const Reformatted bad = reformat("pipeline \"p\" version 1\nevent P { at time }\nlet a = 1 +\nlet b == 2\n");
  CHECK_FALSE(bad.text.has_value());
  REQUIRE(bad.diagnostics.size() == 3);
  CHECK(bad.diagnostics[0].place.line == 2);
  CHECK(bad.diagnostics[2].code == "E003");
  CHECK(laid_out("pipeline \"p\" version 1 let  a = nobody+\"x\"") == "pipeline \"p\" version 1\nlet a = nobody + \"x\"\n");
  const std::string huge(600 * 1024, '#');
  CHECK(reformat(huge).diagnostics.at(0).code == "E001");
  std::string dense = "pipeline \"p\" version 1 event P{at:time,a:int}let x=a in(0";
  while (dense.size() < 500 * 1024) dense += ",1";
  const Reformatted grown = reformat(dense + ")");
  CHECK_FALSE(grown.text.has_value());
  CHECK(grown.diagnostics.at(0).message.starts_with("the file, laid out, has "));
}

TEST_CASE("a mark of UTF-8 and ends of lines of other systems are left behind") {
  CHECK(laid_out("\xEF\xBB\xBFpipeline \"p\" version 1\r\n# c \r\n\r\nlet a = 1\r\n") == "pipeline \"p\" version 1\n# c\n\nlet a = 1\n");
}

TEST_CASE("every pipeline file of the repository keeps its tokens, comments and meaning, and is laid out once") {
  const char* shared = std::getenv("PAWL_SHARED_DATA");
  std::vector<fs::path> places{fs::path(PAWL_SOURCE_DIR) / "apps", fs::path(PAWL_SOURCE_DIR) / "tests", shared != nullptr ? fs::path(shared) : fs::path(PAWL_SOURCE_DIR) / "../shared/data"};
  std::size_t files = 0;
  for (const fs::path& place : places) {
    if (!fs::exists(place)) {
      MESSAGE("SKIPPED: reformat: no " << place.string());
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(place)) {
      if (entry.path().extension() != ".pawl") continue;
      CAPTURE(entry.path().string());
      const std::string source = content(entry.path());
      if (entry.path().parent_path().parent_path().filename() == "corpus" && !reformat(source).text) {  // some are there because they are broken
        CHECK(check(source, "p.pawl").pipeline == nullptr);
        continue;
      }
      CHECK(wrong_with(source) == "");
      ++files;
    }
  }
  CHECK(files >= 18);
  CHECK(wrong_with(std::string(test::cards)) == "");
  CHECK(wrong_with(std::string(test::windows)) == "");
}

TEST_CASE("random programs are laid out as they are, and alike however they were spaced") {
  CHECK(rc::check("expressions", [] {
    const std::string source = std::string(test::generated_prelude) + "rule r { on Payment when " + test::Generator().boolean(*rc::gen::inRange(0, 5)) + " }";
    const std::string wrong = wrong_with(source);
    if (!wrong.empty()) RC_FAIL(wrong + "\n" + source);
  }));
  CHECK(rc::check("rules", [] {
    const std::string source = pawl::lockstep_test::RandomRules(*rc::gen::arbitrary<std::uint64_t>()).program();
    const std::string wrong = wrong_with(source);
    if (!wrong.empty()) RC_FAIL(wrong + "\n" + source);
    // Blank lines between items are kept, so the layout is compared without them.
    const auto without_blank_lines = [](std::string text) {
      for (std::size_t at = 0; (at = text.find("\n\n")) != std::string::npos;) text.erase(at, 1);
      return text;
    };
    const std::string other = disturbed(source, false);
    RC_ASSERT(without_blank_lines(*reformat(other).text) == without_blank_lines(*reformat(source).text));
    const std::string commented = disturbed(source, true);
    const std::string still_wrong = wrong_with(commented);
    if (!still_wrong.empty()) RC_FAIL(still_wrong + "\n" + commented);
  }));
}

TEST_CASE("whatever of a good file with pieces cut out or doubled can still be read is laid out as it is") {
  CHECK(rc::check("mutations", [] {
    std::string source(*rc::gen::element(std::string(test::cards), std::string(test::windows), std::string(untidy_cards)));
    const int mutations = *rc::gen::inRange(1, 4);
    for (int i = 0; i < mutations; ++i) {
      const std::size_t from = *rc::gen::inRange<std::size_t>(0, source.size());
      const std::size_t length = std::min(*rc::gen::inRange<std::size_t>(0, 12), source.size() - from);
      if (*rc::gen::arbitrary<bool>()) source.erase(from, length);
      else source.insert(from, source.substr(from, length));
    }
    const bool is_read = reformat(source).text.has_value();
    RC_CLASSIFY(is_read);
    if (!is_read) return;
    const std::string wrong = wrong_with(source);
    if (!wrong.empty()) RC_FAIL(wrong + "\n" + source);
  }));
}

}  // namespace reformat_test
