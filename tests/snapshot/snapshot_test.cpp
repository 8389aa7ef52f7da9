// State from a snapshot and the rest of the journal is state from all of the journal: digest, decisions, firings, and the next snapshot.
#include "written.hpp"

namespace pawl::snapshot_test::snapshot_test {
namespace {

std::vector<Taken> behind(const std::vector<Taken>& all, Sequence sequence) {
  std::vector<Taken> rest;
  for (const Taken& taken : all) {
    if (taken.sequence > sequence) rest.push_back(taken);
  }
  return rest;
}

}  // namespace

TEST_CASE("snapshots taken and read by 1, 2 and 4 threads: same digest, same decisions, same bytes") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  World world;
  std::vector<std::string> files;
  int threads = 1;
  for (std::int64_t i = 0; i < 3; ++i, threads *= 2) {  // each shadow begins with the snapshot of another one
    static_cast<void>(run(options_for(journal), i * part + 1, (i + 1) * part + 1));
    const journal::Taken taken = world.take(journal, threads);
    CHECK(taken.header.sequence == (i + 1) * interval - 1);
    CHECK(taken.after == (i == 0 ? no_sequence : i * interval - 1));
    CHECK(taken.notes.empty());
    CHECK_FALSE(taken.was_there);
    CHECK(world.take(journal).was_there);
    files.push_back(taken.path);
  }
  const Replayed whole = replay({.directory = journal});
  CHECK(whole.after == no_sequence);
  CHECK(whole.report.last_sequence == 3 * part);
  CHECK(whole.decisions.size() == 3 * part);
  CHECK(whole.report.digests_compared >= 1);
  for (const int readers : {1, 2, 4}) {
    const Replayed tail = replay({.directory = journal, .from_snapshot = true, .threads = readers});
    CHECK(tail.after == 3 * interval - 1);
    CHECK(tail.report.digest == whole.report.digest);
    CHECK(tail.report.firings == whole.report.firings);
    CHECK(tail.decisions == behind(whole.decisions, tail.after));
  }
  // A shadow that begins at the beginning, with any number of threads, writes the very bytes.
  const std::string last = file_bytes(files.back());
  for (const int writers : {1, 2, 4}) {
    for (const std::string& file : files) std::filesystem::remove(file);
    const journal::Taken taken = world.take(journal, writers);
    CHECK(taken.after == no_sequence);
    CHECK(file_bytes(taken.path) == last);
  }
}

TEST_CASE("replay goes to a sequence or a time from the nearest snapshot before it") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  World world;
  static_cast<void>(run(options_for(journal), 1, part + 1));
  world.take(journal);
  static_cast<void>(run(options_for(journal), part + 1, 2 * part + 1));
  world.take(journal);
  for (const Sequence until : {Sequence{100}, Sequence{interval - 2}, Sequence{interval - 1}, Sequence{interval}, Sequence{interval + 2003}, 2 * interval - 1, 2 * interval + 7}) {
    CAPTURE(until);
    const Replayed whole = replay({.directory = journal, .until = {.sequence = until}});
    const Replayed tail = replay({.directory = journal, .until = {.sequence = until}, .from_snapshot = true});
    CHECK(tail.after == (until + 1) / interval * interval - 1);
    CHECK(tail.report.last_sequence == until);
    CHECK(tail.report.digest == whole.report.digest);
    CHECK(tail.report.firings == whole.report.firings);
    CHECK(tail.decisions == behind(whole.decisions, tail.after));
  }
  for (const std::int64_t i : {std::int64_t{50}, interval - 3, interval + 20, 2 * interval + 9}) {
    const Time until = start + i * flow.between;
    const Replayed whole = replay({.directory = journal, .until = {.time = until}});
    const Replayed tail = replay({.directory = journal, .until = {.time = until}, .from_snapshot = true});
    CAPTURE(i);
    CHECK(tail.after <= whole.report.last_sequence);
    CHECK(tail.report.last_sequence == whole.report.last_sequence);
    CHECK(tail.report.digest == whole.report.digest);
    CHECK(tail.decisions == behind(whole.decisions, tail.after));
  }
  CHECK(replay({.directory = journal, .until = {.time = start + (interval + 20) * flow.between}, .from_snapshot = true}).after == interval - 1);
}

TEST_CASE("an engine starts from the newest snapshot, and goes on as one that replays everything") {
  const test::TemporaryDirectory directory;
  const std::string with = directory.path() + "/with", without = directory.path() + "/without";
  World world;
  const Run first = run(options_for(with), 1, 2 * part + 1);
  world.take(with);
  std::filesystem::copy(with, without, std::filesystem::copy_options::recursive);
  EngineOptions replaying = options_for(without);
  replaying.from_snapshot = false;
  for (const int threads : {1, 2, 4}) {
    EngineOptions starting = options_for(with);
    starting.threads = threads;
    const std::int64_t from = 2 * part + 1 + (threads - 1) * 1000;
    const Run a = run(starting, from, from + 1000), b = run(replaying, from, from + 1000);
    CHECK(a.replayed_after == 2 * interval - 1);
    CHECK(b.replayed_after == no_sequence);
    CHECK(a.digest == b.digest);
    CHECK(a.firings == b.firings);
    CHECK(a.decisions == b.decisions);
    CHECK(a.decisions.size() == 1000);
    if (threads == 2) {  // 4 begins behind
      static_cast<void>(run(options_for(with), from + 1000, from + 2000));
      static_cast<void>(run(replaying, from + 1000, from + 2000));
    }
  }
}

TEST_CASE("decisions that no sink has taken are given again: no snapshot skips them") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  World world;
  const Run first = run(options_for(journal), 1, 2 * part + 1);
  world.take(journal);
  EngineOptions again = options_for(journal);
  again.muted = EngineOptions::replay_all;
  Run all = run(again, 2 * part + 1, 2 * part + 2);
  CHECK(all.replayed_after == no_sequence);
  REQUIRE(all.decisions.size() == 2 * part + 1);
  all.decisions.pop_back();
  CHECK(all.decisions == first.decisions);
  again.muted = interval + 1000;
  const Run some = run(again, 2 * part + 2, 2 * part + 3);
  CHECK(some.replayed_after == no_sequence);
  CHECK(some.decisions.size() == 2 * part + 2 - again.muted);
  CHECK(some.decisions.front().sequence == again.muted + 1);
}

TEST_CASE("damaged, foreign and other histories' snapshots are named, and an older one or all of the journal is taken") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal", other = directory.path() + "/other";
  World world;
  static_cast<void>(run(options_for(journal), 1, part + 1));
  const journal::Taken older = world.take(journal);
  const Run second = run(options_for(journal), part + 1, 2 * part + 1);
  const journal::Taken newer = world.take(journal);
  static_cast<void>(run(options_for(other), 1, 2 * part + 1));
  const journal::Taken foreign = world.take(other);
  const std::string whole = file_bytes(newer.path);
  for (const journal::Taken* taken : {&newer, &foreign}) std::filesystem::remove(journal::pages_path(taken->path));  // rows are read then

  flip(newer.path, whole.size() / 2);
  Replayed tail = replay({.directory = journal, .from_snapshot = true});
  CHECK(tail.after == older.header.sequence);
  CHECK(tail.report.digest == second.digest);
  REQUIRE(tail.notes.size() == 1);
  CHECK(tail.notes[0].find(newer.path + " is damaged at offset ") != std::string::npos);

  write_bytes(newer.path, file_bytes(foreign.path));
  tail = replay({.directory = journal, .from_snapshot = true});
  CHECK(tail.after == older.header.sequence);
  REQUIRE(tail.notes.size() == 1);
  CHECK(tail.notes[0].find("another journal") != std::string::npos);

  flip(older.path, 0);
  const Run started = run(options_for(journal), 2 * part + 1, 2 * part + 2);
  CHECK(started.replayed_after == no_sequence);
  CHECK(started.notices.size() >= 2);

  // Taken again, in place of the bad ones.
  const journal::Taken again = world.take(journal);
  CHECK_FALSE(again.was_there);
  CHECK(again.notes.size() == 1);
  CHECK(again.header.digest == newer.header.digest);
  CHECK(run(options_for(journal), 2 * part + 2, 2 * part + 3).replayed_after == again.header.sequence);
}

TEST_CASE("too short a journal, and a second one who takes a snapshot, are told so") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  World world;
  static_cast<void>(run(options_for(journal), 1, 1000));
  const auto none = journal::take_snapshot({.directory = journal, .threads = 1, .disk = world.disk.get(), .clock = &world.clock, .digest_interval = interval});
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().code == ErrorCode::usage);
  auto lock = world.disk->lock(journal + "/snap/LOCK");
  REQUIRE(lock.ok());
  const auto second = journal::take_snapshot({.directory = journal, .threads = 1, .disk = world.disk.get(), .clock = &world.clock, .digest_interval = interval});
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == ErrorCode::in_use);
}

}  // namespace pawl::snapshot_test::snapshot_test
