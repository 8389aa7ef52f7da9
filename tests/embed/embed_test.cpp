// The program that the README shows, run twice on one directory as its reader would.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

namespace {

struct Ran {
  std::string out;
  int status = -1;
};

Ran run_embed(const std::string& directory) {
  const std::string command = std::string(PAWL_EMBED) + " " + directory + " " + PAWL_SOURCE_DIR + "/apps/embed/cards.pawl 2>&1";
  Ran ran;
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer;
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) ran.out.append(buffer.data(), n);
  ran.status = pclose(pipe);
  return ran;
}

}  // namespace

TEST_CASE("the README's program decides, and continues its tickets and windows after a restart") {
  std::string name = (std::filesystem::temp_directory_path() / "pawl-embed-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  const Ran first = run_embed(name + "/journal");
  CHECK(first.status == 0);
  CHECK(first.out == "ticket 1: nothing\nticket 2: nothing\nticket 3: nothing\nticket 4: spend_spike\nticket 5: hard_limit spend_spike\n");
  const Ran second = run_embed(name + "/journal");
  CHECK(second.status == 0);
  CHECK(second.out == "ticket 6: nothing\nticket 7: nothing\nticket 8: nothing\nticket 9: nothing\nticket 10: hard_limit spend_spike\n");
  std::filesystem::remove_all(name);
}
