// The allocator of Pawl's executables.
#pragma once

#include <string>

namespace pawl::tools {

// "mimalloc 2.0.9", or "the system's" in a build with sanitizers.
[[nodiscard]] std::string allocator_name();

// Whether memory from operator new and from malloc really comes from mimalloc; true in a build with sanitizers, which has none.
[[nodiscard]] bool allocator_serves();

}  // namespace pawl::tools
