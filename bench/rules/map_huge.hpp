// Memory of the benchmarks of rules, on huge pages where there are any.
#pragma once

#include "harness/fail.hpp"
#include "pawl/io/memory.hpp"

namespace pawl::bench {

inline io::Region map_huge(std::size_t bytes) { return or_fail(io::Region::map({.bytes = bytes, .best_pages = io::Pages::transparent_huge})); }

}  // namespace pawl::bench
