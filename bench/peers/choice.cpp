#include "peers/choice.hpp"

#include <fmt/format.h>
#include <oneapi/tbb/version.h>

#include <boost/version.hpp>
#include <map>

#include "harness/statistics.hpp"

namespace pawl::bench {

void add_peers_option(CLI::App& command, Peers& peers) {
  static const std::map<std::string, Peers> words{{"native", Peers::native}, {"all", Peers::all}};
  command.add_option_function<std::string>("--peers", [&peers](const std::string& word) { peers = word.empty() ? Peers::native : words.at(word); },
                                           "Beside ours: native (the default of this option), or all, with those of other runtimes")
      ->expected(0, 1)
      ->check(CLI::IsMember({"", "native", "all"}));
}

std::string native_versions() {
  return fmt::format("Peers: Boost {}.{} (Lockfree), moodycamel readerwriterqueue and concurrentqueue as Debian packs them ({}), oneTBB {}.{}.",
                     BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1000, PAWL_MOODYCAMEL_VERSIONS, TBB_VERSION_MAJOR, TBB_VERSION_MINOR);
}

namespace {

const Series* best_peer(const Outcome& outcome, const std::string& group) {
  const Series* best = nullptr;
  for (const Series& series : outcome.series) {
    if (!series.peer || series.group != group) continue;
    const bool better = best == nullptr || (series.higher_is_better ? median(series.values) > median(best->values) : median(series.values) < median(best->values));
    if (better) best = &series;
  }
  return best;
}

}  // namespace

void compare_with_best_peer(Outcome& outcome) {
  for (Series& series : outcome.series) {
    const Series* const best = best_peer(outcome, series.group);
    if (best == nullptr || best == &series || !series.base.empty()) continue;
    series.base = best->name;
    series.base_label = "best peer";
  }
}

}  // namespace pawl::bench
