// Maps: what they hold, in the pipeline's own text or in a file that it names with its SHA-256.
#include <algorithm>
#include <bit>
#include <set>

#include "pawl/core/event/format.hpp"
#include "pawl/core/language/checker.hpp"
#include "pawl/core/language/lookup.hpp"
#include "pawl/core/language/map_rows.hpp"
#include "pawl/core/language/typing.hpp"

namespace pawl::language {

using syntax::Node;

namespace {

// No name stands in it: lets are not known yet.
bool is_written_out(const Node& node) {
  if (node.kind == syntax::NodeKind::operation) return node.op == Op::negate && is_written_out(*node.args[0]);
  return node.kind <= syntax::NodeKind::text;
}

// A key as it is compared.
std::string key_text(const Type& type, const Value& value) {
  if (type.kind == Kind::text) return value.text;
  return type.kind == Kind::floating ? std::to_string(std::bit_cast<std::int64_t>(value.floating == 0 ? 0.0 : value.floating)) : std::to_string(value.number);
}

constexpr const char* cures[] = {"", "is none", "has too many digits behind the point", "is too large", "is no moment of the calendar", "is too long", "holds a zero byte", "is none"};

// Why it is no value of that type, or nothing.
std::string read_value(const Type& type, const std::string& text, Value& value) {
  value.missing = false;
  if (type.kind == Kind::text) {
    value.text = text;
    if (text.size() > type.text_bytes) return "is longer than " + std::to_string(type.text_bytes) + " bytes";
    return text.find('\0') == std::string::npos ? "" : "holds a zero byte";
  }
  Field field;
  field.type = type;
  const ParseError error = parse_number(field, text, value.number);
  if (type.kind == Kind::floating) value.floating = std::bit_cast<double>(value.number);
  return error == ParseError::none ? std::string() : std::string(cures[static_cast<std::size_t>(error)]);
}

}  // namespace

void Checker::map(const syntax::Map& map) {
  Map out;
  out.name = map.name.string();
  out.from = storable(map.from);
  out.to = storable(map.to);
  out.place = problems_.place(map.name.span);
  out.filled = map.filled;
  out.path = map.path;
  out.sha256 = map.sha256;
  if (map.otherwise) out.otherwise = map_literal(*map.otherwise, out.to, "what a map gives otherwise").value_or(Value{});
  if (map.path_span.end == 0) fill_map(map, out);
  else read_map(map, out);
  out_.maps.push_back(std::move(out));
}

std::optional<Value> Checker::map_literal(const Node& node, const Type& type, std::string_view what) {
  if (!is_written_out(node)) return problems_.error(node.span, "E117", std::string(what) + " must be a literal"), std::nullopt;
  const Typed wanted = make(Op::literal, type, node.span);
  const Typed literal = adapt(node, wanted, Scope{});
  if (!literal || !compatible(literal, wanted, node.span, "use")) return {};
  if (literal.expr->op == Op::literal && literal.expr->type.ratio == type.ratio) return literal.expr->value;
  problems_.error(node.span, "E117", std::string(what) + " must be a literal" + (literal.expr->type.ratio ? std::string(" of type ") + to_string(type) : std::string()));
  return {};
}

void Checker::fill_map(const syntax::Map& map, Map& out) {
  std::vector<Lookup::Entry> entries;
  std::set<std::string> keys;
  for (const auto& [key, value] : map.entries) {
    if (!key || !value || problems_.quiet()) continue;
    const auto from = map_literal(*key, out.from, "a key of a map");
    const auto to = map_literal(*value, out.to, "a value of a map");
    if (!from || !to) continue;
    if (!keys.insert(key_text(out.from, *from)).second) problems_.error(key->span, "E144", std::string("map `") + out.name + "` has this key twice; keep one");
    else entries.push_back({*from, *to});
  }
  if (entries.size() > Lookup::entries_max) return problems_.error(map.name.span, "E143", std::string("a map has at most ") + std::to_string(Lookup::entries_max) + " entries");
  out.content = std::make_shared<const Lookup>(Lookup::make(out.from, out.to, entries));
}

void Checker::read_map(const syntax::Map& map, Map& out) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const bool has_hash = map.sha256.size() == 64 && std::all_of(map.sha256.begin(), map.sha256.end(), is_hex);
  if (!has_hash) return problems_.error(map.sha256_span, "E194", "a SHA-256 has 64 hexadecimal digits in lower case; `sha256sum` prints it");
  if (model_files_ == nullptr) return;
  auto bytes = model_files_->bytes(map.path, map.sha256);
  if (!bytes.ok()) return problems_.error(map.path_span, "E143", std::string("map `") + out.name + "`: " + bytes.error().text);
  std::vector<Lookup::Entry> entries;
  if (std::string why = read_entries(*bytes, out, entries); !why.empty()) {
    return problems_.error(map.path_span, "E143", std::string("map `") + out.name + "`: " + map.path + " " + why);
  }
  out.content = std::make_shared<const Lookup>(Lookup::make(out.from, out.to, entries));
  out.bytes = std::move(*bytes);
}

// Why they cannot be taken, or nothing.
std::string Checker::read_entries(std::string_view bytes, const Map& map, std::vector<Lookup::Entry>& entries) {
  MapRows rows(bytes);
  std::set<std::string> keys;
  std::string key, value;
  if (!rows.next(key, value) || key != "key" || value != "value") return "does not begin with the line `key,value`";
  while (rows.next(key, value)) {
    const std::string line = "line " + std::to_string(rows.line()) + ": ";
    if (entries.size() == Lookup::entries_max) return line + "a map has at most " + std::to_string(Lookup::entries_max) + " entries";
    Lookup::Entry& entry = entries.emplace_back();
    if (const std::string why = read_value(map.from, key, entry.key); !why.empty()) return line + "the key `" + key.substr(0, 40) + "` is to be " + to_string(map.from) + ", but " + why;
    if (const std::string why = read_value(map.to, value, entry.value); !why.empty()) return line + "the value `" + value.substr(0, 40) + "` is to be " + to_string(map.to) + ", but " + why;
    if (!keys.insert(key_text(map.from, entry.key)).second) return line + "the key `" + key.substr(0, 40) + "` comes a second time; keep one";
  }
  return rows.problem().empty() ? std::string() : "line " + std::to_string(rows.line()) + ": " + rows.problem();
}

}  // namespace pawl::language
