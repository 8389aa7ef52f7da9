// Files restored from an earlier time: the same contents, or a declared error.
#include "../journal/world.hpp"
#include "pawl/journal/files.hpp"

using namespace pawl;
using namespace pawl::world;

TEST_CASE("damage: any subset of files restored from an earlier time") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  Options options = small_options(disk, clock);
  options.segment_bytes = 32 * 1024;
  std::vector<std::string> files = {"data/CONTROL"};
  std::vector<std::vector<std::byte>> earlier;
  std::uint64_t written = 0;
  for (int run = 0; run < 2; ++run) {
    Journal journal = run == 0 ? create_and_open(options) : reopen(options);
    REQUIRE(append_inputs(journal, clock, written, written + 300));
    written += 300;
    REQUIRE(all_durable(journal, clock));
    REQUIRE(journal.close().ok());
    if (run == 1) break;
    auto segments = journal::list_segments(disk, directory);
    for (const std::uint64_t segment : *segments) files.push_back(journal::segment_path(directory, segment));
    for (const std::string& file : files) earlier.push_back(disk.content(file));
  }
  std::uint64_t silent = 0;
  std::uint64_t states = 0;
  for (std::size_t subset = 1; subset < std::size_t{1} << files.size(); ++subset) {
    auto copy = disk.after_process_death();
    bool changed = false;
    for (std::size_t i = 0; i < files.size(); ++i) {
      if ((subset >> i & 1U) == 0) continue;
      changed |= copy->content(files[i]) != earlier[i];
      copy->overwrite(files[i], 0, earlier[i]);
    }
    if (!changed) continue;
    ++states;
    options.disk = copy.get();
    auto opened = Journal::open(options);
    if (!opened) continue;
    const Contents contents = read_all(*copy);
    if (!contents.end || contents.inputs.size() == written) continue;
    ++silent;
    MESSAGE("restored subset " << subset << " of CONTROL and " << files.size() - 1 << " segments: sequences end at " << contents.inputs.size());
  }
  MESSAGE(states << " subsets");
  CHECK(silent == 0);
}
