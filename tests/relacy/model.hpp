// The policy that runs the product's ring code on the Relacy model checker: each atomic access is a scheduling point, loads may return
// any value that the C++ memory model allows, and slots are memory that reports data races.
#pragma once

// The product's and the library's headers come first: Relacy turns `new`, `assert` and others into macros.
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

#include "pawl/core/ring/lane.hpp"
#include "pawl/core/ring/latest.hpp"
#include "pawl/core/ring/park.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/core/ring/ring.hpp"
#include "pawl/core/ring/writer.hpp"

#include <relacy/relacy.hpp>
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno
#undef memory_order_relaxed
#undef memory_order_consume
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel
#undef memory_order_seq_cst

namespace pawl::model {

inline rl::memory_order to_relacy(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed: return rl::mo_relaxed;
    case std::memory_order_consume: return rl::mo_consume;
    case std::memory_order_acquire: return rl::mo_acquire;
    case std::memory_order_release: return rl::mo_release;
    case std::memory_order_acq_rel: return rl::mo_acq_rel;
    case std::memory_order_seq_cst: return rl::mo_seq_cst;
  }
  return rl::mo_seq_cst;
}

// std::atomic's interface, as far as the ring uses it.
template <class T>
class Atomic {
 public:
  Atomic() = default;
  explicit Atomic(T value) : raw_(value) {}

  T load(std::memory_order order) const { return raw_.load(to_relacy(order), RL_INFO); }
  void store(T value, std::memory_order order) { raw_.store(value, to_relacy(order), RL_INFO); }
  T exchange(T value, std::memory_order order) { return raw_.exchange(value, to_relacy(order), RL_INFO); }
  T fetch_or(T value, std::memory_order order) { return raw_.fetch_or(value, to_relacy(order), RL_INFO); }
  T fetch_and(T value, std::memory_order order) { return raw_.fetch_and(value, to_relacy(order), RL_INFO); }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order order, std::memory_order failure) {
    return raw_.compare_exchange_weak(expected, desired, to_relacy(order), RL_INFO, to_relacy(failure), RL_INFO);
  }

  rl::atomic<T>& raw() { return raw_; }

 private:
  rl::atomic<T> raw_;
};

// Plain memory: a read that races with a write, or comes before the first, is an error.
template <class T>
class Cell {
 public:
  Cell& operator=(T value) {
    raw_(RL_INFO).store(value);
    return *this;
  }
  operator T() const { return raw_(RL_INFO).load(); }

 private:
  rl::var<T> raw_;
};

struct Atomics : ring::Orders {
  template <class T>
  using Atomic = model::Atomic<T>;
  template <class T>
  using Cell = model::Cell<T>;
};

// Gives the other threads a turn; what a waiting thread calls in each round.
inline void pause() { rl::yield(1, RL_INFO); }

// A futex, as the kernel does it: compares and sleeps as one step; may wake for no reason.
struct Futex {
  template <class Spot>
  void park(Spot& spot) {
    rl::context& context = rl::ctx();
    context.sched();
    context.atomic_thread_fence_seq_cst();
    std::uint32_t value = 0;
    {
      rl::preemption_disabler disabler(context);
      value = spot.word().raw().load(rl::mo_acquire, RL_INFO);
    }
    if (value == Spot::parked) spot.word().raw().wait(context, false, true, RL_INFO);
  }
  template <class Spot>
  void wake(Spot& spot) {
    rl::context& context = rl::ctx();
    context.sched();
    context.atomic_thread_fence_seq_cst();
    spot.word().raw().wake(context, 1, RL_INFO);
  }
};

// What Relacy prints, in memory of fixed size: inside an execution every allocation is Relacy's own, so a growing string would end up
// freed by the wrong allocator.
class Output : private std::streambuf {
 public:
  Output() : stream_(this) { setp(text_.data(), text_.data() + text_.size()); }
  [[nodiscard]] std::ostream& stream() { return stream_; }
  [[nodiscard]] std::string text() const { return {pbase(), static_cast<std::size_t>(pptr() - pbase())}; }

 private:
  int_type overflow(int_type c) override { return c; }  // what does not fit is dropped

  std::array<char, 1 << 16> text_;
  std::ostream stream_;
};

// One run of a suite. Prints a line; keeps the history of a failure that was not expected.
class Checker {
 public:
  // Arguments of the program: executions per random check; a second one prints the whole history of what failed.
  Checker(int argc, char** argv) : iterations_(argc > 1 ? std::stoul(argv[1]) : 50'000), verbose_(argc > 2) {
    set_assert_handler([](const char* condition, const char*, int) { rl::ctx().fail_test(condition, rl::test_result_user_assert_failed, RL_INFO); });
  }

  // The protocol holds in all executions that the random scheduler tries.
  template <class Suite>
  void holds(std::string_view what) {
    run<Suite>(what, rl::sched_random);
  }

  // And in every single execution with at most two preemptions, over all values that the loads may return. For small suites.
  template <class Suite>
  void holds_exhaustively(std::string_view what) {
    run<Suite>(what, rl::sched_random);
    run<Suite>(what, rl::sched_bound);
  }

  // With one order weakened, the checker finds the bug: a data race, a failed assertion, or a thread that sleeps for ever.
  template <class Suite>
  void breaks(std::string_view what) {
    Output output;
    rl::test_params params = parameters(output.stream(), rl::sched_random, iterations_);
    rl::simulate<Suite>(params);
    const bool caught = params.test_result != rl::test_result_success;
    report(caught, what, caught ? std::string("caught: ") + rl::test_result_str(params.test_result) : "NOT CAUGHT",
           static_cast<unsigned long>(params.stop_iteration));
  }

  // 0 if everything was as expected: the exit status.
  [[nodiscard]] int summary() const {
    std::printf("%d passed, %d failed, 0 skipped\n", passed_, failed_);
    return failed_ == 0 ? 0 : 1;
  }

 private:
  template <class Suite>
  void run(std::string_view what, rl::scheduler_type_e scheduler) {
    Output output;
    rl::test_params params = parameters(output.stream(), scheduler, iterations_);
    const bool held = rl::simulate<Suite>(params);
    report(held, what, held ? rl::format(scheduler) : verbose_ ? output.text() : rl::test_result_str(params.test_result), static_cast<unsigned long>(params.stop_iteration));
  }

  static rl::test_params parameters(std::ostream& output, rl::scheduler_type_e scheduler, unsigned long iterations) {
    rl::test_params params;
    params.iteration_count = static_cast<rl::iteration_t>(iterations);
    params.search_type = scheduler;
    params.context_bound = 2;
    params.execution_depth_limit = 4000;
    params.output_stream = &output;
    params.progress_stream = &output;
    return params;
  }

  void report(bool as_expected, std::string_view what, const std::string& detail, unsigned long iterations) {
    (as_expected ? passed_ : failed_) += 1;
    std::printf("%-4s %-64.*s %8lu executions, %s\n", as_expected ? "ok" : "FAIL", static_cast<int>(what.size()), what.data(), iterations,
                detail.c_str());
    std::fflush(stdout);
  }

  unsigned long iterations_;
  bool verbose_;
  int passed_ = 0;
  int failed_ = 0;
};

}  // namespace pawl::model
