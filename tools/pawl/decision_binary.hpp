// Decisions as binary records of one size: all that JSON lines say, exact. See DECISION_FILES.md.
//
// The header holds the pipeline's text and says where each value stands, so that a file can be read without anything else. Integers are little-endian.
//
//   0       8         12             16             20             24             28         32
//   | magic | version | header bytes | record bytes | source bytes | layout bytes | reserved | SHA-256 of the source | source | layout | zeros | CRC32C |
//
// A record is a DecisionRecord (core/rules/decision.hpp) with what follows it, without lets and with `ingest` 0: the same decisions are the same
// bytes. What was not there is zeros. Behind it stand CRC32C and four zeros.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "csv/input.hpp"
#include "csv/output.hpp"
#include "pawl/core/base/result.hpp"
#include "pawl/core/language/model_files.hpp"
#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/rules/decision.hpp"

namespace pawl::tools {

// Records of a pipeline's decisions. Its plan is its own. The pipeline outlives it.
class DecisionForm {
 public:
  explicit DecisionForm(const language::Pipeline& pipeline) : plan_(rules::make_plan(pipeline)), layout_(plan_, {.lets = false, .shown = true}) {}
  DecisionForm(const DecisionForm&) = delete;
  DecisionForm& operator=(const DecisionForm&) = delete;

  [[nodiscard]] csv::FileForm file() const;
  [[nodiscard]] const rules::DecisionLayout& layout() const noexcept { return layout_; }

  // Valid until the next. REQUIRES: a decision of this pipeline that carries shown values.
  std::string_view encode(const rules::Decision& decision);

 private:
  [[nodiscard]] std::string layout_text() const;
  [[nodiscard]] std::byte* shown_cell(std::size_t value) noexcept { return record_.data() + layout_.shown_offset(value); }

  rules::Plan plan_;
  rules::DecisionLayout layout_;
  std::vector<std::byte> record_;
};

// A file of them, read front to back. Thread: one at a time.
class DecisionReader {
 public:
  // "-" is standard input; ".zst" is read directly. Errors: io, not_found, bad_data: no such file, or one of another release.
  // `models`: where the files of the pipeline's models and maps are; outlives the call.
  static Result<std::unique_ptr<DecisionReader>> open(const std::string& path, language::ModelFiles& models);

  [[nodiscard]] const language::Pipeline& pipeline() const noexcept { return *pipeline_; }

  // Calls take(decision) -> Result<void> for each. Errors: its own; bad_data where a record is damaged or cut short, behind those before it.
  template <class Take>
  Result<void> each(Take take) {
    for (;;) {
      const auto more = next();
      if (!more.ok()) return more.error();
      if (!*more) return {};
      if (auto taken = take(rules::Decision(record_.data(), form_->layout())); !taken.ok()) return taken;
    }
  }

 private:
  explicit DecisionReader(std::string path) : path_(std::move(path)) {}
  Result<void> read_header(language::ModelFiles& models);
  Result<std::size_t> read(std::span<std::byte> into);
  Result<bool> next();
  [[nodiscard]] bool names_what_is_there() const;
  [[nodiscard]] bool shows_fractions() const noexcept;

  std::string path_;
  std::unique_ptr<csv::InputFile> input_;
  std::unique_ptr<const language::Pipeline> pipeline_;
  std::unique_ptr<DecisionForm> form_;
  std::vector<std::byte> record_;
  std::uint64_t records_ = 0;
};

}  // namespace pawl::tools
