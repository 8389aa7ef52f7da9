// One seed: a whole engine in one thread on a simulated disk, several lives long. Producers die, come back and offer their events again,
// the disk fails, fills, reorders and tears, power goes at any time, also while the engine recovers or closes. After every start and at the
// end everything that was promised is checked.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../journal/hooked_disk.hpp"
#include "counts.hpp"
#include "payment.hpp"
#include "pawl/io/simulated.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "pawl/journal/reader.hpp"
#include "scheduler.hpp"

namespace pawl::simulation {

inline constexpr const char* directory = "data";
inline constexpr std::int64_t digest_interval = 64;  // and not 65,536: snapshots stand where one ends
inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

inline void fixed_random(std::span<std::byte> into) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = static_cast<std::byte>(i * 37 + 11);
}

// A promise that does not hold.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a seed chooses for all of its lives: each draws a subset of what can go wrong, so that combinations differ (Groce et al.,
// ISSTA 2012: swarm testing).
struct Swarm {
  explicit Swarm(io::Random& random);

  std::size_t producers;
  int lives;
  std::uint64_t steps_max;  // of a life
  bool device_errors, disk_fills, transient_errors, clock_jumps, faults_in_recovery, duplicates;
  std::int64_t ring_slots;
  std::size_t lane_capacity;
  std::uint64_t segment_pages;
  bool snapshots, retention, pages;  // taken by the engine; what they make needless, removed; memory beside the rows
  bool os;                    // durability: a power cut may take what was acked, and nothing else
  bool file;                  // decisions go into a file, which a crash may shorten to what was synced, and a start continues it; else to somebody who forgets nothing
  std::uint64_t offers_max;   // of a producer at once
  bool reorder;               // events are held back, and stand in the journal in another order than that of their tickets

  // A pattern waits: there are ticks and timed outputs. An input of several outputs may stand in a file by a part of them, which this file cannot tell.
  [[nodiscard]] bool timed() const { return !file; }
  [[nodiscard]] bool retires() const { return snapshots && retention; }
  [[nodiscard]] Variant variant() const { return {.timed = timed(), .in_order = reorder, .brief = retires()}; }
};

class Simulation {
 public:
  // `story`: null, or where to tell what happens.
  Simulation(std::uint64_t seed, Counts& counts, std::string* story = nullptr);
  ~Simulation();

  // Throws Broken.
  void run();

 private:
  using Policy = io::PowerCut::Policy;

  struct Producer {
    std::string name;
    bool alive = true;
    Ticket accepted = 0;  // how many: those in the journal at the last start, and in this life
    Ticket wanted = 0;    // offers up to this one before the last close
    EngineLane* lane = nullptr;
  };
  // An input as it stands in the journal.
  struct Input {
    std::size_t producer = 0;
    Ticket ticket = 0;
    std::vector<std::byte> record;
  };
  struct Emitted {
    std::uint16_t source;
    Ticket ticket;
    std::uint64_t fired;
    std::int64_t score;
    Sequence first;  // of a timed output; else no_sequence
    friend bool operator==(const Emitted&, const Emitted&) = default;
  };
  class Sink;

  // A life.
  void live();
  bool open();
  void start_scheduler();
  void arm_recovery();
  void refused_to_open(const Error& error);
  void lose_decisions(bool power);
  void step();
  void offer(Producer& producer);
  void offer_out_of_order(Producer& producer);
  void note_refusal(ring::Refusal refusal);
  void inject();
  void space_comes_back();
  void await_snapshot();
  void turns(std::uint64_t count);
  void look_at_failure();
  void look_at_snapshots();

  // Its end.
  void end();
  void close();
  void cut_power();
  void die();
  void restart_on(std::unique_ptr<io::SimulatedDisk> disk);

  // The last life, on a disk that works, and the proofs.
  void finish();
  void offer_the_rest();
  void check_model(const rules::Digest128& digest);
  void damage_at_rest(const rules::Digest128& digest);

  [[nodiscard]] std::string read_journal(const journal::RecoveryReport& report, std::vector<Input>& inputs) const;
  [[nodiscard]] Input input_of(const journal::Record& record, const journal::RecoveryReport& report) const;
  [[nodiscard]] std::size_t producer_of(std::uint16_t source, const journal::RecoveryReport& report) const;
  Result<void> remember_inputs();
  [[nodiscard]] Input retired_input(std::size_t sequence, const journal::RecoveryReport& report) const;
  void check_recovered(const journal::RecoveryReport& report);
  void check_snapshots(const journal::RecoveryReport& report) const;
  void read_all();
  void check_input(const Input& input) const;
  void tell(std::string_view what);
  void must(bool holds, const std::string& what) const;
  [[nodiscard]] bool chance(std::uint64_t one_in) { return random_.below(one_in) == 0; }
  [[nodiscard]] EngineOptions options();

  std::uint64_t seed_;
  Counts& counts_;
  std::string* story_;
  io::Random random_;
  Swarm swarm_;
  io::SimulatedClock clock_;
  std::unique_ptr<io::SimulatedDisk> disk_;
  std::unique_ptr<world::HookedDisk> hooked_;  // the same, and the engine has turns in the middle of what a snapshot does
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<DurableEngine> engine_;
  std::vector<Producer> producers_;
  std::vector<Input> recovered_;                 // at the last start
  std::vector<std::vector<std::byte>> seen_;     // records, by sequence, as they stood before something was retired
  using Output = std::pair<Sequence, std::uint32_t>;
  std::map<Output, Emitted> emitted_;            // over all lives
  Sequence acked_ = no_sequence;
  Sequence flushed_ = no_sequence, synced_ = no_sequence;  // of decisions, by a sink that is a file
  bool may_forget_ = false;                                // at level os, what was acked since the last start
  journal::SnapshotStatus snapshots_;                      // of this life
  std::optional<Sequence> durable_at_failure_, durable_at_eio_;
  std::uint64_t faults_before_ = 0;  // that struck while the engine opened
  bool eio_alone_ = false;           // no other fault is planned in this life
  bool closed_cleanly_ = false;   // the last life ended so: nothing may be lost by it
  bool disk_small_ = false;       // it may be full
  bool faults_planned_ = false;
  bool snapshot_faults_planned_ = false;  // which are the snapshots' matter alone
  bool machine_ends_ = false;     // of them: one that ends the machine while it recovers
  bool was_disk_full_ = false;
  bool retired_ = false;          // a segment, in some life
  std::string broken_;            // seen by the sink, which has to return
};

}  // namespace pawl::simulation
