// The files that a pipeline's models and maps name: beside the pipeline file, and kept in the journal's directory so that a log can be replayed
// anywhere. The pipeline's text, which the log holds, has their SHA-256: no other bytes are ever taken.
//
//   DIRECTORY/models/<64 hexadecimal digits>      the file with that SHA-256, byte for byte
#pragma once

#include <string>
#include <vector>

#include "pawl/core/language/model_files.hpp"
#include "pawl/core/language/pipeline.hpp"
#include "pawl/io/disk.hpp"

namespace pawl::journal {

class DiskModelFiles final : public language::ModelFiles {
 public:
  // `beside`: the pipeline file that paths are relative to; empty: the working directory. A file that is not found there, or is another one, is
  // looked for beside it under its SHA-256. `directory`: the journal's, asked first; may be empty. The disk outlives this.
  DiskModelFiles(io::Disk& disk, std::string beside, std::string directory) : disk_(disk), beside_(std::move(beside)), directory_(std::move(directory)) {}

  Result<language::ModelFile> load(const std::string& path, const std::string& sha256) override;
  Result<std::string> bytes(const std::string& path, const std::string& sha256) override;

 private:
  struct Found {
    std::string bytes, place;
  };
  [[nodiscard]] Result<Found> find(const std::string& path, const std::string& sha256) const;
  [[nodiscard]] std::string place_of(const std::string& path) const;

  io::Disk& disk_;
  std::string beside_, directory_;
};

// What the pipeline says of a file, and the file's bytes, empty where it was not read. Of the pipeline, which outlives this.
struct NamedFile {
  const std::string *path, *sha256, *bytes;
};
// The files of its models and maps.
[[nodiscard]] std::vector<NamedFile> files_of(const language::Pipeline& pipeline);

// 64 hexadecimal digits in lower case.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
[[nodiscard]] std::string kept_model_path(const std::string& directory, const std::string& sha256);

// Makes the files of the pipeline's models and maps durable in the journal's directory, those that are not there yet. Before the first input is written.
// Errors: io, disk_full.
[[nodiscard]] Result<void> keep_models(io::Disk& disk, const std::string& directory, const language::Pipeline& pipeline);

// All of them from one journal's directory to another's, whatever they hold: whoever reads one compares its hash with the pipeline's.
[[nodiscard]] Result<void> copy_models(io::Disk& disk, const std::string& from, const std::string& to);

}  // namespace pawl::journal
