#include "pawl/core/language/lexer.hpp"

#include <optional>

#include "pawl/core/event/format.hpp"

namespace pawl::language {

namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) noexcept { return (c >= 'a' && c <= 'z') || c == '_'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_word(char c) noexcept { return is_digit(c) || is_lower(c) || is_upper(c); }

class Lexer {
 public:
  Lexer(std::string_view source, Span part, bool in_template, Problems& problems)
      : source_(source.substr(0, part.end)), at_(part.begin), in_template_(in_template), problems_(problems) {}

  std::vector<Token> run() {
    while (skip_blank()) {
      begin_ = at_;
      next();
      line_start_ = false;
    }
    begin_ = at_;
    push(TokenKind::end);
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  [[nodiscard]] Span span() const noexcept { return {static_cast<std::uint32_t>(begin_), static_cast<std::uint32_t>(at_)}; }

  Token& push(TokenKind kind) {
    tokens_.push_back({kind, 0, 0, line_start_, span(), 0});
    return tokens_.back();
  }

  void bad(std::string_view code, std::string message) {
    problems_.error(span(), code, std::move(message));
    push(TokenKind::bad);
  }

  // False at the end.
  bool skip_blank() {
    for (; at_ < source_.size(); ++at_) {
      const char c = source_[at_];
      if (c == '#') {
        while (at_ < source_.size() && source_[at_] != '\n') ++at_;
        if (at_ == source_.size()) return false;
      }
      if (source_[at_] == '\n') line_start_ = true;
      else if (source_[at_] != ' ' && source_[at_] != '\t' && source_[at_] != '\r') return true;
    }
    return false;
  }

  void next() {
    const char c = peek();
    if (is_digit(c)) return number();
    if (is_word(c)) return word();
    if (c == '"' || (in_template_ && c == '\\' && peek(1) == '"')) return text();
    symbol();
  }

  void word() {
    const bool upper = is_upper(peek());
    bool fits = true;
    for (; is_word(peek()); ++at_) fits = fits && (upper ? peek() != '_' : !is_upper(peek()));
    const std::string name(source_.substr(begin_, at_ - begin_));
    if (!fits) {
      problems_.error(span(), "E013", upper ? std::string("`") + name + "` has an underscore: events are named like `CardPayment`"
                                            : std::string("`") + name + "` has a capital letter: names are written like `card_payment`");
    }
    push(upper ? TokenKind::type_name : TokenKind::name);
  }

  void text() {
    const std::size_t quote = in_template_ && peek() == '\\' ? 2 : 1;
    at_ += quote;
    while (at_ < source_.size() && peek() != '\n') {
      if (quote == 2 ? (peek() == '\\' && peek(1) == '"') : peek() == '"') {
        at_ += quote;
        push(TokenKind::text);
        return;
      }
      const bool escape = peek() == '\\' && at_ + 1 < source_.size() && peek(1) != '\n';
      at_ += escape ? std::size_t{2} : std::size_t{1};
    }
    bad("E002", "the text is not closed; write the missing `\"`");
  }

  // Digits of a number as an integer, without the point. Empty: more than fit.
  static std::optional<std::int64_t> digits(std::string_view text) {
    std::int64_t value = 0;
    for (const char c : text) {
      if (c == '.') continue;
      if (__builtin_mul_overflow(value, std::int64_t{10}, &value) || __builtin_add_overflow(value, std::int64_t{c - '0'}, &value)) return {};
    }
    return value;
  }

  void number() {
    if (looks_like_date()) return time();
    while (is_digit(peek())) ++at_;
    std::size_t after_point = 0;
    if (peek() == '.' && is_digit(peek(1))) {
      const std::size_t point = at_++;
      while (is_digit(peek())) ++at_;
      after_point = at_ - point - 1;
    }
    const std::optional<std::int64_t> value = digits(source_.substr(begin_, at_ - begin_));
    const std::size_t unit_at = at_;
    while (is_word(peek())) ++at_;
    const std::string_view unit = source_.substr(unit_at, at_ - unit_at);
    if (!value || after_point > literal_digits_max) return bad("E004", "the number has too many digits");
    if (unit == "bps") return push_number(TokenKind::percent, *value, after_point + 4);
    if (!unit.empty()) return duration(after_point, unit);
    if (peek() == '%' && !is_word(peek(1)) && peek(1) != '(') {
      ++at_;
      return push_number(TokenKind::percent, *value, after_point + 2);
    }
    push_number(after_point > 0 ? TokenKind::decimal : TokenKind::integer, *value, after_point);
  }

  void push_number(TokenKind kind, std::int64_t value, std::size_t digits_after_point) {
    if (digits_after_point > literal_digits_max) return bad("E004", "the number has too many digits");
    Token& token = push(kind);
    token.number = value;
    token.digits = static_cast<std::uint8_t>(digits_after_point);
  }

  void duration(std::size_t after_point, std::string_view unit) {
    if (after_point > 0) return bad("E004", "a duration is a whole number of a unit: `90m`, not `1.5h`");
    Duration ns = 0;
    const ParseError error = parse_duration(source_.substr(begin_, at_ - begin_), ns);
    if (error == ParseError::malformed) {
      return bad("E004", std::string("unknown unit `") + std::string(unit.substr(0, 32)) + "`; durations are written `500ms`, `10s`, `5m`, `1h`, `7d`, fractions `3%`, `50bps`");
    }
    if (error != ParseError::none || ns > duration_max) return bad("E004", "the duration is longer than 100 years");
    push(TokenKind::duration).number = ns;
  }

  [[nodiscard]] bool looks_like_date() const noexcept {
    constexpr std::string_view shape = "dddd-dd-ddT";
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] == 'd' ? !is_digit(peek(i)) : peek(i) != shape[i]) return false;
    }
    return true;
  }

  void time() {
    while (is_word(peek()) || peek() == '-' || peek() == ':' || peek() == '.') ++at_;
    Time value = 0;
    if (parse_time(source_.substr(begin_, at_ - begin_), value) != ParseError::none) {
      return bad("E004", "not a time of the calendar; times are UTC and written `2018-08-08T10:00:00Z`");
    }
    push(TokenKind::time).number = value;
  }

  void symbol() {
    const char c = peek();
    const char after = peek(1);
    const auto one = [&](TokenKind kind) { at_ += 1; push(kind); };
    const auto two_bytes = [&](TokenKind kind) { at_ += 2; push(kind); };
    switch (c) {
      case '(': return one(TokenKind::left_paren);
      case ')': return one(TokenKind::right_paren);
      case '{': return one(TokenKind::left_brace);
      case '}': return one(TokenKind::right_brace);
      case '[': return one(TokenKind::left_bracket);
      case ']': return one(TokenKind::right_bracket);
      case ',': return one(TokenKind::comma);
      case ':': return one(TokenKind::colon);
      case '.': return one(TokenKind::dot);
      case '?': return one(TokenKind::question);
      case '+': return one(TokenKind::plus);
      case '-': return one(TokenKind::minus);
      case '*': return one(TokenKind::star);
      case '/': return one(TokenKind::slash);
      case '%': return one(TokenKind::modulo);
      case '<': return after == '=' ? two_bytes(TokenKind::less_equal) : after == '>' ? foreign(TokenKind::not_equal, "!=") : one(TokenKind::less);
      case '>': return after == '=' ? two_bytes(TokenKind::greater_equal) : one(TokenKind::greater);
      case '=': return after == '=' ? foreign(TokenKind::equal, "=") : one(TokenKind::equal);
      case '!': return after == '=' ? two_bytes(TokenKind::not_equal) : unexpected();
      default: return unexpected();
    }
  }

  // An operator as other languages spell it: one clear error, and the parser goes on as if it were ours.
  void foreign(TokenKind kind, std::string_view ours) {
    at_ += 2;
    problems_.error(span(), "E003", std::string("`") + std::string(source_.substr(begin_, 2)) + "` is not an operator here; write `" + std::string(ours) + "`");
    push(kind);
  }

  void unexpected() {
    const std::string_view two_bytes = source_.substr(begin_, 2);
    if (two_bytes == "&&" || two_bytes == "||") {
      at_ += 2;
      return bad("E003", std::string("`") + std::string(two_bytes) + "` is not an operator here; write `" + (two_bytes == "&&" ? "and`" : "or`"));
    }
    const char c = peek();
    ++at_;
    while (at_ < source_.size() && static_cast<unsigned char>(peek()) >= 0x80) ++at_;  // a whole run of non-ASCII is one problem
    const bool printable = c > ' ' && c < 0x7F;
    bad("E003", printable ? std::string("unexpected character `") + c + "`" : "unexpected character; outside of texts and comments only ASCII is used");
  }

  std::string_view source_;
  std::size_t at_;
  std::size_t begin_ = 0;
  bool line_start_ = true;
  bool in_template_;
  Problems& problems_;
  std::vector<Token> tokens_;
};

}  // namespace

Span span_of_text(std::string_view source) noexcept {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  return {source.starts_with(byte_order_mark) ? std::uint32_t{byte_order_mark.size()} : 0, static_cast<std::uint32_t>(source.size())};
}

std::vector<Token> lex(std::string_view source, Span part, bool in_template, Problems& problems) {
  return Lexer(source, part, in_template, problems).run();
}

std::string unescape(std::string_view inner, bool raw) {
  std::string text;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    const char next = i + 1 < inner.size() ? inner[i + 1] : '\0';
    const bool escape = inner[i] == '\\' && (raw ? next == '"' : (next == '"' || next == '\\' || next == '{' || next == '}'));
    if (escape) ++i;
    text += inner[i];
  }
  return text;
}

}  // namespace pawl::language
