// Latest under the model checker: whoever reads a value reads one that was published, whole, and never an older one afterwards.
#include "model.hpp"

namespace {

using pawl::model::Atomics;
using pawl::model::Checker;
using pawl::ring::Latest;

template <class Policy, std::uint64_t publications>
struct OneWriter : rl::test_suite<OneWriter<Policy, publications>, 2> {
  Latest<2, Policy> latest;

  void thread(unsigned index) {
    if (index == 0) {
      for (std::uint64_t i = 1; i <= publications; ++i) latest.publish({i, i + 100});
      return;
    }
    std::uint64_t last = 0;
    for (int look = 0; look < 2; ++look) {
      const auto value = latest.try_load();
      if (!value) continue;
      RL_ASSERT((*value)[0] >= last && (*value)[0] <= publications);
      RL_ASSERT((*value)[1] == ((*value)[0] == 0 ? 0 : (*value)[0] + 100));
      last = (*value)[0];
    }
  }
};

template <class Policy>
using Twice = OneWriter<Policy, 2>;
template <class Policy>
using Thrice = OneWriter<Policy, 3>;

struct WeakWordStore : Atomics {
  static constexpr std::memory_order latest_word_store = std::memory_order_relaxed;
};
struct WeakVersionStore : Atomics {
  static constexpr std::memory_order latest_version_store = std::memory_order_relaxed;
};
struct WeakVersionLoad : Atomics {
  static constexpr std::memory_order latest_version_load = std::memory_order_relaxed;
};
struct WeakWordLoad : Atomics {
  static constexpr std::memory_order latest_word_load = std::memory_order_relaxed;
};

}  // namespace

int main(int argc, char** argv) {
  Checker check(argc, argv);
  check.holds_exhaustively<Twice<Atomics>>("two values, read twice");
  check.holds<Thrice<Atomics>>("three values, read twice");
  check.breaks<Twice<WeakWordStore>>("word store relaxed");
  check.breaks<Twice<WeakVersionStore>>("version store relaxed");
  check.breaks<Twice<WeakVersionLoad>>("version load relaxed");
  check.breaks<Twice<WeakWordLoad>>("word load relaxed");
  return check.summary();
}
