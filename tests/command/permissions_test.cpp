// Directories and files that this user may not read or write: each is named, with the reason and the cure; status 74, and nothing is made.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "run_command.hpp"

using pawl::test::has;
using pawl::test::Outcome;
using pawl::test::pawl_command;
using pawl::test::read_file;
using pawl::test::Scratch;
namespace fs = std::filesystem;

namespace {

void set_mode(const std::string& path, unsigned mode) { fs::permissions(path, static_cast<fs::perms>(mode)); }

// Runs the command as a user who owns nothing here: root may read everything, so as root it is another one.
class Stranger {
 public:
  Stranger() {
    set_mode(home_ / "", 0755);
    fs::copy_file(PAWL_COMMAND, home_ / "pawl");
    set_mode(home_ / "pawl", 0755);
    if (::geteuid() == 0) prefix_ = "setpriv --reuid=65534 --regid=65534 --clear-groups ";
  }

  [[nodiscard]] bool works() const { return run("--version").status == 0; }
  [[nodiscard]] Outcome run(const std::string& arguments) const {
    const Scratch scratch;
    const std::string line = prefix_ + home_ / "pawl" + " " + arguments + " >" + scratch / "out" + " 2>" + scratch / "err" + " </dev/null";
    const int raw = std::system(line.c_str());
    return {WIFEXITED(raw) ? WEXITSTATUS(raw) : -1, read_file(scratch / "out"), read_file(scratch / "err")};
  }
  [[nodiscard]] const Scratch& home() const { return home_; }

 private:
  Scratch home_;
  std::string prefix_;
};

void refused(const Stranger& stranger, const std::string& arguments, const std::string& what) {
  CAPTURE(arguments);
  const Outcome outcome = stranger.run(arguments);
  CHECK(outcome.status == 74);
  CHECK(outcome.out.empty());
  CHECK_MESSAGE(has(outcome.err, "pawl: error: cannot " + what + ": Permission denied"), outcome.err);
  CHECK_MESSAGE(has(outcome.err, "check owner and mode with 'ls -ld'"), outcome.err);
}

}  // namespace

TEST_CASE("a journal that may not be read, or not be written") {
  const Stranger stranger;
  if (!stranger.works()) {
    MESSAGE("SKIPPED: permissions of journals: the command cannot be run as another user here");
    return;
  }
  const std::string journal = stranger.home() / "journal";
  REQUIRE(pawl_command("run --events 500 --journal " + journal).status == 0);
  const std::string readers[] = {"journal info ", "journal ls ",     "journal cat ",         "journal grep id=1 ", "journal tail ",
                                 "journal verify ", "journal stats ", "journal export ", "journal repair --to /nowhere ", "journal diff " + journal + " ", "replay --journal "};
  const auto refused_to_all = [&](const std::string& what) {
    for (const std::string& reader : readers) refused(stranger, reader + journal, what);
  };
  if (::geteuid() == 0) {  // the owner may read it; not write: closed to others alone
    set_mode(journal, 0755);
    CHECK(stranger.run("journal info " + journal).status == 0);
    CHECK(stranger.run("replay --journal " + journal).status == 0);
    refused(stranger, "run --append --events 10 --journal " + journal, "open " + journal + "/LOCK");
  }
  set_mode(journal + "/CONTROL", 0);
  refused_to_all("open " + journal + "/CONTROL");
  set_mode(journal + "/CONTROL", 0644);
  set_mode(journal, 0);
  refused_to_all("list " + journal);
  for (const std::string append : {"", " --append"}) refused(stranger, "run --events 10 --journal " + journal + append, "list " + journal);
  set_mode(journal, 0755);
  CHECK(pawl_command("replay --journal " + journal).status == 0);
}

TEST_CASE("a place where no journal may be made, and files that may not be read or written") {
  const Stranger stranger;
  if (!stranger.works()) {
    MESSAGE("SKIPPED: permissions of files: the command cannot be run as another user here");
    return;
  }
  const Scratch& home = stranger.home();
  home.write("p.pawl", "pipeline \"p\" version 1\nevent P { id: int, at: time }\n");
  home.write("rows.csv", "id,at\n1,2018-08-08T10:00:00Z\n");
  fs::create_directory(home / "closed");
  fs::copy_file(home / "p.pawl", home / "closed/p.pawl");
  fs::copy_file(home / "rows.csv", home / "closed/rows.csv");
  set_mode(home / "closed", 0500);
  if (::geteuid() == 0) set_mode(home / "closed", 0555);
  refused(stranger, "run --events 10 --journal " + home / "closed/journal", "make directory " + home / "closed/journal");
  CHECK_FALSE(fs::exists(home / "closed/journal"));
  refused(stranger, "score --event P --pipeline " + home / "p.pawl" + " --input " + home / "rows.csv" + " --decisions " + home / "closed/d.csv", "open " + home / "closed/d.csv");
  set_mode(home / "closed", 0);
  refused(stranger, "score --event P --pipeline " + home / "closed/p.pawl" + " --input " + home / "rows.csv", "open " + home / "closed/p.pawl");
  refused(stranger, "score --event P --pipeline " + home / "p.pawl" + " --input " + home / "closed/rows.csv", "open " + home / "closed/rows.csv");
  set_mode(home / "closed", 0755);
}

TEST_CASE("a path through a file is no directory") {
  const Scratch scratch;
  scratch.write("notes.txt", "hello");
  const std::string through = scratch / "notes.txt/journal";
  for (const std::string command : {"run --events 10 --journal ", "run --append --events 10 --journal "}) {
    const auto outcome = pawl_command(command + through);
    CHECK(outcome.status == 74);
    CHECK_MESSAGE(has(outcome.err, "pawl: error: cannot make directory " + through + ": Not a directory (ENOTDIR); a part of the path is a file"), outcome.err);
  }
  for (const std::string command : {"replay --journal ", "journal info ", "journal cat ", "journal verify "}) {
    const auto outcome = pawl_command(command + through);
    CHECK(outcome.status != 0);
    CHECK_MESSAGE(has(outcome.err, through), outcome.err);
    const auto file = pawl_command(command + scratch / "notes.txt");
    CHECK(file.status == 74);
    CHECK_MESSAGE(has(file.err, "cannot list " + scratch / "notes.txt" + ": Not a directory"), file.err);
  }
}
