// The record of one command: its figures, its latency curves, and what they must be read with.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/condition.hpp"
#include "harness/facts.hpp"
#include "pawl/core/base/histogram.hpp"

namespace pawl::bench {

// One figure, measured once per run.
struct Series {
  std::string group;  // figures of one group stand in one table and one chart, and are of one unit
  std::string name;
  std::string unit;                // "M events/s", "ns", ...
  std::vector<double> values = {};
  bool higher_is_better = true;
  std::string base = {};           // name of the figure of the group that this one is compared with; empty: none
  std::string base_label = {};     // what the base is, for the table's head: "boost spsc_queue", "B'"
  bool peer = false;               // not ours
  std::string line = {};           // of a sweep: the line of the chart that this is a point of
  double x = -1;                   // of a sweep: the rate at which it was measured, M events/s; negative: no sweep
  bool judged = true;              // false: it describes the run (the machine, single events), and nobody expects it to come again
};

// One distribution of latencies in ns, merged over the runs.
struct Curve {
  std::string group;
  std::string name;
  Histogram histogram = {};
  double rate = 0;     // planned events per second
  bool noise = false;  // of the machine itself
  bool peer = false;
};

struct Outcome {
  std::string command;    // "ring"
  std::string arguments;  // the whole command line, to be typed again
  int runs = 0;
  int warm_up_runs = 0;   // rounds that are measured and thrown away first
  Facts facts = {};
  std::vector<Series> series = {};
  std::vector<Curve> curves = {};
  std::vector<std::string> notes = {};  // sentences to be printed below the figures
  std::vector<Condition> conditions = {};  // of the machine, at the begin of each round
  std::string disturbance = {};         // what else the machine did
  std::string verdict = {};             // whether the same command again can be expected to give the same, and why not
};

// Of a series of `outcome`: the median, over the runs, of its value over that of its base; 0 without one.
[[nodiscard]] double ratio(const Outcome& outcome, const Series& series);

// Tables on standard output: median, spread, ratio; then the curves' percentiles and the notes.
void print(const Outcome& outcome);

[[nodiscard]] nlohmann::json to_json(const Outcome& outcome);
// Each overwrites `path` ("-": standard output), or fails.
void write_json(const Outcome& outcome, const std::string& path);
// One row per figure and run: command,group,name,unit,x,run,value.
void write_csv(const Outcome& outcome, const std::string& path);
// One file per curve: `prefix`-<name>.hgrm.
void write_hgrm(const Outcome& outcome, const std::string& prefix);

}  // namespace pawl::bench
