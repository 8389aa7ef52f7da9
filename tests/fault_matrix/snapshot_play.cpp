#include "scene.hpp"
#include "snapshot_scene.hpp"

namespace pawl::fault_matrix {
namespace {

// Of taking a snapshot without a fault, and where its file is made.
struct Operations {
  std::uint64_t first = 0, all = 0, writes = 0;
};

const Operations& operations() {
  static const Operations counted = [] {
    Operations operations;
    const auto disk = snapshot_scene::journal_without_snapshot();
    disk->watch([&] {
      const auto counters = disk->counters();
      if (operations.first == 0 && counters.writes == 1) operations.first = counters.operations - 2;  // behind it came the first write
    });
    REQUIRE(snapshot_scene::take(*disk).ok());
    operations.all = disk->counters().operations;
    operations.writes = disk->counters().writes;
    return operations;
  }();
  return counted;
}

// What strikes from outside, in the operation with this number. True: it did.
bool strike(Kind kind, io::SimulatedDisk& disk, std::unique_ptr<io::SimulatedDisk>& left) {
  switch (kind) {
    case Kind::process_death: left = disk.after_process_death(); break;
    case Kind::power_cut: left = disk.after_power_cut(io::PowerCut{.policy = io::PowerCut::Policy::torn, .seed = disk.counters().operations}); break;
    case Kind::disk_full: disk.set_capacity((std::uint64_t{1} << 40) - *disk.free_bytes("/")); break;
    case Kind::rot: {
      // The rows that have just been written; what is in the journal was read before.
      const auto names = disk.list("data/snap");
      for (const std::string& name : *names) {
        const std::string path = "data/snap/" + name;
        if (name == "LOCK" || disk.content(path).size() < 1'000) continue;
        disk.flip_bit(path, 900, 3);
        return true;
      }
      return false;
    }
    default: return false;
  }
  if (left) disk.power_off();
  return true;
}

}  // namespace

std::uint64_t snapshot_operations(Kind kind) { return of_writes(kind) ? operations().writes : operations().all - operations().first; }

Outcome play_snapshot(Kind kind, std::uint64_t at) {
  Outcome result;
  std::unique_ptr<io::SimulatedDisk> left;
  const auto disk = snapshot_scene::journal_without_snapshot();
  if (auto fault = fault_of(kind)) {
    fault->after = of_writes(kind) ? at : operations().first + at;
    disk->add_fault(*fault);
  } else {
    disk->watch([&] {
      if (!result.struck && disk->counters().operations > operations().first + at) result.struck = strike(kind, *disk, left);
    });
  }
  const auto taken = snapshot_scene::take(*disk);
  disk->watch({});
  result.struck = result.struck || disk->counters().faults > 0;
  disk->clear_faults();
  disk->set_capacity(std::numeric_limits<std::uint64_t>::max());
  if (!result.struck) return result;
  const bool published = taken.ok() && !left;
  auto after = left ? std::move(left) : disk->after_power_cut(io::PowerCut{});
  result.outcome = published ? "went on, published" : after->list("data/snap")->size() > 1 ? "stopped, something left" : "stopped, nothing left";
  result.broken = snapshot_scene::check(*after, published, !published);
  // Rot behind the reading back: whoever reads the file says so, a start takes an older one or the log, and the next snapshot replaces it.
  if (kind == Kind::rot && result.broken.find("snapshot is not whole") != std::string::npos) {
    result.outcome = "published, named by its readers";
    const auto again = snapshot_scene::take(*after);
    result.broken = again.ok() ? snapshot_scene::check(*after, true, false) : again.error().text;
  }
  return result;
}

}  // namespace pawl::fault_matrix
