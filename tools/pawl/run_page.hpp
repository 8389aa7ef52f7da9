// The page that `pawl run` ends with.
#pragma once

#include <string>
#include <vector>

#include "pawl/journal/durable_engine.hpp"

namespace pawl::tools {

struct RuleCount {
  std::uint64_t alerts = 0;
  std::uint64_t frauds = 0;  // among them, by the labels of the stream
};

struct RunPage {
  const language::Pipeline& pipeline;
  const EngineReport& report;
  const std::vector<RuleCount>& counts;
  std::string threads, journal, durability;
  std::int64_t events;         // published by this run
  std::uint64_t decisions;     // emitted by this run
  double seconds;
  bool labelled;
};

// Ends with the line "digest <32 hex digits>".
[[nodiscard]] std::string run_page(const RunPage& page);

}  // namespace pawl::tools
