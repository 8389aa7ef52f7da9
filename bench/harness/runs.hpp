// Interleaved runs: A B C, A B C, ... so that a machine that slows down meanwhile slows all of them.
#pragma once

#include <functional>
#include <vector>

#include "harness/outcome.hpp"

namespace pawl::bench {

// A figure and how to measure it once. `measure` checks its own outcome, and fails if it is wrong.
struct Contender {
  Series series;
  std::function<double()> measure;
};

// Measures all contenders `runs` times, with `beside` once after each round, and appends their series to `outcome`. Says on standard error
// how far it is.
void run_interleaved(std::vector<Contender> contenders, int runs, Outcome& outcome, const std::function<void()>& beside = [] {});

// "3 of 5 runs" on standard error, over the line before, if that is a terminal.
void show_progress(const char* what, int done, int all);

}  // namespace pawl::bench
