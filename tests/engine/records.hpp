// The records of a journal, as tests of engines look for them.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "pawl/journal/reader.hpp"

namespace pawl::test {

// seen(record) for each, in order. Every block must be whole.
template <class Seen>
void for_each_record(const std::string& directory, io::Disk& disk, Seen seen) {
  auto reader = journal::JournalReader::open(directory, disk);
  REQUIRE(reader.ok());
  auto blocks = reader->read({.deep = true});
  REQUIRE(blocks.ok());
  journal::BlockView block;
  for (;;) {
    auto more = blocks->next(block);
    REQUIRE_MESSAGE(more.ok(), (more.ok() ? "" : more.error().text));
    if (!*more) return;
    for (const journal::Record record : block.records()) seen(record);
  }
}

}  // namespace pawl::test
