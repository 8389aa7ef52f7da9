#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include "pawl/core/base/crc32c.hpp"

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }

}  // namespace

TEST_CASE("crc32c gives the published check value (RFC 3720, B.4)") {
  CHECK(pawl::crc32c(bytes_of("123456789")) == 0xE3069283U);
  const std::array<std::byte, 32> zeros{};
  CHECK(pawl::crc32c(zeros) == 0x8A9136AAU);
}

TEST_CASE("the instruction, the table and four at once agree at every length, and CRCs chain") {
  std::vector<std::byte> data(300);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i * 31 + i / 7);
  for (std::size_t length = 0; length <= 70; ++length) {
    const std::span<const std::byte> piece(data.data(), length);
    CHECK(pawl::crc32c(piece) == pawl::crc32c_portable(piece));
    CHECK(pawl::crc32c(piece.subspan(length / 2), pawl::crc32c(piece.first(length / 2))) == pawl::crc32c(piece));
    const std::byte* const pieces[4] = {data.data(), data.data() + 70, data.data() + 140, data.data() + 210};
    std::uint32_t crcs[4];
    pawl::crc32c_4(pieces, length, crcs);
    for (std::size_t i = 0; i < 4; ++i) CHECK(crcs[i] == pawl::crc32c_portable({pieces[i], length}));
  }
}

TEST_CASE("long pieces, which are folded where the processor can, agree with the table at every length and seed") {
  std::vector<std::byte> data(2100);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>((i * 2'654'435'761U) >> 13);
  for (std::size_t length = 200; length <= 2000; ++length) {
    const auto piece = std::span<const std::byte>(data).subspan(length % 97, length);
    const auto seed = static_cast<std::uint32_t>(length * 0x9E3779B9U);
    CHECK(pawl::crc32c(piece, seed) == pawl::crc32c_portable(piece, seed));
  }
}
