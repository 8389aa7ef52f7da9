// The product against the naive twin on the adversarial set: every aggregate, every let, every rule, in any batches and shards.
// PAWL_LOCKSTEP_SEEDS=n runs n seeds of each profile instead of the few of the suite; a failure prints the seed and a shrunk log.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "product.hpp"
#include "tests/twin/adversarial.hpp"

using namespace pawl;
using namespace pawl::lockstep_test;
namespace adversarial = twin::adversarial;

namespace {

std::uint64_t seeds() {
  const char* text = std::getenv("PAWL_LOCKSTEP_SEEDS");
#ifdef PAWL_SANITIZED
  constexpr std::uint64_t usual = 2;  // the code is the same; sanitizers make a seed twenty times as slow
#else
  constexpr std::uint64_t usual = 6;
#endif
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

adversarial::Options options_for(std::string_view name, std::uint64_t seed) {
  adversarial::Options options{.seed = seed};
  options.extreme_numbers = name == "extremes" || seed % 5 == 4;
  options.extreme_times = seed % 4 == 3;
  options.missing_percent = static_cast<unsigned>(seed % 3) * 10;
  options.late_percent = seed % 2 == 0 ? 10 : 40;
  options.keys = seed % 3 == 0 ? 40 : 4;
  return options;
}

}  // namespace

TEST_CASE("windows, in one shard and in three, lets, rules and scores equal the twin's") {
  for (const std::string_view name : adversarial::pipeline_names) {
    CAPTURE(name);
    const auto pipeline = adversarial::load(name);
    for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
      const twin::Log log = adversarial::generate(*pipeline, options_for(name, seed));
      const auto difference = twin::lockstep::find_difference<Features<1>, Features<3>, Decisions<2>>(*pipeline, log, {0, seed});
      CHECK_MESSAGE(!difference, "seed ", seed, " ", difference.value_or(""));
    }
  }
}

TEST_CASE("one hot key with 10,000 events") {
  const auto pipeline = adversarial::load("edges");
#ifdef PAWL_SANITIZED
  constexpr Sequence inputs = 4'000;  // the twin looks at all before it for each
#else
  constexpr Sequence inputs = 10'000;
#endif
  MESSAGE(inputs, " events");
  adversarial::Options options{.seed = 3, .inputs = inputs};
  options.hot_percent = 100;
  options.keys = 1;
  const twin::Log log = adversarial::generate(*pipeline, options);
  const auto difference = twin::lockstep::find_difference<Decisions<1>>(*pipeline, log, {17});
  CHECK_MESSAGE(!difference, difference.value_or(""));
}
