#include "pipeline/load.hpp"

#include <fstream>
#include <sstream>

#include "default_pipeline.hpp"
#include "harness/fail.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"

namespace pawl::bench {

std::string pipeline_text(const std::string& path) {
  if (path.empty()) return std::string(tools::default_pipeline);
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

gen::PaymentSource prepare_payments(const std::string& pipeline, std::int64_t events) {
  const auto loaded = or_fail(journal::check_pipeline(pipeline, "pipeline"));
  auto prepared = or_fail(gen::PaymentSource::make(loaded.pipeline->events.front(), {}, events));
  prepared.prepare(events);
  return prepared;
}

}  // namespace pawl::bench
