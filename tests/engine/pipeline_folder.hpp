// A folder with a pipeline file, what that names beside it, and a place for a journal.
#pragma once

#include <fstream>
#include <string>
#include <utility>

#include "pawl/journal/durable_engine.hpp"

namespace pawl::test {

inline void write_file(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

struct PipelineFolder {
  PipelineFolder(std::string directory, const std::string& source) : folder(std::move(directory)), pipeline(folder + "/cards.pawl"), journal(folder + "/journal") {
    write_file(pipeline, source);
  }
  [[nodiscard]] EngineOptions options() const {
    EngineOptions options;
    options.directory = journal;
    options.pipeline = pipeline;
    options.durability = Durability::os;
    options.segment_bytes = std::uint64_t{8} << 20;
    return options;
  }
  std::string folder, pipeline, journal;
};

}  // namespace pawl::test
