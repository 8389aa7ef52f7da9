// Peers that are programs of their own: databases, and libraries of other runtimes. Each is a small program of ours on the published
// library, run as a child process, so that one that fails or hangs loses its own figures and no others.
//
// The contract: the program runs once per run of the benchmark and prints one line of JSON per figure on standard output, and nothing else:
//
//   {"name": "LMAX Disruptor 4.0.0, batch 10", "group": "ring, ...", "unit": "M events/s", "value": 136.2, "verified": true, "version": "4.0.0"}
//
// `group` and `unit` are those of our figures it is to stand beside; of units that end in "/s" more is better, of others less. `verified`
// says that the program checked its own sums, counts and order: without it the figure is refused. Figures of windows and rules also carry
// "sums": {"customer_count_1d": 262956377719, ...}, which must be ours (sums.hpp): a figure with other results is refused.
// Arguments: --events N, --payload BYTES, --slots N,N (ring), --input FILE, --group TEXT, --warm-up S, --seconds S (windows, rules),
// --directory D: for files, there, empty, and removed after the run. Ends with status 0, or with the reason as the last line on standard
// error.
#pragma once

#include <string>
#include <vector>

#include "harness/outcome.hpp"
#include "peers/choice.hpp"
#include "peers/sums.hpp"

namespace pawl::bench {

struct ExternalPeer {
  std::string subcommand;  // of pawl-bench: "ring", "journal", ...
  std::string name;
  std::string program;     // looked for in the folder of pawl-bench, below peers/
  bool native = false;     // built with pawl-bench; the others by tools/build-peers
};

// All that this release knows of. A peer is added here and in bench/peers.
[[nodiscard]] const std::vector<ExternalPeer>& external_peers();

// Empty, or why it can't run here.
[[nodiscard]] std::string why_not(const ExternalPeer& peer);

struct ExternalRun {
  std::vector<Series> figures;
  std::string error;  // why there are none; empty if there are
};

// A hung program is ended after so many seconds.
inline constexpr int external_limit_s = 300;

// One run. All its figures count or none does. `expected`: what the `sums` of every figure must say.
[[nodiscard]] ExternalRun run_external(const std::string& command, int limit_s = external_limit_s, const Sums& expected = {});

// The external peers of one subcommand beside our runs: once per round, so that a machine that slows down slows both.
class ExternalPeers {
 public:
  // `directory`: a fresh one below it is given to each run; empty: none is. `expected`: what the `sums` of every figure must say.
  ExternalPeers(const std::string& subcommand, Peers which, std::string arguments, std::string directory, Sums expected = {});

  // Each peer that is ready and has not failed yet.
  void run_once();
  // Their figures, and notes about those that could not run or failed. A peer that failed once has no figures.
  void append_to(Outcome& outcome);

 private:
  struct Contestant {
    ExternalPeer peer;
    std::string not_ready, error;
    std::vector<Series> figures = {};
  };
  void run(Contestant& contestant) const;

  std::string arguments_, directory_;
  Sums expected_;
  std::vector<Contestant> contestants_;
};

}  // namespace pawl::bench
