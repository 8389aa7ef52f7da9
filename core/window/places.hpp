// Places of what stands beside a group's records: nodes of a tree of late events, entries of a ring and the chunks they are cut into.
#pragma once

#include "pawl/core/window/layout.hpp"

namespace pawl::window {

// In the record, from `offset` on; where it ends. REQUIRES: edges and blocks are placed.
std::size_t place_tree(Layout& layout, std::size_t offset);
// The same of what stands behind blocks and cursors. REQUIRES: these are placed.
std::size_t place_kept(Layout& layout, std::size_t offset);
// Half a kilobyte, unless a node would then have fewer than eight children or entries.
void place_tree_nodes(Layout& layout);
// False: no chunk holds one.
bool place_ring_entry(Layout& layout);

}  // namespace pawl::window
