// micro: every operation of operations.hpp in time, by Google Benchmark. items_per_second are events, records or bytes.
#include <benchmark/benchmark.h>

#include <chrono>

#include "micro/operations.hpp"

namespace {

// Timed by hand where something has to be prepared before each call.
void measure(benchmark::State& state, const pawl::bench::OperationMaker& maker) {
  const pawl::bench::Operation operation = maker.make(maker.name);
  using Clock = std::chrono::steady_clock;
  for (auto _ : state) {
    if (operation.prepare) operation.prepare();
    const auto start = Clock::now();
    operation.run();
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
  }
  state.SetItemsProcessed(state.iterations() * operation.items);
}

void measure_in_a_row(benchmark::State& state, const pawl::bench::OperationMaker& maker) {
  const pawl::bench::Operation operation = maker.make(maker.name);
  for (auto _ : state) operation.run();
  state.SetItemsProcessed(state.iterations() * operation.items);
}

}  // namespace

int main(int argc, char** argv) {
  for (const auto& maker : pawl::bench::operations()) {
    const bool prepared = maker.name.rfind("windows", 0) == 0 || maker.name.rfind("decide", 0) == 0;
    if (prepared) benchmark::RegisterBenchmark(maker.name.c_str(), measure, maker)->UseManualTime();
    else benchmark::RegisterBenchmark(maker.name.c_str(), measure_in_a_row, maker);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
