// `pawl doctor`: it leaves nothing behind, and a directory that cannot hold a journal is a failure with a cure.
#include <doctest/doctest.h>

#include <filesystem>

#include "run_command.hpp"

using pawl::test::pawl_command;
using pawl::test::Scratch;

TEST_CASE("doctor names what it found and leaves the directory empty") {
  const Scratch scratch;
  const auto run = pawl_command("doctor --directory " + scratch / "");
  CHECK(run.status == 0);
  for (const char* fact : {"CPUs", "priority", "huge pages", "locked memory", "io_uring", "direct I/O", "file system", "clock"}) CHECK(run.out.find(fact) != std::string::npos);
  CHECK(std::filesystem::is_empty(scratch / ""));
}

TEST_CASE("doctor --json is one array with a grade for every fact") {
  const Scratch scratch;
  const auto run = pawl_command("doctor --json --directory " + scratch / "");
  CHECK(run.status == 0);
  CHECK(run.out.starts_with("[\n"));
  CHECK(run.out.ends_with("]\n"));
  CHECK(run.out.find("{\"name\": \"direct I/O\", \"status\": \"") != std::string::npos);
}

TEST_CASE("a directory that does not exist is an I/O error") {
  const Scratch scratch;
  const auto run = pawl_command("doctor --directory " + scratch / "gone");
  CHECK(run.status == 74);
  CHECK(run.err.find("mkdir -p") != std::string::npos);
}
