// Rot, unreadable sectors, moved and missing files in durable data: the same contents, or a declared error; never silently different.
// PAWL_DAMAGE_STRIDE: bytes from one flipped bit to the next (23 by default; 1: every byte). PAWL_DAMAGE_ALL_BITS: each of the 8.
#include <cstdlib>

#include "pawl/journal/files.hpp"
#include "pawl/journal/inspection.hpp"
#include "world.hpp"

using namespace pawl;
using namespace pawl::world;

namespace {

constexpr std::uint64_t inputs = 700;

std::uint64_t stride() {
  const char* text = std::getenv("PAWL_DAMAGE_STRIDE");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 23;
}

// Three segments and CONTROL. `clean`: closed; else killed behind the idle seal.
struct Data {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  Options options = small_options(disk, clock);
  std::vector<std::string> files;

  explicit Data(bool clean) {
    options.segment_bytes = 32 * 1024;
    Journal journal = create_and_open(options);
    REQUIRE(append_inputs(journal, clock, 0, inputs));
    REQUIRE(all_durable(journal, clock));
    turn_until(journal, clock, [] { return false; }, 300);
    if (clean) REQUIRE(journal.close().ok());
    files.push_back("data/CONTROL");
    auto segments = journal::list_segments(disk, directory);
    REQUIRE(segments.ok());
    for (const std::uint64_t segment : *segments) files.push_back(journal::segment_path(directory, segment));
  }
};

enum class Outcome { identical, declared, silent };

Outcome judge(io::SimulatedDisk& disk, Options options) {
  options.disk = &disk;
  auto opened = Journal::open(options);
  if (!opened) return Outcome::declared;
  const Contents contents = read_all(disk);
  if (!contents.end) return Outcome::declared;
  return contents.inputs.size() == inputs && holds_inputs(contents, inputs) ? Outcome::identical : Outcome::silent;
}

struct Counts {
  std::uint64_t identical = 0;
  std::uint64_t declared = 0;
  std::uint64_t silent = 0;

  template <class Damage>
  void run(const Data& data, const std::string& what, Damage damage) {
    auto copy = data.disk.after_process_death();
    damage(*copy);
    switch (judge(*copy, data.options)) {
      case Outcome::identical: ++identical; break;
      case Outcome::declared: ++declared; break;
      case Outcome::silent:
        if (++silent <= 5) FAIL_CHECK("silently different: " << what);
    }
  }
  void print(const std::string& name) const {
    MESSAGE(name << ": " << identical + declared + silent << " states, " << identical << " identical, " << declared << " declared, " << silent << " silent");
    CHECK(silent == 0);
  }
};

std::string at(const std::string& file, std::uint64_t offset) { return file + " at " + std::to_string(offset); }

}  // namespace

TEST_CASE("damage: flipped bits in every file") {
  const unsigned bits = std::getenv("PAWL_DAMAGE_ALL_BITS") != nullptr ? 8 : 1;
  for (const bool clean : {true, false}) {
    const Data data(clean);
    Counts counts;
    for (const std::string& file : data.files) {
      const std::uint64_t size = data.disk.content(file).size();
      for (std::uint64_t offset = 0; offset < size; offset += stride()) {
        for (unsigned bit = 0; bit < bits; ++bit) {
          counts.run(data, at(file, offset), [&](io::SimulatedDisk& disk) { disk.flip_bit(file, offset, bits == 8 ? bit : offset / stride() % 8); });
        }
      }
    }
    counts.print(clean ? "flipped bits, closed journal" : "flipped bits, killed journal");
  }
}

TEST_CASE("damage: sectors zeroed, filled, unreadable") {
  const Data data(false);
  Counts counts;
  const std::vector<std::byte> zeros(512);
  const std::vector<std::byte> ones(512, std::byte{0xFF});
  for (const std::string& file : data.files) {
    const std::uint64_t size = data.disk.content(file).size();
    for (std::uint64_t offset = 0; offset < size; offset += 512) {
      counts.run(data, "zeros in " + at(file, offset), [&](io::SimulatedDisk& disk) { disk.overwrite(file, offset, zeros); });
      counts.run(data, "ones in " + at(file, offset), [&](io::SimulatedDisk& disk) { disk.overwrite(file, offset, ones); });
      counts.run(data, "unreadable " + at(file, offset), [&](io::SimulatedDisk& disk) { disk.make_unreadable(file, offset, 512); });
    }
  }
  counts.print("sectors");
}

TEST_CASE("damage: every page copied over every other (misdirected and lost writes)") {
  const Data data(false);
  Counts counts;
  for (const std::string& from : data.files) {
    const auto source = data.disk.content(from);
    for (std::size_t page = 0; page + 4096 <= source.size(); page += 4096) {
      const std::span<const std::byte> bytes = std::span(source).subspan(page, 4096);
      for (const std::string& to : data.files) {
        const auto target = data.disk.content(to);
        for (std::size_t place = 0; place + 4096 <= target.size(); place += 4096) {
          if (std::equal(bytes.begin(), bytes.end(), target.begin() + static_cast<std::ptrdiff_t>(place))) continue;
          counts.run(data, at(from, page) + " over " + at(to, place), [&](io::SimulatedDisk& disk) { disk.overwrite(to, place, bytes); });
        }
      }
    }
  }
  counts.print("pages copied");
}

TEST_CASE("damage: files deleted, shortened, exchanged, restored from an earlier time") {
  Counts counts;
  for (const bool clean : {true, false}) {
    const Data data(clean);
    for (const std::string& file : data.files) {
      counts.run(data, file + " deleted", [&](io::SimulatedDisk& disk) { REQUIRE(disk.remove(file).ok()); });
      const std::uint64_t size = data.disk.content(file).size();
      for (std::uint64_t bytes = 0; bytes < size; bytes += 4096) {
        counts.run(data, file + " shortened to " + std::to_string(bytes), [&](io::SimulatedDisk& disk) {
          auto opened = disk.open(file, {.access = io::Access::read_write});
          REQUIRE((*opened)->truncate(bytes) == 0);
        });
      }
      for (const std::string& other : data.files) {
        if (other == file) continue;
        const auto bytes = data.disk.content(other);
        counts.run(data, other + " copied over " + file, [&](io::SimulatedDisk& disk) { disk.overwrite(file, 0, std::span(bytes).first(std::min<std::size_t>(bytes.size(), size))); });
      }
    }
  }
  counts.print("files");
}

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
