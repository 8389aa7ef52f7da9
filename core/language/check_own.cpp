// Operators of the embedding program: what the file says of them, and whether the program has them.
#include <algorithm>

#include "pawl/core/language/checker.hpp"
#include "pawl/core/language/parser.hpp"
#include "pawl/core/language/typing.hpp"

namespace pawl::language {

namespace {

std::string described(std::string_view name, std::int64_t version) { return std::string("`") + std::string(name) + "` version " + std::to_string(version); }

std::string list_of(const Operators& operators) {
  if (operators.all().empty()) return "none";
  std::string text;
  for (const auto& one : operators.all()) text += (text.empty() ? "" : ", ") + described(one->name, one->version);
  return text;
}

bool is_taken(Kind kind) { return kind != Kind::text && kind != Kind::floating && kind != Kind::enumeration; }

}  // namespace

void Checker::own_operators() {
  for (const syntax::OwnOperator& declared : file_.operators) {
    if (!own_index_.try_emplace(declared.name.text, out_.operators.size()).second) {
      problems_.error(declared.name.span, "E130", std::string("operator `") + declared.name.string() + "` is declared twice");
    } else if (aggregate_kind(declared.name.text) || is_function(declared.name.text)) {
      problems_.error(declared.name.span, "E130", std::string("`") + declared.name.string() + "` is a word of the language; register the operator under another name");
    }
    own_operator(declared);
  }
}

void Checker::own_operator(const syntax::OwnOperator& declared) {
  OwnOperator own{.name = declared.name.string(), .version = declared.version, .takes = {}, .yields = {}, .content = nullptr, .place = problems_.place(declared.name.span)};
  const std::optional<Type> takes = type(declared.takes);
  const std::optional<Type> yields = declared.yields.name.empty() ? std::optional(Type{}) : type(declared.yields);
  own.takes = takes.value_or(Type{});
  own.yields = yields.value_or(Type{});
  own.yields.ratio = declared.yields_ratio;
  if (takes && !is_taken(takes->kind)) problems_.error(declared.takes.name.span, "E108", "an operator takes whole numbers: bool, int, money, decimal, time or duration");
  if (yields && (yields->kind == Kind::text || yields->kind == Kind::enumeration || (own.yields.ratio && !is_number(*yields)))) {
    problems_.error(declared.yields.name.span, "E108", "an operator yields bool, int, money, decimal, float, time, duration, or a ratio of numbers");
  }
  if (takes && yields && own_operators_ != nullptr) find_registered(declared, own);
  out_.operators.push_back(std::move(own));
}

void Checker::find_registered(const syntax::OwnOperator& declared, OwnOperator& own) {
  own.content = own_operators_->find(own.name, own.version);
  if (own.content == nullptr) {
    problems_.error(declared.name.span, "E196", std::string("operator ") + described(own.name, own.version) + " is not registered with this program, which has " + list_of(*own_operators_) +
                                                    "; a program registers its operators when it opens an engine, a replay or a snapshot (`EngineOptions::operators`), and keeps old versions for the journals that name them");
  } else if (!(own.content->takes == own.takes) || !(own.content->yields == own.yields)) {
    problems_.error(declared.name.span, "E197", std::string("operator ") + described(own.name, own.version) + " of this program takes " + to_string(own.content->takes) + " and yields " + to_string(own.content->yields) +
                                                    ", not what is declared here");
  }
}

// The aggregate's operator, or null: reported.
const OwnOperator* Checker::known_operator(const syntax::Name& name) {
  const auto found = own_index_.find(name.text);
  if (found != own_index_.end()) return &out_.operators[found->second];
  if (file_.lost_item) return nullptr;
  const std::string text = name.string();
  problems_.error(name.span, "E195", std::string("unknown aggregate `") + text + "`; an operator of the program is declared first: `operator " + text + " version 1 of int yields int`." + suggest(name.text, [&] {
                                       std::vector<std::string> names = aggregate_names();
                                       for (const OwnOperator& own : out_.operators) names.push_back(own.name);
                                       return names;
                                     }));
  return nullptr;
}

// The type that it yields of such values, or nothing: reported.
std::optional<Type> Checker::own_type(const OwnOperator& own, const Type& value, Span span) {
  if (!value.ratio && same_dimension(value, own.takes)) return own.yields;
  problems_.error(span, "E114", std::string("`") + own.name + "` takes " + to_string(own.takes) + ", but this is " + to_string(value));
  return std::nullopt;
}

}  // namespace pawl::language
