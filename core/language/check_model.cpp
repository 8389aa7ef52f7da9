// Models: their inputs, and the files that they name.
#include <algorithm>

#include "pawl/core/language/checker.hpp"

namespace pawl::language {

using syntax::Node;
using syntax::NodeKind;

void Checker::models() {
  for (const syntax::Model& model : file_.models) this->model(model);
}

void Checker::model(const syntax::Model& model) {
  Model out;
  out.name = model.name.string();
  out.path = model.path;
  out.sha256 = model.sha256;
  out.place = problems_.place(model.name.span);
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const bool has_hash = model.sha256.size() == 64 && std::all_of(model.sha256.begin(), model.sha256.end(), is_hex);
  if (!has_hash && model_files_ == nullptr) problems_.warning(model.sha256_span, "W230", "a SHA-256 has 64 hexadecimal digits in lower case; the model could not be verified");
  if (!has_hash && model_files_ != nullptr) problems_.error(model.sha256_span, "E194", "a SHA-256 has 64 hexadecimal digits in lower case; `sha256sum` prints it");
  EventSet events = all_events();
  for (const auto& input : model.inputs) model_input(model, *input, events, out);
  if (events.empty() && !out_.events.empty()) problems_.error(model.name.span, "E104", std::string("no event has all inputs of model `") + out.name + "`");
  if (model_files_ != nullptr && has_hash) load_model(model, out);
  out.readable_at = events;
  model_events_.push_back(std::move(events));
  out_.models.push_back(std::move(out));
}

namespace {

// The first name in it that is a model, or null.
const syntax::Name* model_in(const Node& node, const std::unordered_map<std::string_view, std::size_t>& models) {
  if (node.kind == NodeKind::name && models.contains(node.name.text)) return &node.name;
  for (const auto& arg : node.args) {
    if (const syntax::Name* found = model_in(*arg, models)) return found;
  }
  return nullptr;
}

}  // namespace

// Appends it to out.inputs, unless it has errors; `events` loses those that cannot read it.
void Checker::model_input(const syntax::Model& model, const Node& input, EventSet& events, Model& out) {
  if (const syntax::Name* other = model_in(input, model_index_)) {
    problems_.error(other->span, "E190", std::string("a model's inputs name no models; write `let x = ") + other->string() + "` and give it `x`");
    return;
  }
  std::vector<std::string> needs;
  const EventSet readable = this->readable(input, needs);
  EventSet both;
  std::set_intersection(events.begin(), events.end(), readable.begin(), readable.end(), std::back_inserter(both));
  events.swap(both);
  if (readable.empty()) return report_unreadable(model.name, needs);
  Scope scope;
  scope.events = readable;
  scope.let = true;
  EventSet narrowed = readable;
  scope.narrowed = &narrowed;
  Typed typed = expression(input, scope);
  if (!typed) return;
  const Kind kind = typed.expr->type.kind;
  if (kind == Kind::text || kind == Kind::time || kind == Kind::enumeration) {
    problems_.error(input.span, "E191", std::string("a model's input is a number, true or false, or a duration (in seconds), but this is ") + to_string(typed.expr->type));
    return;
  }
  out.inputs.push_back(std::move(typed.expr));
}

void Checker::load_model(const syntax::Model& model, Model& out) {
  auto file = model_files_->load(model.path, model.sha256);
  if (!file.ok()) {
    problems_.error(model.path_span, "E192", std::string("model `") + out.name + "`: " + file.error().text);
    return;
  }
  if (check_features(model, *file->model)) {
    out.content = std::move(file->model);
    out.bytes = std::move(file->bytes);
  }
}

// By place, and by name where an input is a name and the file has names. False: reported.
bool Checker::check_features(const syntax::Model& model, const pawl::model::Model& content) {
  const std::vector<std::string>& features = content.features();
  const auto problem = [&](Span span, std::string what) {
    std::string order;
    for (const std::string& feature : features) order += (order.empty() ? "" : ", ") + feature;
    problems_.error(span, "E193", std::move(what) + (order.empty() ? std::string() : std::string(". Its features, in order: ") + order));
    return false;
  };
  if (model.inputs.size() != content.inputs()) {
    return problem(model.name.span, std::string("model `") + model.name.string() + "` has " + std::to_string(content.inputs()) + " features, but " +
                                        std::to_string(model.inputs.size()) + " inputs are given");
  }
  bool sound = true;
  for (std::size_t i = 0; i < features.size(); ++i) {
    const Node& input = *model.inputs[i];
    if (input.kind != NodeKind::name || input.name.text == features[i]) continue;
    sound = problem(input.span, std::string("input ") + std::to_string(i + 1) + " of model `" + model.name.string() + "` is `" + input.name.string() + "`, but its file has `" + features[i] + "` there");
  }
  return sound;
}

}  // namespace pawl::language
