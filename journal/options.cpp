#include "pawl/journal/options.hpp"

#include <fmt/format.h>

#include "pawl/journal/format.hpp"

namespace pawl::journal {

std::string_view name(Durability durability) noexcept {
  switch (durability) {
    case Durability::disk: return "disk";
    case Durability::os: return "os";
    case Durability::memory: return "memory";
  }
  return "unknown";
}

Result<void> check(const Options& options) {
  std::string wrong;
  const auto require = [&](bool holds, std::string what) {
    if (!holds) wrong += (wrong.empty() ? "" : "; ") + std::move(what);
  };
  require(options.block_bytes_max >= 2 * page_bytes && options.block_bytes_max <= limits::block_bytes_max &&
              options.block_bytes_max % page_bytes == 0,
          fmt::format("block_bytes_max is {}, but must be a multiple of 4096 from 8192 to {}", options.block_bytes_max, limits::block_bytes_max));
  require(options.segment_bytes % page_bytes == 0 && options.segment_bytes >= 4 * std::uint64_t{options.block_bytes_max},
          fmt::format("segment_bytes is {}, but must be a multiple of 4096 and at least four blocks of {}", options.segment_bytes,
                      options.block_bytes_max));
  require(options.seal_after > 0, fmt::format("seal_after is {} ns, but must be positive", options.seal_after));
  require(options.random != nullptr, "random is not set");
  if (options.durability != Durability::memory) {
    require(!options.directory.empty(), "directory is empty");
    require(options.disk != nullptr, "disk is not set");
    require(options.clock != nullptr, "clock is not set");
  }
  if (wrong.empty()) return {};
  return Error{ErrorCode::usage, "journal options: " + wrong};
}

}  // namespace pawl::journal
