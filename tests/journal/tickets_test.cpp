// Which tickets are in, against a set of them; and through SOURCE annotations.
#include "pawl/journal/tickets.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>
#include <vector>

#include "pawl/io/random.hpp"
#include "pawl/journal/catalogue.hpp"

using pawl::Ticket;
using pawl::journal::Tickets;

namespace {

constexpr Ticket tickets_window = pawl::limits::reorder_events_max;

std::vector<Ticket> missing_below(const std::set<Ticket>& in) {
  std::vector<Ticket> missing;
  for (Ticket ticket = 1; ticket < *in.rbegin(); ++ticket) {
    if (!in.contains(ticket)) missing.push_back(ticket);
  }
  return missing;
}

// As a catalogue writes it, and another reads it.
Tickets told_again(const Tickets& tickets) {
  std::vector<std::uint64_t> words(tickets.missing_words());
  tickets.put_missing(words);
  Tickets again;
  again.merge(tickets.last(), words);
  return again;
}

}  // namespace

TEST_CASE("tickets: those of a source whose events are held back for a while, against a set, with what annotations say of them") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    pawl::io::Random random(seed);
    const std::uint64_t held_max = 1 + random.below(seed % 4 == 0 ? 3'000 : 20);
    Tickets tickets, old;
    std::set<Ticket> in;
    std::vector<Ticket> held;
    Ticket next = 1;
    for (int i = 0; i < 4'000; ++i) {
      if (held.size() < held_max) held.push_back(next++);
      if (held.size() < held_max && random.below(3) != 0) continue;
      const auto at = held.begin() + static_cast<std::ptrdiff_t>(random.below(held.size()));
      tickets.add(*at);
      in.insert(*at);
      held.erase(at);
      if (i % 500 == 7) old = tickets;
      if (i % 250 != 7) continue;
      REQUIRE(tickets.last() == *in.rbegin());
      REQUIRE(tickets.missing() == missing_below(in));
      Tickets again = told_again(tickets);
      REQUIRE(again == tickets);
      std::vector<std::uint64_t> words(old.missing_words());
      old.put_missing(words);
      again.merge(old.last(), words);  // what is older says nothing new
      REQUIRE(again == tickets);
    }
  }
}

TEST_CASE("tickets: a row leaves nothing missing, and costs no memory of what is; the window slides; a jump that nothing explains is none") {
  Tickets tickets;
  tickets.add_row(1, 10);
  CHECK(tickets.last() == 10);
  CHECK(tickets.missing().empty());
  tickets.add(0);
  tickets.add(5);
  CHECK(tickets.last() == 10);
  tickets.add(13);
  CHECK(tickets.missing() == std::vector<Ticket>{11, 12});
  CHECK(tickets.missing_words() == 1);
  tickets.add_row(11, 12);
  CHECK(tickets.missing().empty());
  CHECK(tickets.missing_words() == 0);
  tickets.add(15);
  tickets.add_row(16, 13 + tickets_window);
  CHECK(tickets.missing() == std::vector<Ticket>{14});
  CHECK(tickets.missing_words() == tickets_window / 64);
  CHECK(told_again(tickets) == tickets);
  // The furthest that what is held explains: all of a window, the youngest of which goes first.
  const Ticket before = tickets.last();
  tickets.add(before + tickets_window);
  std::vector<Ticket> all_but_the_last;
  for (Ticket ticket = before + 1; ticket < before + tickets_window; ++ticket) all_but_the_last.push_back(ticket);
  CHECK(tickets.missing() == all_but_the_last);
  CHECK(tickets.missing_words() == tickets_window / 64);
  CHECK(told_again(tickets) == tickets);
  tickets.add(before + 1);
  CHECK(tickets.missing().front() == before + 2);
  tickets.add(tickets.last() + tickets_window + 1);
  CHECK(tickets.missing().empty());
}

TEST_CASE("tickets: a catalogue repeats what is missing, and a block buffer tells the same as its records") {
  pawl::journal::Catalogue catalogue, read;
  catalogue.set_source(3, "gateway");
  catalogue.apply_row(3, 1, 5);
  catalogue.apply_row(3, 8, 9);
  alignas(8) std::array<std::byte, 4096> item;
  for (std::size_t i = 0; i < catalogue.items(); ++i) {
    if (catalogue.item_bytes(i) == 0) continue;
    CHECK(catalogue.put_item(i, item.data()) == catalogue.item_bytes(i));
    read.apply(pawl::journal::Record(item.data()));
  }
  CHECK(read.tickets(3).missing() == std::vector<Ticket>{6, 7});
  CHECK(read.repeats(catalogue));
  read.apply_row(3, 6, 6);
  CHECK_FALSE(catalogue.repeats(read));
}
