// One journal's life that passes through every phase, with one fault at one of its operations.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../powercut/histories.hpp"

namespace pawl::fault_matrix {

enum class Phase : std::uint8_t { creating, recovering, dropping, preparing, starting, writing, idle, sealing, rolling, closing, snapshotting, retiring };
inline constexpr std::size_t phases = 12;
inline constexpr std::array<std::string_view, phases> phase_names = {"creating", "recovering", "dropping a torn tail", "preparing a segment", "starting an epoch", "writing",
                                                                     "idle seal", "sealing", "rolling", "closing", "taking a snapshot", "retiring segments"};

// The faults of the design, by its letters.
enum class Kind : std::uint8_t {
  process_death, power_cut, error_once, error_for_ever, short_write, again_once, again_for_ever, no_space_once, no_descriptors, read_only, lost_write, misdirected_write, rot, disk_full
};
inline constexpr std::size_t kinds = 14;
inline constexpr std::array<std::string_view, kinds> kind_names = {"F1 process death", "F2 power cut", "F3 EIO once", "F3 EIO from here on", "F3 short write", "F3 EAGAIN once",
                                                                   "F3 EAGAIN from here on", "F3 ENOSPC once", "F3 EMFILE once", "F3 EROFS from here on", "F4 lost write",
                                                                   "F4 misdirected write", "F4 rot of a durable bit", "F5 disk full, later not"};

// Whether it strikes writes alone: then operations are counted in writes.
[[nodiscard]] constexpr bool of_writes(Kind kind) noexcept {
  return kind == Kind::short_write || kind == Kind::again_once || kind == Kind::again_for_ever || kind == Kind::lost_write || kind == Kind::misdirected_write;
}
// What must be named, and may be refused.
[[nodiscard]] constexpr bool is_damage(Kind kind) noexcept { return kind == Kind::lost_write || kind == Kind::misdirected_write || kind == Kind::rot; }

// The phase of each operation, and of each write, of a life without faults.
struct Trace {
  std::vector<Phase> operations, writes;
};
[[nodiscard]] Trace trace();

struct Outcome {
  bool struck = false;      // false: there is no such operation, or nothing for the fault to do
  std::string outcome;      // in a few words
  std::string broken;       // empty, or the promise that did not hold
};
[[nodiscard]] Outcome play(Kind kind, std::uint64_t at);

// The plan of a fault that a disk has by itself; none for those that strike from outside.
[[nodiscard]] std::optional<io::Fault> fault_of(Kind kind);

// The same for an engine that takes a snapshot and retires segments, from the event on that makes it due.
[[nodiscard]] Trace snapshot_trace();
[[nodiscard]] Outcome play_snapshot(Kind kind, std::uint64_t at);

}  // namespace pawl::fault_matrix
