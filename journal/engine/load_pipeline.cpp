#include "pawl/journal/engine/load_pipeline.hpp"

#include "pawl/core/base/limits.hpp"
#include "pawl/io/os_error.hpp"

namespace pawl::journal {

Result<std::string> read_text(io::Disk& disk, const std::string& path, std::size_t bytes_max) {
  auto file = disk.open(path, {.access = io::Access::read});
  if (!file.ok()) return std::move(file).error();
  const std::int64_t size = (*file)->size();
  if (size < 0) return Error{ErrorCode::io, path + ": cannot tell its size"};
  if (static_cast<std::size_t>(size) > bytes_max) {
    return Error{ErrorCode::usage, path + " has " + std::to_string(size) + " bytes, more than the " + std::to_string(bytes_max) +
                                       " that such a file may have: is it the right file?"};
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  const std::int64_t read = (*file)->read(std::as_writable_bytes(std::span(text)), 0);
  if (read < 0) return io::os_error("cannot read", path, static_cast<int>(-read));  // a directory, a pipe
  if (read != size) return Error{ErrorCode::io, path + ": read " + std::to_string(read) + " of " + std::to_string(size) + " bytes"};
  return text;
}

Result<LoadedPipeline> check_pipeline(std::string_view text, const std::string& file, language::ModelFiles* models, const Operators* operators) {
  language::Checked checked = language::check(text, file, models, operators);
  if (checked.pipeline == nullptr) {
    std::string all;
    for (const language::Diagnostic& diagnostic : checked.diagnostics) all += language::render(diagnostic, text, file) + "\n";
    return Error{ErrorCode::bad_pipeline, all};
  }
  return LoadedPipeline{std::move(checked.pipeline), std::move(checked.diagnostics), file};
}

}  // namespace pawl::journal
