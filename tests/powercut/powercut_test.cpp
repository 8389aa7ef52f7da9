// Power cuts at every step of every history, under every policy and many seeds; every sector state of one block in flight; every
// subset of directory operations; crashes of the recovery itself. PAWL_POWERCUT_SEEDS sets the seeds per moment (2 by default, 1 with sanitizers).
#include <fmt/format.h>

#include <cstdlib>
#include <set>
#include <tuple>
#include <unordered_set>

#include "histories.hpp"

namespace powercut_test {

using namespace pawl;
using namespace pawl::powercut;
using Policy = io::PowerCut::Policy;

namespace {

std::uint64_t seeds_per_moment() {
  const char* text = std::getenv("PAWL_POWERCUT_SEEDS");
#ifdef PAWL_SANITIZED
  constexpr std::uint64_t usual = 1;
#else
  constexpr std::uint64_t usual = 2;
#endif
  return text != nullptr ? std::strtoull(text, nullptr, 10) : usual;
}

struct Tally {
  std::uint64_t states = 0;
  std::uint64_t torn = 0;
  std::uint64_t failures = 0;
  std::unordered_set<std::uint64_t> images;
  std::set<std::tuple<std::uint64_t, Sequence, std::uint64_t>> checked;

  // An image that held what was acked then is checked again for what is acked now.
  bool is_new(std::uint64_t image, const Acked& acked) { return checked.emplace(image, acked.sequence, acked.block).second; }
  void count(std::uint64_t image, const Verdict& verdict, const std::string& what) {
    ++states;
    images.insert(image);
    torn += verdict.label == journal::Label::torn ? 1U : 0U;
    if (verdict.broken.empty()) return;
    ++failures;
    if (failures <= 3) FAIL_CHECK(what << ": " << verdict.broken);
  }
};

std::string describe(const std::string& history, Policy policy, std::uint64_t seed, std::size_t kept) {
  return fmt::format("{}, policy {}, seed {}, kept {}", history, static_cast<int>(policy), seed, kept);
}

void try_cut(const io::SimulatedDisk& disk, const Acked& acked, const io::PowerCut& cut, const std::string& history, Tally& tally) {
  auto after = disk.after_power_cut(cut);
  const std::uint64_t image = after->fingerprint();
  if (!tally.is_new(image, acked)) return;
  tally.count(image, recover_and_check(*after, acked), describe(history, cut.policy, cut.seed, cut.kept));
}

void try_all_policies(const io::SimulatedDisk& disk, const Acked& acked, const std::string& history, std::uint64_t seeds, Tally& tally) {
  const std::size_t pending = disk.unsynced().size();
  try_cut(disk, acked, {.policy = Policy::drop_all}, history, tally);
  if (pending == 0) return;
  try_cut(disk, acked, {.policy = Policy::keep_all}, history, tally);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    io::Random random(seed * 7'919 + tally.states);
    try_cut(disk, acked, {.policy = Policy::prefix, .seed = seed, .kept = random.below(pending + 1)}, history, tally);
    try_cut(disk, acked, {.policy = Policy::subset, .seed = random.next()}, history, tally);
    try_cut(disk, acked, {.policy = Policy::torn, .seed = random.next()}, history, tally);
  }
}

}  // namespace

TEST_CASE("power cut at every step: everything acked is recovered, in place, and nothing is called corrupt") {
  std::uint64_t states = 0;
  std::uint64_t images = 0;
  for (const History& history : histories()) {
    Tally tally;
    Run run(1, [&](const io::SimulatedDisk& disk, const Acked& acked) {
      try_all_policies(disk, acked, history.name, seeds_per_moment(), tally);
    }, history.capacity);
    history.play(run);
    CHECK(tally.failures == 0);
    MESSAGE(history.name << ": " << tally.states << " crash states, " << tally.torn << " torn, " << tally.images.size() << " distinct images");
    states += tally.states;
    images += tally.images.size();
  }
  MESSAGE("all histories: " << states << " crash states, " << images << " distinct images");
}

TEST_CASE("every state of the eight sectors of one 4 KiB block in flight: old, new or garbage") {
  Tally tally;
  bool done = false;
  bool armed = false;
  Run run(1, [&](const io::SimulatedDisk& disk, const Acked& acked) {
    if (!armed || done || disk.unsynced().size() != 8) return;
    done = true;
    std::vector<io::Fate> fates(8);
    for (int state = 0; state < 6'561; ++state) {
      int rest = state;
      for (io::Fate& fate : fates) {
        fate = static_cast<io::Fate>(rest % 3);
        rest /= 3;
      }
      auto after = disk.after_power_cut(fates, static_cast<std::uint64_t>(state) + 1);
      const std::uint64_t image = after->fingerprint();
      tally.count(image, recover_and_check(*after, acked, state % 16 == 0), fmt::format("sector state {}", state));
    }
  });
  run.create();
  run.open();
  run.append(3);
  run.until_durable();
  run.turns(80);
  armed = true;
  // Fills its 4 KiB: a block whose last sectors are padding would have fewer distinct images.
  run.append(2, 1'800);
  run.until_durable();
  CHECK(done);
  CHECK(tally.failures == 0);
  CHECK(tally.states == 6'561);
  MESSAGE(tally.states << " states, " << tally.images.size() << " distinct images, " << tally.torn << " torn");
}

TEST_CASE("every subset of pending directory operations, with sectors lost, landed and garbage") {
  Tally tally;
  for (const History& history : histories()) {
    Run run(1, [&](const io::SimulatedDisk& disk, const Acked& acked) {
      const auto pending = disk.unsynced();
      std::vector<std::size_t> entries;
      for (std::size_t i = 0; i < pending.size(); ++i) {
        if (pending[i].kind != io::Unsynced::Kind::sector) entries.push_back(i);
      }
      if (entries.empty() || entries.size() > 8) return;
      for (const io::Fate sectors : {io::Fate::lost, io::Fate::landed, io::Fate::garbage}) {
        for (std::size_t subset = 0; subset < std::size_t{1} << entries.size(); ++subset) {
          std::vector<io::Fate> fates(pending.size(), sectors);
          for (std::size_t i = 0; i < entries.size(); ++i) fates[entries[i]] = (subset >> i & 1U) != 0 ? io::Fate::landed : io::Fate::lost;
          auto after = disk.after_power_cut(fates);
          const std::uint64_t image = after->fingerprint();
          if (!tally.is_new(image, acked)) continue;
          tally.count(image, recover_and_check(*after, acked, false), history.name + ", directory subset");
        }
      }
    }, history.capacity);
    history.play(run);
  }
  CHECK(tally.failures == 0);
  MESSAGE(tally.states << " states, " << tally.images.size() << " distinct images");
}

TEST_CASE("creation cut at each of its operations, and a second one too: any of its entries landed, the directory opens or is begun anew") {
  Tally tally;
  std::uint64_t unfinished = 0, made = 0;
  const auto try_all = [&](const io::SimulatedDisk& disk, std::uint64_t k) {
    const auto pending = disk.unsynced();
    REQUIRE(pending.size() <= 64);
    std::vector<std::size_t> entries;
    for (std::size_t i = 0; i < pending.size(); ++i) {
      if (pending[i].kind == io::Unsynced::Kind::entry) entries.push_back(i);
    }
    REQUIRE(entries.size() <= 8);
    std::vector<std::unique_ptr<io::SimulatedDisk>> states;
    states.push_back(disk.after_process_death());
    for (const io::Fate others : {io::Fate::lost, io::Fate::landed, io::Fate::garbage}) {
      for (std::size_t subset = 0; subset < std::size_t{1} << entries.size(); ++subset) {
        std::vector<io::Fate> fates(pending.size(), others);
        for (std::size_t i = 0; i < entries.size(); ++i) fates[entries[i]] = (subset >> i & 1U) != 0 ? io::Fate::landed : io::Fate::lost;
        states.push_back(disk.after_power_cut(fates));
      }
    }
    for (const auto& after : states) {
      const auto seen = journal::look_at_directory(*after, world::directory);
      REQUIRE(seen.ok());
      unfinished += *seen == journal::Observation::Directory::unfinished ? 1U : 0U;
      made += *seen == journal::Observation::Directory::journal ? 1U : 0U;
      const std::uint64_t image = after->fingerprint();
      tally.count(image, recover_and_check(*after, {}, false), fmt::format("creation cut at operation {}", k));
    }
  };
  const auto fails_from = [](io::SimulatedDisk& disk, std::uint64_t k) {
    io::SimulatedClock clock;
    disk.add_fault({.operation = io::Operation::any, .after = k, .times = io::Fault::for_ever});
    return !journal::Journal::create(world::small_options(disk, clock)).ok();
  };
  std::uint64_t operations = 0;
  for (;; ++operations) {
    io::SimulatedDisk disk;
    const bool cut = fails_from(disk, operations);
    try_all(disk, operations);
    if (!cut) break;
    for (std::uint64_t second = 0;; ++second) {
      auto after = disk.after_process_death();
      if (!journal::may_create(*journal::look_at_directory(*after, world::directory))) break;
      const bool cut_again = fails_from(*after, second);
      try_all(*after, second);
      if (!cut_again) break;
    }
  }
  CHECK(tally.failures == 0);
  CHECK(operations > 15);
  CHECK(unfinished > 100);
  CHECK(made > 5);
  MESSAGE(operations << " operations, " << tally.states << " states, " << tally.images.size() << " distinct images, " << unfinished << " unfinished, " << made << " made");
}

TEST_CASE("the recovery crashes at each of its operations, and the next one still keeps every promise") {
  Tally tally;
  const auto crash_recovery = [&](const io::SimulatedDisk& crashed, const Acked& acked, const std::string& what) {
    for (std::uint64_t k = 0; k < 400; ++k) {
      // A copy of the crashed disk whose operations fail from the k-th on: the machine goes down there.
      auto disk = crashed.after_power_cut(io::PowerCut{});
      disk->add_fault({.operation = io::Operation::any, .after = k, .times = io::Fault::for_ever});
      io::SimulatedClock clock;
      auto opened = journal::Journal::open(world::small_options(*disk, clock));
      const bool survived = opened.ok();
      for (const Policy policy : {Policy::drop_all, Policy::keep_all, Policy::torn}) {
        auto after = disk->after_power_cut(io::PowerCut{.policy = policy, .seed = k + 1});
        const std::uint64_t image = after->fingerprint();
        if (!tally.is_new(image, acked)) continue;
        tally.count(image, recover_and_check(*after, acked, false), fmt::format("{}, recovery cut at operation {}", what, k));
      }
      const bool never_struck = disk->counters().operations <= k;  // what is there is no journal, or there is no space for one
      if (survived || never_struck) return;
    }
    FAIL("recovery takes more than 400 operations");
  };
  for (const History& history : histories()) {
    std::uint64_t moment = 0;
    Run run(3, [&](const io::SimulatedDisk& disk, const Acked& acked) {
      if (++moment % 17 != 0 || disk.unsynced().empty()) return;
      const auto crashed = disk.after_power_cut(io::PowerCut{.policy = Policy::torn, .seed = moment});
      crash_recovery(*crashed, acked, history.name);
    }, history.capacity);
    history.play(run);
  }
  CHECK(tally.failures == 0);
  MESSAGE(tally.states << " states, " << tally.images.size() << " distinct images, " << tally.torn << " torn");
}

}  // namespace powercut_test
