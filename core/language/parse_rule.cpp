// Rules: clauses, patterns, actions, reasons.
#include <algorithm>
#include <array>

#include "pawl/core/language/parser.hpp"

namespace pawl::language {

using syntax::Name;

namespace {

// Order matters: the index is the bit in `seen`.
constexpr std::array<std::string_view, 10> clause_words{"on", "when", "pattern", "then", "mode", "if", "cooldown", "owner", "tags", "reason"};

struct ActionWord { std::string_view word; ActionKind kind; };
constexpr std::array<ActionWord, 11> action_words{{
    {"allow", ActionKind::allow}, {"approve", ActionKind::approve}, {"decline", ActionKind::decline}, {"reject", ActionKind::reject},
    {"review", ActionKind::review}, {"challenge", ActionKind::challenge}, {"alert", ActionKind::alert}, {"score", ActionKind::score},
    {"tag", ActionKind::tag}, {"add", ActionKind::add_to_list}, {"remove", ActionKind::remove_from_list}}};

template <class Words, class Project>
std::vector<std::string> words_of(const Words& words, Project project) {
  std::vector<std::string> all;
  for (const auto& word : words) all.emplace_back(project(word));
  return all;
}

}  // namespace

std::optional<ActionKind> action_kind(std::string_view word) {
  const auto found = std::find_if(action_words.begin(), action_words.end(), [&](const ActionWord& w) { return w.word == word; });
  if (found == action_words.end()) return {};
  return found->kind;
}

void Parser::rule(syntax::File& file) {
  advance();
  syntax::Rule rule;
  rule.name = name("the rule's name");
  if (at(TokenKind::text)) rule.title = text("a title");
  std::uint32_t seen = 0;
  if (expect_brace(Mark::opens, "`{` and the rule's clauses")) {
    while (!at(TokenKind::right_brace) && !at(TokenKind::end)) {
      clause(rule, seen);
      rule.broken = rule.broken || failed();
      if (failed()) recover_to_clause();
      if (at_item_start() && token().starts_line) break;  // its `}` is missing
    }
  }
  expect_brace(Mark::closes, "`}` at the end of the rule");
  rule.broken = rule.broken || failed();
  if (!rule.name.empty()) file.rules.push_back(std::move(rule));
}

bool Parser::at_clause_start() const noexcept {
  return at(TokenKind::name) && std::find(clause_words.begin(), clause_words.end(), text_of(token())) != clause_words.end();
}

// To the next clause, the rule's end, or the next item if the `}` is missing.
void Parser::recover_to_clause() {
  failed_ = false;
  nesting_ = 0;
  int braces = 0;
  for (; !at(TokenKind::end); advance()) {
    if (at_item_start() && token().starts_line) return;
    if (at(TokenKind::left_brace)) ++braces;
    if (at(TokenKind::right_brace) && braces-- == 0) return;
    if (braces == 0 && at_clause_start()) return;
  }
}

void Parser::clause(syntax::Rule& rule, std::uint32_t& seen) {
  mark(Mark::clause);
  const Name word = name("a clause: `on`, `when`, `pattern`, `then`, `mode`, `if missing`, `reason`, `cooldown`, `owner` or `tags`");
  if (failed()) return;
  const auto found = std::find(clause_words.begin(), clause_words.end(), word.text);
  if (found == clause_words.end()) {
    const std::string hint = suggestion(word.text, words_of(clause_words, [](std::string_view w) { return w; }));
    return fail(word.span, "E011", std::string("`") + word.string().substr(0, 40) + "` starts no clause of a rule." + hint);
  }
  const std::uint32_t bit = 1U << (found - clause_words.begin());
  if ((seen & bit) != 0 && word.text != "reason") problems_.error(word.span, "E161", std::string("the rule has `") + word.string() + "` twice");
  seen |= bit;
  if (word.text == "on") comma_list([&] { rule.on.push_back(event_name()); });
  else if (word.text == "when") rule.when = expression();
  else if (word.text == "pattern") rule.pattern = pattern();
  else if (word.text == "then") comma_list([&] { rule.actions.push_back(action()); });
  else if (word.text == "mode") mode(rule);
  else if (word.text == "if") if_missing(rule);
  else if (word.text == "cooldown") cooldown(rule);
  else if (word.text == "owner") rule.owner = text("the owner in quotes");
  else if (word.text == "reason") reason(rule);
  else {
    expect(TokenKind::left_paren, "`(` and tags");
    if (!failed()) comma_list([&] { rule.tags.push_back(name("a tag")); });
    expect(TokenKind::right_paren, "`,` or `)`");
  }
  if (!failed()) return;
  std::erase_if(rule.on, [](const Name& event) { return event.empty(); });
  if (word.text == "then" && !rule.actions.empty()) rule.actions.pop_back();
}

void Parser::mode(syntax::Rule& rule) {
  if (take_word("shadow")) rule.mode = RuleMode::shadow;
  else if (take_word("off")) rule.mode = RuleMode::off;
  else if (!take_word("live")) return fail_expected("`live`, `shadow` or `off`");
  if (rule.mode != RuleMode::live || !at(TokenKind::percent)) return;
  const Token& percent = advance();
  rule.mode = RuleMode::live_percent;
  rule.live_percent = percent.number;
  if (percent.digits != 2 || percent.number < 1 || percent.number > 100) {
    problems_.error(percent.span, "E165", "a share of live events is a whole percentage from `1%` to `100%`");
    rule.live_percent = 100;
  }
  expect_word("by");
  rule.live_by = name("the field that is hashed, such as `customer`");
}

void Parser::if_missing(syntax::Rule& rule) {
  expect_word("missing");
  if (take_word("fire")) rule.fire_if_missing = true;
  else if (!take_word("skip")) fail_expected("`skip` or `fire`");
}

void Parser::cooldown(syntax::Rule& rule) {
  syntax::Cooldown cooldown;
  cooldown.span = here();
  cooldown.width = duration("a duration such as `1h`");
  expect_word("per");
  cooldown.key = key();
  if (!failed()) rule.cooldown = std::move(cooldown);
}

void Parser::reason(syntax::Rule& rule) {
  syntax::Reason reason;
  if (at(TokenKind::name)) return fail(here(), "E013", "a reason's code is a capital letter and three digits, such as `A001`");
  reason.code = event_name();
  if (failed()) return;
  const std::string_view code = reason.code.text;
  const bool good = code.size() == 4 && std::all_of(code.begin() + 1, code.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!good) problems_.error(reason.code.span, "E013", "a reason's code is a capital letter and three digits, such as `A001`");
  if (!at(TokenKind::text)) return fail_expected("the reason's text in quotes");
  template_text(advance(), reason);
  if (!failed()) rule.reasons.push_back(std::move(reason));
}

// Splits "amount {amount} is over" into texts and expressions. An error in one hole does not hide the other holes.
void Parser::template_text(const Token& token, syntax::Reason& reason) {
  const std::uint32_t end = token.span.end - 1;
  std::uint32_t from = token.span.begin + 1;
  const auto text_between = [&](std::uint32_t a, std::uint32_t b) { return unescape(source_.substr(a, b - a), false); };
  for (std::uint32_t i = from; i < end; ++i) {
    if (source_[i] == '\\') ++i;
    else if (source_[i] == '}') problems_.error(Span{i, i + 1}, "E015", "`}` without `{`; a brace that is text is written `\\}`");
    else if (source_[i] == '{') {
      const std::size_t close = source_.substr(0, end).find('}', i);
      if (close == std::string_view::npos) {
        return problems_.error(Span{i, i + 1}, "E015", "`{` is not closed before the text ends; a quote within braces is written `\\\"`, a brace that is text `\\{`");
      }
      reason.texts.push_back(text_between(from, i));
      const Span hole{i + 1, static_cast<std::uint32_t>(close)};
      Parser inner(source_, lex(source_, hole, true, problems_), problems_);
      reason.exprs.push_back(inner.only_expression());
      i = static_cast<std::uint32_t>(close);
      from = i + 1;
    }
  }
  reason.texts.push_back(text_between(from, end));
}

syntax::Pattern Parser::pattern() {
  syntax::Pattern pattern;
  const std::uint32_t begin = here().begin;
  pattern.steps.push_back(step());
  // A `then` before anything but a step begins the rule's actions; that `within` is lacking is said by the checker.
  const auto at_next_step = [&] {
    const bool named = token(1).kind == TokenKind::name && token(2).kind == TokenKind::colon;
    return token(1).kind == TokenKind::type_name || named || at_word("immediately", 1) || (at_word("no", 1) && token(2).kind == TokenKind::type_name);
  };
  while (!failed() && at_word("then") && at_next_step()) {
    advance();
    const bool immediately = take_word("immediately");
    pattern.steps.push_back(step());
    pattern.steps.back().immediately = immediately;
  }
  pattern.span = since(begin);
  if (failed()) return pattern;
  if (take_word("within")) pattern.within = duration("a duration such as `1h`");
  if (take_word("per")) {
    pattern.key = key();
    pattern.has_key = true;
  }
  pattern_tail(pattern);
  return pattern;
}

void Parser::pattern_tail(syntax::Pattern& pattern) {
  if (take_word("where")) pattern.where = expression();
  if (take_word("after")) {
    expect_word("match");
    expect_word("skip");
    pattern.skip_to_next = take_word("to");
    if (pattern.skip_to_next) expect_word("next");
    else if (expect_word("past")) expect_word("last");
  }
  if (!at_word("limit") || failed()) return;
  advance();
  const Span span = here();
  pattern.limit = integer("how many open runs a key may have");
  if (!failed() && (pattern.limit < 1 || pattern.limit > 1024)) {
    problems_.error(span, "E123", "`limit` is from 1 to 1024 open runs per key");
    pattern.limit = 16;
  }
}

syntax::Step Parser::step() {
  syntax::Step step;
  const std::uint32_t begin = here().begin;
  if (at_word("no") && token(1).kind == TokenKind::type_name) {
    advance();
    step.negated = true;
  } else if (at(TokenKind::name) && token(1).kind == TokenKind::colon) {
    step.name = name("a name");
    advance();
  }
  step.event = event_name();
  if (at(TokenKind::left_paren)) mark(Mark::tight);
  if (take(TokenKind::left_paren)) {
    step.condition = expression();
    expect(TokenKind::right_paren, "an operator or `)`");
  }
  if (step.negated && take_word("for")) step.wait = some_time("a duration such as `10m`", "`for`");
  else if (!step.negated) repetition(step);
  step.span = since(begin);
  return step;
}

// "{" INT ["," [INT]] "}" | "+" | "?"
void Parser::repetition(syntax::Step& step) {
  if (failed()) return;
  if (at(TokenKind::plus) || at(TokenKind::question) || at(TokenKind::left_brace)) mark(Mark::tight);
  if (take(TokenKind::plus)) step.at_most = -1;
  else if (take(TokenKind::question)) step.at_least = 0;
  else if (at(TokenKind::left_brace)) {
    mark(Mark::prefix);
    advance();
    const Span span = here();
    step.at_least = step.at_most = integer("how often");
    if (at(TokenKind::comma)) mark(Mark::prefix);
    if (take(TokenKind::comma)) step.at_most = at(TokenKind::integer) ? integer("how often") : -1;
    mark(Mark::tight);
    expect(TokenKind::right_brace, "`}`");
    const bool upside_down = step.at_most >= 0 && step.at_most < step.at_least;
    if (!failed() && (upside_down || step.at_most == 0 || step.at_least > 1024 || step.at_most > 1024)) {
      problems_.error(span, "E163", "a repetition is written `{2}`, `{2,5}` or `{2,}`, with numbers up to 1024");
    }
  }
}

syntax::Action Parser::action() {
  syntax::Action action{};
  const std::uint32_t begin = here().begin;
  const Name word = name("an action");
  if (failed()) return action;
  const std::optional<ActionKind> kind = action_kind(word.text);
  if (!kind) {
    const std::string hint = suggestion(word.text, words_of(action_words, [](const ActionWord& w) { return w.word; }));
    fail(word.span, "E011", std::string("`") + word.string().substr(0, 40) + "` is not an action." + hint);
    return action;
  }
  action.kind = *kind;
  if (*kind == ActionKind::review && take_word("queue")) action.text = text("the queue's name in quotes");
  else if (*kind == ActionKind::challenge) action.text = text("the challenge in quotes, such as `challenge \"3ds\"`");
  else if (*kind == ActionKind::alert && (at_word("low") || at_word("medium") || at_word("high"))) action.text = text_of(advance());
  else if (*kind == ActionKind::score) action.expr = expression();
  else if (*kind == ActionKind::tag) action.text = name("a tag").string();
  else if (*kind == ActionKind::add_to_list || *kind == ActionKind::remove_from_list) list_edit(action);
  action.span = since(begin);
  return action;
}

void Parser::list_edit(syntax::Action& action) {
  const bool add = action.kind == ActionKind::add_to_list;
  action.expr = expression();
  if (failed() || !expect_word(add ? "to" : "from")) return;
  action.list = name("a list");
  if (add && take_word("for")) action.ttl = some_time("a duration such as `28d`", "`for`");
}

}  // namespace pawl::language
