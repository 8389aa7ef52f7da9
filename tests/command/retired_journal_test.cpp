// A journal whose first segments were removed by retention, under the commands that read journals: they say where it begins, and show all that is left.
#include <doctest/doctest.h>

#include <filesystem>
#include <sstream>
#include <string>

#include "pawl/journal/control.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/reader.hpp"
#include "run_command.hpp"
#include "written_journal.hpp"

using pawl::test::has;
using pawl::test::Outcome;
using pawl::test::pawl_command;
using pawl::test::Scratch;
using pawl::test::write_journal;

namespace {

constexpr std::int64_t inputs = 3000;

// CONTROL says that the journal begins with segment `oldest`, and those before it are gone. Its first sequence.
std::int64_t retire_before(const std::string& journal, std::uint64_t oldest) {
  const auto disk = pawl::io::make_real_disk();
  REQUIRE(disk.ok());
  auto found = pawl::journal::read_control(**disk, journal);
  REQUIRE(found.ok());
  auto control = pawl::journal::ControlFile::open(**disk, journal, found->slot);
  REQUIRE(control.ok());
  pawl::journal::ControlSlot next = control->current();
  next.oldest_segment = oldest;
  REQUIRE(control->publish(next, 1).ok());
  for (std::uint64_t segment = 1; segment < oldest; ++segment) REQUIRE(std::filesystem::remove(pawl::journal::segment_path(journal, segment)));
  const auto reader = pawl::journal::JournalReader::open(journal, **disk);
  REQUIRE(reader.ok());
  return reader->beginning()->next_sequence;
}

std::size_t lines_with(const std::string& text, const std::string& part) {
  std::istringstream lines(text);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) count += has(line, part) ? 1U : 0U;
  return count;
}

struct Retired {
  Retired() {
    write_journal(whole, inputs);
    write_journal(journal, inputs);
    first = retire_before(journal, 3);
    REQUIRE(first > 0);
    REQUIRE(first < inputs);
    notice = journal + " begins with sequence " + std::to_string(first) + ": those before it were removed by retention";
  }
  Scratch scratch;
  std::string whole = scratch / "whole", journal = scratch / "journal", notice;
  std::int64_t first = 0;
};

}  // namespace

TEST_CASE("score, which gives all decisions again, does not go on with such a journal") {
  const Retired retired;
  const auto refused = pawl_command("score --append --journal " + retired.journal + " --event Payment --pipeline " + retired.scratch.write("p.pawl", "x") + " --input -");
  CHECK(refused.status == 64);
  CHECK(has(refused.err, "begins with input " + std::to_string(retired.first) + ": retention removed those before it"));
}

TEST_CASE("cat, grep and export of a retired journal: all that is left, from the start or from a place, and a warning where more was asked for") {
  const Retired retired;
  const auto left = static_cast<std::size_t>(inputs - retired.first);

  const Outcome all = pawl_command("journal cat --json " + retired.journal);
  REQUIRE_MESSAGE(all.status == 0, all.err);
  CHECK(lines_with(all.out, "\"customer\"") == left);
  CHECK(has(all.out, "\"sequence\": " + std::to_string(retired.first)));
  CHECK(has(all.err, retired.notice));

  const Outcome earlier = pawl_command("journal cat --from 5 " + retired.journal), later = pawl_command("journal cat --from " + std::to_string(inputs - 1) + " " + retired.journal);
  CHECK(earlier.status == 0);
  CHECK(has(earlier.err, retired.notice));
  CHECK(later.status == 0);
  CHECK(later.err.empty());
  CHECK(lines_with(later.out, "customer=7") == 1);

  const Outcome exported = pawl_command("journal export --with sequence " + retired.journal);
  REQUIRE_MESSAGE(exported.status == 0, exported.err);
  CHECK(lines_with(exported.out, ",") == left + 1);  // and the header
  CHECK(has(exported.out, "\n" + std::to_string(retired.first) + ","));
  CHECK(has(exported.err, retired.notice));

  const Outcome gone = pawl_command("journal grep id=5 " + retired.journal), there = pawl_command("journal grep id=" + std::to_string(retired.first) + " " + retired.journal);
  CHECK(gone.status == 1);
  CHECK(has(gone.err, retired.notice));
  CHECK(there.status == 0);
  CHECK(lines_with(there.out, "customer=7") == 1);
}

TEST_CASE("diff of a retired journal with the whole one compares from where the later begins, and says so") {
  const Retired retired;
  const std::string from = "from sequence " + std::to_string(retired.first) + " on, where the later of the two begins";
  for (const std::string& sides : {retired.journal + " " + retired.whole, retired.whole + " " + retired.journal}) {
    const Outcome equal = pawl_command("journal diff " + sides);
    CHECK_MESSAGE(equal.status == 0, equal.out << equal.err);
    CHECK(has(equal.out, "equal: " + std::to_string(inputs - retired.first) + " inputs"));
    CHECK(has(equal.out, from));
  }
  const std::string shorter = retired.scratch / "shorter";
  write_journal(shorter, inputs - 1);
  const Outcome different = pawl_command("journal diff " + retired.journal + " " + shorter);
  CHECK(different.status == 1);
  CHECK(has(different.out, "goes on for 1 inputs"));
}

TEST_CASE("info, ls, stats and verify of a retired journal say where it begins, and find nothing wrong") {
  const Retired retired;
  for (const char* command : {"info", "ls", "stats", "verify"}) {
    const Outcome outcome = pawl_command(std::string("journal ") + command + " " + retired.journal);
    CAPTURE(command);
    CHECK_MESSAGE(outcome.status == 0, outcome.out << outcome.err);
    CHECK_FALSE(has(outcome.out, "0000000000000001"));
  }
  CHECK(has(pawl_command("journal info " + retired.journal).out, std::to_string(retired.first)));
}
