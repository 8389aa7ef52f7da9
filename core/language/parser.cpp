// The cursor, recovery, and every item but rules.
#include "pawl/core/language/parser.hpp"

#include <algorithm>
#include <array>

namespace pawl::language {

using syntax::Name;

namespace {

constexpr std::array<std::string_view, 9> item_words{"event", "list", "map", "operator", "let", "model", "rule", "policy", "test"};
constexpr std::array<std::string_view, 9> type_words{"bool", "int", "money", "decimal", "float", "time", "duration", "text", "enum"};
// Operators and values: a field of such a name could never be read.
constexpr std::array<std::string_view, 6> reserved_words{"and", "or", "not", "true", "false", "if"};

template <class Words>
bool contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

template <class Words>
std::string suggest(std::string_view word, const Words& words) {
  return suggestion(word, std::vector<std::string>(words.begin(), words.end()));
}

}  // namespace

Parser::Parser(std::string_view source, std::vector<Token> tokens, Problems& problems)
    : source_(source), tokens_(std::move(tokens)), problems_(problems) {}

void Parser::fail(Span span, std::string_view code, std::string message) {
  if (!failed_ && token().kind != TokenKind::bad) problems_.error(span, code, std::move(message));  // a bad token is reported already
  failed_ = true;
}

void Parser::fail_expected(std::string_view what) {
  const Token& found = token();
  const std::string seen = found.kind == TokenKind::end ? "the end of the file" : std::string("`") + std::string(text_of(found).substr(0, 40)) + "`";
  fail(found.span, "E010", std::string("expected ") + std::string(what) + ", but found " + seen);
}

const Token& Parser::token(std::size_t ahead) const noexcept { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
std::string_view Parser::text_of(const Token& token) const noexcept {
  return source_.substr(token.span.begin, token.span.end - token.span.begin);
}
bool Parser::at_word(std::string_view word, std::size_t ahead) const noexcept {
  return token(ahead).kind == TokenKind::name && text_of(token(ahead)) == word;
}
Span Parser::since(std::uint32_t begin) const noexcept { return {begin, next_ == 0 ? here().end : tokens_[next_ - 1].span.end}; }

const Token& Parser::advance() noexcept {
  const Token& taken = token();
  if (next_ + 1 < tokens_.size()) ++next_;
  return taken;
}

bool Parser::take(TokenKind kind) noexcept {
  if (failed() || !at(kind) || kind == TokenKind::end) return false;
  advance();
  return true;
}

bool Parser::take_word(std::string_view word) noexcept {
  if (failed() || !at_word(word)) return false;
  advance();
  return true;
}

bool Parser::expect(TokenKind kind, std::string_view what) {
  if (take(kind)) return true;
  fail_expected(what);
  return false;
}

bool Parser::expect_brace(Mark mark, std::string_view what) {
  this->mark(mark);
  return expect(mark == Mark::opens ? TokenKind::left_brace : TokenKind::right_brace, what);
}

bool Parser::expect_word(std::string_view word) {
  if (take_word(word)) return true;
  fail_expected(std::string("`") + std::string(word) + "`");
  return false;
}

Name Parser::name(std::string_view what) {
  if (failed()) return {};
  if (!at(TokenKind::name)) {
    fail_expected(what);
    return {};
  }
  const Token& token = advance();
  return {text_of(token), token.span};
}

Name Parser::event_name() {
  if (failed()) return {};
  if (at(TokenKind::name)) {
    fail(here(), "E013", std::string("`") + std::string(text_of(token())) + "` should be an event, and events start with a capital letter");
    return {};
  }
  if (!at(TokenKind::type_name)) {
    fail_expected("an event's name");
    return {};
  }
  const Token& token = advance();
  return {text_of(token), token.span};
}

std::int64_t Parser::integer(std::string_view what) {
  if (failed()) return 0;
  if (at(TokenKind::integer)) return advance().number;
  fail_expected(what);
  return 0;
}

Duration Parser::duration(std::string_view what) {
  if (failed()) return 0;
  if (at(TokenKind::duration)) return advance().number;
  fail_expected(what);
  return 0;
}

Duration Parser::some_time(std::string_view what, std::string_view clause) {
  const Span span = here();
  const Duration time = duration(what);
  if (!failed() && time == 0) problems_.error(span, "E121", std::string(clause) + " must be longer than nothing; without it there is no end");
  return time;
}

std::string Parser::text(std::string_view what) {
  if (failed()) return {};
  if (!at(TokenKind::text)) {
    fail_expected(what);
    return {};
  }
  const std::string_view quoted = text_of(advance());
  const std::size_t quote = quoted.front() == '\\' ? 2 : 1;
  return unescape(quoted.substr(quote, quoted.size() - 2 * quote), false);
}

syntax::File Parser::file() {
  syntax::File file;
  header(file);
  while (failed() || !at(TokenKind::end)) {
    if (failed()) {
      recover_to_item();
      continue;
    }
    item(file);
  }
  return file;
}

void Parser::header(syntax::File& file) {
  if (!at_word("pipeline")) {
    fail(here(), "E010", "a pipeline file starts with its name and version: `pipeline \"cards\" version 1`");
    if (at_item_start()) failed_ = false;
    return;
  }
  mark(Mark::item);
  advance();
  file.name_span = here();
  file.name = text("the pipeline's name in quotes");
  expect_word("version");
  file.version = integer("the version, a whole number");
}

void Parser::item(syntax::File& file) {
  mark(Mark::item);
  const std::string_view word = at(TokenKind::name) ? text_of(token()) : std::string_view();
  if (word == "event") return event(file);
  if (word == "list") return list(file);
  if (word == "map") return map(file);
  if (word == "operator") return own_operator(file);
  if (word == "let") return let(file);
  if (word == "model") return model(file);
  if (word == "rule") return rule(file);
  if (word == "policy") return policy(file);
  if (word == "test") return test(file);
  file.lost_item = true;
  if (word.empty()) return fail_expected("an item: `event`, `list`, `map`, `operator`, `let`, `model`, `rule`, `policy` or `test`");
  fail(here(), "E011", std::string("`") + std::string(word.substr(0, 40)) + "` starts no item; items are `event`, `list`, `map`, `operator`, `let`, `model`, `rule`, `policy` and `test`." +
                           suggest(word, item_words));
}

bool Parser::at_item_start() const noexcept {
  if (!at(TokenKind::name) || !contains(item_words, text_of(token()))) return false;
  const TokenKind after = token(1).kind;
  if (at_word("event")) return after == TokenKind::type_name;
  if (at_word("policy")) return after == TokenKind::left_brace;
  if (at_word("test")) return after == TokenKind::text;
  return after == TokenKind::name && token().starts_line;
}

void Parser::recover_to_item() {
  failed_ = false;
  nesting_ = 0;
  if (!at_item_start() || next_ == 0) advance();
  while (!at(TokenKind::end) && !at_item_start()) advance();
}

void Parser::event(syntax::File& file) {
  advance();
  syntax::Event event;
  event.name = event_name();
  while (!failed() && (at_word("late") || at_word("reorder"))) {
    const Span word = here();
    const bool late = take_word("late");
    if ((late ? event.late : event.reorder) != 0) problems_.error(word, "E130", std::string("`") + (late ? "late" : "reorder") + "` is said twice of this event: keep one");
    if (!late) {
      advance();
      if (!expect_word("up") || !expect_word("to")) break;
    }
    const Span span = here();
    const Duration time = duration("a duration such as `10m`");
    if (!failed() && time == 0) problems_.error(span, "E121", "an event can only be late by something; leave it out if none is");
    (late ? event.late : event.reorder) = time;
  }
  if (expect_brace(Mark::opens, "`{` and the event's fields")) event_fields(event);
  event.broken = failed();
  if (!event.name.empty()) file.events.push_back(std::move(event));
  else file.lost_item = true;
}

void Parser::event_fields(syntax::Event& event) {
  while (!failed() && !at(TokenKind::right_brace)) {
    syntax::FieldDeclaration field;
    mark(Mark::clause);
    field.name = name("a field's name");
    if (failed()) break;
    if (contains(reserved_words, field.name.text)) fail(field.name.span, "E014", std::string("`") + field.name.string() + "` is a word of the language and cannot name a field");
    expect(TokenKind::colon, "`:` and a type");
    field.type = type();
    event.fields.push_back(std::move(field));
    if (!at(TokenKind::right_brace) && !expect(TokenKind::comma, "`,` or `}`")) break;
  }
  expect_brace(Mark::closes, "`}`");
}

syntax::TypeName Parser::type() {
  syntax::TypeName type;
  const Name name = this->name("a type");
  if (failed()) return type;
  if (!contains(type_words, name.text)) {
    fail(name.span, "E108", std::string("`") + name.string() + "` is not a type; types are bool, int, money, decimal, float, time, duration, text, enum." + suggest(name.text, type_words));
    return type;
  }
  type.name = name;
  if (at(TokenKind::left_paren)) mark(Mark::tight);
  if (take(TokenKind::left_paren)) {
    if (name.text == "enum") {
      comma_list([&] { type.labels.push_back(this->name("a label")); });
    } else {
      type.number = integer("a number");
      if (take(TokenKind::comma)) type.currency = event_name();
    }
    expect(TokenKind::right_paren, "`)`");
  }
  return type;
}

void Parser::list(syntax::File& file) {
  advance();
  syntax::List list;
  list.name = name("the list's name");
  expect_word("of");
  list.type = type();
  if (take_word("expires") && expect_word("after")) list.expires_after = some_time("a duration such as `28d`", "`expires after`");
  if (!list.name.empty()) file.lists.push_back(std::move(list));
}

void Parser::map(syntax::File& file) {
  advance();
  syntax::Map map;
  map.name = name("the map's name");
  expect_word("from");
  map.from = type();
  expect_word("to");
  map.to = type();
  if (at(TokenKind::left_brace)) map_entries(map);
  if (!failed() && !map.filled && take_word("from")) {
    map.filled = true;
    map.path_span = here();
    map.path = text("the map's file in quotes");
    expect_word("sha256");
    map.sha256_span = here();
    map.sha256 = text("64 hexadecimal digits in quotes");
  }
  if (take_word("otherwise")) map.otherwise = unary();
  if (!map.name.empty()) file.maps.push_back(std::move(map));
}

void Parser::map_entries(syntax::Map& map) {
  map.filled = true;
  expect_brace(Mark::opens, "`{` and the map's entries");
  while (!failed() && !at(TokenKind::right_brace)) {
    mark(Mark::clause);
    syntax::NodePtr key = unary();
    expect(TokenKind::equal, "`=` and the key's value");
    syntax::NodePtr value = failed() ? nullptr : unary();
    map.entries.emplace_back(std::move(key), std::move(value));
    if (!at(TokenKind::right_brace) && !expect(TokenKind::comma, "`,` or `}`")) break;
  }
  expect_brace(Mark::closes, "`}`");
}

void Parser::let(syntax::File& file) {
  advance();
  syntax::Let let;
  let.name = name("a name");
  if (expect(TokenKind::equal, "`=`")) let.expr = expression();
  if (failed()) let.expr = nullptr;
  if (!let.name.empty()) file.lets.push_back(std::move(let));
}

// "operator" name "version" INT "of" type "yields" (type | "ratio" ["of" type])
void Parser::own_operator(syntax::File& file) {
  advance();
  syntax::OwnOperator own;
  own.name = name("the operator's name");
  expect_word("version");
  own.version = integer("its version, a whole number");
  expect_word("of");
  own.takes = type();
  expect_word("yields");
  own.yields_ratio = take_word("ratio");
  if (!own.yields_ratio || take_word("of")) own.yields = type();
  if (!own.name.empty()) file.operators.push_back(std::move(own));
}

void Parser::model(syntax::File& file) {
  advance();
  syntax::Model model;
  model.name = name("the model's name");
  expect_word("from");
  model.path_span = here();
  model.path = text("the model's file in quotes");
  expect_word("sha256");
  model.sha256_span = here();
  model.sha256 = text("64 hexadecimal digits in quotes");
  expect_word("inputs");
  expect(TokenKind::left_paren, "`(` and the model's inputs");
  if (!failed()) {
    comma_list([&] {
      syntax::NodePtr input = expression();
      if (input) model.inputs.push_back(std::move(input));
    });
  }
  expect(TokenKind::right_paren, "`,` or `)`");
  if (!model.name.empty()) file.models.push_back(std::move(model));
}

void Parser::policy(syntax::File& file) {
  syntax::Policy policy;
  policy.span = here();
  advance();
  expect_brace(Mark::opens, "`{`");
  while (!failed() && !at(TokenKind::right_brace)) policy_clause(policy);
  expect_brace(Mark::closes, "`}`");
  file.policies.push_back(std::move(policy));
}

void Parser::policy_clause(syntax::Policy& policy) {
  mark(Mark::clause);
  const Name word = name("`order`, `cap`, `default`, or a decision `at score`");
  if (failed()) return;
  if (word.text == "order") {
    do policy.order.push_back(name("a decision"));
    while (take(TokenKind::greater));
  } else if (word.text == "cap") {
    policy.cap = integer("the largest score");
  } else if (word.text == "default") {
    policy.default_decision = name("a decision");
  } else if (expect_word("at") && expect_word("score")) {
    policy.at_score.push_back({word, integer("a score")});
  }
}

void Parser::test(syntax::File& file) {
  advance();
  syntax::Test test;
  test.span = here();
  test.name = text("the test's name in quotes");
  expect_brace(Mark::opens, "`{`");
  while (!failed() && !at(TokenKind::right_brace)) test_clause(test);
  expect_brace(Mark::closes, "`}`");
  file.tests.push_back(std::move(test));
}

void Parser::test_clause(syntax::Test& test) {
  if (at_word("given") || test.given.empty()) mark(Mark::clause);
  if (take_word("given")) return given(test);
  if (!take_word("expect")) return fail_expected("`given` or `expect`");
  using ExpectationKind = Expectation::Kind;
  syntax::Expectation expectation{ExpectationKind::fires, {}, test.given.size()};
  if (take_word("silent")) expectation.kind = ExpectationKind::silent;
  else if (take_word("decision")) expectation.kind = ExpectationKind::decision;
  else if (!take_word("fires")) return fail_expected("`fires`, `silent` or `decision`");
  expectation.name = name("a name");
  if (!failed()) test.expect.push_back(expectation);
}

void Parser::given(syntax::Test& test) {
  syntax::Given given;
  given.event = event_name();
  mark(Mark::tight);
  expect(TokenKind::left_paren, "`(` and the fields' values");
  if (!failed()) {
    comma_list([&] {
      syntax::Assignment assignment;
      assignment.field = name("a field");
      mark(Mark::tight);
      mark(Mark::prefix);
      if (expect(TokenKind::equal, "`=`")) assignment.value = unary();
      if (assignment.value) given.fields.push_back(std::move(assignment));
    });
  }
  expect(TokenKind::right_paren, "`,` or `)`");
  if (!failed()) test.given.push_back(std::move(given));
}

}  // namespace pawl::language
