// The plain model of the engine: the naive twin over the recovered inputs, and the digest by its definition in core/rules/digest.hpp.
#pragma once

#include <span>
#include <vector>

#include "pawl/core/rules/digest.hpp"
#include "tests/twin/engine.hpp"
#include "tests/twin/log.hpp"

namespace pawl::simulation {

// A decision.
struct Judged {
  std::uint32_t output = 0;
  std::uint64_t fired = 0;  // one bit per rule
  std::int64_t score = 0;
  Sequence first = no_sequence;  // of a timed output
};

struct Model {
  std::vector<std::vector<Judged>> judged;  // by sequence
  std::vector<bool> is_event;               // likewise
  rules::Digest128 digest{};
};

// `records`: inputs in order, slot bytes [8, 48 + length) each; the first is the ACTIVATE. `interval`: of digests, a multiple of 64.
[[nodiscard]] Model run_model(const language::Pipeline& pipeline, std::span<const std::vector<std::byte>> records, std::int64_t interval);

}  // namespace pawl::simulation
