// The command line as a user meets it: exit statuses, what goes to which stream, messages.
#include <doctest/doctest.h>

#include "run_command.hpp"

using pawl::test::pawl_command;

TEST_CASE("--version names the program, its compiler and its allocator") {
  const auto run = pawl_command("--version");
  CHECK(run.status == 0);
  CHECK(run.err.empty());
  CHECK(run.out.starts_with("pawl 0."));
#ifndef PAWL_SANITIZED
  CHECK(run.out.find("mimalloc 2.") != std::string::npos);
#endif
}

TEST_CASE("--help shows every command and the exit statuses") {
  const auto run = pawl_command("--help");
  CHECK(run.status == 0);
  for (const char* word : {"Exit status", "64", "66", "75"}) CHECK(run.out.find(word) != std::string::npos);
}

TEST_CASE("a wrong command line is status 64, with the cure, on standard error alone") {
  for (const char* arguments : {"", "nonsense", "--nonsense"}) {
    CAPTURE(arguments);
    const auto run = pawl_command(arguments);
    CHECK(run.status == 64);
    CHECK(run.out.empty());
    CHECK(run.err.starts_with("pawl: error: "));
    CHECK(run.err.find("--help") != std::string::npos);
  }
}

TEST_CASE("a subcommand that there is not is named, with those that there are") {
  const auto run = pawl_command("rules profil cards.pawl");
  CHECK(run.status == 64);
  CHECK(run.err.find("`profil` is no subcommand of `rules`: there are check, explain, test, fmt, profile") != std::string::npos);
}

TEST_CASE("a full disk behind standard output is an I/O error, not silence") {
  const int raw = std::system((std::string(PAWL_COMMAND) + " --version >/dev/full 2>/dev/null").c_str());
  CHECK(WEXITSTATUS(raw) == 74);
}

TEST_CASE("a closed standard output is an I/O error too, and no file takes its place") {
  const pawl::test::Scratch scratch;
  const std::string journal = scratch / "journal";
  const int raw = std::system((std::string(PAWL_COMMAND) + " run --events 2000 --decisions - --journal " + journal + " <&- >&- 2>/dev/null").c_str());
  CHECK(WEXITSTATUS(raw) == 74);
  CHECK(pawl::test::pawl_command("journal verify " + journal).status == 0);
}
