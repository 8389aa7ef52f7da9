// Options of the subcommands that run the whole engine.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include "harness/command.hpp"
#include "pipeline/load.hpp"

namespace pawl::bench {

struct EngineCommon : Common {
  std::string pipeline = {};  // path; empty: that of apps/fraud
  EngineLoad load = {};

  // With the text and directory filled in.
  [[nodiscard]] EngineLoad complete_load() const {
    EngineLoad complete = load;
    complete.pipeline = pipeline_text(pipeline);
    complete.directory = directory;
    return complete;
  }
};

inline void add_engine_options(CLI::App& command, EngineCommon& options) {
  static const std::map<std::string, Durability> levels{{"disk", Durability::disk}, {"os", Durability::os}, {"memory", Durability::memory}};
  static const std::map<std::string, io::Backend> backends{
      {"automatic", io::Backend::automatic}, {"mixed", io::Backend::mixed}, {"io_uring", io::Backend::io_uring}, {"pwritev2", io::Backend::pwritev2}, {"buffered", io::Backend::buffered}};
  command.add_option("--events", options.load.events, "Of each run without a rate")->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 28))->capture_default_str();
  command.add_option("--pipeline", options.pipeline, "Pipeline file over payments; without it that of apps/fraud");
  command.add_option("--durability", options.load.durability, "disk, os or memory")->transform(CLI::CheckedTransformer(levels));
  command.add_option("--backend", options.load.backend, "automatic, mixed, io_uring, pwritev2 or buffered")->transform(CLI::CheckedTransformer(backends));
  command.add_option("--threads", options.load.threads, "0: as the CPUs allow")->check(CLI::Range(0, 64))->capture_default_str();
  command.add_option("--ring-slots", options.load.ring_slots, "A power of two; 0: as the engine chooses")->capture_default_str();
}

}  // namespace pawl::bench
