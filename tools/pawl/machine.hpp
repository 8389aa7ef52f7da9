// What a machine gives Pawl: the facts behind `pawl doctor`.
#pragma once

#include <string>
#include <vector>

namespace pawl::tools {

enum class Grade {
  fine,
  slower,    // everything works, `lost` says what it costs
  unusable,  // a durable journal cannot be kept
};

struct Fact {
  std::string name;   // one or two words
  Grade grade = Grade::fine;
  std::string found;
  std::string lost;   // empty if fine
  std::string cure;   // empty if fine
};
using Facts = std::vector<Fact>;

// Looks at this process and machine, and at `directory`, where it writes a file of a few KiB, syncs it, and removes it again.
[[nodiscard]] Facts examine(const std::string& directory);

}  // namespace pawl::tools
