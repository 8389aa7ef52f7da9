// At which rate and for how long an open loop runs; the options of every subcommand that has one.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <vector>

namespace pawl::bench {

struct Pace {
  double rate = 1e6;     // events per second; 0: no open loop
  double seconds = 1;    // that are measured
  double warm_up = 0.1;  // seconds before them

  [[nodiscard]] std::int64_t events() const { return static_cast<std::int64_t>(rate * (warm_up + seconds)); }
  [[nodiscard]] std::int64_t warm_events() const { return static_cast<std::int64_t>(rate * warm_up); }
};

struct PaceOptions {
  Pace pace = {};
  std::vector<double> sweep = {};  // rates
  double sweep_seconds = 0.5;      // at each

  [[nodiscard]] Pace swept(double rate) const { return {.rate = rate, .seconds = sweep_seconds, .warm_up = pace.warm_up}; }
};

// --rate, --seconds, --warm-up, --sweep, --sweep-seconds.
inline void add_pace_options(CLI::App& command, PaceOptions& options) {
  command.add_option("--rate", options.pace.rate, "Events a second of the open loop; 0: none")->check(CLI::NonNegativeNumber)->capture_default_str();
  command.add_option("--seconds", options.pace.seconds, "Of the open loop, that are measured")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--warm-up", options.pace.warm_up, "Seconds of the open loop before those")->check(CLI::NonNegativeNumber)->capture_default_str();
  command.add_option("--sweep", options.sweep, "Also latency at each of these rates")->delimiter(',')->check(CLI::PositiveNumber);
  command.add_option("--sweep-seconds", options.sweep_seconds, "At each rate")->check(CLI::PositiveNumber)->capture_default_str();
}

}  // namespace pawl::bench
