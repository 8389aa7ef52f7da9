// Our channels, one to one, each with the interface a user of it would take. write(total) sends events 0 .. total-1, read(total) receives
// as many and returns the sum of all their words.
#pragma once

#include <algorithm>
#include <memory>

#include "pawl/core/ring/reader.hpp"
#include "pawl/core/ring/ring.hpp"
#include "pawl/core/ring/writer.hpp"
#include "ring/event.hpp"

namespace pawl::bench {

// Ours. Stamped slots hold 64 bytes of event and 8 of stamp, on two lines; unstamped ones are exactly one line.
template <ring::Stamp stamp>
class PawlRing {
 public:
  PawlRing(std::int64_t slots, Batches batches) : storage_(slots), batches_(batches) {
    writer_.gate_on(reader_.consumed());
  }

  void write(std::int64_t total) {
    Waiter wait;
    while (writer_.next() < total) {
      const ring::Batch claimed = writer_.claim(std::min(batches_.write, total - writer_.next()));
      if (claimed.empty()) {
        wait();
        continue;
      }
      for (Sequence s = claimed.first; s <= claimed.last; ++s) fill_slot(writer_[s], s);
      writer_.publish(claimed.last);
    }
  }

  std::uint64_t read(std::int64_t total) {
    Waiter wait;
    ring::Gather gather(batches_.gather);
    std::uint64_t words = 0;
    while (reader_.next() < total) {
      const ring::Batch batch = reader_.poll(batches_.read);
      if (batch.empty()) {
        wait();
        continue;
      }
      reader_.for_each(batch, [&](const Event& event, Sequence) { words += sum(event); });
      reader_.release(batch.last);
      gather.after_round(batch.size(), nullptr);
    }
    return words;
  }

 private:
  using Storage = ring::Ring<Event, stamp>;
  Storage storage_;
  ring::Writer<Storage> writer_{storage_};
  ring::Reader<Storage> reader_{writer_};
  Batches batches_;
};

// Ours, with slots whose size is known at run time: 64 bytes with the stamp, which is the event's first word (sequence + 1).
class PawlByteRing {
 public:
  PawlByteRing(std::int64_t slots, Batches batches)
      : memory_(std::make_unique<Event[]>(static_cast<std::size_t>(slots))),
        storage_(std::as_writable_bytes(std::span(memory_.get(), static_cast<std::size_t>(slots))), sizeof(Event)),
        batches_(batches) {
    writer_.gate_on(reader_.consumed());
  }

  void write(std::int64_t total) {
    Waiter wait;
    while (writer_.next() < total) {
      const ring::Batch claimed = writer_.claim(std::min(batches_.write, total - writer_.next()));
      if (claimed.empty()) {
        wait();
        continue;
      }
      for (Sequence s = claimed.first; s <= claimed.last; ++s) fill_body(writer_[s].body(), s);
      writer_.publish(claimed.last);
    }
  }

  std::uint64_t read(std::int64_t total) {
    Waiter wait;
    ring::Gather gather(batches_.gather);
    std::uint64_t words = 0;
    while (reader_.next() < total) {
      const ring::Batch batch = reader_.poll(batches_.read);
      if (batch.empty()) {
        wait();
        continue;
      }
      reader_.for_each(batch, [&](ring::ByteSlot slot, Sequence) {
        Event event;
        std::memcpy(&event, slot.data(), sizeof event);
        words += sum(event) - 1;  // the stamp is one more than the word it stands for
      });
      reader_.release(batch.last);
      gather.after_round(batch.size(), nullptr);
    }
    return words;
  }

 private:
  std::unique_ptr<Event[]> memory_;
  ring::ByteRing storage_;
  ring::Writer<ring::ByteRing> writer_{storage_};
  ring::Reader<ring::ByteRing> reader_{writer_};
  Batches batches_;
};

}  // namespace pawl::bench
