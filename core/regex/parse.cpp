#include <algorithm>
#include <string>

#include "pawl/core/regex/syntax.hpp"

namespace pawl::regex {
namespace {

constexpr Rune surrogates_first = 0xD800, surrogates_last = 0xDFFF;

std::vector<Runes> digits() { return {{'0', '9'}}; }
std::vector<Runes> words() { return {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}; }
std::vector<Runes> spaces() { return {{'\t', '\r'}, {' ', ' '}}; }  // tab, line feed, vertical tab, form feed, carriage return

// In order, without overlaps and surrogates.
std::vector<Runes> normalised(std::vector<Runes> runes) {
  std::sort(runes.begin(), runes.end(), [](const Runes& a, const Runes& b) { return a.first < b.first; });
  std::vector<Runes> merged;
  for (const Runes& range : runes) {
    if (!merged.empty() && range.first <= merged.back().last + 1) merged.back().last = std::max(merged.back().last, range.last);
    else merged.push_back(range);
  }
  std::vector<Runes> result;
  for (const Runes& range : merged) {
    if (range.first < surrogates_first) result.push_back({range.first, std::min(range.last, surrogates_first - 1)});
    if (range.last > surrogates_last) result.push_back({std::max(range.first, surrogates_last + 1), range.last});
  }
  return result;
}

std::vector<Runes> all_but(const std::vector<Runes>& runes) {
  std::vector<Runes> others;
  Rune next = 0;
  for (const Runes& range : normalised(runes)) {
    if (range.first > next) others.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= rune_max) others.push_back({next, rune_max});
  return normalised(std::move(others));
}

// With the other case of ASCII letters.
std::vector<Runes> of_any_case(std::vector<Runes> runes) {
  const std::size_t count = runes.size();
  const auto add = [&](const Runes& range, Rune first, Rune last, int shift) {
    const Rune low = std::max(range.first, first), high = std::min(range.last, last);
    if (low <= high) runes.push_back({static_cast<Rune>(static_cast<int>(low) + shift), static_cast<Rune>(static_cast<int>(high) + shift)});
  };
  for (std::size_t i = 0; i < count; ++i) {
    const Runes range = runes[i];
    add(range, 'A', 'Z', 'a' - 'A');
    add(range, 'a', 'z', 'A' - 'a');
  }
  return runes;
}

class Parser {
 public:
  Parser(std::string_view pattern, Problem& problem) : pattern_(pattern), problem_(problem) {}

  std::optional<Tree> run() {
    if (pattern_.size() > pattern_bytes_max) {
      problem_.too_large = true;
      return fail(0, pattern_.size(), "a regular expression has at most " + std::to_string(pattern_bytes_max) + " bytes"), std::nullopt;
    }
    if (take("(?i)")) any_case_ = true;
    Tree tree = one_of();
    if (!failed_ && at_ < pattern_.size()) fail(at_, at_ + 1, "there is no `(` that this `)` closes; the character itself is written `\\)`");
    if (failed_) return std::nullopt;
    return tree;
  }

 private:
  void fail(std::size_t begin, std::size_t end, std::string text) {
    if (failed_) return;
    failed_ = true;
    problem_.begin = begin;
    problem_.end = std::min(std::max(end, begin + 1), pattern_.size());
    problem_.text = std::move(text);
  }

  [[nodiscard]] bool at(char c) const { return at_ < pattern_.size() && pattern_[at_] == c; }
  bool take(std::string_view text) {
    if (!pattern_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }

  Tree one_of() {
    Tree tree;
    tree.parts.push_back(all_of());
    while (!failed_ && take("|")) tree.parts.push_back(all_of());
    if (tree.parts.size() == 1) return std::move(tree.parts.front());
    tree.kind = Tree::Kind::one_of;
    return tree;
  }

  Tree all_of() {
    Tree tree;
    while (!failed_ && at_ < pattern_.size() && !at('|') && !at(')')) tree.parts.push_back(repeated());
    return tree;
  }

  Tree repeated() {
    const std::size_t begin = at_;
    Tree part = atom();
    if (failed_ || at_ == pattern_.size()) return part;
    const std::size_t sign = at_;
    Tree repeat;
    repeat.kind = Tree::Kind::repeat;
    if (take("*")) repeat.at_most = SIZE_MAX;
    else if (take("+")) repeat.at_least = 1, repeat.at_most = SIZE_MAX;
    else if (take("?")) repeat.at_most = 1;
    else if (take("{")) counts(sign, repeat);
    else return part;
    if (failed_) return part;
    if (part.kind == Tree::Kind::assertion) return fail(begin, at_, "an anchor takes no characters, so it cannot be repeated"), part;
    static_cast<void>(take("?"));  // as few as possible: whether the text matches is the same
    if (at('+')) return fail(at_, at_ + 1, "repeats that give nothing back (`*+`) are not supported; leave the `+` out"), part;
    if (at('*') || at('?') || at('{')) return fail(at_, at_ + 1, "this repeats a repeat; put what is repeated into `(?:...)`"), part;
    repeat.parts.push_back(std::move(part));
    return repeat;
  }

  std::optional<std::size_t> number() {
    const std::size_t begin = at_;
    std::size_t value = 0;
    while (at_ < pattern_.size() && pattern_[at_] >= '0' && pattern_[at_] <= '9') value = std::min<std::size_t>(value * 10 + static_cast<std::size_t>(pattern_[at_++] - '0'), 1'000'000);
    return at_ == begin ? std::nullopt : std::optional(value);
  }

  void counts(std::size_t begin, Tree& repeat) {
    const auto least = number();
    const bool comma = least && take(",");
    const auto most = comma ? number() : least;
    if (!least || !take("}")) return fail(begin, at_ + 1, "a repeat is written {3}, {3,} or {3,5}; the character itself is written `\\{`");
    repeat.at_least = *least;
    repeat.at_most = most.value_or(SIZE_MAX);
    if (*least > repeats_max || (most && *most > repeats_max)) fail(begin, at_, "a repeat counts to " + std::to_string(repeats_max) + " at most");
    else if (repeat.at_least > repeat.at_most) fail(begin, at_, "a repeat counts up: write {" + std::to_string(*most) + "," + std::to_string(*least) + "}");
  }

  Tree runes(std::vector<Runes> some) const {
    Tree tree;
    tree.kind = Tree::Kind::runes;
    tree.runes = normalised(any_case_ ? of_any_case(std::move(some)) : std::move(some));
    return tree;
  }
  static Tree asserted(Assertion assertion) {
    Tree tree;
    tree.kind = Tree::Kind::assertion;
    tree.assertion = assertion;
    return tree;
  }

  Tree atom() {
    const std::size_t begin = at_;
    switch (pattern_[at_]) {
      case '(': return group();
      case '[': return set();
      case '.': ++at_; return runes({{0, rune_max}});
      case '^': ++at_; return asserted(Assertion::begin);
      case '$': ++at_; return asserted(Assertion::end);
      case '\\':
        if (take("\\b")) return asserted(Assertion::boundary);
        if (take("\\B")) return asserted(Assertion::inside);
        return runes(escape());
      case '*':
      case '+':
      case '?':
      case '{': return fail(begin, begin + 1, std::string("there is nothing before this `") + pattern_[begin] + "` to repeat; the character itself is written `\\" + pattern_[begin] + "`"), Tree{};
      case '}':
      case ']': return fail(begin, begin + 1, std::string("there is nothing that this `") + pattern_[begin] + "` closes; the character itself is written `\\" + pattern_[begin] + "`"), Tree{};
      default: break;
    }
    const Rune one = rune();
    return runes({{one, one}});
  }

  Tree group() {
    const std::size_t begin = at_++;
    if (at('?') && !take("?:")) {
      const bool flags = at_ + 1 < pattern_.size() && pattern_[at_ + 1] == 'i';
      fail(begin, at_ + 2, flags ? "`(?i)` stands at the beginning, for the whole expression" : "groups that look ahead or behind, have names or flags are not supported; there are `(...)`, `(?:...)` and, at the beginning, `(?i)`");
      return {};
    }
    if (++nesting_ > nesting_max) return fail(begin, begin + 1, "groups in groups: at most " + std::to_string(nesting_max) + " deep"), Tree{};
    Tree tree = one_of();
    --nesting_;
    if (!failed_ && !take(")")) fail(begin, begin + 1, "there is no `)` that closes this `(`; the character itself is written `\\(`");
    return tree;
  }

  // One character of the expression.
  Rune rune() {
    const auto byte = [&](std::size_t i) { return i < pattern_.size() ? static_cast<unsigned char>(pattern_[i]) : 0U; };
    const unsigned lead = byte(at_);
    const std::size_t bytes = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
    Rune value = bytes < 2 ? lead : lead & (0x7FU >> bytes);
    bool good = bytes != 0;
    for (std::size_t i = 1; i < bytes; ++i) {
      good = good && (byte(at_ + i) & 0xC0U) == 0x80;
      value = value << 6 | (byte(at_ + i) & 0x3FU);
    }
    good = good && (bytes != 3 || (value >= 0x800 && (value < surrogates_first || value > surrogates_last))) && (bytes != 4 || (value >= 0x10000 && value <= rune_max));
    if (!good) fail(at_, at_ + 1, "this byte is no UTF-8");
    at_ += good ? bytes : 1;
    return value;
  }

  // Behind a backslash, in a class or outside of one.
  std::vector<Runes> escape() {
    const std::size_t begin = at_++;
    if (at_ == pattern_.size()) return fail(begin, at_, "there is nothing behind this backslash; the character itself is written `\\\\`"), std::vector<Runes>{};
    const char c = pattern_[at_++];
    const auto one = [](Rune rune) { return std::vector<Runes>{{rune, rune}}; };
    switch (c) {
      case 'd': return digits();
      case 'D': return all_but(digits());
      case 'w': return words();
      case 'W': return all_but(words());
      case 's': return spaces();
      case 'S': return all_but(spaces());
      case 't': return one('\t');
      case 'n': return one('\n');
      case 'r': return one('\r');
      case 'x': return one(hexadecimal(begin));
      default: break;
    }
    const bool punctuation = c > ' ' && c < 0x7F && !is_word(static_cast<unsigned char>(c));
    if (punctuation) return one(static_cast<Rune>(c));
    if (c >= '1' && c <= '9') fail(begin, at_, "references to groups are not supported: with them the time that a text takes has no bound");
    else fail(begin, at_, "unknown escape; there are \\d \\D \\w \\W \\s \\S \\b \\B \\t \\n \\r \\x41 \\x{20AC}, and punctuation behind a backslash is itself");
    return {};
  }

  // \x41, \x{20AC}
  Rune hexadecimal(std::size_t begin) {
    const bool braces = take("{");
    const std::size_t first = at_, most = braces ? 6 : 2;
    Rune value = 0;
    while (at_ < pattern_.size() && at_ - first < most) {
      const char c = pattern_[at_];
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) break;
      value = value * 16 + static_cast<Rune>(digit);
      ++at_;
    }
    const bool complete = braces ? at_ > first && take("}") : at_ - first == 2;
    if (!complete || value > rune_max || (value >= surrogates_first && value <= surrogates_last)) fail(begin, at_, "a character by its number is written \\x41 or \\x{20AC}");
    return value;
  }

  Tree set() {
    const std::size_t begin = at_++;
    const bool others = take("^");
    std::vector<Runes> members;
    if (at(']')) return fail(begin, at_ + 1, "a class holds something; the character `]` itself is written `\\]`"), Tree{};
    while (!failed_ && at_ < pattern_.size() && !at(']')) add_member(members);
    if (!failed_ && !take("]")) fail(begin, begin + 1, "there is no `]` that closes this `[`; the character itself is written `\\[`");
    if (failed_) return {};
    if (any_case_) members = of_any_case(std::move(members));
    Tree tree;
    tree.kind = Tree::Kind::runes;
    tree.runes = others ? all_but(members) : normalised(std::move(members));
    return tree;
  }

  void add_member(std::vector<Runes>& members) {
    const std::size_t begin = at_;
    const std::vector<Runes> low = member();
    const bool range = !failed_ && at('-') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']';
    if (!range) return static_cast<void>(members.insert(members.end(), low.begin(), low.end()));
    ++at_;
    const std::vector<Runes> high = member();
    if (failed_) return;
    const auto is_one = [](const std::vector<Runes>& runes) { return runes.size() == 1 && runes[0].first == runes[0].last; };
    if (!is_one(low) || !is_one(high)) return fail(begin, at_, "a range goes from one character to one, such as a-z; `-` itself is written `\\-`");
    if (low[0].first > high[0].first) return fail(begin, at_, "this range goes backwards");
    members.push_back({low[0].first, high[0].last});
  }

  std::vector<Runes> member() {
    if (at('\\')) return escape();
    if (pattern_.substr(at_).starts_with("[:")) return fail(at_, at_ + 2, "named classes are not supported; write their characters, such as a-z, or \\d \\w \\s"), std::vector<Runes>{};
    const Rune one = rune();
    return {{one, one}};
  }

  std::string_view pattern_;
  Problem& problem_;
  std::size_t at_ = 0, nesting_ = 0;
  bool failed_ = false, any_case_ = false;
};

}  // namespace

std::optional<Tree> parse(std::string_view pattern, Problem& problem) { return Parser(pattern, problem).run(); }

}  // namespace pawl::regex
