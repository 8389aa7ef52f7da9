// Every state in which a power cut may leave the disk, at every moment of a history: each sector in flight old, new or garbage, each size
// and directory entry old or new. Each state is recovered and checked, and of some the recovery is cut in the same way.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "../powercut/histories.hpp"
#include "fingerprints.hpp"

namespace pawl::crash_states {

// One moment at which the power may go.
struct Moment {
  std::uint64_t key = 0;     // equal moments leave equal states
  std::size_t things = 0;    // whose fate is open
  std::uint64_t states = 0;  // in which the disk may be; UINT64_MAX if they are more
};
[[nodiscard]] Moment moment_of(const io::SimulatedDisk& disk, const std::vector<io::Unsynced>& things, const powercut::Acked& acked);

struct Tally {
  std::uint64_t moments = 0;
  std::uint64_t whole = 0;           // of them, those of which every state was tried
  std::uint64_t states = 0;          // recovered
  std::uint64_t images = 0;          // distinct, and of no history before
  std::uint64_t cut_recoveries = 0;  // recoveries that were cut in turn
  std::array<std::uint64_t, journal::labels> labels{};
  std::vector<std::string> broken;   // what did not hold, the first few
  std::uint64_t broken_count = 0;
};

// One of so many parts into which all images fall, by their fingerprints: each image belongs to one part, whatever leads to it.
struct Part {
  std::uint64_t number = 1, of = 1;
  [[nodiscard]] bool owns(std::uint64_t image) const noexcept { return (image >> 32U) % of == number - 1; }
};

// What was seen in all histories.
struct Seen {
  Fingerprints images;
  Fingerprints checked;   // images with what was acked at that moment
  Fingerprints contents;  // recovered journals whose contents hold what was acked
};

class Enumerator {
 public:
  using Check = std::function<powercut::Verdict(io::SimulatedDisk&, const powercut::Acked&)>;

  // At most `quota` states of a moment: all of them if they are so many at most, else all with old and new only if these are, and others by
  // chance; of these, the images of `part`. What a recovery that is cut leaves is tried whatever part it belongs to, and counted if it is this one.
  // `check`: what is to hold of a state, instead of that a journal of powercut::Run is recovered.
  Enumerator(Seen& seen, std::uint64_t quota, Part part = {}, Check check = {}) : seen_(seen), quota_(quota), part_(part), check_(std::move(check)) {}

  void look(const io::SimulatedDisk& disk, const powercut::Acked& acked);
  [[nodiscard]] const Tally& tally() const noexcept { return tally_; }

 private:
  static constexpr std::uint64_t cut_every = 400;    // states whose recovery is cut
  static constexpr std::uint64_t cut_every_checked = 1'500;  // the same with a check of one's own, which takes longer
  static constexpr std::uint64_t write_every = 50;   // states that are written on after the recovery
  static constexpr std::uint64_t cut_quota = 12;     // states of a moment of a recovery

  void try_states(const io::SimulatedDisk& disk, const powercut::Acked& acked, std::span<const io::Unsynced> things, std::uint64_t quota, bool first);
  void try_state(const io::CrashStates& states, const powercut::Acked& acked, std::span<const io::Fate> fates, bool first);
  powercut::Verdict recover(io::SimulatedDisk& disk, const powercut::Acked& acked);
  void cut_recovery(const io::SimulatedDisk& disk, const powercut::Acked& acked);
  [[nodiscard]] std::string check_once(io::SimulatedDisk& disk, const powercut::Acked& acked, const journal::RecoveryReport& report);

  Seen& seen_;
  std::uint64_t quota_;
  Part part_;
  Check check_;
  Fingerprints moments_;
  Tally tally_;
};

// The quota with which the moments give so many states in all.
[[nodiscard]] std::uint64_t quota_for(const std::vector<Moment>& moments, std::uint64_t states);

}  // namespace pawl::crash_states
