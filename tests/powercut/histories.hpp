// Short named histories of a journal, each a place where power cuts have broken systems like this one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "../journal/world.hpp"
#include "pawl/journal/recovery.hpp"

namespace pawl::powercut {

// What the outside world holds at a moment: it must be found again after any crash.
struct Acked {
  bool created = false;            // Journal::create has returned
  Sequence sequence = no_sequence; // acked at durability disk
  std::uint64_t block = 0;         // of that ack
  journal::Hash chain{};
  std::size_t sources = 0;         // whose names are durable
  Sequence synced = no_sequence;   // of decisions that a sink has for certain
};

// One engine on one simulated disk, with a camera: `look` is called inside every operation of the disk and after every step, whenever the
// disk may have changed.
class Run {
 public:
  using Look = std::function<void(const io::SimulatedDisk&, const Acked&)>;

  Run(std::uint64_t seed, Look look, std::uint64_t capacity = std::numeric_limits<std::uint64_t>::max());

  void create();
  void open();                       // asserts that it succeeds
  void append(std::uint64_t count, std::size_t payload_bytes = 0);  // as far as the journal takes them
  void append_now(std::size_t payload_bytes);                       // without a turn, if there is room
  void annotate_pipeline(std::size_t bytes);
  void annotate_sources();                                       // names for the sources of all inputs
  void annotate_long_sources(std::uint16_t count);               // more of them, with long names; returns when they are durable
  void annotate_marks();                                         // DIGEST and EMITTED, of what was appended so far
  void turn();
  void turns(int count);
  bool until_durable();
  bool until(const std::function<bool()>& done, int turns = 5'000);
  void close();
  void kill() { journal_.reset(); }                              // the process dies, the machine lives
  void cut(const io::PowerCut& cut);                             // the machine dies; goes on with what is left
  [[nodiscard]] journal::Journal& journal() { return *journal_; }
  [[nodiscard]] io::SimulatedDisk& disk() { return *disk_; }
  [[nodiscard]] journal::Options& options() { return options_; }
  [[nodiscard]] const Acked& acked() const { return acked_; }

 private:
  void see();
  void watch();

  io::SimulatedClock clock_;
  std::unique_ptr<io::SimulatedDisk> disk_;
  journal::Options options_;
  std::unique_ptr<journal::Journal> journal_;
  Look look_;
  Acked acked_;
  std::uint64_t next_input_ = 0;
  std::uint64_t seen_operations_ = 0;
  std::size_t seen_unsynced_ = 0;
};

struct History {
  std::string name;
  std::function<void(Run&)> play;
  std::uint64_t capacity = std::numeric_limits<std::uint64_t>::max();
};

[[nodiscard]] const std::vector<History>& histories();

// Everything acked is in its place in a recovered journal, and what follows continues it; empty, or what does not hold.
[[nodiscard]] std::string check_contents(io::SimulatedDisk& disk, const Acked& acked, const journal::RecoveryReport& report);

// Recovers what a crash left and checks every promise; empty if all hold, else what broke. The disk is used up.
struct Verdict {
  std::string broken;
  journal::Label label = journal::Label::end;
};
[[nodiscard]] Verdict recover_and_check(io::SimulatedDisk& disk, const Acked& acked, bool then_write = true);

}  // namespace pawl::powercut
