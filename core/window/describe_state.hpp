// What the state of a group takes, as it is laid out.
#pragma once

#include <string>

#include "pawl/core/window/layout.hpp"

namespace pawl::window {

// For people: "64 bytes a key; 16 bytes for each event of the last 1h". Records are whole cache lines; beside them stand 7 to 13 bytes a key of the table of keys.
[[nodiscard]] std::string describe_state(const Layout& layout);

}  // namespace pawl::window
