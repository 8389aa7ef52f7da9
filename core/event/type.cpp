#include "pawl/core/event/type.hpp"

#include "pawl/core/base/assert.hpp"

namespace pawl {
namespace {

std::string money_text(const Type& type) {
  if (type.currency[0] == '\0') return type.scale == 2 ? "money" : "money(" + std::to_string(type.scale) + ")";
  return "money(" + std::to_string(type.scale) + "," + std::string(type.currency.data(), type.currency.size()) + ")";
}

std::string plain_text(const Type& type) {
  switch (type.kind) {
    case Kind::boolean: return "bool";
    case Kind::integer: return "int";
    case Kind::money: return money_text(type);
    case Kind::decimal: return "decimal(" + std::to_string(type.scale) + ")";
    case Kind::floating: return "float";
    case Kind::time: return "time";
    case Kind::duration: return "duration";
    case Kind::text: return "text(" + std::to_string(type.text_bytes) + ")";
    case Kind::enumeration: return "enum";
  }
  assert_failed("a kind of the list", __FILE__, __LINE__);
}

}  // namespace

std::string to_string(const Type& type) { return type.ratio ? "ratio of " + plain_text(type) : plain_text(type); }

}  // namespace pawl
