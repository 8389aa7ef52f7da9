#include "tests/twin/regex.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pawl/core/base/assert.hpp"

namespace pawl::twin {
namespace {

using Places = std::set<std::size_t>;
using Part = std::function<Places(std::size_t)>;        // from where it may begin to where it may end
using Test = std::function<bool(std::uint32_t)>;        // of a character

struct Character { std::uint32_t code; std::size_t bytes; };

std::optional<Character> character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const auto more = [&](std::size_t count) {
    for (std::size_t i = 1; i <= count; ++i) {
      if (byte(i) < 0x80 || byte(i) > 0xBF) return false;
    }
    return true;
  };
  const unsigned b = byte(0);
  std::uint32_t code = b;
  if (at >= text.size()) return {};
  if (b < 0x80) return Character{code, 1};
  if (b >= 0xC2 && b <= 0xDF && more(1)) return Character{(b & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (b >= 0xE0 && b <= 0xEF && more(2)) {
    code = (b & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    if (code >= 0x800 && (code < 0xD800 || code > 0xDFFF)) return Character{code, 3};
  }
  if (b >= 0xF0 && b <= 0xF4 && more(3)) {
    code = (b & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    if (code >= 0x10000 && code <= 0x10FFFF) return Character{code, 4};
  }
  return {};
}

bool digit(std::uint32_t c) { return c >= '0' && c <= '9'; }
bool letter(std::uint32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool word(std::uint32_t c) { return digit(c) || letter(c) || c == '_'; }
bool space(std::uint32_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
std::uint32_t lower(std::uint32_t c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }
std::uint32_t upper(std::uint32_t c) { return c >= 'a' && c <= 'z' ? c - 32 : c; }

class Reader {
 public:
  Reader(std::string_view pattern, std::string_view text) : pattern_(pattern), text_(text) {}

  bool search() {
    if (pattern_.substr(0, 4) == "(?i)") at_ = 4, any_case_ = true;
    const Part whole = choice();
    PAWL_ASSERT(at_ == pattern_.size());
    for (std::size_t begin = 0; begin <= text_.size(); ++begin) {
      if (!whole(begin).empty()) return true;
    }
    return false;
  }

 private:
  [[nodiscard]] char peek() const { return at_ < pattern_.size() ? pattern_[at_] : '\0'; }
  bool take(char c) { return at_ < pattern_.size() && pattern_[at_] == c ? ++at_, true : false; }

  Part choice() {
    Part first = sequence();
    while (take('|')) {
      first = [first, second = sequence()](std::size_t at) {
        Places ends = first(at);
        ends.merge(second(at));
        return ends;
      };
    }
    return first;
  }

  Part sequence() {
    Part all = [](std::size_t at) { return Places{at}; };
    while (at_ < pattern_.size() && peek() != '|' && peek() != ')') all = followed(all, repeated());
    return all;
  }
  static Part followed(Part first, Part second) {
    return [first = std::move(first), second = std::move(second)](std::size_t at) {
      Places ends;
      for (const std::size_t middle : first(at)) ends.merge(second(middle));
      return ends;
    };
  }

  std::size_t number() {
    std::size_t value = 0;
    while (digit(static_cast<unsigned char>(peek()))) value = value * 10 + static_cast<std::size_t>(pattern_[at_++] - '0');
    return value;
  }

  Part repeated() {
    const Part part = atom();
    constexpr std::size_t unbounded = 100'000;
    std::size_t least = 0, most = unbounded;
    if (take('+')) least = 1;
    else if (take('?')) most = 1;
    else if (take('{')) {
      most = least = number();
      if (take(',')) most = peek() == '}' ? unbounded : number();
      PAWL_ASSERT(take('}'));
    } else if (!take('*')) {
      return part;
    }
    take('?');
    return [part, least, most](std::size_t at) {
      Places now{at}, ends;
      for (std::size_t count = 0; count <= most && !now.empty(); ++count) {
        const std::size_t known = ends.size();
        if (count >= least) ends.insert(now.begin(), now.end());
        if (count > least && ends.size() == known) break;  // nothing new: no more will come
        Places next;
        for (const std::size_t place : now) next.merge(part(place));
        now = std::move(next);
      }
      return ends;
    };
  }

  Part one(Test test) {
    return [this, test = std::move(test)](std::size_t at) {
      const auto found = character(text_, at);
      return found && test(found->code) ? Places{at + found->bytes} : Places{};
    };
  }
  Part where(std::function<bool(std::size_t)> test) {
    return [test = std::move(test)](std::size_t at) { return test(at) ? Places{at} : Places{}; };
  }
  bool boundary(std::size_t at) const {
    const auto is_word = [&](std::size_t i) { return i < text_.size() && word(static_cast<unsigned char>(text_[i])); };
    return (at > 0 && is_word(at - 1)) != is_word(at);
  }
  bool begins_character(std::size_t at) const { return at == text_.size() || static_cast<unsigned char>(text_[at]) / 64 != 2; }
  Test equal(std::uint32_t code) const {
    if (any_case_) return [code](std::uint32_t c) { return lower(c) == lower(code); };
    return [code](std::uint32_t c) { return c == code; };
  }

  Part atom() {
    if (take('(')) {
      if (take('?')) take(':');
      const Part inner = choice();
      PAWL_ASSERT(take(')'));
      return inner;
    }
    if (take('.')) return one([](std::uint32_t) { return true; });
    if (take('^')) return where([](std::size_t at) { return at == 0; });
    if (take('$')) return where([this](std::size_t at) { return at == text_.size(); });
    if (take('[')) return one(set());
    if (peek() == '\\' && at_ + 1 < pattern_.size() && (pattern_[at_ + 1] == 'b' || pattern_[at_ + 1] == 'B')) {
      const bool wanted = pattern_[at_ + 1] == 'b';
      at_ += 2;
      return where([this, wanted](std::size_t at) { return begins_character(at) && boundary(at) == wanted; });
    }
    std::uint32_t code = 0;
    return one(member(code));
  }

  Test set() {
    const bool others = take('^');
    std::vector<Test> tests;
    while (!take(']')) {
      std::uint32_t low = 0, high = 0;
      Test test = member(low);
      if (peek() == '-' && pattern_[at_ + 1] != ']') {
        take('-');
        static_cast<void>(member(high));
        const auto within = [low, high](std::uint32_t c) { return low <= c && c <= high; };
        test = any_case_ ? Test([within](std::uint32_t c) { return within(c) || within(lower(c)) || within(upper(c)); }) : Test(within);
      }
      tests.push_back(std::move(test));
    }
    return [tests, others](std::uint32_t c) {
      bool any = false;
      for (const Test& test : tests) any = any || test(c);
      return any != others;
    };
  }

  // One character of the expression, or what an escape stands for; `code`: of a single one.
  Test member(std::uint32_t& code) {
    if (!take('\\')) {
      const auto found = character(pattern_, at_);
      PAWL_ASSERT(found.has_value());
      at_ += found->bytes;
      return equal(code = found->code);
    }
    const char c = pattern_[at_++];
    switch (c) {
      case 'd': return digit;
      case 'D': return [](std::uint32_t other) { return !digit(other); };
      case 'w': return word;
      case 'W': return [](std::uint32_t other) { return !word(other); };
      case 's': return space;
      case 'S': return [](std::uint32_t other) { return !space(other); };
      case 't': return equal(code = '\t');
      case 'n': return equal(code = '\n');
      case 'r': return equal(code = '\r');
      case 'x': break;
      default: return equal(code = static_cast<unsigned char>(c));
    }
    const bool braces = take('{');
    const std::size_t end = braces ? pattern_.find('}', at_) : at_ + 2;
    code = static_cast<std::uint32_t>(std::stoul(std::string(pattern_.substr(at_, end - at_)), nullptr, 16));
    at_ = end + (braces ? 1 : 0);
    return equal(code);
  }

  std::string_view pattern_, text_;
  std::size_t at_ = 0;
  bool any_case_ = false;
};

}  // namespace

bool regex_search(std::string_view pattern, std::string_view text) { return Reader(pattern, text).search(); }

}  // namespace pawl::twin
