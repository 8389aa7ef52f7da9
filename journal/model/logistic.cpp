// Logistic models, in a form of our own, because trainers have none in common:
//
//   {"format": "pawl-logistic", "version": 1, "intercept": -2.5,
//    "terms": [{"name": "amount", "weight": 0.01}, {"name": "usual", "weight": -0.2, "missing": 35.5}]}
//
// Yields 1 / (1 + e^-(intercept + sum of weight * input)). Where an input is missing, its "missing" stands for it; a term without one makes
// the result missing.
#include <cmath>

#include "pawl/journal/model/json.hpp"
#include "pawl/journal/model/parse.hpp"

namespace pawl::journal {
namespace {

using Json = nlohmann::json;

Result<double> number_in(const Json& object, const char* name) {
  const Json* found = find(object, {name});
  if (found == nullptr || !found->is_number()) return bad(std::string("`") + std::string(name) + "` is missing or not a number");
  return found->get<double>();
}

Result<model::Linear::Term> term_of(const Json& json) {
  const auto weight = number_in(json, "weight");
  if (!weight.ok()) return weight.error();
  model::Linear::Term term{.weight = *weight};
  if (find(json, {"missing"}) == nullptr) return term;
  const auto missing = number_in(json, "missing");
  if (!missing.ok()) return missing.error();
  term.has_default = true;
  term.missing = *missing;
  return term;
}

// What is misspelled must not be taken for left out.
Result<void> check_members(const Json& object, std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return bad("it is not an object");
  for (const auto& member : object.items()) {
    if (std::find(known.begin(), known.end(), member.key()) == known.end()) return bad(std::string("`") + member.key().substr(0, 40) + "` is not known");
  }
  return {};
}

}  // namespace

Result<model::Model> parse_logistic(std::string_view text) {
  const Json root = Json::parse(text, nullptr, false);
  if (root.is_discarded()) return bad("it is not JSON, or cut off");
  if (auto known = check_members(root, {"format", "version", "intercept", "terms"}); !known.ok()) return std::move(known).error();
  const auto version = number_in(root, "version");
  if (!version.ok() || *version != 1) return bad("its `version` is not 1, the only one");
  const auto intercept = number_in(root, "intercept");
  if (!intercept.ok()) return intercept.error();
  const Json* terms = find(root, {"terms"});
  if (terms == nullptr || !terms->is_array() || terms->empty() || terms->size() > model::model_inputs_max) return bad(std::string("`terms` is not an array of 1 to ") + std::to_string(model::model_inputs_max) + " terms");
  model::ModelParts parts{.kind = "logistic", .inputs = terms->size(), .output = model::Output::probability};
  model::Linear linear{.intercept = *intercept};
  for (const Json& json : *terms) {
    const std::string number = std::to_string(linear.terms.size());
    if (auto known = check_members(json, {"name", "weight", "missing"}); !known.ok()) return bad(std::string("term ") + number + ": " + known.error().text);
    const auto term = term_of(json);
    if (!term.ok()) return bad(std::string("term ") + number + ": " + term.error().text);
    const std::string* name = find_text(json, {"name"});
    if (name == nullptr || name->empty()) return bad(std::string("term ") + number + ": `name` is missing");
    linear.terms.push_back(*term);
    parts.features.push_back(*name);
  }
  parts.body = std::move(linear);
  return model::Model(std::move(parts));
}

}  // namespace pawl::journal
