// Pages: a start that reads memory as it was goes on as one that reads rows, and one that cannot reads rows.
#include "written.hpp"

namespace pawl::snapshot_test::pages_test {
namespace {

}  // namespace

TEST_CASE("a start from pages reads no rows, with any number of threads, and the next snapshot has the same bytes") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  World world;
  const Run first = run(options_for(journal), 1, 2 * part + 1);
  const journal::Taken taken = world.take(journal, 1);
  REQUIRE(std::filesystem::exists(journal::pages_path(taken.path)));
  const std::string rows = file_bytes(taken.path);
  flip(taken.path, rows.size() / 2);  // nobody will see
  for (const int threads : {1, 2, 4}) {
    const Replayed tail = replay({.directory = journal, .from_snapshot = true, .threads = threads});
    CHECK(tail.notes.empty());
    CHECK(tail.after == 2 * interval - 1);
    CHECK(tail.report.digest == first.digest);
    CHECK(tail.report.firings == first.firings);
  }
  const Run more = run(options_for(journal), 2 * part + 1, 3 * part + 1);
  CHECK(more.replayed_after == taken.header.sequence);
  const journal::Taken next = world.take(journal, 2);
  CHECK(next.after == taken.header.sequence);
  CHECK_FALSE(std::filesystem::exists(journal::pages_path(taken.path)));
  const std::string bytes = file_bytes(next.path);
  std::filesystem::remove(journal::pages_path(next.path));
  std::filesystem::remove(next.path);
  std::filesystem::remove(taken.path);
  const journal::Taken again = world.take(journal, 1);
  CHECK(again.after == no_sequence);
  CHECK(file_bytes(again.path) == bytes);
}

TEST_CASE("pages that are damaged or cut: rows are read, and a note says why; of another snapshot: rows are read") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  World world;
  static_cast<void>(run(options_for(journal), 1, part + 1));
  const journal::Taken older = world.take(journal);
  const std::string older_pages = file_bytes(journal::pages_path(older.path));
  const Run second = run(options_for(journal), part + 1, 2 * part + 1);
  const journal::Taken taken = world.take(journal);
  const std::string path = journal::pages_path(taken.path), whole = file_bytes(path);
  const auto from_rows = [&](std::size_t notes) {
    const Replayed tail = replay({.directory = journal, .from_snapshot = true});
    CHECK(tail.after == taken.header.sequence);
    CHECK(tail.report.digest == second.digest);
    CHECK(tail.notes.size() == notes);
    if (notes > 0) CHECK(tail.notes[0].find(path + " is damaged") != std::string::npos);
  };
  for (std::size_t at = 17; at < whole.size(); at += whole.size() / 23) {
    CAPTURE(at);
    flip(path, at);
    from_rows(1);
    write_bytes(path, whole);
  }
  for (const std::size_t end : {std::size_t{0}, std::size_t{100}, whole.size() / 8192 * 4096, whole.size() - 4096}) {
    CAPTURE(end);
    write_bytes(path, whole.substr(0, end));
    from_rows(1);
  }
  write_bytes(path, older_pages);
  from_rows(0);
  std::filesystem::remove(path);
  from_rows(0);
}

TEST_CASE("no byte of a chunk, table or footer of pages can change unseen") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  World world;
  EngineOptions options = options_for(journal, small);
  options.state = window::StateLimits{.keys_max = 1, .entries_max = 512, .distinct_max = 0};
  static_cast<void>(run(options, 1, part + 1));
  const journal::Taken taken = world.take(journal);
  const std::string path = journal::pages_path(taken.path), whole = file_bytes(path);
  std::size_t seen = 0, tried = 0;
  const std::size_t chunks_end = whole.size() - 2 * 4096;  // one page of table, one of footer
  for (std::size_t at = 0; at < whole.size(); at += at < chunks_end ? 4093 : 61) {
    flip(path, at);
    const Replayed tail = replay({.directory = journal, .from_snapshot = true, .threads = 1});
    ++tried;
    seen += tail.notes.size();
    CHECK(tail.after == taken.header.sequence);
    write_bytes(path, whole);
  }
  CHECK(seen == tried);
}

}  // namespace pawl::snapshot_test::pages_test
