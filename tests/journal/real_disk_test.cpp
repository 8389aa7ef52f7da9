// The journal on the machine's own disk: counts of syncs that nothing in the process can fake, a second process, wrong directories.
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "pawl/io/device.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"
#include "world.hpp"

using namespace pawl;
using namespace pawl::world;
namespace fs = std::filesystem;

namespace {

// A directory below the build tree (a real disk, not tmpfs), removed afterwards.
struct Place {
  std::string path = std::string(PAWL_BINARY_DIR) + "/journal_test_" + std::to_string(::getpid());
  Place() { fs::remove_all(path); }
  ~Place() { fs::remove_all(path); }
};

struct Real {
  Place place;
  io::SystemClock clock;
  std::unique_ptr<io::Disk> disk;
  Options options;

  explicit Real(io::Backend backend = io::Backend::automatic) {
    auto made = io::make_real_disk(backend);
    REQUIRE_MESSAGE(made.ok(), (made ? "" : made.error().text));
    disk = std::move(*made);
    options.directory = place.path;
    options.segment_bytes = 8 << 20;
    options.disk = disk.get();
    options.clock = &clock;
  }
};

bool wait_until_durable(Journal& journal) {
  Writer& writer = journal.writer();
  while (writer.durable_sequence() < writer.appended_sequence()) {
    if (writer.state() == WriterState::failed) return false;
    journal.preparer()->step();
    writer.wait(1'000'000);
  }
  return true;
}

}  // namespace

TEST_CASE("real disk: each acked block is at least one device flush") {
  Real real;
  Journal journal = create_and_open(real.options);
  REQUIRE(journal.writer().append(make_input(0)));
  REQUIRE(wait_until_durable(journal));
  const auto before = io::read_device_counters(real.place.path);
  const std::uint64_t syncs = journal.writer().counters().syncs;
  constexpr std::uint64_t blocks = 20;
  for (std::uint64_t i = 1; i <= blocks; ++i) {
    REQUIRE(journal.writer().append(make_input(i)));
    REQUIRE(wait_until_durable(journal));
    CHECK(journal.writer().durable_sequence() == static_cast<Sequence>(i));
    CHECK(journal.writer().counters().syncs >= syncs + i);
  }
  const auto after = io::read_device_counters(real.place.path);
  if (!before || !after) {
    MESSAGE("SKIPPED: device counters: ", (before ? after.error().text : before.error().text));
    return;
  }
  CHECK(after->flushes >= before->flushes + blocks);
  CHECK(after->writes >= before->writes + blocks);
}

TEST_CASE("real disk: a short block is acked in the turn that wrote it") {
  for (const io::Backend backend : {io::Backend::automatic, io::Backend::pwritev2}) {
    Real real(backend);
    CAPTURE(real.disk->backend());
    Journal journal = create_and_open(real.options);
    REQUIRE(journal.writer().append(make_input(0)));
    REQUIRE(wait_until_durable(journal));
    REQUIRE(journal.writer().append(make_input(1)));
    journal.writer().poll();
    CHECK(journal.writer().durable_sequence() == 1);
  }
}

TEST_CASE("real disk: every backend writes a journal that reads back") {
  for (const io::Backend backend : {io::Backend::automatic, io::Backend::io_uring, io::Backend::pwritev2, io::Backend::buffered}) {
    Real real(backend);
    CAPTURE(real.disk->backend());
    Journal journal = create_and_open(real.options);
    constexpr std::uint64_t inputs = 100'000;
    for (std::uint64_t i = 0; i < inputs; ++i) {
      const auto record = make_input(i);
      while (!journal.writer().append(record)) {
        REQUIRE(journal.writer().state() == WriterState::running);
        journal.preparer()->step();
        journal.writer().wait(100'000);
      }
    }
    auto closed = journal.close();
    REQUIRE_MESSAGE(closed.ok(), (closed ? "" : closed.error().text));
    auto reader = JournalReader::open(real.place.path, *real.disk);
    REQUIRE(reader.ok());
    auto cursor = reader->read({.deep = true});
    REQUIRE(cursor.ok());
    BlockView block;
    std::uint64_t next = 0;
    std::uint64_t wrong = 0;
    for (;;) {
      auto more = cursor->next(block);
      REQUIRE_MESSAGE(more.ok(), (more ? "" : more.error().text));
      if (!*more) break;
      for (const Record record : block.records()) {
        if (!record.is_input()) continue;
        const auto expected = make_input(next++);
        const auto got = record.bytes();
        wrong += std::equal(got.begin(), got.end(), expected.begin(), expected.end()) ? 0U : 1U;
      }
    }
    CHECK(next == inputs);
    CHECK(wrong == 0);
  }
}

TEST_CASE("real disk: a second process is told IN USE, a dead one leaves no lock") {
  Real real;
  {
    Journal journal = create_and_open(real.options);
    const pid_t child = ::fork();
    if (child == 0) {
      auto second = Journal::open(real.options);
      ::_exit(!second && second.error().code == ErrorCode::in_use ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  const pid_t child = ::fork();
  if (child == 0) {
    auto second = Journal::open(real.options);
    ::_exit(second ? 0 : 1);  // dies with the lock held
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(Journal::open(real.options).ok());
}

TEST_CASE("wrong directories are refused and left as they are") {
  Real real;
  const auto open_error = [&] {
    auto opened = Journal::open(real.options);
    REQUIRE_FALSE(opened.ok());
    return opened.error();
  };
  SUBCASE("absent") {
    CHECK(open_error().code == ErrorCode::not_initialised);
    CHECK_FALSE(fs::exists(real.place.path));
  }
  SUBCASE("empty") {
    fs::create_directory(real.place.path);
    CHECK(open_error().code == ErrorCode::not_initialised);
    CHECK(fs::is_empty(real.place.path));
    CHECK(Journal::create(real.options).ok());
  }
  SUBCASE("other files") {
    fs::create_directory(real.place.path);
    std::ofstream(real.place.path + "/thesis.tex") << "years of work";
    CHECK(open_error().code == ErrorCode::foreign);
    auto created = Journal::create(real.options);
    REQUIRE_FALSE(created.ok());
    CHECK(created.error().code == ErrorCode::foreign);
    CHECK(std::distance(fs::directory_iterator(real.place.path), fs::directory_iterator()) == 1);
  }
  SUBCASE("a journal is never created over") {
    REQUIRE(Journal::create(real.options).ok());
    auto again = Journal::create(real.options);
    REQUIRE_FALSE(again.ok());
    CHECK(again.error().code == ErrorCode::foreign);
  }
  SUBCASE("CONTROL gone beside segments: not an empty directory") {
    { Journal journal = create_and_open(real.options); }
    fs::remove(real.place.path + "/CONTROL");
    CHECK(open_error().code == ErrorCode::corrupt);
    CHECK_FALSE(Journal::create(real.options).ok());
  }
}

TEST_CASE("a directory from which CONTROL and all segments were deleted, and any other of its names, is never begun anew") {
  Real real;
  {
    Journal journal = create_and_open(real.options);
    REQUIRE(journal.writer().append(make_input(0)));
    REQUIRE(wait_until_durable(journal));
    REQUIRE(journal.close().ok());
  }
  const std::string whole = real.place.path + ".whole";
  fs::rename(real.place.path, whole);
  const std::vector<std::string> others = {"LOCK", "snap", "quarantine", "wal"};
  for (unsigned deleted = 0; deleted < 15; ++deleted) {
    fs::remove_all(real.place.path);
    fs::copy(whole, real.place.path, fs::copy_options::recursive);
    fs::remove(real.place.path + "/CONTROL");
    fs::remove_all(real.place.path + "/wal");
    fs::create_directory(real.place.path + "/wal");
    for (unsigned i = 0; i < 4; ++i) {
      if ((deleted >> i & 1U) != 0) fs::remove_all(real.place.path + "/" + others[i]);
    }
    const auto names = [&] { return std::distance(fs::recursive_directory_iterator(real.place.path), fs::recursive_directory_iterator()); };
    const auto before = names();
    const auto opened = Journal::open(real.options);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code == ErrorCode::corrupt);
    CHECK(opened.error().text.find("CONTROL is gone") != std::string::npos);
    CHECK(Journal::create(real.options).error().code == ErrorCode::foreign);
    CHECK(names() == before);
  }
  fs::remove_all(whole);
}

TEST_CASE("a mark beside CONTROL, of a creation that lost a race, is taken away by the next start") {
  Real real;
  { Journal journal = create_and_open(real.options); }
  std::ofstream(real.place.path + "/CONTROL.tmp") << "";
  { Journal journal = reopen(real.options); }
  CHECK_FALSE(fs::exists(real.place.path + "/CONTROL.tmp"));
}

TEST_CASE("a file system of its own has a lost+found, and is empty all the same") {
  Real real;
  fs::create_directories(real.place.path + "/lost+found");
  { Journal journal = create_and_open(real.options); }
  CHECK(fs::exists(real.place.path + "/CONTROL"));
}
