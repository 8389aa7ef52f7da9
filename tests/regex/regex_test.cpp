// Regular expressions: worked examples, what is refused and where, and random ones against the naive twin and the standard library's.
#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include "pawl/core/regex/regex.hpp"
#include "tests/twin/regex.hpp"

using namespace pawl;

namespace {

bool matches(std::string_view pattern, std::string_view text) {
  const regex::Compiled made = regex::compile(pattern);
  REQUIRE_MESSAGE(made.regex != nullptr, pattern, ": ", made.problem.text);
  const bool found = made.regex->matches(text);
  CHECK_MESSAGE(found == twin::regex_search(pattern, text), pattern, " in ", text);
  return found;
}

struct Worked {
  const char* pattern;
  std::vector<const char*> yes, no;
};

const Worked worked[] = {
    {"abc", {"abc", "xabcx", "ababc"}, {"", "ab", "abd", "ABC"}},
    {"", {"", "a"}, {}},
    {"^abc$", {"abc"}, {"abcd", "xabc", "abc\n"}},
    {"^", {"", "a"}, {}},
    {"^$", {""}, {"a", "\n"}},
    {"a|bc|", {"", "x"}, {}},
    {"^(a|bc|d)$", {"a", "bc", "d"}, {"", "b", "abc"}},
    {"^a.c$", {"abc", "a\nc", "a\xC3\xA9" "c", "a\xF0\x9F\x98\x80" "c"}, {"ac", "abbc", "a\xFF" "c", "a\xC3" "c"}},
    {"^[a-c]+$", {"a", "abccba"}, {"", "abd", "B"}},
    {"^[^a-c]$", {"d", "\n", "\xC3\xA9"}, {"a", "", "dd", "\xFF"}},
    {"^[\\d.-]*$", {"", "12.5-3"}, {"12,5"}},
    {"^[-a]$", {"-", "a"}, {"b"}},
    {"^[a\\]\\\\^]$", {"a", "]", "\\", "^"}, {"b"}},
    {"^\\d{4}$", {"0123"}, {"012", "01234", "012a"}},
    {"^\\d{2,3}$", {"01", "012"}, {"0", "0123"}},
    {"^(ab){2,}$", {"abab", "ababab"}, {"ab", "aba"}},
    {"^a{0}b$", {"b"}, {"ab"}},
    {"^(a?){3}$", {"", "aaa"}, {"aaaa"}},
    {"^(a*)*$", {"", "aaaa"}, {"ab"}},
    {"^(a|b|())+$", {"", "abba"}, {"c"}},
    {"colou?r", {"color", "my colour"}, {"colouur"}},
    {"^a+?b*?$", {"a", "aab"}, {"b"}},
    {"\\bcat\\b", {"cat", "a cat.", "cat-flap"}, {"concat", "cats", "cat_"}},
    {"\\Bcat", {"concat"}, {"cat", "a cat"}},
    {"\\B", {"ab", "", "\xC3\xA9", "\xC3\xA9\xC3\xA9"}, {"a", "a\xC3\xA9" "a", "a\xE2\x82\xAC" "a"}},
    {"\\b", {"a", "a\xA9"}, {"", "\xC3\xA9", "\xA9"}},
    {"a\\b", {"a", "a\xC3\xA9"}, {"ab", "a\xA9"}},
    {"^\\w+\\s\\W$", {"ab_9 !", "a\t\xC3\xA9"}, {"ab!", "\xC3\xA9 !"}},
    {"^\\D\\S$", {"ab", "\xC3\xA9\xC3\xA9"}, {"1a", "a ", "a\n"}},
    {"(?i)^visa-[a-f]", {"visa-a", "VISA-F", "ViSa-b9"}, {"visa-g", "xvisa-a"}},
    {"(?i)^[^k]$", {"x", "\xE2\x84\xAA"}, {"k", "K"}},
    {"\xC3\xA9+$", {"caf\xC3\xA9", "\xC3\xA9\xC3\xA9"}, {"cafe", "\xC3", "\xA9"}},
    {"^[\xC3\xA0-\xC3\xBF]$", {"\xC3\xA9"}, {"\xC4\x80", "e"}},
    {"^[\\x{20AC}\\x41]$", {"\xE2\x82\xAC", "A"}, {"B"}},
    {"^[\\x{0}-\\x{10FFFF}]$", {"a", "\xF4\x8F\xBF\xBF", "\xEE\x80\x80"}, {"\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC0\x80"}},
    {"^\\.\\*\\(\\$\\\"$", {".*($\""}, {"x"}},
    {"(?:ab|cd)(?:ef|gh)", {"xabghx", "cdef"}, {"abcd", "efgh"}},
    {"a$|^b", {"ca", "bc", "a", "b"}, {"ac", "cb"}},
    {"x$y", {}, {"xy", "x", "x$y"}},
    {"x^y", {}, {"xy", "x^y"}},
};

}  // namespace

TEST_CASE("worked examples") {
  for (const Worked& one : worked) {
    for (const char* text : one.yes) CHECK_MESSAGE(matches(one.pattern, text), one.pattern, " in ", text);
    for (const char* text : one.no) CHECK_MESSAGE(!matches(one.pattern, text), one.pattern, " in ", text);
  }
}

TEST_CASE("what no text, or every text, matches is known at once") {
  const auto made = [](std::string_view pattern) { return regex::compile(pattern).regex; };
  for (const char* pattern : {"x$y", "x^y", "[^\\d\\D]", "a\\Bb\\bc"}) CHECK_MESSAGE(made(pattern)->never(), pattern);
  for (const char* pattern : {"", "^", "a*", "a|", "$", "(^|x)a*", "\\b|\\B"}) CHECK_MESSAGE(made(pattern)->always(), pattern);
  for (const char* pattern : {"a", "^$", "\\b", "^.*$"}) CHECK_MESSAGE((!made(pattern)->never() && !made(pattern)->always()), pattern);
}

// <<...>>: what is pointed at.
TEST_CASE("what is refused, where, and how it is said better") {
  struct Refused { std::string pattern; const char* words; };
  const Refused refused[] = {
      {"a<<(>>bc", "no `)` that closes"},
      {"abc<<)>>", "no `(` that this"},
      {"<<[>>abc", "no `]` that closes"},
      {"<<[]>>abc]", "a class holds something"},
      {"<<*>>a", "nothing before this `*`"},
      {"a|<<+>>", "nothing before this `+`"},
      {"a*<<*>>", "repeats a repeat"},
      {"a{2}<<{>>3}", "repeats a repeat"},
      {"a*<<+>>", "give nothing back"},
      {"<<^*>>a", "cannot be repeated"},
      {"<<\\b+>>", "cannot be repeated"},
      {"a<<{>>", "written {3}"},
      {"a<<{x>>}", "`\\{`"},
      {"a<<{,>>3}", "written {3}"},
      {"a<<{3,2}>>", "{2,3}"},
      {"a<<{1001}>>", "1000"},
      {"a<<}>>", "`\\}`"},
      {"a<<]>>", "`\\]`"},
      {"(a)<<\\1>>", "references to groups"},
      {"a<<(?=>>b)", "look ahead or behind"},
      {"<<(?<>>n>a)", "have names"},
      {"a<<(?i>>)b", "at the beginning"},
      {"<<\\p>>", "unknown escape"},
      {"<<\\A>>", "unknown escape"},
      {"a<<\\>>", "behind this backslash"},
      {"<<\\x4>>", "\\x41"},
      {"<<\\x{110000}>>", "\\x{20AC}"},
      {"<<\\x{D800}>>", "\\x{20AC}"},
      {"[a<<[:>>digit:]]", "named classes"},
      {"[<<z-a>>]", "backwards"},
      {"[<<\\d-z>>]", "from one character to one"},
      {"a<<\xFF>>", "no UTF-8"},
      {"<<\xED>>\xA0\x80", "no UTF-8"},
  };
  for (const Refused& one : refused) {
    std::string pattern = one.pattern;
    const std::size_t begin = pattern.find("<<");
    pattern.erase(begin, 2);
    const std::size_t end = pattern.find(">>");
    pattern.erase(end, 2);
    const regex::Compiled made = regex::compile(pattern);
    CAPTURE(pattern);
    REQUIRE(made.regex == nullptr);
    CHECK(!made.problem.too_large);
    CHECK(made.problem.begin == begin);
    CHECK(made.problem.end == end);
    CHECK_MESSAGE(made.problem.text.find(one.words) != std::string::npos, made.problem.text);
  }
}

TEST_CASE("what would need too much is refused, soon") {
  const auto begin = std::chrono::steady_clock::now();
  std::string nested = "a";
  for (int i = 0; i < 60; ++i) nested = "(" + nested + ")";
  CHECK(regex::compile(nested).problem.text.find("at most 50 deep") != std::string::npos);
  for (const char* pattern : {"(a|b)*a(a|b){20}", "(((a{1000}){1000}){1000}){1000}", "((((){1000}){1000}){1000}){1000}a", "([a-z]{0,100}x){50}", "(.{0,200}a.{0,200}b){0,9}$"}) {
    const regex::Compiled made = regex::compile(pattern);
    CHECK(made.work <= 2 * regex::work_max);
    if (made.regex != nullptr) CHECK(made.regex->table_bytes() <= 2 * regex::cells_max + regex::states_max + 256);
    else CHECK(made.problem.too_large);
  }
  CHECK(regex::compile(std::string(1001, 'a')).problem.too_large);
  CHECK(regex::compile(std::string(1000, 'a')).regex != nullptr);
  CHECK(regex::compile("abc", 5).problem.too_large);
  const auto took = std::chrono::steady_clock::now() - begin;
  MESSAGE("made in ", std::chrono::duration<double>(took).count(), " s");
}

namespace {

class Random {
 public:
  explicit Random(std::uint64_t seed, bool bytes) : random_(seed), beyond_ascii_(bytes) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::string pattern() { return choice(3); }
  std::string text() {
    static const char* const ascii[] = {"a", "b", "c", "ab", "A", "1", "_", " ", "-", "."};
    static const char* const others[] = {"\n", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xFF", "\xC3", "\xED\xA0\x80"};
    std::string text;
    for (std::size_t parts = below(9); parts > 0; --parts) text += beyond_ascii_ && below(3) == 0 ? others[below(7)] : ascii[below(10)];
    return text;
  }

 private:
  std::string choice(int depth) {
    std::string all = sequence(depth);
    while (below(4) == 0) all += "|" + sequence(depth);
    return all;
  }
  std::string sequence(int depth) {
    std::string all;
    for (std::size_t parts = below(4); parts > 0; --parts) all += repeated(depth);
    return all;
  }
  std::string repeated(int depth) {
    if (below(8) == 0) return std::vector<std::string>{"^", "$", "\\b", "\\B"}[below(4)];
    std::string part = atom(depth);
    switch (below(8)) {
      case 0: return part + "*";
      case 1: return part + "+";
      case 2: return part + "?";
      case 3: return part + "{2}";
      case 4: return part + "{1,3}";
      case 5: return part + (below(2) == 0 ? "{2,}" : "*?");
      default: return part;
    }
  }
  std::string atom(int depth) {
    if (depth > 0 && below(3) == 0) return (below(2) == 0 ? "(" : "(?:") + choice(depth - 1) + ")";
    static const char* const ascii[] = {"a", "b", "c", "A", "1", "\\.", ".", "\\d", "\\w", "\\s", "\\W", "[ab]", "[^ab]", "[a-c1]", "[^\\w]", "[\\d_-]"};
    static const char* const others[] = {"\xC3\xA9", "\\x{20AC}", "[\xC3\xA0-\xE2\x82\xAC]", "[^\xC3\xA9]", "\\n", "[^\\x{80}-\\x{FFFF}]"};
    return beyond_ascii_ && below(4) == 0 ? others[below(6)] : ascii[below(16)];
  }

  std::mt19937_64 random_;
  bool beyond_ascii_;
};

}  // namespace

TEST_CASE("random expressions and texts of any bytes equal the twin's") {
  int too_large = 0;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    Random random(seed, true);
    const std::string pattern = (random.below(4) == 0 ? "(?i)" : "") + random.pattern();
    const regex::Compiled made = regex::compile(pattern, 400'000);
    too_large += made.problem.too_large;
    if (made.problem.too_large) continue;
    REQUIRE_MESSAGE(made.regex != nullptr, pattern, ": ", made.problem.text);
    for (int i = 0; i < 8; ++i) {
      const std::string text = random.text();
      CHECK_MESSAGE(made.regex->matches(text) == twin::regex_search(pattern, text), "seed ", seed, ": ", pattern, " in ", text);
    }
  }
  CHECK(too_large < 150);
}

TEST_CASE("random expressions and texts of ASCII equal the standard library's") {
  int too_large = 0;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    Random random(seed, false);
    const std::string pattern = random.pattern();
    const regex::Compiled made = regex::compile(pattern, 400'000);
    too_large += made.problem.too_large;
    if (made.problem.too_large) continue;
    REQUIRE(made.regex != nullptr);
    const std::regex other(pattern, std::regex::ECMAScript | std::regex_constants::__polynomial);  // without it some take exponential time
    for (int i = 0; i < 8; ++i) {
      const std::string text = random.text();
      CHECK_MESSAGE(made.regex->matches(text) == std::regex_search(text, other), "seed ", seed, ": ", pattern, " in ", text);
    }
  }
  CHECK(too_large < 150);
}
