// What the windows and rules of a pipeline cost on a stream of events: measured, not estimated.
//
// The events lie decoded in memory and go through windows and decide of the engine on this thread, 64 at a time, with a clock read around each
// of the two. A pass begins with empty state; of each batch the fastest of several passes counts, so that what else the machine does is
// left out. What one thing costs is what is saved without it: passes of the whole and of the whole without the rule take turns, and so do a
// group of windows and the group without the window. Bytes are the lines of 64 bytes of the state that hold something after a pass.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "csv/source.hpp"
#include "pawl/core/language/pipeline.hpp"

namespace pawl::tools {

struct Cost {
  double windows_ns = 0, decide_ns = 0;  // an event
  std::int64_t windows_bytes = 0, decide_bytes = 0;

  [[nodiscard]] double ns() const noexcept { return windows_ns + decide_ns; }
  [[nodiscard]] std::int64_t bytes() const noexcept { return windows_bytes + decide_bytes; }
  Cost operator-(const Cost& other) const noexcept {
    return {windows_ns - other.windows_ns, decide_ns - other.decide_ns, windows_bytes - other.windows_bytes, decide_bytes - other.decide_bytes};
  }
};

// As print() has it, with whoever reads it, in file order: "let usual", "rule spike".
struct SharedValue {
  std::string text;
  std::vector<std::string> users;
};

struct FeatureProfile {
  SharedValue feature;
  Cost saved;             // without it
};

// Windows over one ring, or record, of events a key.
struct GroupProfile {
  std::string key;        // "per customer of Payment"
  Cost cost;              // by itself
  std::uint64_t keys = 0, entries = 0;
  std::vector<FeatureProfile> features;
};

struct RuleProfile {
  std::string name;
  bool evaluated = false; // false: or off; costs nothing
  Cost saved;             // without it, and without windows that nobody else reads
  std::uint64_t fired = 0;
};

struct Profile {
  std::uint64_t events = 0;
  Cost whole;
  Cost noise;             // ns: how far comparisons of what does the same lie apart, at several times of the run
  std::uint64_t refused = 0;  // events and values that found no room: then the figures are of another state than an engine's
  std::vector<GroupProfile> groups;
  std::vector<RuleProfile> rules;
  std::vector<SharedValue> shared;  // computed once for several
};

struct ProfileLimits {
  std::int64_t events = 100'000;  // the first so many of the input
  int passes = 5;
};

// `rows` are of event `event` of the pipeline. Errors: of the input, or no memory.
[[nodiscard]] Result<Profile> measure_profile(const language::Pipeline& pipeline, std::size_t event, csv::Source& rows, const ProfileLimits& limits);

}  // namespace pawl::tools
