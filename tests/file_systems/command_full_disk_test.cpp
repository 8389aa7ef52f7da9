// The command on file systems that are full: clear text, the right exit status, and an exact continuation.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "../command/run_command.hpp"
#include "loop_mount.hpp"

using pawl::test::digest_of;
using pawl::test::file_systems;
using pawl::test::has;
using pawl::test::LoopMount;
using pawl::test::MiB;
using pawl::test::Outcome;
using pawl::test::pawl_command;
using pawl::test::read_file;
using pawl::test::Scratch;

TEST_CASE("pawl run on a full disk says so, ends with 74, and goes on exactly with --append") {
  const Scratch scratch;
  const std::string stream = "run --events 1200000 ";
  const Outcome whole = pawl_command(stream + "--durability memory --decisions " + scratch / "whole.csv");
  REQUIRE(whole.status == 0);
  for (const std::string& type : file_systems) {
    CAPTURE(type);
    auto mount = LoopMount::make(type, 304 * MiB);
    if (!mount.ok()) {
      MESSAGE("SKIPPED: pawl run on a full ", type, ": ", mount.error().text);
      continue;
    }
    const std::string again = stream + "--append --journal " + *mount / "journal" + " --decisions " + scratch / (type + ".csv");
    mount->leave(10 * MiB);
    const Outcome none = pawl_command(again);
    CHECK(none.status == 74);
    CHECK_MESSAGE(has(none.err, "pawl: error: no space for the first segment of 67108864 bytes in " + *mount / "journal/wal" + ". Free space"), none.err);

    mount->leave(70 * MiB);
    const Outcome full = pawl_command(again);
    CHECK(full.status == 74);
    CHECK_MESSAGE(has(full.err, "pawl: error: the disk of " + *mount / "journal" + " is full: inputs behind sequence "), full.err);
    CHECK_MESSAGE(has(full.err, "are not durable and were not acked. Free space ('df -h') and start again on the same journal: pawl-fraud as before, `pawl run` with --append"), full.err);

    mount->leave(180 * MiB);
    const Outcome rest = pawl_command(again);
    CHECK_MESSAGE(rest.status == 0, rest.err);
    CHECK(digest_of(rest) == digest_of(whole));
    CHECK(read_file(scratch / (type + ".csv")) == read_file(scratch / "whole.csv"));
    CHECK(digest_of(pawl_command("replay --journal " + *mount / "journal")) == digest_of(whole));
  }
}

TEST_CASE("pawl-fraud on a full disk waits for space, says so once, and leaves no payment out") {
  constexpr int payments = 1'200'000;
  const Scratch scratch;
  auto mount = LoopMount::make("ext4", 304 * MiB);
  if (!mount.ok()) {
    MESSAGE("SKIPPED: pawl-fraud on a full disk: ", mount.error().text);
    return;
  }
  mount->leave(70 * MiB);  // one segment
  std::string rows = "id,at\n";
  for (int id = 1; id <= payments; ++id) rows += std::to_string(id) + ",2026-01-01T00:00:00Z\n";
  const std::string input = scratch.write("rows.csv", rows), err = scratch / "err", decisions = scratch / "decisions.csv";
  const std::string pipeline = scratch.write("all.pawl", "pipeline \"all\" version 1\nevent P { id: int, at: time, a: int, b: int, c: int, d: int }\n");
  int raw = -1;
  std::thread service([&] {
    raw = std::system((std::string(PAWL_FRAUD) + " --pipeline " + pipeline + " --journal " + *mount / "journal" + " --input " + input + " --decisions " + decisions + " 2>" + err).c_str());
  });
  const std::string told = "the journal has no room to go on: no payment is taken until it has";
  for (int i = 0; i < 6000 && !has(read_file(err), told) && !has(read_file(err), "digest"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const std::string before = read_file(err);
  mount->leave(180 * MiB);
  service.join();
  CHECK_MESSAGE(has(before, told), before);
  CHECK(raw == 0);
  const std::string after = read_file(err);
  CHECK(after.find(told) == after.rfind(told));
  CHECK_MESSAGE(has(after, std::to_string(payments) + " payments accepted, 0 refused, " + std::to_string(payments) + " decisions written"), after);
  const std::string last = std::to_string(payments) + "," + std::to_string(payments) + ",approve,0,\n";
  CHECK(read_file(decisions).ends_with(last));
}

TEST_CASE("a decisions file on a full disk ends pawl run with 74, and is continued without a torn or doubled row") {
  const Scratch scratch;
  const std::string stream = "run --events 200000 ";
  const Outcome whole = pawl_command(stream + "--durability memory --decisions " + scratch / "whole.csv");
  REQUIRE(whole.status == 0);
  auto mount = LoopMount::make("ext4", 32 * MiB);
  if (!mount.ok()) {
    MESSAGE("SKIPPED: decisions file on a full disk: ", mount.error().text);
    return;
  }
  const std::string again = stream + "--append --journal " + scratch / "journal" + " --decisions " + *mount / "decisions.csv";
  mount->leave(1 * MiB);
  const Outcome full = pawl_command(again);
  CHECK(full.status == 74);
  CHECK_MESSAGE(has(full.err, "pawl: error: cannot write " + *mount / "decisions.csv" + ": No space left on device (ENOSPC); the file system is full: free space ('df -h')"), full.err);
  mount->leave(20 * MiB);
  const Outcome rest = pawl_command(again);
  CHECK_MESSAGE(rest.status == 0, rest.err);
  CHECK(digest_of(rest) == digest_of(whole));
  CHECK(read_file(*mount / "decisions.csv") == read_file(scratch / "whole.csv"));
}
