// The language reference, core/language/LANGUAGE.md: every example is checked, the tests in it hold, and the messages it shows are those that come.
#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "run_command.hpp"

using pawl::test::has;
using pawl::test::Outcome;
using pawl::test::pawl_command;
using pawl::test::read_file;
using pawl::test::Scratch;

namespace {

// What stands between ``` and ```, with the words behind the first.
struct Block {
  std::string words, text;
};

std::vector<Block> blocks_of(const std::string& document) {
  std::vector<Block> blocks;
  std::istringstream lines(document);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, 3, "```") == 0) {
      if (!inside) blocks.push_back({line.substr(3), {}});
      inside = !inside;
    } else if (inside) {
      blocks.back().text += line + '\n';
    }
  }
  CHECK_FALSE(inside);
  return blocks;
}

}  // namespace

TEST_CASE("every example of the language reference is accepted without a word, its tests hold, and messages are as shown") {
  const Scratch scratch;
  const std::vector<Block> blocks = blocks_of(read_file(std::string(PAWL_SOURCE_DIR) + "/core/language/LANGUAGE.md"));
  std::string prelude;
  int examples = 0, with_tests = 0, wrong = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    CAPTURE(block.text);
    if (block.words == "pawl prelude") prelude = block.text;
    if (block.words.compare(0, 4, "pawl") != 0) continue;
    const std::string file = scratch.write("example.pawl", block.words == "pawl prelude" ? block.text : prelude + block.text);
    const Outcome checked = pawl_command("rules check " + file);
    if (block.words == "pawl wrong") {
      ++wrong;
      REQUIRE(i + 1 < blocks.size());
      REQUIRE(blocks[i + 1].words == "messages");
      std::string said = checked.out;
      for (std::size_t at; (at = said.find(file)) != std::string::npos;) said.replace(at, file.size(), "cards.pawl");
      CHECK(checked.status == 65);
      CHECK(said == blocks[i + 1].text);
      continue;
    }
    ++examples;
    CHECK(checked.status == 0);
    CHECK_MESSAGE(has(checked.out, "; 0 warnings"), checked.out);
    if (!has(block.text, "\ntest \"")) continue;
    ++with_tests;
    const Outcome tested = pawl_command("rules test " + file);
    CHECK_MESSAGE(tested.status == 0, tested.out << tested.err);
  }
  CHECK(examples >= 8);
  CHECK(with_tests >= 6);
  CHECK(wrong >= 1);
}
