#include "pawl/decision_files.hpp"

#include <algorithm>

namespace pawl::tools {
namespace {

bool wants_json_lines(const std::string& path) { return path.ends_with(".jsonl") || path.ends_with(".jsonl.zst"); }
bool wants_binary(const std::string& path) { return path.ends_with(".decisions") || path.ends_with(".decisions.zst"); }

}  // namespace

bool wants_values(const std::string& path) { return wants_json_lines(path) || wants_binary(path); }

csv::FileForm decision_rows(const language::Pipeline& pipeline, const std::string& path) {
  if (wants_binary(path)) return DecisionForm(pipeline).file();
  return wants_json_lines(path) ? csv::FileForm::json_lines() : csv::FileForm(csv::decisions_header);
}

Result<DecisionFiles> DecisionFiles::open(const language::Pipeline& pipeline, const DecisionFileOptions& options) {
  DecisionFiles files(pipeline);
  const auto open_one = [&](const std::string& path, const csv::FileForm& form, std::optional<csv::Writer>& file) -> Result<void> {
    if (path.empty()) return {};
    auto opened = csv::Writer::open({.path = path, .continue_existing = options.continue_existing, .stop = options.stop}, form);
    if (!opened.ok()) return std::move(opened).error();
    file.emplace(*std::move(opened));
    files.ends_.emplace_back(path, file->continuation().last_sequence);
    return {};
  };
  std::string features_header = "sequence,id";
  for (const language::Let& let : pipeline.lets) features_header += "," + let.name;
  if (auto done = open_one(options.decisions, options.json_lines ? csv::FileForm::json_lines() : decision_rows(pipeline, options.decisions), files.decisions_file_); !done.ok()) return std::move(done).error();
  if (auto done = open_one(options.features, features_header, files.features_file_); !done.ok()) return std::move(done).error();
  if (options.json_lines || wants_json_lines(options.decisions)) files.json_.emplace(pipeline);
  if (wants_binary(options.decisions)) files.binary_ = std::make_unique<DecisionForm>(pipeline);
  return files;
}

Sequence DecisionFiles::complete_to() const noexcept {
  Sequence complete = ends_.empty() ? no_sequence : INT64_MAX;
  for (const auto& [path, last] : ends_) complete = std::min(complete, last);
  return complete;
}

Result<void> DecisionFiles::on_decision(const rules::Decision& decision) {
  const bool has_decision = decisions_file_ && is_written(decision);
  const bool has_features = decision.is_timed() || (features_file_ && decision.sequence() <= features_file_->continuation().last_sequence);
  const bool has_all = (decisions_file_ || features_file_) && (!decisions_file_ || has_decision) && (!features_file_ || has_features);
  if (!has_all) ++count_;
  if (decisions_file_ && !has_decision) {
    write_decision(decision);
    if (!decisions_file_->state().ok()) return decisions_file_->state();
  }
  if (features_file_ && !has_features) {
    write_features(decision);
    if (!features_file_->state().ok()) return features_file_->state();
  }
  return {};
}

// An input has one row for each output, in their order: of the last one some may be there.
bool DecisionFiles::is_written(const rules::Decision& decision) noexcept {
  const csv::Continuation& found = decisions_file_->continuation();
  if (decision.sequence() != found.last_sequence) return decision.sequence() < found.last_sequence;
  return seen_of_last_++ < found.rows_of_last;
}

void DecisionFiles::write_id(csv::Writer& writer, const rules::Decision& decision) {
  if (!decision.has_id()) return writer.missing();
  if (decision.id_is_text()) return writer.text(decision.id_text());
  const EventSchema& event = decision.event();
  const Field& field = event.fields[static_cast<std::size_t>(event.find("id"))];
  writer.number(field.type, decision.id(), field.labels);
}

void DecisionFiles::write_decision(const rules::Decision& decision) {
  csv::Writer& file = *decisions_file_;
  if (json_) return file.line(json_->line(decision));
  if (binary_) return file.record(binary_->encode(decision));
  file.integer(decision.sequence());
  write_id(file, decision);
  file.text(decision.decision());
  file.integer(decision.score());
  if (decision.any_fired()) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < pipeline_->rules.size(); ++i) {
      if (decision.fired_live(i)) names.push_back(pipeline_->rules[i].name);
    }
    file.list(names);
  } else {
    file.missing();
  }
  file.end_row();
}

void DecisionFiles::write_features(const rules::Decision& decision) {
  csv::Writer& file = *features_file_;
  file.integer(decision.sequence());
  write_id(file, decision);
  for (std::size_t i = 0; i < pipeline_->lets.size(); ++i) {
    const Type& type = pipeline_->lets[i].expr->type;
    if (!decision.plan().lets[i].evaluated || !decision.let_present(i)) {
      file.missing();
    } else if (type.kind == Kind::text) {
      file.text(decision.let_text(i));
    } else if (type.ratio) {
      file.ratio(type, decision.let_value(i));
    } else {
      file.number(type, static_cast<std::int64_t>(decision.let_value(i).numerator), pipeline_->lets[i].labels);
    }
  }
  file.end_row();
}

Result<void> DecisionFiles::flush() {
  if (decisions_file_) {
    if (auto done = decisions_file_->flush(); !done.ok()) return done;
  }
  if (features_file_) return features_file_->flush();
  return {};
}

Result<void> DecisionFiles::sync() {
  if (decisions_file_) {
    if (auto done = decisions_file_->sync(); !done.ok()) return done;
  }
  if (features_file_) return features_file_->sync();
  return {};
}

Result<void> DecisionFiles::close() {
  if (decisions_file_) {
    if (auto done = decisions_file_->close(); !done.ok()) return done;
  }
  if (features_file_) return features_file_->close();
  return {};
}

}  // namespace pawl::tools
