// CRC32C (Castagnoli, reflected 0x82F63B78, initial and final inversion), by the processor's instruction where it has one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pawl {

// Of `bytes`; `seed` is the CRC of what came before them (0: nothing).
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed = 0) noexcept;

// The portable table version: the oracle of the other, and what machines without the instruction run.
[[nodiscard]] std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t seed = 0) noexcept;

// CRCs of four pieces of memory of the same length at once: their dependency chains overlap, which is three times as fast for records.
void crc32c_4(const std::byte* const (&pieces)[4], std::size_t length, std::uint32_t (&crcs)[4]) noexcept;

}  // namespace pawl
