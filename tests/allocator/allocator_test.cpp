#include "allocator/allocator.hpp"

#include <doctest/doctest.h>

TEST_CASE("a program that links the allocator is really served by it") {
  CHECK(pawl::tools::allocator_serves());
  CHECK(!pawl::tools::allocator_name().empty());
}
