// The sequence protocol on one thread: what is granted, what is refused, and what wraps.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "pawl/core/ring/byte_ring.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/core/ring/ring.hpp"
#include "pawl/core/ring/writer.hpp"

namespace {

using namespace pawl::ring;
using pawl::Sequence;

// The storage under test, made with a capacity; set and get an event's number, whatever the slot looks like.
struct Unstamped {
  using Storage = Ring<std::int64_t>;
  explicit Unstamped(std::int64_t capacity) : storage(capacity) {}
  static void set(std::int64_t& slot, std::int64_t value) { slot = value; }
  static std::int64_t get(const std::int64_t& slot) { return slot; }
  Storage storage;
};

struct Stamped {
  using Storage = Ring<std::int64_t, Stamp::in_slot>;
  explicit Stamped(std::int64_t capacity) : storage(capacity) {}
  static void set(std::int64_t& slot, std::int64_t value) { slot = value; }
  static std::int64_t get(const std::int64_t& slot) { return slot; }
  Storage storage;
};

// An event that is not trivially copyable.
struct Text {
  using Storage = Ring<std::string, Stamp::in_slot>;
  explicit Text(std::int64_t capacity) : storage(capacity) {}
  static void set(std::string& slot, std::int64_t value) { slot = "an event with a text longer than a small string: " + std::to_string(value); }
  static std::int64_t get(const std::string& slot) { return std::stoll(slot.substr(slot.rfind(' ') + 1)); }
  Storage storage;
};

template <std::size_t slot_bytes>
struct Bytes {
  using Storage = ByteRing;
  explicit Bytes(std::int64_t capacity)
      : memory(static_cast<std::size_t>(capacity) * slot_bytes / 64), storage(std::as_writable_bytes(std::span(memory)), slot_bytes) {}
  static void set(ByteSlot slot, std::int64_t value) {
    for (auto body = slot.body(); !body.empty(); body = body.subspan(8)) std::memcpy(body.data(), &value, 8);
  }
  static std::int64_t get(ByteSlot slot) {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::memcpy(&first, slot.body().data(), 8);
    std::memcpy(&last, slot.body().data() + slot_bytes - 16, 8);
    CHECK(first == last);
    return first;
  }
  struct alignas(64) Line {
    std::array<std::byte, 64> bytes;
  };
  std::vector<Line> memory;
  Storage storage;
};

}  // namespace

#define STORAGES Unstamped, Stamped, Text, Bytes<64>, Bytes<128>, Bytes<4096>

TEST_CASE_TEMPLATE("a ring grants what is free, and refuses as a value", Case, STORAGES) {
  Case ring(8);
  Writer writer(ring.storage);
  Reader reader(writer);
  writer.gate_on(reader.consumed());

  CHECK(reader.poll(8).empty());
  CHECK(writer.claim(3) == Batch{0, 2});
  CHECK(reader.poll(8).empty());  // claimed is not published
  for (Sequence s = 0; s <= 2; ++s) Case::set(writer[s], s * 10);
  writer.publish(1);
  CHECK(reader.poll(8) == Batch{0, 1});
  writer.publish(2);
  CHECK(reader.poll(1) == Batch{0, 0});
  CHECK(Case::get(reader[0]) == 0);

  CHECK(writer.claim(100) == Batch{3, 7});  // all that is left
  CHECK(writer.claim(1).empty());           // full
  CHECK(writer.claim_exactly(1).empty());
  writer.give_back();
  CHECK(writer.claim_exactly(6).empty());   // would fit only after a release
  CHECK(writer.claim_exactly(5) == Batch{3, 7});
  for (Sequence s = 3; s <= 7; ++s) Case::set(writer[s], s * 10);
  writer.publish(7);

  reader.release(0);
  CHECK(writer.claim(5) == Batch{8, 8});  // slot 0 again
  Case::set(writer[8], 80);
  writer.publish(8);
  std::int64_t sum = 0;
  while (const Batch batch = reader.poll(3)) {
    reader.for_each(batch, [&](auto&& slot, Sequence s) {
      CHECK(Case::get(slot) == s * 10);
      sum += Case::get(slot);
    });
    reader.release(batch.last);
  }
  CHECK(sum == 360);
  CHECK(reader.was_behind() == 0);
}

TEST_CASE_TEMPLATE("sequences start anywhere and wrap the ring many times", Case, STORAGES) {
  for (const Sequence first : {Sequence{0}, Sequence{5}, (Sequence{1} << 32) - 3, (Sequence{1} << 61) + 1}) {
    Case ring(4);
    Writer writer(ring.storage, first);
    Reader reader(writer);
    writer.gate_on(reader.consumed());
    Sequence expected = first;
    for (int round = 0; round < 40; ++round) {
      const Batch claimed = writer.claim(1 + round % 4);
      for (Sequence s = claimed.first; s <= claimed.last; ++s) Case::set(writer[s], s);
      writer.publish(claimed.last);
      const Batch polled = reader.poll(4);
      CHECK(polled == claimed);
      for (Sequence s = polled.first; s <= polled.last; ++s) CHECK(Case::get(reader[s]) == expected++);
      reader.release(polled.last);
    }
  }
}

TEST_CASE_TEMPLATE("what is claimed and not published can be given back", Case, STORAGES) {
  Case ring(8);
  Writer writer(ring.storage);
  Reader reader(writer);
  writer.gate_on(reader.consumed());
  const Batch claimed = writer.claim(5);
  Case::set(writer[0], 1);
  writer.publish(0);
  writer.give_back();
  CHECK(writer.next() == 1);
  CHECK(reader.poll(8) == Batch{0, 0});
  CHECK(writer.claim(5) == Batch{1, claimed.last + 1});
}

TEST_CASE_TEMPLATE("a closed ring is finished when its last event is consumed", Case, STORAGES) {
  Case ring(4);
  Writer writer(ring.storage, 7);
  Reader reader(writer);
  writer.gate_on(reader.consumed());
  CHECK_FALSE(reader.finished());
  Case::set(writer[writer.claim(1).last], 1);
  writer.publish(7);
  writer.close();
  CHECK_FALSE(reader.finished());
  reader.release(reader.poll(4).last);
  CHECK(reader.finished());
}

TEST_CASE_TEMPLATE("a reader that watches stamps sees the same as one that watches the cursor", Case, Stamped, Text, Bytes<64>, Bytes<256>) {
  Case ring(8);
  Writer writer(ring.storage);
  Reader stamps(writer, Watch::stamp);
  Reader cursor(writer);
  writer.gate_on(stamps.consumed());
  writer.gate_on(cursor.consumed());
  for (Sequence s = 0; s < 100; ++s) {
    CHECK(stamps.poll(8).empty());  // a slot's old stamp is not mistaken for a new one
    REQUIRE(writer.claim(1).last == s);
    CHECK(stamps.poll(8).empty());
    Case::set(writer[s], s);
    writer.publish(s);
    CHECK(stamps.poll(8) == Batch{s, s});
    CHECK(Case::get(stamps[s]) == s);
    CHECK(cursor.poll(8) == Batch{s, s});
    stamps.release(s);
    cursor.release(s);
  }
  // After one event by its stamp, a backlog is read by the cursor.
  CHECK(stamps.poll(8).empty());
  const Batch many = writer.claim(6);
  for (Sequence s = many.first; s <= many.last; ++s) Case::set(writer[s], s);
  writer.publish(many.last);
  CHECK(stamps.poll(8).size() == 1);
  stamps.release(many.first);
  CHECK(stamps.poll(8) == Batch{many.first + 1, many.last});
}

TEST_CASE("an event of whole lines starts on one and shares none") {
  struct Line {
    std::array<std::uint64_t, 8> words;
  };
  Ring<Line> ring(4);
  CHECK(reinterpret_cast<std::uintptr_t>(&ring[0]) % 64 == 0);
  CHECK(reinterpret_cast<std::uintptr_t>(&ring[1]) - reinterpret_cast<std::uintptr_t>(&ring[0]) == 64);
}

TEST_CASE("the byte ring's stamp is the first word of the slot, sequence + 1") {
  Bytes<128> ring(2);
  Writer writer(ring.storage);
  Reader reader(writer);
  writer.gate_on(reader.consumed());
  CHECK(ring.storage[0].body().size() == 120);
  CHECK(ring.storage[1].data() - ring.storage[0].data() == 128);
  for (Sequence s = 0; s < 5; ++s) {
    const Batch one = writer.claim(1);
    writer.publish(one.last);
    Sequence stamp = 0;
    std::memcpy(&stamp, reader[reader.poll(1).first].whole().data(), sizeof stamp);
    CHECK(stamp == s + 1);
    reader.release(s);
  }
}
