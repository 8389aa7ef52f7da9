// A pipeline file from the disk, checked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pawl/core/language/check.hpp"
#include "pawl/io/disk.hpp"

namespace pawl::journal {

struct LoadedPipeline {
  std::unique_ptr<const language::Pipeline> pipeline;
  std::vector<language::Diagnostic> diagnostics;
  std::string file;
};

// Errors: not_found, io, bad_pipeline with every problem rendered.
[[nodiscard]] Result<std::string> read_text(io::Disk& disk, const std::string& path, std::size_t bytes_max);
// `models`: where the files of its models are read. `operators`: those of the program.
[[nodiscard]] Result<LoadedPipeline> check_pipeline(std::string_view text, const std::string& file, language::ModelFiles* models = nullptr, const Operators* operators = nullptr);

}  // namespace pawl::journal
