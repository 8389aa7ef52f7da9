// Graph: wires readers behind a writer, as a pipeline, a diamond, a multicast or any mix.
//
//   pipeline             multicast            diamond
//   w -> a -> b -> c     w -+-> a             w -+-> a -+-> c
//                           +-> b                +-> b -+
//
//   auto& a = graph.reader();          auto& a = graph.reader();          auto& a = graph.reader();
//   auto& b = graph.reader_after(a);   auto& b = graph.reader();          auto& b = graph.reader();
//   auto& c = graph.reader_after(b);                                      auto& c = graph.reader_after(a, b);
//
// then graph.seal(), which makes the writer wait for the readers that nobody follows.
#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/core/ring/writer.hpp"

namespace pawl::ring {

// Owns the writer and the readers; they stay where they are until the graph goes. Allocates at set-up only. Thread: the set-up's, then
// each writer and reader by its own thread. Lifetime: the storage outlives the graph.
template <SlotStorage Storage>
class Graph {
 public:
  // The first sequence claimed will be `first`.
  explicit Graph(Storage& storage, Sequence first = 0) : writer_(storage, first) {}

  // A reader directly behind the writer.
  Reader<Storage>& reader(Watch watch = Watch::cursor) {
    PAWL_ASSERT(!sealed_);
    return readers_.emplace_back(writer_, watch);
  }

  // A reader that sees a slot when all of these have released it.
  template <class... Upstream>
  Reader<Storage>& reader_after(const Reader<Storage>& first, const Upstream&... others) {
    Reader<Storage>& made = reader();
    made.after(first);
    (made.after(others), ...);
    followed_.push_back(&first);
    (followed_.push_back(&others), ...);
    return made;
  }

  // Ends the set-up. REQUIRES: there is a reader.
  void seal() {
    PAWL_ASSERT(!sealed_ && !readers_.empty());
    sealed_ = true;
    for (const auto& reader : readers_) {
      if (std::find(followed_.begin(), followed_.end(), &reader) == followed_.end()) writer_.gate_on(reader.consumed());
    }
  }

  // REQUIRES: sealed.
  [[nodiscard]] Writer<Storage>& writer() {
    PAWL_ASSERT(sealed_);
    return writer_;
  }

 private:
  Writer<Storage> writer_;
  std::deque<Reader<Storage>> readers_;
  std::vector<const Reader<Storage>*> followed_;
  bool sealed_ = false;
};

}  // namespace pawl::ring
