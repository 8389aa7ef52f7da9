#include "allocator/allocator.hpp"

#include <cstdlib>
#include <memory>

#ifndef PAWL_SANITIZED
#include <mimalloc-new-delete.h>  // defines operator new and delete of the program
#include <mimalloc.h>
#endif

namespace pawl::tools {

#ifdef PAWL_SANITIZED

std::string allocator_name() { return "the system's"; }
bool allocator_serves() { return true; }

#else

std::string allocator_name() {
  const int version = mi_version();  // 209 is 2.0.9
  return "mimalloc " + std::to_string(version / 100) + "." + std::to_string(version / 10 % 10) + "." + std::to_string(version % 10);
}

bool allocator_serves() {
  const auto from_new = std::make_unique<int>(1);
  const std::unique_ptr<void, decltype(&std::free)> from_malloc(std::malloc(64), &std::free);
  return mi_is_in_heap_region(from_new.get()) && mi_is_in_heap_region(from_malloc.get());
}

#endif

}  // namespace pawl::tools
