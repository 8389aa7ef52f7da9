// One figure of ours beside those of other engines, on the same payments with results that must be the same.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "harness/outcome.hpp"
#include "peers/sums.hpp"

namespace pawl::bench {

struct EngineTable {
  std::string subcommand;      // whose peers
  std::string group = {};      // the table's head
  std::string ours = {};       // our figure's name
  std::int64_t payments = 0;
  std::string file = {};       // with the payments, as the engines read them
  std::string directory = {};  // for their files
  Sums expected = {};          // what they must say
};

// `pass`: one of ours, in seconds, with results that it has compared itself. Appends all figures.
void measure_beside_engines(const EngineTable& table, const std::function<double()>& pass, int runs, Outcome& outcome);

}  // namespace pawl::bench
