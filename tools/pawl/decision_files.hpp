// Decisions and features into files, as the command contract has them: CSV, and decisions also as JSON lines or binary.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "csv/output.hpp"
#include "pawl/decision_binary.hpp"
#include "pawl/decision_json.hpp"
#include "pawl/journal/engine/sink.hpp"

namespace pawl::tools {

struct DecisionFileOptions {
  std::string decisions;        // path; empty: not wanted; "-": standard output; "....jsonl", "....jsonl.zst": JSON lines, "....decisions", "....decisions.zst": binary, both of decisions with values
  std::string features;         // needs decisions that carry lets
  bool continue_existing = false;
  const ring::StopFlag* stop = nullptr;  // as csv::OutputOptions has it
  bool json_lines = false;      // decisions, whatever the path
};

// The file is to hold JSON lines or binary records: the engine's decisions must carry values (decisions_with_values).
[[nodiscard]] bool wants_values(const std::string& path);
// What a file of the pipeline's decisions of that name holds.
[[nodiscard]] csv::FileForm decision_rows(const language::Pipeline& pipeline, const std::string& path);

// Thread: emit's, but for open, close, rows and sync.
class DecisionFiles final : public DecisionSink {
 public:
  static Result<DecisionFiles> open(const language::Pipeline& pipeline, const DecisionFileOptions& options);

  // Decisions up to this sequence stand in every file already; of this one, timed outputs may be missing.
  [[nodiscard]] Sequence complete_to() const noexcept;
  // Each file, and the last sequence that it held when it was opened.
  [[nodiscard]] const std::vector<std::pair<std::string, Sequence>>& ends() const noexcept { return ends_; }

  Result<void> on_decision(const rules::Decision& decision) override;
  Result<void> flush() override;
  Result<void> sync() override;
  Result<void> close();
  // Taken and not in every file before.
  [[nodiscard]] std::uint64_t decisions() const noexcept { return count_; }

 private:
  explicit DecisionFiles(const language::Pipeline& pipeline) : pipeline_(&pipeline) {}
  [[nodiscard]] bool is_written(const rules::Decision& decision) noexcept;
  void write_decision(const rules::Decision& decision);
  void write_features(const rules::Decision& decision);
  static void write_id(csv::Writer& writer, const rules::Decision& decision);

  const language::Pipeline* pipeline_;
  std::optional<csv::Writer> decisions_file_, features_file_;
  std::vector<std::pair<std::string, Sequence>> ends_;
  std::optional<DecisionJson> json_;
  std::unique_ptr<DecisionForm> binary_;
  std::uint64_t count_ = 0;
  std::uint64_t seen_of_last_ = 0;  // decisions of the last sequence that the file of decisions held when it was opened
};

}  // namespace pawl::tools
