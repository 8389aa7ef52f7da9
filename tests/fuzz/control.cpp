// CONTROL of any bytes, with the slots' checksums made right where the input asks for it.
#include "input.hpp"

using namespace pawl;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  std::vector<std::byte> bytes(journal::control_slots * journal::page_bytes);
  const auto fixes = input.take<std::uint8_t>();
  for (std::uint32_t slot = 0; slot < journal::control_slots; ++slot) {
    const auto at = std::span(bytes).subspan(slot * journal::page_bytes, journal::page_bytes);
    const auto begins = input.take(192);
    fuzz::put(at, begins);
    if ((fixes >> slot & 1U) != 0) fuzz::fix_control(at);
  }
  fuzz::put(bytes, input.take(64), input.take<std::uint16_t>());
  journal::Hasher hasher;
  const journal::ControlFound found = journal::choose_control(std::span(bytes).first(std::min<std::size_t>(bytes.size(), bytes.size() - (fixes >> 4U) * 512U)), hasher);
  if (found.state != journal::ControlState::valid) return 0;
  fuzz::require(found.slot.generation > 0);
  fuzz::require(found.slot.block_bytes_max >= journal::page_bytes && found.slot.block_bytes_max <= limits::block_bytes_max);
  return 0;
}
