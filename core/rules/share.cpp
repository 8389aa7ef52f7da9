#include "pawl/core/rules/share.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace pawl::rules {

std::uint64_t share_seed(std::string_view rule_name) noexcept { return XXH3_64bits(rule_name.data(), rule_name.size()); }

bool in_share(const SharePlan& share, const Program& program, std::uint16_t event, const std::byte* slot) noexcept {
  const SlotPlace& place = program.fields[share.field].in[event];
  if (!place.exists() || !place.present(slot)) return false;
  if (place.kind == Kind::text) {
    const std::string_view text = place.text(slot);
    return in_share(share, text.data(), text.size());
  }
  const std::int64_t number = place.number(slot);
  return in_share(share, &number, sizeof number);
}

bool in_share(const SharePlan& share, const void* bytes, std::size_t count) noexcept { return XXH3_64bits_withSeed(bytes, count, share.seed) % 100 < share.percent; }

}  // namespace pawl::rules
