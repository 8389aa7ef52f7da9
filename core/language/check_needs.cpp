// At which events a let or a model's inputs can be read: those that have every field it needs.
#include <algorithm>

#include "pawl/core/language/checker.hpp"

namespace pawl::language {

using syntax::Node;
using syntax::NodeKind;

namespace {

void add(std::vector<std::string>& needs, std::string_view name) {
  if (std::find(needs.begin(), needs.end(), name) == needs.end()) needs.emplace_back(name);
}

void keep(EventSet& events, const EventSet& others) {
  EventSet both;
  std::set_intersection(events.begin(), events.end(), others.begin(), others.end(), std::back_inserter(both));
  events.swap(both);
}

}  // namespace

// Fields of the reading event: named outside of aggregates, or parts of an aggregate's key. Lets bring their own needs.
void Checker::collect_needs(const Node& node, const ModelIndex* models, std::vector<std::string>& needs) const {
  if (node.kind == NodeKind::name) {
    const auto let = let_index_.find(node.name.text);
    if (let != let_index_.end()) {
      for (const std::string& need : let_needs_[let->second]) add(needs, need);
    } else if (field_events_.contains(node.name.text)) {
      add(needs, node.name.text);
    }
    if (models != nullptr && models->contains(node.name.text)) {
      for (const auto& input : file_.models[models->at(node.name.text)].inputs) collect_needs(*input, nullptr, needs);
    }
  }
  if (node.kind == NodeKind::aggregate) {
    for (const syntax::Name& part : node.aggregate->key) {
      if (field_events_.contains(part.text)) add(needs, part.text);
    }
  }
  for (const auto& arg : node.args) collect_needs(*arg, models, needs);
}

EventSet Checker::readable(const Node& node, std::vector<std::string>& needs) {
  collect_needs(node, &model_index_, needs);
  EventSet events = all_events();
  for (const std::string& need : needs) keep(events, events_with(need));
  keep_readers_of_lets(node, &model_index_, events);
  return events;
}

// A let may be readable at fewer events than have its fields: the key of its window must have the same type, too.
void Checker::keep_readers_of_lets(const Node& node, const ModelIndex* models, EventSet& events) const {
  if (node.kind == NodeKind::name) {
    const auto let = let_index_.find(node.name.text);
    if (let != let_index_.end() && out_.lets[let->second].expr) keep(events, out_.lets[let->second].readable_at);
    if (models != nullptr && models->contains(node.name.text)) {
      for (const auto& input : file_.models[models->at(node.name.text)].inputs) keep_readers_of_lets(*input, nullptr, events);
    }
  }
  for (const auto& arg : node.args) keep_readers_of_lets(*arg, models, events);
}

void Checker::report_unreadable(const syntax::Name& name, const std::vector<std::string>& needs) {
  const bool maybe_lost = file_.lost_item || out_.events.empty() || std::find(broken_events_.begin(), broken_events_.end(), true) != broken_events_.end();
  if (!maybe_lost) problems_.error(name.span, "E104", std::string("no event has all of ") + quoted_list(needs) + ", so `" + name.string() + "` could be read nowhere");
}

}  // namespace pawl::language
