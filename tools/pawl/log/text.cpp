#include "pawl/log/text.hpp"

#include <fmt/format.h>

#include "pawl/core/event/format.hpp"

namespace pawl::tools {

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

std::string time_text(Time time) {
  char buffer[print_bytes_max];
  return time == 0 ? "never" : std::string(buffer, print_time(time, buffer));
}

std::string second_text(Time time) { return time == 0 ? "-" : time_text(time - time % one_second); }

std::string range_text(Sequence first, Sequence last) { return first > last ? "none" : fmt::format("{} to {}", first, last); }

}  // namespace pawl::tools
