// From a pipeline file's text to a checked Pipeline, or to every problem it has.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/language/pipeline.hpp"

namespace pawl::language {

class ModelFiles;  // model_files.hpp

enum class Severity : std::uint8_t { error, warning, note };

struct Diagnostic {
  Severity severity = Severity::error;
  std::string code;     // stable: "E103", "W300", "I301"
  Place place;
  std::string message;  // what is wrong, why, and the cure or a suggestion
};

struct Checked {
  std::unique_ptr<const Pipeline> pipeline;  // null if there is any error
  std::vector<Diagnostic> diagnostics;       // in order of place
};

// Pure: no I/O. Reports all problems at once, not only the first. `file` is used in messages alone.
// `models`: where their files are read; null: they are not, and what uses them is not evaluated. `operators`: those of the program; null: what uses any is not evaluated.
[[nodiscard]] Checked check(std::string_view source, std::string_view file, ModelFiles* models = nullptr, const Operators* operators = nullptr);

// "cards.pawl:17:34: error E103: ..." with the source line and carets below.
[[nodiscard]] std::string render(const Diagnostic& diagnostic, std::string_view source, std::string_view file);
// One JSON object per diagnostic, for editors.
[[nodiscard]] std::string render_json(const Diagnostic& diagnostic, std::string_view file);

}  // namespace pawl::language
