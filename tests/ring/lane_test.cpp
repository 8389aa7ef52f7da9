// Lanes: tickets, back-pressure and closing, on one thread and on several.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "pawl/core/ring/byte_lane.hpp"
#include "pawl/core/ring/lane.hpp"

using namespace pawl::ring;
using pawl::Ticket;

TEST_CASE("tickets are contiguous from the given start, and a full lane refuses") {
  Lane<int> lane(3, 41);
  for (int i = 0; i < 3; ++i) CHECK(lane.publish(i).ticket() == 41 + static_cast<Ticket>(i));
  const Publication refused = lane.publish(3);
  CHECK_FALSE(refused);
  CHECK(refused.refusal() == Refusal::full);
  CHECK(lane.waiting() == 3);

  std::vector<std::pair<Ticket, int>> drained;
  const auto keep = [&](Ticket ticket, int value) { drained.emplace_back(ticket, value); };
  CHECK(lane.drain(2, keep) == 2);
  CHECK(lane.publish(7).ticket() == 44);  // the refused one took no ticket
  CHECK(lane.drain(10, keep) == 2);
  CHECK(drained == std::vector<std::pair<Ticket, int>>{{41, 0}, {42, 1}, {43, 2}, {44, 7}});
  CHECK(lane.drain(10, keep) == 0);
}

TEST_CASE("a batch is accepted as far as it fits") {
  Lane<int> lane(4);
  const std::array<int, 6> values{1, 2, 3, 4, 5, 6};
  const BatchPublication accepted = lane.publish(std::span<const int>(values));
  CHECK(accepted.first == 1);
  CHECK(accepted.count == 4);
  CHECK(accepted.refusal == Refusal::full);
  CHECK(lane.publish(std::span<const int>(values).first(0)).count == 0);
  int sum = 0;
  CHECK(lane.drain(9, [&](Ticket, int value) { sum += value; }) == 4);
  CHECK(sum == 10);
  CHECK(lane.publish(std::span<const int>(values)).first == 5);
}

TEST_CASE("closing refuses what comes later and drains what came before") {
  Lane<std::unique_ptr<int>*> lane(4);
  CHECK(lane.publish(nullptr));
  CHECK_FALSE(lane.finished());
  lane.close();
  lane.close();
  CHECK(lane.publish(nullptr).refusal() == Refusal::closed);
  CHECK_FALSE(lane.finished());
  CHECK(lane.drain(9, [](Ticket, auto*) {}) == 1);
  CHECK(lane.finished());
}

TEST_CASE("patience ends with the deadline, not with the lane") {
  Lane<int> lane(1);
  int patience = 3;
  const auto wait = [&] { return --patience > 0; };
  CHECK(publish_patiently([&] { return lane.publish(1); }, wait).accepted());
  CHECK(publish_patiently([&] { return lane.publish(2); }, wait).refusal() == Refusal::deadline);
  CHECK(patience == 0);
  // The block policy: waits until there is room.
  const auto drain_while_waiting = [&] { return lane.drain(1, [](Ticket, int) {}) == 1; };
  CHECK(publish_patiently([&] { return lane.publish(3); }, drain_while_waiting).ticket() == 2);
}

TEST_CASE("a sleeping drainer is announced to the producer, once it is armed") {
  Lane<int> lane(4);
  int wakes = 0;
  const auto wake = [&] { ++wakes; };
  CHECK(lane.publish(1, wake));
  CHECK(wakes == 0);
  CHECK_FALSE(lane.arm());  // there is work: must not sleep
  lane.disarm();
  lane.drain(9, [](Ticket, int) {});
  CHECK(lane.arm());
  CHECK(lane.publish(2, wake));
  CHECK(wakes == 1);
  lane.disarm();
  CHECK(lane.publish(3, wake));
  CHECK(wakes == 1);
}

TEST_CASE("byte lane: events of any length up to a cell, in place") {
  ByteLane lane(4, 128, 10);
  const std::string long_text(129, 'x');
  CHECK(lane.publish(std::as_bytes(std::span(long_text))).refusal() == Refusal::too_large);
  Ticket expected = 10;
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> sent;
    for (int i = 0; i < 1 + round % 4; ++i) {
      sent.push_back(std::string(static_cast<std::size_t>((round * 7 + i) % 129), static_cast<char>('a' + i)));
      CHECK(lane.publish(std::as_bytes(std::span(sent.back()))).ticket() == expected + static_cast<Ticket>(i));
    }
    if (sent.size() == 4) CHECK(lane.publish({}).refusal() == Refusal::full);
    std::size_t at = 0;
    const auto drained = lane.drain(100, [&](Ticket ticket, std::span<const std::byte> bytes) {
      CHECK(ticket == expected++);
      CHECK(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == sent[at++]);
    });
    CHECK(drained == static_cast<std::int64_t>(sent.size()));
  }
  lane.close();
  CHECK(lane.publish({}).refusal() == Refusal::closed);
  CHECK(lane.finished());
}

namespace {

// What a producer was told, against what the drainer got, with a close at a random moment.
struct Accounts {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> accepted_sum{0};
  std::atomic<bool> tickets_contiguous{true};
  std::uint64_t drained = 0;
  std::uint64_t drained_sum = 0;
};

void produce_until_closed(ByteLane& lane, Accounts& accounts) {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  for (std::uint64_t value = 1;; ++value) {
    const Publication publication = lane.publish(std::as_bytes(std::span(&value, 1)));
    if (publication) {
      ++count;
      sum += value;
      if (publication.ticket() != count) accounts.tickets_contiguous = false;
    } else if (publication.refusal() == Refusal::closed) {
      break;
    } else {
      std::this_thread::yield();
    }
  }
  accounts.accepted = count;
  accounts.accepted_sum = sum;
}

}  // namespace

TEST_CASE("closing from another thread is exact: accepted is drained, refused is not") {
  for (int round = 0; round < 25; ++round) {
    ByteLane lane(8, 64);
    Accounts accounts;
    std::thread producer([&] { produce_until_closed(lane, accounts); });
    const int close_after = round * 5;
    std::thread closer([&] {
      for (int i = 0; i < close_after; ++i) std::this_thread::yield();
      lane.close();
    });
    while (!lane.finished()) {
      lane.drain(5, [&](Ticket ticket, std::span<const std::byte> bytes) {
        std::uint64_t value = 0;
        std::memcpy(&value, bytes.data(), sizeof value);
        if (ticket != ++accounts.drained) accounts.tickets_contiguous = false;
        accounts.drained_sum += value;
      });
    }
    producer.join();
    closer.join();
    CHECK(accounts.tickets_contiguous);
    CHECK(accounts.drained == accounts.accepted);
    CHECK(accounts.drained_sum == accounts.accepted_sum);
  }
}
