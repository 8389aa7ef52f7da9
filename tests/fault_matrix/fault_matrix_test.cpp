// Fault x phase x outcome: every fault of the design at every operation of a life that passes through every phase. No cell is empty
// without a reason.
#include <fmt/format.h>

#include <map>

#include "scene.hpp"

using namespace pawl;
using namespace pawl::fault_matrix;

namespace {

using Cell = std::map<std::string, std::uint64_t>;

struct Impossible {
  Kind kind;
  Phase phase;
  std::string_view why;
};

constexpr Impossible impossible[] = {
    {Kind::rot, Phase::creating, "nothing is durable yet"},
};

std::string print(const Cell& cell) {
  std::string text;
  for (const auto& [outcome, count] : cell) text += fmt::format("{}{} {}", text.empty() ? "" : "; ", outcome, count);
  return text;
}

std::string_view reason(Kind kind, Phase phase) {
  for (const Impossible& entry : impossible) {
    if (entry.kind == kind && entry.phase == phase) return entry.why;
  }
  return {};
}

// Sanitizers make a run six times as slow: there, the first operations of each phase, and of the rest a fifth, others for each kind of fault.
bool is_played([[maybe_unused]] std::size_t kind, [[maybe_unused]] const std::vector<Phase>& places, [[maybe_unused]] std::size_t at) {
#ifdef PAWL_SANITIZED
  constexpr std::size_t first = 2, stride = 5;
  return at % stride == kind % stride || at < first || places[at] != places[at - first];
#else
  return true;
#endif
}

}  // namespace

TEST_CASE("every fault in every phase: recovered, torn, refused by name, stopped, or gone on; never silent") {
  const Trace trace = fault_matrix::trace(), snapshot_trace = fault_matrix::snapshot_trace();
  std::uint64_t runs = 0, broken = 0;
  for (std::size_t k = 0; k < kinds; ++k) {
    const auto kind = static_cast<Kind>(k);
    const auto& places = of_writes(kind) ? trace.writes : trace.operations;
    const auto& snapshot_places = of_writes(kind) ? snapshot_trace.writes : snapshot_trace.operations;
    std::array<Cell, phases> row;
    const auto note = [&](Phase phase, std::size_t at, const Outcome& result) {
      if (!result.struck) return;
      ++runs;
      ++row[static_cast<std::size_t>(phase)][result.outcome];
      if (result.broken.empty() || ++broken > 8) return;
      FAIL_CHECK(kind_names[k] << " at " << at << ", " << phase_names[static_cast<std::size_t>(phase)] << ": " << result.broken);
    };
    for (std::size_t at = 0; at < places.size(); ++at) {
      if (is_played(k, places, at)) note(places[at], at, play(kind, at));
    }
    for (std::size_t at = 0; at < snapshot_places.size(); ++at) {
      if (is_played(k, snapshot_places, at)) note(snapshot_places[at], at, play_snapshot(kind, at));
    }
    for (std::size_t p = 0; p < phases; ++p) {
      const std::string_view why = reason(kind, static_cast<Phase>(p));
      MESSAGE(fmt::format("{} | {} | {}", kind_names[k], phase_names[p], row[p].empty() ? fmt::format("cannot be: {}", why) : print(row[p])));
      CHECK_MESSAGE(row[p].empty() == !why.empty(), kind_names[k] << ", " << phase_names[p] << ": an empty cell without a reason, or a reason for one that is not empty");
    }
  }
  MESSAGE(fmt::format("{} faults over {} operations; not as promised: {}", runs, trace.operations.size() + snapshot_trace.operations.size(), broken));
  CHECK(broken == 0);
}
