// The adversarial set through the command line: `pawl score` writes the twin's decisions and features to the byte, and `pawl replay`
// of its journal with 1, 2 and 4 threads the same decisions and the same digest.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "run_command.hpp"
#include "tests/twin/adversarial.hpp"
#include "tests/twin/engine.hpp"
#include "tests/twin/print.hpp"

using namespace pawl;
namespace adversarial = twin::adversarial;
using test::pawl_command;
using test::read_file;
using test::Scratch;

namespace {

struct Profile {
  std::string_view pipeline;
  int event;  // the type of all rows: `score` reads one
  std::uint64_t seed;
  bool extreme_times;
};

constexpr Profile profiles[] = {{"edges", 0, 101, false}, {"edges", 0, 102, true}, {"chosen", 0, 107, false}, {"types", 0, 103, false}, {"types", 1, 104, false}, {"types", 2, 105, false},
                                {"types", 3, 106, false}, {"logic", 0, 107, true}, {"extremes", 0, 108, true}};

twin::Log generate(const language::Pipeline& pipeline, const Profile& profile) {
  adversarial::Options options{.seed = profile.seed, .inputs = 2000};
  options.only_event = profile.event;
  options.for_csv = true;
  options.late_percent = 20;
  options.extreme_times = profile.extreme_times;
  options.extreme_numbers = profile.pipeline == "extremes";
  return adversarial::generate(pipeline, options);
}

struct Files {
  std::string decisions, features;
  std::size_t decided = 0, fired = 0, missing = 0;  // what the rows hold, so that nothing is equal by being empty
};

Files expected(const language::Pipeline& pipeline, const twin::Log& log) {
  Files files{twin::decisions_header(), twin::features_header(pipeline)};
  twin::Engine engine(pipeline);
  for (Sequence s = 0; s <= log.last(); ++s) {
    const twin::Outcome outcome = engine.step(s, log.slot(s));
    if (!outcome.is_event) continue;
    files.decisions += twin::decisions_row(pipeline, outcome);
    files.features += twin::features_row(pipeline, outcome);
    ++files.decided;
    files.fired += outcome.fired.size();
    files.missing += outcome.missing.size();
  }
  return files;
}

// Empty if they are equal, else the first line that is not.
std::string difference(const std::string& ours, const std::string& twins) {
  const auto [a, b] = std::mismatch(ours.begin(), ours.end(), twins.begin(), twins.end());
  if (a == ours.end() && b == twins.end()) return "";
  const auto line = [&](const std::string& text) {
    const auto at = std::min<std::size_t>(static_cast<std::size_t>(a - ours.begin()), text.size());
    const std::size_t from = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    return text.substr(from, text.find('\n', at) - from);
  };
  return "pawl: " + line(ours) + "\ntwin: " + line(twins);
}

}  // namespace

TEST_CASE("score, features and replay of the adversarial set equal the twin's files") {
  for (const Profile& profile : profiles) {
    CAPTURE(profile.pipeline);
    CAPTURE(profile.event);
    CAPTURE(profile.seed);
    const auto pipeline = adversarial::load(profile.pipeline);
    const twin::Log log = generate(*pipeline, profile);
    const Files twins = expected(*pipeline, log);
    REQUIRE(twins.decided == static_cast<std::size_t>(log.last()));
    CHECK(twins.fired > 20);

    const Scratch scratch;
    const std::string rows = scratch.write("rows.csv", log.to_csv(static_cast<std::size_t>(profile.event)));
    const std::string& event = pipeline->events[static_cast<std::size_t>(profile.event)].name;
    const auto scored = pawl_command("score --pipeline " + adversarial::pipeline_path(profile.pipeline) + " --event " + event + " --input " + rows + " --decisions " +
                                     scratch / "d.csv" + " --features " + scratch / "f.csv" + " --journal " + scratch / "journal");
    REQUIRE_MESSAGE(scored.status == 0, scored.err);
    const std::string decisions = read_file(scratch / "d.csv");
    CHECK(difference(decisions, twins.decisions) == "");
    CHECK(difference(read_file(scratch / "f.csv"), twins.features) == "");

    for (const std::string threads : {"1", "2", "4"}) {
      CAPTURE(threads);
      const auto replayed = pawl_command("replay --journal " + scratch / "journal" + " --threads " + threads + " --decisions " + scratch / ("r" + threads));
      REQUIRE_MESSAGE(replayed.status == 0, replayed.err);
      CHECK(replayed.out.substr(replayed.out.rfind("digest ")) == scored.out.substr(scored.out.rfind("digest ")));
      CHECK(read_file(scratch / ("r" + threads)) == decisions);
    }
  }
}
