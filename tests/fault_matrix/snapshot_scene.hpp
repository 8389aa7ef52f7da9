// A snapshot being taken on a simulated disk.
#pragma once

#include <memory>
#include <string>

#include "pawl/io/simulated.hpp"
#include "pawl/journal/snapshot/take.hpp"

namespace pawl::snapshot_scene {

// A journal closed cleanly behind one digest interval. Made at the first call.
[[nodiscard]] std::unique_ptr<io::SimulatedDisk> journal_without_snapshot();
[[nodiscard]] Result<journal::Taken> take(io::SimulatedDisk& disk);
// That the journal starts, that every published snapshot is whole and of its history, that there is one if it was `published`, and that one
// can be taken now (left out if not `take_again`, for it takes long). Empty, or what does not hold.
[[nodiscard]] std::string check(io::SimulatedDisk& disk, bool published, bool take_again);

}  // namespace pawl::snapshot_scene
