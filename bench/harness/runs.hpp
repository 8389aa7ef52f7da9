// Interleaved runs: A B C, A B C, ... so that a machine that slows down meanwhile slows all of them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/outcome.hpp"

namespace pawl::bench {

// The rounds of a measurement: for (Rounds rounds("what", n, outcome); rounds.next();). Each begins with a look at the machine's condition, which
// goes into the outcome.
class Rounds {
 public:
  Rounds(std::string what, int rounds, Outcome& outcome) : what_(std::move(what)), rounds_(rounds), outcome_(outcome) {}
  bool next();

 private:
  std::string what_;
  int rounds_;
  int begun_ = 0;
  Outcome& outcome_;
};

// A figure and how to measure it once. `measure` checks its own outcome, and fails if it is wrong.
struct Contender {
  Series series;
  std::function<double()> measure;
};

// Measures all contenders `runs` times, behind outcome.warm_up_runs rounds that do not count, with `beside` once after each round, and appends
// their series to `outcome`.
void run_interleaved(std::vector<Contender> contenders, int runs, Outcome& outcome, const std::function<void()>& beside = [] {});

// "3 of 5 runs" on standard error, over the line before, if that is a terminal.
void show_progress(const char* what, int done, int all);

}  // namespace pawl::bench
