// Stage: an object with poll(budget) -> work done. It never blocks and never allocates; a thread is a loop over stages (loop.hpp).
#pragma once

#include <concepts>
#include <cstdint>
#include <utility>

#include "pawl/core/ring/batch.hpp"
#include "pawl/core/ring/reader.hpp"

namespace pawl::ring {

// poll handles up to `budget` events and returns how many; 0: nothing to do. finished: no work will ever come again, because whatever
// it reads was closed and is consumed to the end.
template <class S>
concept Stage = requires(S& stage, std::int64_t budget) {
  { stage.poll(budget) } -> std::same_as<std::int64_t>;
  { stage.finished() } -> std::same_as<bool>;
};

// A stage that must announce its thread's sleep elsewhere than in the thread's own spot: the lanes it drains. arm() is false if there is
// work; disarm() follows in any case.
template <class S>
concept ArmedStage = Stage<S> && requires(S& stage) {
  { stage.arm() } -> std::same_as<bool>;
  stage.disarm();
};

// A handler of single events as a stage: handler(slot, sequence) for each event; its barrier is read once per batch and its cursor
// published once. If the handler has end_of_batch(last), it follows each batch, before the release.
// Lifetime: the reader outlives the stage.
template <SlotStorage Storage, class Handler>
class HandlerStage {
 public:
  HandlerStage(Reader<Storage>& reader, Handler handler) : reader_(reader), handler_(std::move(handler)) {}

  std::int64_t poll(std::int64_t budget) {
    const Batch batch = reader_.poll(budget);
    if (batch.empty()) return 0;
    reader_.for_each(batch, handler_);
    if constexpr (requires { handler_.end_of_batch(batch.last); }) handler_.end_of_batch(batch.last);
    reader_.release(batch.last);
    return batch.size();
  }

  [[nodiscard]] bool finished() const noexcept { return reader_.finished(); }
  [[nodiscard]] Handler& handler() noexcept { return handler_; }

 private:
  Reader<Storage>& reader_;
  Handler handler_;
};

}  // namespace pawl::ring
