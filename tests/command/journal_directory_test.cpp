// What `pawl run` and `pawl replay` say about directories that are used, damaged, in use, or not theirs.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "run_command.hpp"

using pawl::test::has;
using pawl::test::pawl_command;
using pawl::test::Scratch;

namespace {

std::string run_in(const std::string& directory) { return "run --events 2000 --journal " + directory; }

constexpr const char* other_pipeline =
    "pipeline \"other\" version 1\n"
    "event Payment { id: int, at: time, amount: money }\n"
    "rule big \"Big\" { on Payment when amount > 100.00 then score 900 }\n";

}  // namespace

TEST_CASE("a journal is only gone on with when that was asked for, and with the same pipeline") {
  const Scratch scratch;
  REQUIRE(pawl_command(run_in(scratch / "journal")).status == 0);
  const auto again = pawl_command(run_in(scratch / "journal"));
  CHECK(again.status == 64);
  CHECK(has(again.err, "is not empty: give --append"));
  const auto other = pawl_command(run_in(scratch / "journal") + " --append --pipeline " + scratch.write("other.pawl", other_pipeline));
  CHECK(other.status == 64);
  CHECK(has(other.err, "differs from the pipeline that the journal in"));
  CHECK(has(other.err, "Start a new journal directory for it"));
  CHECK(pawl_command("journal verify " + scratch / "journal").status == 0);
  CHECK(pawl_command(run_in(scratch / "journal") + " --append").status == 0);
}

TEST_CASE("a pipeline that was only laid out since its journal was made is refused as that") {
  const Scratch scratch;
  const std::string score = "score --event Payment --input " + scratch.write("rows.csv", "id,at,amount\n1,2018-08-08T10:00:00Z,6.00\n") + " --journal " + scratch / "journal --pipeline ";
  std::string text = other_pipeline;
  REQUIRE(pawl_command(score + scratch.write("p.pawl", text.insert(text.find("rule"), "\n\n  "))).status == 0);
  CHECK(pawl_command("rules fmt --write " + scratch / "p.pawl").status == 0);
  const auto refused = pawl_command(score + scratch / "p.pawl --append");
  CHECK(refused.status == 64);
  CHECK(has(refused.err, "differs from the pipeline that the journal in"));
  CHECK(has(refused.err, "in its layout alone"));
  CHECK_FALSE(has(refused.err, "Start a new journal"));
  scratch.write("p.pawl", text);
  CHECK(pawl_command(score + scratch / "p.pawl --append").status == 0);
}

TEST_CASE("directories that cannot be a journal") {
  const Scratch scratch;
  scratch.write("notes.txt", "hello");
  for (const std::string append : {"", " --append"}) {
    const auto file = pawl_command(run_in(scratch / "notes.txt") + append);
    CHECK(file.status == 64);
    CHECK(has(file.err, "notes.txt is not a directory"));
  }
  const auto foreign = pawl_command(run_in(scratch / "") + " --append");
  CHECK(foreign.status == 66);
  CHECK(has(foreign.err, "FOREIGN"));
  const auto nowhere = pawl_command(run_in(scratch / "notes.txt/journal"));
  CHECK(nowhere.status == 74);
  CHECK(has(nowhere.err, "pawl: error: "));
  CHECK(std::filesystem::file_size(scratch / "notes.txt") == 5);
}

TEST_CASE("replay of what holds no journal") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "empty");
  for (const char* name : {"empty", "gone"}) {
    const auto run = pawl_command("replay --journal " + scratch / name);
    CHECK(run.status == 66);
    CHECK(run.out.empty());
    CHECK(has(run.err, "NOT INITIALISED"));
  }
  REQUIRE(pawl_command(run_in(scratch / "journal")).status == 0);
  const auto until = pawl_command("replay --until yesterday --journal " + scratch / "journal");
  CHECK(until.status == 64);
  CHECK(has(until.err, "--until `yesterday`"));
}

TEST_CASE("a damaged journal is neither replayed nor gone on with; the file and the offset are named") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  REQUIRE(pawl_command(run_in(directory)).status == 0);
  const std::string segment = directory + "/wal/0000000000000001.seg";
  {
    std::fstream file(segment, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(40'000);
    const char byte = static_cast<char>(file.get() ^ 0x40);
    file.seekp(40'000);
    file.put(byte);
  }
  for (const std::string& command : {"replay --journal " + directory, run_in(directory) + " --append"}) {
    CAPTURE(command);
    const auto run = pawl_command(command);
    CHECK(run.status == 66);
    CHECK_MESSAGE(has(run.err, segment), run.err);
    CHECK_MESSAGE(has(run.err, "offset"), run.err);
    CHECK_FALSE(has(run.out, "digest"));
  }
}

TEST_CASE("a journal has one process at a time") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  // Holds the journal until its standard input ends.
  const std::string line = std::string(PAWL_COMMAND) + " run --input - --journal " + directory + " >/dev/null 2>&1";
  std::FILE* holder = popen(line.c_str(), "w");
  REQUIRE(holder != nullptr);
  REQUIRE(std::fputs("id,at,customer,terminal,amount,fraud\n1,2018-08-08T10:00:00Z,1,1,1.00,false\n", holder) >= 0);
  std::fflush(holder);
  // Its first segments are written before it reads: until then a second one would win the lock.
  const std::string ready = directory + "/wal/0000000000000001.seg";
  for (int i = 0; i < 3000 && !std::filesystem::exists(ready); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE(std::filesystem::exists(ready));
  const auto second = pawl_command(run_in(directory) + " --append");
  CHECK(second.status == 75);
  CHECK_MESSAGE(has(second.err, "IN USE: another process has the journal in " + directory + " open"), second.err);
  CHECK_MESSAGE(has(second.err, " (pawl) holds it; stop that one first"), second.err);
  CHECK(pclose(holder) == 0);
  CHECK(pawl_command("replay --journal " + directory).status == 0);
}
