// pawl-bench machine: the yardsticks.
#include <fmt/format.h>

#include <map>

#include "commands.hpp"
#include "harness/latency_rows.hpp"
#include "harness/pin.hpp"
#include "harness/runs.hpp"
#include "journal/bare_loop.hpp"
#include "machine/yardsticks.hpp"

namespace pawl::bench {
namespace {

struct Options : Common {
  double seconds = 1;
  double rate = 1e6;
  std::vector<std::size_t> depths{1, 4};
  std::vector<std::string> backends{"pwritev2", "io_uring"};
};

Contender latency(const char* name, double (*measure)()) {
  return {{.group = "cores and memory, ns", .name = name, .unit = "ns", .higher_is_better = false}, measure};
}

std::vector<Contender> cores_and_memory() {
  std::vector<Contender> rows;
  rows.push_back(latency("L: one line, one way, between two cores", [] { return line_transfer_ns(); }));
  rows.push_back(latency("reading of the clock", &clock_ns));
  rows.push_back(latency("K(1): one random line an event, 1 M records", [] { return random_lines_ns(1, 1'000'000); }));
  rows.push_back(latency("K(2)", [] { return random_lines_ns(2, 1'000'000); }));
  rows.push_back(latency("K(4)", [] { return random_lines_ns(4, 1'000'000); }));
  rows.push_back(latency("K(6)", [] { return random_lines_ns(6, 1'000'000); }));
  rows.push_back(latency("K(1) of 10 M records", [] { return random_lines_ns(1, 10'000'000); }));
  rows.push_back({{.group = "cores and memory, GB/s", .name = "S: lines that another core wrote", .unit = "GB/s"}, [] { return shared_stream_gb_s(); }});
  rows.push_back({{.group = "cores and memory, GB/s", .name = "M: from DRAM", .unit = "GB/s"}, [] { return memory_stream_gb_s(); }});
  return rows;
}

const std::map<std::string, io::Backend> backends{{"pwritev2", io::Backend::pwritev2}, {"io_uring", io::Backend::io_uring}, {"buffered", io::Backend::buffered}};

struct DiskRow {
  BareLoopOptions options;
  LatencyRows latency;
  Series throughput;
};

void measure_noise_and_disk(const Options& options, Outcome& outcome) {
  const std::string group = fmt::format("open loop at {:.0f} events/s", options.rate);
  LatencyRows noise(group, "N: a loop that does nothing else", options.rate, true);
  std::vector<DiskRow> rows;
  for (const std::string& backend : options.backends) {
    for (const std::size_t depth : options.depths) {
      BareLoopOptions loop;
      loop.directory = options.directory;
      loop.seconds = options.seconds;
      loop.depth = depth;
      loop.backend = backends.at(backend);
      Series throughput{.group = "disk, unpaced blocks of 1 MiB", .name = fmt::format("B' {}, depth {}", backend, depth), .unit = "GB/s"};
      rows.push_back({std::move(loop), LatencyRows(group, fmt::format("D' {}, depth {}", backend, depth), options.rate, false), std::move(throughput)});
    }
  }
  for (Rounds rounds("noise and disk", options.runs, outcome); rounds.next();) {
    noise.add(noise_floor(options.rate, options.seconds));
    for (DiskRow& row : rows) {
      row.options.rate = options.rate;
      row.latency.add(run_bare_loop(row.options).latency);
      row.options.rate = 0;
      row.throughput.values.push_back(run_bare_loop(row.options).bytes_per_second * 1e-9);
    }
  }
  noise.append_to(outcome);
  for (DiskRow& row : rows) row.latency.append_to(outcome);
  for (DiskRow& row : rows) outcome.series.push_back(std::move(row.throughput));
}

void measure(const Options& options, Outcome& outcome) {
  run_interleaved(cores_and_memory(), options.runs, outcome);
  measure_noise_and_disk(options, outcome);
  if (measuring_cpus().size() < 2) outcome.notes.emplace_back("One CPU: L and S are those of a core with itself.");
}

}  // namespace

void add_machine(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("machine", "The yardsticks: what this machine can do at all");
  command.add_option("--seconds", options->seconds, "Of each open loop and each disk run")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--rate", options->rate, "Events a second of the open loops")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--depths", options->depths, "Writes in flight, 1 to 8")->delimiter(',')->check(CLI::Range(1, 8));
  command.add_option("--backends", options->backends, "pwritev2, io_uring, buffered")->delimiter(',')->check(CLI::IsMember({"pwritev2", "io_uring", "buffered"}));
  on_chosen(command, options, action, &measure);
}

}  // namespace pawl::bench
