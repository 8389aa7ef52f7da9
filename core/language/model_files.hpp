// How the checker gets at the files that models and maps name: reading them is not for core.
#pragma once

#include <memory>
#include <string>

#include "pawl/core/base/result.hpp"
#include "pawl/core/model/model.hpp"

namespace pawl::language {

struct ModelFile {
  std::shared_ptr<const model::Model> model;
  std::string bytes;
};

class ModelFiles {
 public:
  virtual ~ModelFiles() = default;
  // `path` as the pipeline says it. Never gives a file whose SHA-256 is another than `sha256`.
  // Errors: not_found, io, usage (the hash differs), bad_data; their text is shown to the analyst behind the model's name.
  virtual Result<ModelFile> load(const std::string& path, const std::string& sha256) = 0;
  // Likewise the bytes of a map's file, of which nothing else is asked.
  virtual Result<std::string> bytes(const std::string& path, const std::string& sha256) = 0;
};

}  // namespace pawl::language
