// Reading members of parsed JSON of which nothing is known yet. Private to the parsers of model files.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "pawl/journal/model/bad.hpp"

namespace pawl::journal {

// Numbers are read as the floats nearest to their text, as XGBoost wrote them.
using FloatJson = nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t, std::uint64_t, float>;

// The value under these names, one inside the other; null if there is none.
template <class Json>
const Json* find(const Json& root, std::initializer_list<const char*> names) {
  const Json* at = &root;
  for (const char* name : names) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

template <class Json>
const std::string* find_text(const Json& root, std::initializer_list<const char*> names) {
  const Json* found = find(root, names);
  return found == nullptr ? nullptr : found->template get_ptr<const std::string*>();
}

// The names in an array. Empty if there is none; an entry that is no text is an empty name.
template <class Json>
std::vector<std::string> names_in(const Json* array) {
  std::vector<std::string> names;
  if (array == nullptr || !array->is_array()) return names;
  for (const Json& name : *array) {
    const auto* text = name.template get_ptr<const std::string*>();
    names.push_back(text == nullptr ? std::string() : *text);
  }
  return names;
}

}  // namespace pawl::journal
