// Peers of other runtimes (JVM, databases): each is a small program of ours on the published library, run as a child process.
//
// The contract: the program runs once per run of the benchmark and prints one line of JSON per figure on standard output, and nothing else:
//
//   {"name": "LMAX Disruptor 4.0.0, batch 10", "group": "ring, ...", "unit": "M events/s", "value": 136.2, "verified": true, "version": "4.0.0"}
//
// `group` and `unit` are those of our figures it is to stand beside; `verified` says that the program checked its own sums, counts and
// order: without it the figure is refused. Arguments: --events N, --payload BYTES, --directory D.
#pragma once

#include <string>
#include <vector>

#include "harness/outcome.hpp"

namespace pawl::bench {

struct ExternalPeer {
  std::string subcommand;  // of pawl-bench: "ring", "journal", ...
  std::string name;
  std::string program;     // looked for in the folder of pawl-bench, below peers/
};

// All that this release knows of. A peer is added here and in bench/peers/<program>.
[[nodiscard]] const std::vector<ExternalPeer>& external_peers();

// Empty, or why it can't run here.
[[nodiscard]] std::string why_not(const ExternalPeer& peer);

// One run; its figures. Fails if the program did, or a line is not as above.
[[nodiscard]] std::vector<Series> run_external(const std::string& command);

// Runs every peer of the subcommand that is ready, round after round, and appends their figures. Notes those that are not.
void run_external_peers(const std::string& subcommand, const std::string& arguments, int runs, Outcome& outcome);

}  // namespace pawl::bench
