// Precedence from loose to tight: or, and, not, comparison, + -, * / %, unary -, otherwise.
#include <algorithm>
#include <array>

#include "pawl/core/language/parser.hpp"

namespace pawl::language {

using syntax::Node;
using syntax::NodeKind;
using syntax::NodePtr;

namespace {

struct AggregateWord { std::string_view word; AggregateKind kind; };
constexpr std::array<AggregateWord, 14> aggregate_words{{
    {"count", AggregateKind::count}, {"sum", AggregateKind::sum}, {"avg", AggregateKind::avg}, {"min", AggregateKind::min},
    {"max", AggregateKind::max}, {"stddev", AggregateKind::stddev}, {"first", AggregateKind::first}, {"last", AggregateKind::last},
    {"distinct", AggregateKind::distinct}, {"share", AggregateKind::share}, {"median", AggregateKind::median},
    {"percentile", AggregateKind::percentile}, {"ewma", AggregateKind::ewma}, {"rate", AggregateKind::rate}}};

std::optional<Op> comparison_op(TokenKind kind) {
  switch (kind) {
    case TokenKind::equal: return Op::equal;
    case TokenKind::not_equal: return Op::not_equal;
    case TokenKind::less: return Op::less;
    case TokenKind::less_equal: return Op::less_equal;
    case TokenKind::greater: return Op::greater;
    case TokenKind::greater_equal: return Op::greater_equal;
    default: return {};
  }
}

// Counts how deep the parser is inside itself; lives as long as the call it stands in.
struct Nesting {
  explicit Nesting(int& level) : level_(level) { ++level_; }
  ~Nesting() { --level_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  int& level_;
};

}  // namespace

std::optional<AggregateKind> aggregate_kind(std::string_view word) {
  const auto found = std::find_if(aggregate_words.begin(), aggregate_words.end(), [&](const AggregateWord& w) { return w.word == word; });
  if (found == aggregate_words.end()) return {};
  return found->kind;
}

std::vector<std::string> aggregate_names() {
  std::vector<std::string> names;
  for (const AggregateWord& word : aggregate_words) names.emplace_back(word.word);
  return names;
}

NodePtr Parser::make(NodeKind kind, Span span) {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->span = span;
  return node;
}

NodePtr Parser::with_depth(NodePtr node) {
  std::uint16_t deepest = 0;
  for (const NodePtr& arg : node->args) deepest = std::max(deepest, arg->depth);
  if (node->aggregate) {
    if (node->aggregate->value) deepest = std::max(deepest, node->aggregate->value->depth);
    if (node->aggregate->where) deepest = std::max(deepest, node->aggregate->where->depth);
  }
  node->depth = static_cast<std::uint16_t>(deepest + 1);
  if (node->depth <= tree_depth_max) return node;
  fail(node->span, "E005", "the expression is too long or nested too deeply; split it into several `let`");
  return nullptr;
}

NodePtr Parser::operation(Op op, Span span, NodePtr a, NodePtr b, NodePtr c) {
  if (failed()) return nullptr;
  NodePtr node = make(NodeKind::operation, span);
  node->op = op;
  for (NodePtr* arg : {&a, &b, &c}) {
    if (*arg) node->args.push_back(std::move(*arg));
  }
  return with_depth(std::move(node));
}

NodePtr Parser::only_expression() {
  NodePtr node = expression();
  if (!failed() && !at(TokenKind::end)) fail_expected("an operator or the end");
  return failed() ? nullptr : std::move(node);
}

NodePtr Parser::expression() {
  const Nesting nesting(nesting_);
  if (nesting_ <= nesting_max) return disjunction();
  fail(here(), "E005", "the expression is nested too deeply; split it into several `let`");
  return nullptr;
}

NodePtr Parser::disjunction() {
  NodePtr left = conjunction();
  while (!failed() && take_word("or")) {
    NodePtr right = conjunction();
    if (failed()) return nullptr;
    const Span span = join(left->span, right->span);
    left = operation(Op::logical_or, span, std::move(left), std::move(right));
  }
  return left;
}

NodePtr Parser::conjunction() {
  NodePtr left = negation();
  while (!failed() && take_word("and")) {
    NodePtr right = negation();
    if (failed()) return nullptr;
    const Span span = join(left->span, right->span);
    left = operation(Op::logical_and, span, std::move(left), std::move(right));
  }
  return left;
}

NodePtr Parser::negation() {
  const std::uint32_t begin = here().begin;
  if (!take_word("not")) return comparison();
  const Nesting nesting(nesting_);
  if (nesting_ > nesting_max) fail(here(), "E005", "too many `not`");
  if (failed()) return nullptr;
  NodePtr inner = negation();
  return operation(Op::logical_not, since(begin), std::move(inner));
}

NodePtr Parser::comparison() {
  NodePtr left = sum();
  if (failed()) return nullptr;
  NodePtr whole = comparison_tail(std::move(left));
  if (!failed() && comparison_op(token().kind)) {
    fail(here(), "E012", "comparisons cannot be chained; write `a < b and b < c`");
  }
  return failed() ? nullptr : std::move(whole);
}

NodePtr Parser::comparison_tail(NodePtr left) {
  const std::uint32_t begin = left->span.begin;
  if (const std::optional<Op> op = comparison_op(token().kind)) {
    advance();
    NodePtr right = sum();
    return operation(*op, since(begin), std::move(left), std::move(right));
  }
  if (at_word("not") && at_word("in", 1)) {
    advance();
    advance();
    return membership(std::move(left), true);
  }
  if (take_word("in")) return membership(std::move(left), false);
  if (take_word("between")) {
    NodePtr low = sum();
    if (failed() || !expect_word("and")) return nullptr;
    NodePtr high = sum();
    return operation(Op::between, since(begin), std::move(left), std::move(low), std::move(high));
  }
  if (take_word("is")) {
    const bool negated = take_word("not");
    if (!expect_word("missing")) return nullptr;
    NodePtr test = operation(Op::is_missing, since(begin), std::move(left));
    return negated ? operation(Op::logical_not, since(begin), std::move(test)) : std::move(test);
  }
  const bool starts = at_word("starts") && at_word("with", 1);
  if (!starts && !at_word("matches")) return left;
  advance();
  if (starts) advance();
  const Token& pattern = token();
  std::string text = this->text(starts ? "a text" : "a regular expression in quotes");
  NodePtr node = operation(starts ? Op::starts_with : Op::matches, since(begin), std::move(left));
  if (!node) return nullptr;
  const std::string_view inner = text_of(pattern);
  node->text = starts ? std::move(text) : unescape(inner.substr(1, inner.size() - 2), true);
  node->name = {inner.substr(1, inner.size() - 2), {pattern.span.begin + 1, pattern.span.end - 1}};  // where it is written
  return node;
}

NodePtr Parser::membership(NodePtr left, bool negated) {
  const std::uint32_t begin = left->span.begin;
  NodePtr node;
  if (at(TokenKind::name)) {
    node = make(NodeKind::in_list, {});
    node->name = name("a list");
    node->args.push_back(std::move(left));
  } else {
    node = make(NodeKind::operation, {});
    node->op = Op::in_set;
    node->args.push_back(std::move(left));
    if (!expect(TokenKind::left_paren, "a list's name or `(` and values")) return nullptr;
    comma_list([&] {
      NodePtr value = unary();
      if (value) node->args.push_back(std::move(value));
    });
    if (failed() || !expect(TokenKind::right_paren, "`,` or `)`")) return nullptr;
  }
  node->span = since(begin);
  node = with_depth(std::move(node));
  return negated && node ? operation(Op::logical_not, since(begin), std::move(node)) : std::move(node);
}

NodePtr Parser::sum() {
  NodePtr left = product();
  while (!failed() && (at(TokenKind::plus) || at(TokenKind::minus))) {
    const Op op = advance().kind == TokenKind::plus ? Op::add : Op::subtract;
    NodePtr right = product();
    if (failed()) return nullptr;
    const Span span = join(left->span, right->span);
    left = operation(op, span, std::move(left), std::move(right));
  }
  return left;
}

NodePtr Parser::product() {
  NodePtr left = unary();
  while (!failed() && (at(TokenKind::star) || at(TokenKind::slash) || at(TokenKind::modulo))) {
    const TokenKind kind = advance().kind;
    const Op op = kind == TokenKind::star ? Op::multiply : kind == TokenKind::slash ? Op::divide : Op::modulo;
    NodePtr right = unary();
    if (failed()) return nullptr;
    const Span span = join(left->span, right->span);
    left = operation(op, span, std::move(left), std::move(right));
  }
  return left;
}

NodePtr Parser::unary() {
  const std::uint32_t begin = here().begin;
  if (at(TokenKind::minus)) mark(Mark::prefix);
  if (!take(TokenKind::minus)) return fallback();
  const Nesting nesting(nesting_);
  if (nesting_ > nesting_max) fail(here(), "E005", "too many `-`");
  if (failed()) return nullptr;
  NodePtr inner = unary();
  return operation(Op::negate, since(begin), std::move(inner));
}

NodePtr Parser::fallback() {
  NodePtr left = primary();
  while (!failed() && take_word("otherwise")) {
    NodePtr right = at(TokenKind::minus) ? unary() : primary();
    if (failed()) return nullptr;
    const Span span = join(left->span, right->span);
    left = operation(Op::otherwise, span, std::move(left), std::move(right));
  }
  return left;
}

NodePtr Parser::primary() {
  if (failed()) return nullptr;
  if (take(TokenKind::left_paren)) {
    const std::uint32_t begin = here().begin - 1;
    NodePtr inner = expression();
    if (failed() || !expect(TokenKind::right_paren, "an operator or `)`")) return nullptr;
    inner->span = since(begin);
    return inner;
  }
  if (at_word("then") && token(1).kind == TokenKind::name && action_kind(text_of(token(1)))) {
    fail_expected("a value");  // and not a field of that name: an action follows
    return nullptr;
  }
  return at(TokenKind::name) ? word() : literal();
}

NodePtr Parser::literal() {
  const Token& token = this->token();
  NodeKind kind = NodeKind::number;
  switch (token.kind) {
    case TokenKind::integer:
    case TokenKind::decimal: break;
    case TokenKind::percent: kind = NodeKind::percent; break;
    case TokenKind::duration: kind = NodeKind::duration; break;
    case TokenKind::time: kind = NodeKind::time; break;
    case TokenKind::text: kind = NodeKind::text; break;
    case TokenKind::type_name:
      fail(token.span, "E010", std::string("`") + std::string(text_of(token)) + "` is an event's name; expected a value here");
      return nullptr;
    default: fail_expected("a value"); return nullptr;
  }
  NodePtr node = make(kind, token.span);
  node->number = token.number;
  node->digits = token.digits;
  if (kind == NodeKind::text) node->text = text("a text");
  else advance();
  return node;
}

NodePtr Parser::word() {
  const std::uint32_t begin = here().begin;
  if (at_word("true") || at_word("false")) {
    NodePtr node = make(NodeKind::boolean, here());
    node->number = at_word("true") ? 1 : 0;
    advance();
    return node;
  }
  if (at_word("if")) return choose();
  if (at_word("prior") && at_aggregate(1)) {
    advance();
    return aggregate(true, begin);
  }
  if (at_word("prior") && token(1).kind == TokenKind::name && token(2).kind == TokenKind::left_paren) {
    advance();
    return call(name("an aggregate"), true, begin);
  }
  if (at_aggregate()) return aggregate(false, begin);
  const syntax::Name name = this->name("a value");
  if (at(TokenKind::left_paren)) return call(name, false, begin);
  NodePtr node = make(NodeKind::name, name.span);
  node->name = name;
  if (take(TokenKind::dot)) {
    node->kind = NodeKind::member;
    node->member = this->name("a field");
    node->span = since(begin);
  } else if (at(TokenKind::left_bracket)) {
    mark(Mark::tight);
    advance();
    node->kind = NodeKind::index;
    NodePtr inner = expression();
    if (failed() || !expect(TokenKind::right_bracket, "`]`")) return nullptr;
    node->args.push_back(std::move(inner));
    node->span = since(begin);
    return with_depth(std::move(node));
  }
  return node;
}

NodePtr Parser::choose() {
  const std::uint32_t begin = here().begin;
  advance();
  NodePtr condition = expression();
  if (failed() || !expect_word("then")) return nullptr;
  NodePtr yes = expression();
  if (failed() || !expect_word("else")) return nullptr;
  NodePtr no = expression();
  return operation(Op::choose, since(begin), std::move(condition), std::move(yes), std::move(no));
}

// A function, or with `per` an operator of the program's own.
NodePtr Parser::call(const syntax::Name& name, bool prior, std::uint32_t begin) {
  NodePtr node = make(NodeKind::call, name.span);
  node->name = name;
  mark(Mark::tight);
  advance();
  if (!at(TokenKind::right_paren) && !at_key_marker()) {
    comma_list([&] {
      NodePtr arg = expression();
      if (arg) node->args.push_back(std::move(arg));
    });
  }
  if (!failed() && at_word("per") && node->args.size() <= 1) {
    auto own = std::make_unique<syntax::AggregateNode>();
    own->kind = AggregateKind::own;
    own->own = name;
    own->prior = prior;
    window_of(*node, std::move(own));
  } else if (!failed() && prior) {
    fail(name.span, "E010", "expected an aggregate after `prior`, such as `prior count(per customer, 1h)`");
  }
  if (failed() || !expect(TokenKind::right_paren, "`,` or `)`")) return nullptr;
  node->span = since(begin);
  return with_depth(std::move(node));
}

// `count(`, or `percentile 95 (`.
bool Parser::at_aggregate(std::size_t ahead) const noexcept {
  if (token(ahead).kind != TokenKind::name || !aggregate_kind(text_of(token(ahead)))) return false;
  if (token(ahead + 1).kind == TokenKind::left_paren) return true;
  return at_word("percentile", ahead) && token(ahead + 1).kind == TokenKind::integer && token(ahead + 2).kind == TokenKind::left_paren;
}

// `per` as the marker of the key and not as a field's name: a key follows, and after it a comma, a `+`, or the end of a broken aggregate.
bool Parser::at_key_marker() const noexcept {
  if (!at_word("per") || token(1).kind != TokenKind::name) return false;
  const TokenKind after = token(2).kind;
  return after != TokenKind::name || at_word("where", 2) || at_word("on", 2) || at_word("delayed", 2);
}

// AGG "(" [expr] "per" key "," span ... ")". Without `per` it may aggregate a repeated step of a pattern; the checker tells.
NodePtr Parser::aggregate(bool prior, std::uint32_t begin) {
  const syntax::Name name = this->name("an aggregate");
  auto window = std::make_unique<syntax::AggregateNode>();
  window->kind = *aggregate_kind(name.text);
  window->prior = prior;
  if (window->kind == AggregateKind::percentile && at(TokenKind::integer)) window->percentile = integer("a percentile");
  NodePtr node = make(NodeKind::call, name.span);
  node->name = name;
  if (window->percentile == 0) mark(Mark::tight);
  advance();
  if (!at_key_marker() && !at(TokenKind::right_paren)) {
    NodePtr value = expression();
    if (failed()) return nullptr;
    node->args.push_back(std::move(value));
  }
  if (at_word("per")) window_of(*node, std::move(window));
  while (!failed() && take(TokenKind::comma)) {  // min(a, b): the checker knows a better message than "expected )"
    NodePtr arg = expression();
    if (arg) node->args.push_back(std::move(arg));
  }
  if (!failed() && !at(TokenKind::right_paren) && !node->aggregate) {
    fail(here(), "E120", std::string("`") + name.string() + "` needs `per` and a key here: `" + name.string() + "(x per customer, 1h)`");
  }
  if (failed() || !expect(TokenKind::right_paren, "`)`")) return nullptr;
  node->span = since(begin);
  return with_depth(std::move(node));
}

// A call whose key follows is an aggregate.
void Parser::window_of(Node& node, std::unique_ptr<syntax::AggregateNode> window) {
  node.kind = NodeKind::aggregate;
  if (!node.args.empty()) window->value = std::move(node.args.front());
  node.args.clear();
  this->window(*window, node.name.text);
  node.aggregate = std::move(window);
}

void Parser::window(syntax::AggregateNode& aggregate, std::string_view word) {
  advance();
  aggregate.key = key();
  if (failed()) return;
  if (!at(TokenKind::comma)) {
    const std::string example = std::string(word) + (aggregate.value ? "(x per customer, 1h)" : "(per customer, 1h)");
    return fail(here(), "E120", std::string("`") + std::string(word) + "` needs a span after its key: `" + example + "`");
  }
  advance();
  span_of(aggregate);
  if (take_word("delayed")) aggregate.delay = duration("how long the window is delayed, such as `7d`");
  if (take_word("on")) comma_list([&] { aggregate.on.push_back(event_name()); });
  if (!failed() && take_word("where")) aggregate.where = expression();
}

void Parser::span_of(syntax::AggregateNode& aggregate) {
  if (failed()) return;
  if (take_word("last")) {
    aggregate.span = SpanKind::last_n;
    aggregate.n = integer("how many events");
  } else if (take_word("since")) {
    aggregate.span = SpanKind::since_start;
    expect_word("start");
  } else {
    aggregate.span = SpanKind::time;
    const Span span = here();
    if (!at(TokenKind::duration)) return fail(span, "E120", "expected a span: a duration such as `1h`, `last 5`, or `since start`");
    aggregate.width = duration("a span");
    if (aggregate.width == 0) problems_.error(span, "E121", "the span must be longer than nothing");
    const Span pane_span = token(1).span;
    if (!take_word("by")) return;
    aggregate.pane = duration("the length of a pane, such as `1h`");
    if (failed()) return;
    if (aggregate.pane == 0 || aggregate.width % std::max<Duration>(aggregate.pane, 1) != 0) {
      problems_.error(pane_span, "E121", "the span must be a whole number of panes");
    }
  }
}

// name {"+" name} | "all"
std::vector<syntax::Name> Parser::key() {
  std::vector<syntax::Name> parts;
  if (take_word("all")) return parts;
  do {
    const syntax::Name part = name("a field of the key, or `all`");
    if (failed()) break;
    if (parts.size() == key_parts_max) fail(part.span, "E180", std::string("a key has at most ") + std::to_string(key_parts_max) + " parts");
    parts.push_back(part);
  } while (!failed() && take(TokenKind::plus));
  return parts;
}

}  // namespace pawl::language
