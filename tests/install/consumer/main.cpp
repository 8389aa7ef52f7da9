// A program that knows Pawl only as an installed package.
#include <cstdio>
#include <string>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/ring/lane.hpp"

int main() {
  pawl::ring::Lane<int> lane(8);
  const auto publication = lane.publish(7);
  const std::string text = "123456789";
  const bool fine = static_cast<bool>(publication) && pawl::crc32c(std::as_bytes(std::span(text))) == 0xE3069283U;
  std::puts(fine ? "consumer: fine" : "consumer: broken");
  return fine ? 0 : 1;
}
