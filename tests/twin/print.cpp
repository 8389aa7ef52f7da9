#include "tests/twin/print.hpp"

namespace pawl::twin {
namespace {

// The labels of an enumeration stand with its field; a let that yields one must name the field it comes from.
const std::vector<std::string>& labels_of(const language::Pipeline& pipeline, const language::Expr& expr) {
  static const std::vector<std::string> no_labels;
  if (expr.type.kind != Kind::enumeration) return no_labels;
  if (expr.op == language::Op::let) return labels_of(pipeline, *pipeline.lets[expr.index].expr);
  if (expr.op == language::Op::aggregate) return labels_of(pipeline, *expr.aggregate->value);
  for (const EventSchema& schema : pipeline.events) {
    const int field = expr.op == language::Op::field ? schema.find(expr.name) : -1;
    if (field >= 0) return schema.fields[static_cast<std::size_t>(field)].labels;
  }
  for (const auto& arg : expr.args) {
    if (arg->type.kind == Kind::enumeration && !labels_of(pipeline, *arg).empty()) return labels_of(pipeline, *arg);
  }
  return no_labels;
}

std::string sequence_and_id(const Outcome& outcome) {
  return std::to_string(outcome.sequence).append(",").append(csv_cell(print(outcome.id_type, outcome.id)));
}

}  // namespace

std::string csv_cell(const std::string& text) {
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string quoted(1, '"');
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  quoted.push_back('"');
  return quoted;
}

std::string decisions_header() { return "sequence,id,decision,score,rules\n"; }

std::string decisions_row(const language::Pipeline& pipeline, const Outcome& outcome) {
  std::string row = sequence_and_id(outcome);
  row.append(",").append(outcome.decision).append(",").append(outcome.score.str()).append(",");
  for (std::size_t i = 0; i < outcome.fired.size(); ++i) row.append(i == 0 ? "" : ";").append(pipeline.rules[outcome.fired[i]].name);
  return row.append("\n");
}

std::string features_header(const language::Pipeline& pipeline) {
  std::string row = "sequence,id";
  for (const language::Let& let : pipeline.lets) row.append(",").append(let.name);
  return row.append("\n");
}

std::string features_row(const language::Pipeline& pipeline, const Outcome& outcome) {
  std::string row = sequence_and_id(outcome);
  for (std::size_t i = 0; i < outcome.lets.size(); ++i) {
    const language::Expr& expr = *pipeline.lets[i].expr;
    row.append(",").append(csv_cell(print(expr.type, outcome.lets[i], labels_of(pipeline, expr))));
  }
  return row.append("\n");
}

}  // namespace pawl::twin
