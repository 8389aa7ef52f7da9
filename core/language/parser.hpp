// Recursive descent over the whole grammar. After a syntax error it goes on at the next clause or item, so that one run reports all.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/language/lexer.hpp"
#include "pawl/core/language/syntax.hpp"

namespace pawl::language {

inline constexpr int nesting_max = 100;       // parentheses, `not`, `-`, `if` inside each other: bounds the parser's own recursion
inline constexpr int tree_depth_max = 400;    // of an expression, long chains of `or` included: bounds every later recursion
inline constexpr std::size_t key_parts_max = 8;

// `allow`, `decline`, ... as ActionKind; empty if it is none.
[[nodiscard]] std::optional<ActionKind> action_kind(std::string_view word);
// `count`, `sum`, ... as AggregateKind; empty if it is none.
[[nodiscard]] std::optional<AggregateKind> aggregate_kind(std::string_view word);
[[nodiscard]] std::vector<std::string> aggregate_names();

class Parser {
 public:
  // REQUIRES: source and problems outlive the parser; source outlives what it returns.
  Parser(std::string_view source, std::vector<Token> tokens, Problems& problems);

  syntax::File file();
  // One expression and nothing after it. Null if there was an error.
  syntax::NodePtr only_expression();
  // With their marks, as far as they were read.
  [[nodiscard]] const std::vector<Token>& tokens() const noexcept { return tokens_; }

 private:
  // After an error nothing is consumed and nothing more is reported until recovery clears it.
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  void fail(Span span, std::string_view code, std::string message);
  void fail_expected(std::string_view what);

  // Cursor.
  [[nodiscard]] const Token& token(std::size_t ahead = 0) const noexcept;
  [[nodiscard]] std::string_view text_of(const Token& token) const noexcept;
  [[nodiscard]] bool at(TokenKind kind) const noexcept { return token().kind == kind; }
  [[nodiscard]] bool at_word(std::string_view word, std::size_t ahead = 0) const noexcept;
  [[nodiscard]] Span here() const noexcept { return token().span; }
  [[nodiscard]] Span since(std::uint32_t begin) const noexcept;
  const Token& advance() noexcept;
  void mark(Mark mark) noexcept { tokens_[next_].marks |= static_cast<std::uint8_t>(mark); }
  // As `mark` says, the token at hand is one of a block's braces, or there is an error.
  bool expect_brace(Mark mark, std::string_view what);
  bool take(TokenKind kind) noexcept;
  bool take_word(std::string_view word) noexcept;
  bool expect(TokenKind kind, std::string_view what);
  bool expect_word(std::string_view word);
  syntax::Name name(std::string_view what);
  syntax::Name event_name();
  std::int64_t integer(std::string_view what);
  Duration duration(std::string_view what);
  // After `clause`, which means nothing without any time. E121
  Duration some_time(std::string_view what, std::string_view clause);
  std::string text(std::string_view what);
  template <class Element> void comma_list(Element element);

  // Items: parser.cpp.
  void header(syntax::File& file);
  void item(syntax::File& file);
  void recover_to_item();
  [[nodiscard]] bool at_item_start() const noexcept;
  void event(syntax::File& file);
  void event_fields(syntax::Event& event);
  void list(syntax::File& file);
  void map(syntax::File& file);
  void map_entries(syntax::Map& map);
  void own_operator(syntax::File& file);
  void let(syntax::File& file);
  void model(syntax::File& file);
  syntax::TypeName type();
  void policy(syntax::File& file);
  void policy_clause(syntax::Policy& policy);
  void test(syntax::File& file);
  void test_clause(syntax::Test& test);
  void given(syntax::Test& test);

  // Rules: parse_rule.cpp.
  void rule(syntax::File& file);
  void clause(syntax::Rule& rule, std::uint32_t& seen);
  void recover_to_clause();
  [[nodiscard]] bool at_clause_start() const noexcept;
  void mode(syntax::Rule& rule);
  void if_missing(syntax::Rule& rule);
  void reason(syntax::Rule& rule);
  void template_text(const Token& token, syntax::Reason& reason);
  void cooldown(syntax::Rule& rule);
  syntax::Pattern pattern();
  void pattern_tail(syntax::Pattern& pattern);
  syntax::Step step();
  void repetition(syntax::Step& step);
  syntax::Action action();
  void list_edit(syntax::Action& action);

  // Expressions: parse_expression.cpp.
  syntax::NodePtr expression();
  syntax::NodePtr disjunction();
  syntax::NodePtr conjunction();
  syntax::NodePtr negation();
  syntax::NodePtr comparison();
  syntax::NodePtr comparison_tail(syntax::NodePtr left);
  syntax::NodePtr membership(syntax::NodePtr left, bool negated);
  syntax::NodePtr sum();
  syntax::NodePtr product();
  syntax::NodePtr unary();
  syntax::NodePtr fallback();
  syntax::NodePtr primary();
  syntax::NodePtr literal();
  syntax::NodePtr word();
  syntax::NodePtr choose();
  syntax::NodePtr call(const syntax::Name& name, bool prior, std::uint32_t begin);
  syntax::NodePtr aggregate(bool prior, std::uint32_t begin);
  void window(syntax::AggregateNode& aggregate, std::string_view word);
  void window_of(syntax::Node& node, std::unique_ptr<syntax::AggregateNode> window);
  void span_of(syntax::AggregateNode& aggregate);
  [[nodiscard]] bool at_aggregate(std::size_t ahead = 0) const noexcept;
  [[nodiscard]] bool at_key_marker() const noexcept;
  std::vector<syntax::Name> key();
  syntax::NodePtr make(syntax::NodeKind kind, Span span);
  syntax::NodePtr operation(Op op, Span span, syntax::NodePtr a, syntax::NodePtr b = nullptr, syntax::NodePtr c = nullptr);
  syntax::NodePtr with_depth(syntax::NodePtr node);

  std::string_view source_;
  std::vector<Token> tokens_;
  Problems& problems_;
  std::size_t next_ = 0;
  bool failed_ = false;
  int nesting_ = 0;
};

// Zero or more elements with commas between; used where at least one is required.
template <class Element>
void Parser::comma_list(Element element) {
  do element();
  while (!failed() && take(TokenKind::comma));
}

}  // namespace pawl::language
