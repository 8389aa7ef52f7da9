// The tables of `pawl-bench ring`: who is measured beside whom, on events of `bytes`.
#pragma once

#include <string>
#include <vector>

#include "harness/runs.hpp"
#include "ring/channels.hpp"
#include "ring/waiting.hpp"

namespace pawl::bench {

struct RingLoad {
  std::int64_t events = 0;  // of each run
  std::int64_t slots = 0;
  Wait wait = Wait::automatic;
  bool peers = false;
  std::size_t producers = 1;  // of many_to_one
};

// Instantiated for 16, 64 and 256 (tables_<bytes>.cpp: each compiles for a while).
template <std::size_t bytes>
struct Tables {
  static std::vector<Contender> one_by_one(const RingLoad& load);
  static std::vector<Contender> in_batches(const RingLoad& load);
  // diamond or pipeline
  static std::vector<Contender> three_readers(Topology topology, const RingLoad& load);
  static std::vector<Contender> many_to_one(const RingLoad& load);
};

extern template struct Tables<16>;
extern template struct Tables<64>;
extern template struct Tables<256>;

}  // namespace pawl::bench
