// `pawl gen payments`: deterministic, on standard output and into files.
#include <doctest/doctest.h>

#include <algorithm>

#include "run_command.hpp"

using pawl::test::pawl_command;
using pawl::test::Scratch;

TEST_CASE("the same seed gives the same payments, another seed others") {
  const auto once = pawl_command("gen payments --events 2000 --seed 5");
  CHECK(once.status == 0);
  CHECK(once.out.starts_with("id,at,customer,terminal,amount,fraud\n"));
  CHECK(std::count(once.out.begin(), once.out.end(), '\n') == 2001);
  CHECK(once.out == pawl_command("gen payments --seed 5 --events 2000 --out -").out);
  CHECK(once.out != pawl_command("gen payments --events 2000 --seed 6").out);
}

TEST_CASE("a file by name, compressed by its extension") {
  const Scratch scratch;
  const auto plain = pawl_command("gen payments --events 500 --out " + scratch / "p.csv");
  CHECK(plain.status == 0);
  CHECK(plain.out.empty());
  CHECK(pawl_command("gen payments --events 500 --out " + scratch / "p.csv.zst").status == 0);
  const std::string text = pawl::test::read_file(scratch / "p.csv");
  const std::string packed = pawl::test::read_file(scratch / "p.csv.zst");
  CHECK(text == pawl_command("gen payments --events 500").out);
  CHECK(packed.starts_with("\x28\xB5\x2F\xFD"));
  CHECK(packed.size() < text.size() / 2);
}

TEST_CASE("contradictions and places that cannot be written") {
  CHECK(pawl_command("gen payments --events -1").status == 64);
  CHECK(pawl_command("gen payments --customers 0").status == 64);
  CHECK(pawl_command("gen").status == 64);
  CHECK(pawl_command("gen payments --events 5 --out /nowhere/at/all/p.csv").status == 74);
  CHECK(pawl_command("gen payments --events 100000 --out /dev/full").status == 74);
}
