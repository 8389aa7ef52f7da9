// Publishing a snapshot and retention, cut off at every one of their operations, with every subset of directory entries: a published name is
// whole, and what retention leaves is a journal that two snapshots reach.
#include <fmt/format.h>

#include <set>

#include "pawl/io/simulated.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/journal/snapshot/retention.hpp"
#include "written.hpp"

namespace pawl::snapshot_test::crash_test {
namespace {

constexpr const char* journal_path = "journal";

// Sanitizers make an operation's crashes some twenty times as slow: every fifth of them.
#ifdef PAWL_SANITIZED
constexpr std::uint64_t stride = 5;
#else
constexpr std::uint64_t stride = 1;
#endif

EngineOptions simulated(io::SimulatedDisk& disk, io::SimulatedClock& clock) {
  EngineOptions options = options_for(journal_path, small);
  options.disk = &disk;
  options.clock = &clock;
  options.threads = 1;
  return options;
}

Result<journal::Taken> take(io::Disk& disk, io::Clock& clock) { return journal::take_snapshot({.directory = journal_path, .threads = 1, .disk = &disk, .clock = &clock, .digest_interval = interval}); }

// A journal of so many intervals, with a snapshot behind each but the last `without`.
struct Filled {
  Filled(int intervals, int without) {
    for (int i = 0; i < intervals; ++i) {
      run(simulated(disk, clock), i * part + 1, (i + 1) * part + 1);
      if (i < intervals - without) REQUIRE(take(disk, clock).ok());
    }
  }
  // All of it durable.
  [[nodiscard]] std::unique_ptr<io::SimulatedDisk> copy() const { return disk.after_power_cut(io::PowerCut{.policy = io::PowerCut::Policy::keep_all}); }
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
};

// What a crash at this moment may leave: the process alone, and every subset of entries with all else lost, landed or garbage.
template <class Visit>
void each_crash(const io::SimulatedDisk& disk, Visit visit) {
  std::set<std::uint64_t> images;
  const auto look = [&](std::unique_ptr<io::SimulatedDisk> after) {
    if (images.insert(after->fingerprint()).second) visit(*after);
  };
  look(disk.after_process_death());
  const auto pending = disk.unsynced();
  std::vector<std::size_t> entries;
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (pending[i].kind == io::Unsynced::Kind::entry) entries.push_back(i);
  }
  REQUIRE(entries.size() <= 6);
  for (const io::Fate others : {io::Fate::lost, io::Fate::landed, io::Fate::garbage}) {
    for (std::size_t subset = 0; subset < std::size_t{1} << entries.size(); ++subset) {
      std::vector<io::Fate> fates(pending.size(), others);
      for (std::size_t i = 0; i < entries.size(); ++i) fates[entries[i]] = (subset >> i & 1U) != 0 ? io::Fate::landed : io::Fate::lost;
      look(disk.after_power_cut(fates));
    }
  }
}

// The snapshots that are whole and of this history; every name that is there must be.
std::vector<Sequence> check_snapshots(io::SimulatedDisk& disk) {
  std::vector<Sequence> good;
  const auto reader = journal::JournalReader::open(journal_path, disk);
  REQUIRE_MESSAGE(reader.ok(), (reader.ok() ? "" : reader.error().text));
  const Sequence first = reader->beginning()->next_sequence;
  const auto names = journal::list_snapshots(disk, journal_path);
  REQUIRE(names.ok());
  for (const journal::SnapshotName& name : *names) {
    const auto header = journal::verify_snapshot(disk, name.path, interval);
    REQUIRE_MESSAGE(header.ok(), (header.ok() ? "" : header.error().text));
    if (name.sequence >= first && journal::check_history(*reader, *header).ok()) good.push_back(name.sequence);
  }
  return good;
}

// Fails from the k-th operation on, as a machine that goes down there. True: it went through.
template <class Work>
bool cut_at(io::SimulatedDisk& disk, std::uint64_t k, Work work) {
  disk.add_fault({.operation = io::Operation::any, .after = k, .times = io::Fault::for_ever});
  return work().ok();
}

// The preparer's part, with nobody else at work.
Result<void> record_oldest(io::Disk& disk, std::uint64_t segment, Time now) {
  auto found = journal::read_control(disk, journal_path);
  if (!found.ok()) return std::move(found).error();
  auto control = journal::ControlFile::open(disk, journal_path, found->slot);
  if (!control.ok()) return std::move(control).error();
  journal::ControlSlot next = control->current();
  next.oldest_segment = segment;
  return control->publish(next, now);
}

Result<void> retire(io::Disk& disk, const journal::RetentionPlan& plan) {
  return journal::apply_retention(plan, journal_path, disk, [&](std::uint64_t segment) { return record_oldest(disk, segment, 1); });
}

Result<journal::RetentionPlan> plan_of(io::Disk& disk, Sequence emitted) {
  auto reader = journal::JournalReader::open(journal_path, disk);
  if (!reader.ok()) return std::move(reader).error();
  reader->set_digest_interval(interval);
  return journal::plan_retention(*reader, {.enabled = true}, 60 * one_second, emitted);
}

}  // namespace

TEST_CASE("publishing cut off at each operation: the older snapshot is there, the newer one is whole or has no name") {
  Filled filled(2, 1);
  std::uint64_t operations = 0, states = 0, published = 0;
  for (bool through = false; !through; operations += stride) {
    auto disk = filled.copy();
    through = cut_at(*disk, operations, [&] { return take(*disk, filled.clock); });
    each_crash(*disk, [&](io::SimulatedDisk& after) {
      const std::vector<Sequence> good = check_snapshots(after);
      REQUIRE_FALSE(good.empty());
      CHECK(good.back() == interval - 1);
      published += good.size() == 2 ? 1U : 0U;
      CHECK((!through || good.front() == 2 * interval - 1));
      ++states;
    });
    if (!through && operations % 8 == 0) {  // whoever takes the next finds no obstacle
      disk->clear_faults();
      auto after = disk->after_process_death();
      const auto again = take(*after, filled.clock);
      REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().text));
      CHECK(check_snapshots(*after).size() == 2);
    }
  }
  CHECK(operations > 20);
  CHECK(published > (stride == 1 ? 1U : 0U));
  MESSAGE(operations << " operations, " << states << " states");
}

TEST_CASE("publishing with each error at each operation: told, no temporary file left, the next one succeeds") {
  Filled filled(1, 1);
  for (const int error : {ENOSPC, EIO}) {
    std::uint64_t k = 0;
    for (bool through = false; !through; k += stride) {
      auto disk = filled.copy();
      disk->add_fault({.operation = io::Operation::any, .path_part = "snap/", .after = k, .times = 1, .error_number = error});
      const auto taken = take(*disk, filled.clock);
      disk->clear_faults();
      through = taken.ok() && taken->notes.empty();
      if (taken.ok()) CHECK(check_snapshots(*disk).size() == 1);
      const auto again = take(*disk, filled.clock);
      REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().text));
      const auto names = disk->list("journal/snap");
      REQUIRE(names.ok());
      for (const std::string& name : *names) CHECK_FALSE(name.ends_with(".tmp"));
    }
    CHECK(k > 5);
  }
}

TEST_CASE("retention cut off at each operation: two snapshots reach the journal, which opens, and the rest is done next time") {
  Filled filled(4, 0);
  const auto plan = plan_of(filled.disk, INT64_MAX - 1);
  REQUIRE(plan.ok());
  CHECK(plan->snapshots.size() == 2);
  REQUIRE(plan->segments.size() >= 2);
  std::uint64_t operations = 0, states = 0;
  const Replayed whole = replay({.directory = journal_path, .from_snapshot = true, .threads = 1, .disk = &filled.disk, .clock = &filled.clock});
  for (bool through = false; !through; operations += stride) {
    auto disk = filled.copy();
    through = cut_at(*disk, operations, [&] { return retire(*disk, *plan); });
    each_crash(*disk, [&](io::SimulatedDisk& after) {
      const std::vector<Sequence> good = check_snapshots(after);
      REQUIRE(good.size() >= 2);
      CHECK(good.front() == 4 * interval - 1);
      const auto verified = journal::verify(journal_path, after);
      REQUIRE(verified.ok());
      CHECK_MESSAGE(verified->whole(), (verified->whole() ? "" : verified->findings.front().text));
      ++states;
      // The next one does the rest.
      const auto rest = plan_of(after, INT64_MAX - 1);
      REQUIRE(rest.ok());
      REQUIRE(retire(after, *rest).ok());
      const auto left = after.list("journal/wal");
      REQUIRE(left.ok());
      CHECK(left->front() == fmt::format("{:016}.seg", plan->oldest_segment));
      CHECK(check_snapshots(after).size() == 2);
    });
    if (operations % 4 != 0) continue;
    auto after = disk->after_process_death();  // and so does a start, of the segments
    EngineOptions options = simulated(*after, filled.clock);
    const Run started = run(options, 4 * part + 1, 4 * part + 2);
    CHECK(started.replayed_after == 4 * interval - 1);
  }
  CHECK(operations >= 2 + 1 + 1 + plan->segments.size() + 1);
  CHECK(whole.after == 4 * interval - 1);
  MESSAGE(operations << " operations, " << states << " states");
}

TEST_CASE("retention waits for a sink, for two whole snapshots, and for what was asked to be kept") {
  Filled filled(4, 0);
  const auto nothing = [](const Result<journal::RetentionPlan>& plan) { return plan.ok() && plan->snapshots.empty() && plan->segments.empty(); };
  CHECK(nothing(plan_of(filled.disk, no_sequence)));
  CHECK(nothing(plan_of(filled.disk, 2 * interval - 2)));
  const auto some = plan_of(filled.disk, 3 * interval);
  REQUIRE(some.ok());
  CHECK(some->snapshots.size() == 1);
  auto reader = journal::JournalReader::open(journal_path, filled.disk);
  REQUIRE(reader.ok());
  reader->set_digest_interval(interval);
  const auto whole = journal::plan_retention(*reader, {.enabled = true}, 0, INT64_MAX - 1);
  const auto bytes = journal::plan_retention(*reader, {.enabled = true, .keep_bytes = std::uint64_t{1} << 40}, 0, INT64_MAX - 1);
  const auto time = journal::plan_retention(*reader, {.enabled = true, .keep_time = Duration{365} * 24 * 3600 * one_second}, 0, INT64_MAX - 1);
  REQUIRE((whole.ok() && bytes.ok() && time.ok()));
  CHECK(whole->segments.size() >= 2);
  CHECK(bytes->segments.empty());
  CHECK(time->segments.empty());
  CHECK(nothing(journal::plan_retention(*reader, {}, 0, INT64_MAX - 1)));
  // A bad one does not count.
  const auto names = journal::list_snapshots(filled.disk, journal_path);
  filled.disk.flip_bit((*names)[0].path, 5000, 1);
  filled.disk.flip_bit((*names)[1].path, 5000, 1);
  const auto fewer = plan_of(filled.disk, INT64_MAX - 1);
  REQUIRE(fewer.ok());
  CHECK(fewer->snapshots.empty());
  filled.disk.flip_bit((*names)[2].path, 5000, 1);
  CHECK(nothing(plan_of(filled.disk, INT64_MAX - 1)));
}

}  // namespace pawl::snapshot_test::crash_test
