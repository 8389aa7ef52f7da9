// A stage that several threads take turns with.
#include "pawl/core/ring/shared_stage.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <thread>

namespace pawl::ring::test {
namespace {

// Nothing in it is made for several threads.
struct Counter {
  std::int64_t left, done = 0, turns = 0;

  std::int64_t poll(std::int64_t budget) {
    const std::int64_t work = std::min(left, budget);
    left -= work;
    done += work;
    turns += work > 0;
    return work;
  }
  bool finished() { return left == 0; }
};

struct Interrupted {
  std::function<void()> in_the_middle;

  std::int64_t poll(std::int64_t) {
    in_the_middle();
    return 1;
  }
  bool finished() { return true; }
};

}  // namespace

TEST_CASE("all work of a shared stage is done once, whoever takes the turns") {
  constexpr std::int64_t work = 2'000'000, budget = 3;
  Counter counter{.left = work};
  SharedStage<Counter> shared(counter);
  std::array<std::int64_t, 3> done{};
  std::array<std::thread, 3> threads;
  for (std::size_t t = 0; t < threads.size(); ++t) {
    threads[t] = std::thread([&, t] {
      while (!shared.finished()) done[t] += shared.poll(budget);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(std::accumulate(done.begin(), done.end(), std::int64_t{0}) == work);
  CHECK(counter.done == work);
  CHECK(counter.turns == (work + budget - 1) / budget);
}

TEST_CASE("a turn of a shared stage is refused while another one is taken") {
  Interrupted stage;
  SharedStage<Interrupted> shared(stage);
  int interruptions = 0;
  stage.in_the_middle = [&] {  // as another thread would
    ++interruptions;
    CHECK(shared.poll(1) == 0);
    CHECK_FALSE(shared.finished());
  };
  CHECK(shared.poll(1) == 1);
  CHECK(interruptions == 1);
  CHECK(shared.finished());
}

}  // namespace pawl::ring::test
