// The journal's stage does not end before decide: the digest of an interval that ends late would stay out of the journal.
#include <doctest/doctest.h>

#include <array>
#include <cstddef>

#include "pawl/journal/engine/journal_stage.hpp"

TEST_CASE("a journal that has taken everything waits for decide's end, and for the digest that came just before it") {
  constexpr std::size_t slot_bytes = 128;
  alignas(128) std::array<std::byte, 64 * slot_bytes> memory{};
  pawl::ring::ByteRing ring(memory, slot_bytes);
  pawl::ring::Writer<pawl::ring::ByteRing> sequenced(ring);
  pawl::ring::Reader<pawl::ring::ByteRing> reader(sequenced);
  sequenced.gate_on(reader.consumed());
  const auto writer = pawl::journal::Writer::without_files();
  pawl::DigestQueue digests;
  pawl::journal::DigestCheck check;
  constexpr pawl::Sequence last = pawl::limits::digest_interval - 1;
  pawl::journal::JournalStage stage(reader, *writer, {memory.data(), slot_bytes, 63}, last, digests, check);
  pawl::ring::Cursor<> decided_end{pawl::ring::no_end};
  stage.wait_for(decided_end);
  sequenced.close();
  stage.poll(64);
  CHECK_FALSE(stage.finished());  // decide is still at work
  REQUIRE(digests.push({last, {}}));
  decided_end.publish(0);
  CHECK_FALSE(stage.finished());  // its last digest is not taken
  stage.poll(64);
  CHECK(stage.finished());
}
