// The tools of `pawl journal` beside an engine that is at work, is killed, and starts again.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <string>

#include "run_command.hpp"
#include "written_journal.hpp"

namespace journal_live_test {

using pawl::test::Background;
using pawl::test::has;
using pawl::test::Outcome;
using pawl::test::pawl_command;
using pawl::test::Scratch;

namespace {

constexpr const char* header = "id,at,customer,terminal,amount,fraud\n";

std::string rows(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i) text += std::to_string(i) + ",2018-08-08T10:00:00Z,7,1,1.00,false\n";
  return text;
}

// Ids of the payments in a text of records, in order, one per line.
std::string ids(const std::string& text) {
  std::string ids;
  for (std::size_t at = 0; (at = text.find("Payment{id=", at)) != std::string::npos; ++at) ids += text.substr(at + 11, text.find(',', at) - at - 11) + "\n";
  return ids;
}

std::string expected_ids(int from, int to) {
  std::string ids;
  for (int i = from; i < to; ++i) ids += std::to_string(i) + "\n";
  return ids;
}

std::string engine_on(const std::string& directory) { return "run --append --input - --journal " + directory; }

// Waits until the engine has made the journal and its first payments are durable.
void wait_for(const std::string& directory, const std::string& condition) {
  for (int i = 0; i < 3000 && pawl_command("journal grep --count " + directory + " " + condition).status != 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace

TEST_CASE("tail -f shows every payment once, beside the engine, over its kill and its restart, until SIGTERM") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  Background first(engine_on(directory));
  first.feed(header + rows(0, 100));
  wait_for(directory, "id=99");
  Background tail("journal tail -f -n 5 " + directory);
  CHECK(tail.shows("Payment{id=99,"));
  first.feed(rows(100, 300));
  CHECK(tail.shows("Payment{id=299,"));
  CHECK(first.stop(SIGKILL).status == -1);
  Background second(engine_on(directory));
  second.feed(header + rows(0, 400));  // `run --append` skips what the journal has
  CHECK(tail.shows("Payment{id=399,"));
  CHECK(second.stop(0).status == 0);
  const Outcome ended = tail.stop(SIGTERM);
  CHECK(ended.status == 0);
  CHECK_MESSAGE(ended.err.empty(), ended.err);
  CHECK(ids(ended.out) == expected_ids(95, 400));
}

TEST_CASE("tail -f ends when its reader goes, though no record comes") {
  const Scratch scratch;
  pawl::test::write_journal(scratch / "journal", 100);
  const std::string line = std::string("timeout 60 sh -c '") + PAWL_COMMAND + " journal tail -f -n 1 " + scratch / "journal" + " | head -n 1' >" + scratch / "out";
  CHECK(std::system(line.c_str()) == 0);
  CHECK(pawl::test::read_file(scratch / "out").starts_with("99 Payment{id=99"));
}

TEST_CASE("tail -f whose reader takes nothing more ends by SIGINT, with status 0") {
  const Scratch scratch;
  pawl::test::write_journal(scratch / "journal", 3'000);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const pid_t tail = ::fork();
  if (tail == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl(PAWL_COMMAND, "pawl", "journal", "tail", "-f", "-n", "3000", (scratch / "journal").c_str(), nullptr);
    ::_exit(127);
  }
  const int capacity = ::fcntl(ends[0], F_GETPIPE_SZ);
  int waiting = 0;
  for (int i = 0; i < 3'000 && waiting < capacity; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(::ioctl(ends[0], FIONREAD, &waiting) == 0);
  }
  REQUIRE(waiting == capacity);
  REQUIRE(::kill(tail, SIGINT) == 0);
  int raw = 0;
  pid_t ended = 0;
  for (int i = 0; i < 1'000 && ended == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ended = ::waitpid(tail, &raw, WNOHANG);
  }
  if (ended == 0) ::kill(tail, SIGKILL);
  REQUIRE(ended == tail);
  CHECK(WIFEXITED(raw));
  CHECK(WEXITSTATUS(raw) == 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("tail beside an engine that has just begun a segment: the last inputs, not all of them") {
  const Scratch scratch;
  const std::string directory = scratch / "journal", copy = scratch / "copy", second = copy + "/wal/0000000000000002.seg";
  auto disk = pawl::io::make_real_disk();
  REQUIRE(disk.ok());
  pawl::io::SystemClock clock;
  pawl::journal::Options options;
  options.directory = directory;
  options.segment_bytes = 64 * 1024;
  options.block_bytes_max = 8 * 1024;
  options.disk = disk->get();
  options.clock = &clock;
  REQUIRE(pawl::journal::Journal::create(options).ok());
  auto journal = pawl::journal::Journal::open(options);
  REQUIRE(journal.ok());
  auto& writer = journal->writer();
  const auto checked = pawl::language::check(pawl::test::cards_source, "cards.pawl");
  REQUIRE(checked.pipeline);
  REQUIRE(writer.annotate_pipeline(pawl::test::cards_source));
  // Until inputs stand in the second segment. The third is not prepared, so CONTROL does not know of the second.
  for (std::int64_t i = 0; writer.durable_position().segment < 2 || writer.durable_position().offset <= 8 * 1024;) {
    if (writer.append(pawl::test::make_payment(checked.pipeline->events[0], i))) ++i;
    if (writer.durable_position().segment < 2) journal->preparer()->step();
    writer.poll();
  }
  std::filesystem::copy(directory, copy, std::filesystem::copy_options::recursive);
  // Only the second segment's OPEN block is there yet, and an engine has the journal open.
  std::string bytes = pawl::test::read_file(second);
  std::uint32_t open_bytes = 0;
  std::memcpy(&open_bytes, bytes.data() + 76, sizeof open_bytes);
  std::fill(bytes.begin() + open_bytes, bytes.end(), '\0');
  std::ofstream(second, std::ios::binary) << bytes;
  const int lock = ::open((copy + "/LOCK").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::flock(lock, LOCK_EX | LOCK_NB) == 0);
  const auto run = pawl_command("journal tail -n 3 " + copy);
  CHECK_MESSAGE(run.status == 0, run.err);
  CHECK(std::count(run.out.begin(), run.out.end(), '\n') == 3);
  const auto first = pawl_command("journal cat --limit 4 " + copy);
  CHECK(first.status == 0);
  ::close(lock);
}

TEST_CASE("tail -f of a journal that is damaged while it looks on ends with status 66") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  pawl::test::write_journal(directory, 50);  // one segment, not sealed
  pawl::test::flip_byte(pawl::test::first_segment(directory), 12'300);  // CONTROL knows this block to be durable
  Background tail("journal tail -f " + directory);
  const Outcome ended = tail.stop(0);
  CHECK(ended.status == 66);
  CHECK_MESSAGE(has(ended.err, "CORRUPT"), ended.err);
}

TEST_CASE("every tool beside a live engine: no damage, nothing but what is durable, and the engine goes on") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  Background engine(engine_on(directory));
  engine.feed(header + rows(0, 500));
  wait_for(directory, "id=499");
  for (const std::string tool : {"info ", "ls ", "cat ", "tail ", "verify ", "stats ", "export --event Payment "}) {
    CAPTURE(tool);
    const auto run = pawl_command("journal " + tool + directory);
    CHECK_MESSAGE(run.status == 0, run.err);
  }
  CHECK(pawl_command("journal diff " + directory + " " + directory).status == 0);
  CHECK(ids(pawl_command("journal cat " + directory).out) == expected_ids(0, 500));
  const auto repair = pawl_command("journal repair " + directory + " --to " + scratch / "new");
  CHECK(repair.status == 64);
  CHECK(has(repair.err, "an engine has " + directory + " open"));
  engine.feed(rows(500, 600));
  CHECK(engine.stop(0).status == 0);
  CHECK(ids(pawl_command("journal cat " + directory).out) == expected_ids(0, 600));
}

TEST_CASE("after a kill the tools show what the next start will keep") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  {
    Background engine(engine_on(directory));
    engine.feed(header + rows(0, 500));
    wait_for(directory, "id=499");
    CHECK(engine.stop(SIGKILL).status == -1);
  }
  CHECK(ids(pawl_command("journal cat " + directory).out) == expected_ids(0, 500));
  CHECK(pawl_command("journal tail -n 1 " + directory).status == 0);
  CHECK(pawl_command("journal verify " + directory).status == 0);
}

}  // namespace journal_live_test
