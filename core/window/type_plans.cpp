#include "pawl/core/window/type_plans.hpp"

#include <algorithm>

#include "pawl/core/language/lateness.hpp"

namespace pawl::window {

using language::can_read;
using language::Expr;

namespace {

void plan_key(const GroupInputs& inputs, const EventSchema& schema, TypePlan& type) {
  for (std::size_t i = 0; i < inputs.model.key.size(); ++i) {
    const auto field = static_cast<std::size_t>(schema.find(inputs.model.key[i]));
    type.key.push_back({FieldRef(schema, field), stored_bytes(schema.fields[field].type), inputs.key_offsets[i]});
  }
}

void plan_quick(const GroupInputs& inputs, TypePlan& type) {
  for (const Program& where : type.wheres) {
    if (auto quick = where.quick_where()) type.quick_wheres.push_back(*quick);
  }
  for (const Program& value : type.values) {
    if (auto quick = value.quick_value()) type.quick_values.push_back(*quick);
  }
  type.quick = type.texts.empty() && type.quick_wheres.size() == type.wheres.size() && type.quick_values.size() == type.values.size();
  if (type.key.size() == 1 && type.key[0].bytes == 8 && !inputs.key_is_text) type.quick_key = Program::of_field(type.key[0].field).quick_value();
  type.plain = type.quick && (type.quick_key || type.key.empty());
  const auto needs = [&](const Quick& quick) {
    type.plain = type.plain && quick.header_bit();
    type.plain_fields |= quick.header_bit().value_or(0);
  };
  if (type.quick_key) needs(*type.quick_key);
  for (const Quick& where : type.quick_wheres) needs(where);
  for (std::size_t i = 0; i < type.quick_values.size(); ++i) {
    needs(type.quick_values[i]);
    type.plain_facts |= Facts{1} << (type.quick_wheres.size() + 2 * i);
  }
  if ((inputs.layout.asked & ~type.plain_facts) == 0) type.plain_bits = inputs.layout.bits_for(type.plain_facts);
}

}  // namespace

std::vector<TypePlan> plan_types(const GroupInputs& inputs) {
  const std::vector<std::uint16_t>& on = inputs.model.on;
  std::vector<TypePlan> types;
  for (std::size_t i = 0; i < inputs.pipeline.events.size(); ++i) {
    const EventSchema& schema = inputs.pipeline.events[i];
    TypePlan type;
    type.reads = can_read(inputs.pipeline, inputs.model, schema);
    type.inserts = std::find(on.begin(), on.end(), i) != on.end();
    if (type.reads) plan_key(inputs, schema, type);
    if (type.inserts) {
      for (const Expr* expr : inputs.wheres) type.wheres.push_back(Program::compile(*expr, schema));
      for (const Expr* expr : inputs.values) type.values.push_back(Program::compile(*expr, schema));
      for (const Expr* expr : inputs.texts) type.texts.emplace_back(schema, static_cast<std::size_t>(schema.find(expr->name)));
    }
    plan_quick(inputs, type);
    types.push_back(std::move(type));
  }
  return types;
}

}  // namespace pawl::window
