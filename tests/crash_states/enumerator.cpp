#include "enumerator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace pawl::crash_states {

using io::Fate;
using io::Unsynced;
using journal::Journal;
using journal::Label;
using powercut::Acked;
using powercut::Verdict;

namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) { return io::Random(a ^ io::Random(b).next()).next(); }

std::uint64_t key_of(const Acked& acked) {
  return mix(static_cast<std::uint64_t>(acked.sequence + 2) * 2 + (acked.created ? 1 : 0), acked.block + (std::uint64_t{acked.sources} << 32) + (static_cast<std::uint64_t>(acked.synced + 1) << 48));
}

std::uint64_t fates_of(const Unsynced& thing) { return thing.kind == Unsynced::Kind::sector ? 3 : 2; }

// Counts up; false behind the last combination.
bool next(std::span<Fate> fates, std::span<const Unsynced> things, bool with_garbage) {
  for (std::size_t i = 0; i < fates.size(); ++i) {
    const auto following = static_cast<std::uint64_t>(fates[i]) + 1;
    if (following < (with_garbage ? fates_of(things[i]) : 2)) {
      fates[i] = static_cast<Fate>(following);
      return true;
    }
    fates[i] = Fate::lost;
  }
  return false;
}

}  // namespace

Moment moment_of(const io::SimulatedDisk& disk, const std::vector<Unsynced>& things, const Acked& acked) {
  const std::uint64_t dropped = disk.after_power_cut(io::PowerCut{})->fingerprint();
  const std::uint64_t kept = disk.after_power_cut(io::PowerCut{.policy = io::PowerCut::Policy::keep_all})->fingerprint();
  Moment moment{.key = mix(mix(dropped, kept) + things.size(), key_of(acked)), .things = things.size(), .states = 1};
  for (const Unsynced& thing : things) {
    const std::uint64_t fates = fates_of(thing);
    moment.states = moment.states > std::numeric_limits<std::uint64_t>::max() / fates ? std::numeric_limits<std::uint64_t>::max() : moment.states * fates;
  }
  return moment;
}

void Enumerator::look(const io::SimulatedDisk& disk, const Acked& acked) {
  const auto things = disk.unsynced();
  const Moment moment = moment_of(disk, things, acked);
  if (!moments_.insert(moment.key)) return;
  ++tally_.moments;
  tally_.whole += moment.states <= quota_ ? 1U : 0U;
  try_states(disk, acked, things, quota_, true);
}

void Enumerator::try_states(const io::SimulatedDisk& disk, const Acked& acked, std::span<const Unsynced> things, std::uint64_t quota, bool first) {
  const io::CrashStates states(disk);
  std::vector<Fate> fates(things.size(), Fate::lost);
  std::uint64_t all = 1, old_or_new = 1;
  for (const Unsynced& thing : things) {
    all = std::min(all * fates_of(thing), quota + 1);
    old_or_new = std::min(old_or_new * 2, quota + 1);
  }
  const bool every = all <= quota;
  std::uint64_t tried = 0;
  if (every || old_or_new <= quota / 2) {
    do {
      try_state(states, acked, fates, first);
      ++tried;
    } while (next(fates, things, every));
  }
  if (every) return;
  io::Random random(mix(quota, things.size()));
  for (; tried < quota; ++tried) {
    // How much lands and how much is garbage differs, or nearly every state would hold about a third of each.
    const std::uint64_t landed = random.below(101), garbage = random.below(51);
    for (std::size_t i = 0; i < fates.size(); ++i) {
      fates[i] = random.below(100) < landed ? Fate::landed : Fate::lost;
      if (fates_of(things[i]) == 3 && random.below(100) < garbage) fates[i] = Fate::garbage;
    }
    try_state(states, acked, fates, first);
  }
}

void Enumerator::try_state(const io::CrashStates& states, const Acked& acked, std::span<const Fate> fates, bool first) {
  const auto after = states.after(fates);
  const std::uint64_t image = after->fingerprint();
  const bool ours = part_.owns(image);
  if (!ours && first) return;
  tally_.images += ours && seen_.images.insert(image) ? 1U : 0U;
  if (!seen_.checked.insert(mix(image, key_of(acked)))) return;
  ++tally_.states;
  const std::uint64_t chance = mix(image, 1);
  if (first && chance % (check_ ? cut_every_checked : cut_every) == 0) cut_recovery(*after, acked);
  const Verdict verdict = check_ ? check_(*after, acked) : chance % write_every == 0 ? powercut::recover_and_check(*after, acked, true) : recover(*after, acked);
  ++tally_.labels[static_cast<std::size_t>(verdict.label)];
  if (verdict.broken.empty() || ++tally_.broken_count > 3) return;
  std::string text;
  for (const Fate fate : fates) text += fate == Fate::lost ? 'o' : fate == Fate::landed ? 'n' : 'g';
  tally_.broken.push_back(fmt::format("moment {}, fates {}{}: {}", tally_.moments, text, first ? "" : " of a recovery", verdict.broken));
}

Verdict Enumerator::recover(io::SimulatedDisk& disk, const Acked& acked) {
  io::SimulatedClock clock;
  auto opened = Journal::open(world::small_options(disk, clock));
  if (!opened) return powercut::recover_and_check(disk, acked, false);
  return {check_once(disk, acked, opened->recovery()), opened->recovery().label};
}

// The same bytes hold the same.
std::string Enumerator::check_once(io::SimulatedDisk& disk, const Acked& acked, const journal::RecoveryReport& report) {
  std::uint64_t key = mix(disk.fingerprint("/data/wal"), mix(disk.fingerprint("/data/CONTROL"), key_of(acked)));
  key = mix(mix(key, static_cast<std::uint64_t>(report.last_sequence)), report.last_block);
  for (const journal::SourceState& source : report.sources) key = mix(key + source.number, source.last_ticket);
  if (!seen_.contents.insert(key)) return {};
  return powercut::check_contents(disk, acked, report);
}

// The machine goes down again while it recovers.
void Enumerator::cut_recovery(const io::SimulatedDisk& disk, const Acked& acked) {
  ++tally_.cut_recoveries;
  const auto again = disk.after_power_cut(io::PowerCut{});
  Fingerprints moments;
  again->watch([&] {
    const auto things = again->unsynced();
    if (moments.insert(moment_of(*again, things, acked).key)) try_states(*again, acked, things, check_ ? 2 : cut_quota, false);
  });
  io::SimulatedClock clock;
  if (check_) {
    static_cast<void>(check_(*again, acked));
  } else {
    static_cast<void>(Journal::open(world::small_options(*again, clock)));
  }
  again->watch({});
}

std::uint64_t quota_for(const std::vector<Moment>& moments, std::uint64_t states) {
  std::uint64_t quota = 1;
  const auto total = [&](std::uint64_t each) {
    std::uint64_t sum = 0;
    for (const Moment& moment : moments) sum += std::min(moment.states, each);
    return sum;
  };
  while (quota < (std::uint64_t{1} << 40) && total(quota) < states) quota += quota / 4 + 1;
  return quota;
}

}  // namespace pawl::crash_states
