#include "pawl/core/language/reformat.hpp"

#include <algorithm>
#include <array>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/language/parser.hpp"
#include "pawl/core/language/problems.hpp"

namespace pawl::language {

namespace {

constexpr std::size_t clause_indent = 2, more_indent = 4;

// Where a long line is broken rather than elsewhere: before these.
constexpr std::array<std::string_view, 12> break_words{"and", "or", "otherwise", "then", "else", "within", "where", "after", "limit", "on", "inputs", "expect"};

struct Comment {
  std::string_view text;
  bool after_blank = false;
};

// A token with what stands before and behind it.
struct Piece {
  Token token;
  std::string_view text;
  std::vector<Comment> above;    // on lines of their own
  std::string_view behind;       // on its line
  bool after_blank = false;
  std::size_t depth = 0;         // of brackets around it
};

class Pieces {
 public:
  Pieces(std::string_view source, const std::vector<Token>& tokens) : source_(source) {
    std::size_t end = span_of_text(source).begin, depth = 0;
    for (const Token& token : tokens) {
      Piece piece{token, source.substr(token.span.begin, token.span.end - token.span.begin), {}, {}, false, depth};
      gap(end, token.span.begin, piece);
      if (token.kind == TokenKind::left_paren || token.kind == TokenKind::left_bracket) ++depth;
      if (token.kind == TokenKind::right_paren || token.kind == TokenKind::right_bracket) piece.depth = --depth;
      pieces_.push_back(std::move(piece));
      end = token.span.end;
    }
  }
  std::vector<Piece> take() { return std::move(pieces_); }

 private:
  // Blanks and comments of source bytes [from, to), which end before `next`.
  void gap(std::size_t from, std::size_t to, Piece& next) {
    std::size_t lines = pieces_.empty() ? 1 : 0;  // ends of lines since the last thing
    while (from < to) {
      const char c = source_[from];
      if (c != '#') {
        lines += c == '\n' ? 1 : 0;
        ++from;
        continue;
      }
      const std::size_t end = std::min(source_.find('\n', from), to);
      std::string_view text = source_.substr(from, end - from);
      text = text.substr(0, text.find_last_not_of(" \t\r") + 1);
      if (lines == 0) pieces_.back().behind = text;
      else next.above.push_back({text, lines > 1});
      lines = 0;
      from = end;
    }
    next.after_blank = lines > 1;
  }

  std::string_view source_;
  std::vector<Piece> pieces_;
};

bool is_space_between(const Piece& left, const Piece& right) {
  switch (left.token.kind) {
    case TokenKind::left_paren: case TokenKind::left_bracket: case TokenKind::dot: return false;
    default: break;
  }
  switch (right.token.kind) {
    case TokenKind::right_paren: case TokenKind::right_bracket: case TokenKind::comma: case TokenKind::colon: case TokenKind::dot: return false;
    default: return !left.token.is(Mark::prefix) && !right.token.is(Mark::tight);
  }
}

class Layout {
 public:
  explicit Layout(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  std::string text() {
    const std::size_t end = pieces_.size() - 1;  // the token `end`
    for (std::size_t first = 0; first < end;) {
      std::size_t last = first + 1;
      while (last < end && !pieces_[last].token.is(Mark::item)) ++last;
      item(first, last);
      first = last;
    }
    above(end, 0);
    return std::move(text_);
  }

 private:
  // Pieces [first, last) are one item.
  void item(std::size_t first, std::size_t last) {
    if (fits(first, last)) return lines(first, last, 0);
    std::size_t begin = first;
    for (std::size_t i = first; i < last; ++i) {
      const bool begins_line = pieces_[i].token.is(Mark::clause) || pieces_[i].token.is(Mark::closes);
      if (!begins_line) continue;
      lines(begin, i, begin == first ? 0 : clause_indent);
      begin = i;
    }
    lines(begin, last, pieces_[begin].token.is(Mark::clause) ? clause_indent : 0);
  }

  [[nodiscard]] bool fits(std::size_t first, std::size_t last) const {
    std::size_t bytes = 0;
    for (std::size_t i = first; i < last; ++i) {
      if (i > first && !pieces_[i].above.empty()) return false;
      if (i + 1 < last && !pieces_[i].behind.empty()) return false;
      bytes += width(i, i == first);
    }
    return bytes <= line_bytes_max;
  }

  [[nodiscard]] std::size_t width(std::size_t i, bool begins_line) const {
    return pieces_[i].text.size() + (!begins_line && is_space_between(pieces_[i - 1], pieces_[i]) ? 1 : 0);
  }

  // Pieces [first, last) begin on a line of their own, and go on further in where they must.
  void lines(std::size_t first, std::size_t last, std::size_t indent) {
    for (std::size_t begin = first; begin < last;) {
      const std::size_t column = begin == first ? indent : indent + more_indent;
      const std::size_t end = end_of_line(begin, last, column);
      above(begin, pieces_[begin].token.is(Mark::closes) ? clause_indent : column);
      text_.append(column, ' ');
      for (std::size_t i = begin; i < end; ++i) {
        if (i > begin && is_space_between(pieces_[i - 1], pieces_[i])) text_ += ' ';
        text_ += pieces_[i].text;
      }
      if (const std::string_view comment = pieces_[end - 1].behind; !comment.empty()) text_.append("  ").append(comment);
      text_ += '\n';
      begin = end;
    }
  }

  // Comments above piece i, and the blank lines between. In the middle of a clause, behind `{` and before `}` there are none.
  void above(std::size_t i, std::size_t indent) {
    const Piece& piece = pieces_[i];
    const bool begins = piece.token.is(Mark::item) || piece.token.is(Mark::clause);
    const bool separable = begins || piece.token.is(Mark::closes) || piece.token.kind == TokenKind::end;
    bool is_first = text_.empty() || pieces_[i - 1].token.is(Mark::opens);
    for (const Comment& comment : piece.above) {
      if (comment.after_blank && separable && !is_first) text_ += '\n';
      text_.append(indent, ' ').append(comment.text).append("\n");
      is_first = false;
    }
    if (piece.after_blank && begins && !is_first) text_ += '\n';
  }

  // Of a line that begins with piece `begin`: before a comment's end, or at the best place before it is too long, or at the first behind that.
  [[nodiscard]] std::size_t end_of_line(std::size_t begin, std::size_t last, std::size_t column) const {
    std::size_t best = 0;
    for (std::size_t i = begin; i < last; ++i) {
      if (i > begin && (!pieces_[i].above.empty() || !pieces_[i - 1].behind.empty())) return i;
      const bool breakable = i > begin && is_space_between(pieces_[i - 1], pieces_[i]);
      if (breakable && (best == 0 || rank(i) <= rank(best))) best = i;
      column += width(i, i == begin);
      if (column > line_bytes_max && best != 0) return best;
    }
    return last;
  }

  // Less is better.
  [[nodiscard]] std::pair<bool, std::size_t> rank(std::size_t i) const {
    const Piece& piece = pieces_[i];
    const bool good = pieces_[i - 1].token.kind == TokenKind::comma ||
                      (piece.token.kind == TokenKind::name && std::find(break_words.begin(), break_words.end(), piece.text) != break_words.end());
    return {!good, piece.depth};
  }

  std::vector<Piece> pieces_;
  std::string text_;
};

struct Read {
  std::vector<Token> tokens;
  std::vector<Diagnostic> problems;
};

Read read(std::string_view source) {
  Problems problems(source);
  Parser parser(source, lex(source, span_of_text(source), false, problems), problems);
  (void)parser.file();
  const bool good = !problems.any_error();
  return {good ? parser.tokens() : std::vector<Token>(), good ? std::vector<Diagnostic>() : problems.take()};
}

// That not a token is lost, split or joined.
bool same_tokens(std::string_view source, const std::vector<Token>& tokens, std::string_view text) {
  Problems problems(text);
  const std::vector<Token> again = lex(text, span_of_text(text), false, problems);
  const auto of = [](std::string_view whole, const Token& token) { return whole.substr(token.span.begin, token.span.end - token.span.begin); };
  return std::equal(tokens.begin(), tokens.end(), again.begin(), again.end(),
                    [&](const Token& a, const Token& b) { return a.kind == b.kind && of(source, a) == of(text, b); });
}

}  // namespace

Reformatted reformat(std::string_view source) {
  if (source.size() > limits::pipeline_source_bytes_max) return {{}, {too_large("the file", source.size())}};
  Read file = read(source);
  if (file.tokens.empty()) return {{}, std::move(file.problems)};
  std::string text = Layout(Pieces(source, file.tokens).take()).text();
  PAWL_ASSERT(same_tokens(source, file.tokens, text));
  if (text.size() > limits::pipeline_source_bytes_max) return {{}, {too_large("the file, laid out,", text.size())}};
  return {std::move(text), {}};
}

}  // namespace pawl::language
