// A block that is summed while it fills is the block that would be summed at its end.
#include "world.hpp"

#include "pawl/journal/aligned.hpp"
#include "pawl/journal/block_buffer.hpp"
#include "pawl/journal/catalogue.hpp"

using namespace pawl;
using namespace pawl::world;
using journal::AnnotationType;
using journal::BlockBuffer;
using journal::BlockHeader;
using journal::BodyHash;
using journal::Catalogue;

namespace {

constexpr std::size_t block_bytes_max = 256 * 1024;

// Inputs with annotations between them, as many as `bytes` have room for; told to `catalogue` one by one.
void fill(BlockBuffer& buffer, std::size_t bytes, Catalogue& catalogue) {
  for (std::uint64_t i = 0;; ++i) {
    const auto record = make_input(i);
    if (buffer.body_bytes() + record.size() + 128 > bytes) return;
    buffer.append(record);
    catalogue.apply(Record(record.data()));
    if (i % 7 != 3) continue;
    const journal::DigestMark mark{static_cast<Sequence>(i), {std::byte{5}}};
    buffer.annotate(AnnotationType::digest, journal::bytes_of(mark));
    catalogue.set_digest(mark);
  }
}

}  // namespace

TEST_CASE("block buffer: sums, padding and counts are those of the whole body, at every length and by both hashes") {
  const journal::AlignedBytes memory(block_bytes_max);
  journal::Hasher hasher;
  for (const BodyHash algorithm : {BodyHash::xxh3_128, BodyHash::sha_256}) {
    BlockBuffer buffer(memory.span(), algorithm, true);
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{300}, std::size_t{3'904}, std::size_t{16'384}, std::size_t{16'500}, std::size_t{100'000}, block_bytes_max - 192}) {
      CAPTURE(bytes);
      Catalogue expected;
      fill(buffer, bytes, expected);
      BlockHeader header{};
      REQUIRE(buffer.finish(header));
      const auto body = buffer.bytes().subspan(journal::block_header_bytes);
      CHECK(header.total_bytes == buffer.bytes().size());
      CHECK(header.body_crc == crc32c(body));
      CHECK(header.body_hash == hasher.body(algorithm, body));
      CHECK(journal::all_zero(body.subspan(header.body_bytes)));
      const auto counts = journal::count_records(body.first(header.body_bytes));
      CHECK(counts.whole);
      CHECK(counts.records == header.records);
      CHECK(counts.inputs == header.inputs);
      Catalogue told;
      buffer.tell(told);
      for (std::uint16_t source = 0; source < 3; ++source) CHECK(told.tickets(source) == expected.tickets(source));
      CHECK(told.digest().has_value() == expected.digest().has_value());
      if (told.digest()) CHECK(told.digest()->sequence == expected.digest()->sequence);
      buffer.clear();
    }
  }
}

TEST_CASE("block buffer: a record damaged before it came is seen wherever it stands, and only if asked for") {
  const journal::AlignedBytes memory(block_bytes_max);
  for (const bool check : {true, false}) {
    BlockBuffer buffer(memory.span(), BodyHash::xxh3_128, check);
    constexpr std::uint64_t records = 600;  // of four pieces
    for (const std::uint64_t damaged : {std::uint64_t{0}, std::uint64_t{250}, records - 1}) {
      for (std::uint64_t i = 0; i < records; ++i) {
        auto record = make_input(i, 90);
        if (i == damaged) record[60] ^= std::byte{1};
        buffer.append(record);
      }
      BlockHeader header{};
      CHECK(buffer.finish(header) == !check);
      buffer.clear();
    }
    const auto whole = make_input(1);
    buffer.append(whole);
    BlockHeader header{};
    CHECK(buffer.finish(header));  // nothing is left of the damage
  }
}
