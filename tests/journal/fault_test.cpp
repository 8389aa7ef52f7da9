// Every operation of a short history fails in every way, once and for ever: whatever was acked is recovered, nothing is acked after
// a failure that may have lost data, and what can be tried again is.
#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>

#include "../powercut/histories.hpp"
#include "pawl/io/os_error.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/inspection.hpp"

namespace fault_test {

using namespace pawl;
using namespace pawl::world;
using powercut::Acked;

namespace {

struct Played {
  Acked acked;
  bool finished = false;     // everything appended, durable, closed
  bool failed = false;       // the writer said FAILED
  bool acked_after_failure = false;
  bool struck = false;       // operation `strike` came while the journal was running
  bool acked_after_strike = false;
  std::int64_t failed_after_ns = 0;  // from there to FAILED
};

// Create, open, write over two segments, close; stops where the journal does.
Played play(io::SimulatedDisk& disk, io::SimulatedClock& clock, std::uint64_t strike = io::Fault::for_ever) {
  Played played;
  std::int64_t struck_ns = 0;
  Sequence at_strike = no_sequence;
  const Options options = small_options(disk, clock);
  if (!Journal::create(options)) return played;
  played.acked.created = true;
  auto opened = Journal::open(options);
  if (!opened) return played;
  Journal& journal = *opened;
  Writer& writer = journal.writer();
  std::uint64_t next = 0;
  Sequence at_failure = no_sequence;
  const bool running_first = disk.counters().operations <= strike;
  int turns_left = 3'000;
  while (--turns_left > 0 && writer.durable_sequence() < 79) {
    if (next < 80 && writer.append(make_input(next, 1'000))) ++next;
    turn(journal, clock);
    if (running_first && !played.struck && disk.counters().operations > strike) {
      played.struck = true;
      struck_ns = clock.monotonic_ns();
      at_strike = writer.durable_sequence();
    }
    played.acked_after_strike |= played.struck && writer.durable_sequence() > at_strike;
    if (writer.state() == WriterState::failed && !played.failed) {
      played.failed_after_ns = clock.monotonic_ns() - struck_ns;
      played.failed = true;
      at_failure = writer.durable_sequence();
      turns_left = 30;
    }
    if (writer.durable_sequence() > played.acked.sequence) {
      played.acked.sequence = writer.durable_sequence();
      played.acked.block = writer.durable_block();
      played.acked.chain = writer.durable_position().chain;
    }
    if (played.failed && writer.durable_sequence() > at_failure) played.acked_after_failure = true;
  }
  if (writer.durable_sequence() == 79) played.finished = journal.close().ok();
  return played;
}

std::uint64_t count_operations() {
  io::SimulatedDisk disk;
  io::SimulatedClock clock;
  REQUIRE(play(disk, clock).finished);
  return disk.counters().operations;
}

struct Kind {
  std::string name;
  io::Fault fault;
  bool is_survivable_once;  // on a block's write, alone
};

const std::vector<Kind>& kinds() {
  using F = io::Fault;
  static const std::vector<Kind> all = {
      {"EIO", {.error_number = EIO}, false},
      {"ENOSPC", {.error_number = ENOSPC}, true},
      {"EAGAIN", {.error_number = EAGAIN}, true},
      {"EINTR", {.error_number = EINTR}, true},
      {"ECANCELED", {.error_number = ECANCELED}, true},
      {"ETIMEDOUT", {.error_number = ETIMEDOUT}, false},
      {"EROFS", {.error_number = EROFS}, false},
      {"EBADR", {.error_number = EBADR}, false},  // io_uring: a completion was lost
      {"short by all but 512 bytes", {.kind = F::Kind::short_count, .amount = 512}, true},
      {"short to nothing", {.kind = F::Kind::short_count, .amount = 0}, true},
  };
  return all;
}

}  // namespace

TEST_CASE("faults: every operation, every error, once and for ever") {
  const std::uint64_t operations = count_operations();
  std::uint64_t states = 0;
  std::uint64_t failures = 0;
  for (const Kind& kind : kinds()) {
    std::uint64_t finished = 0;
    for (const std::uint64_t times : {std::uint64_t{1}, io::Fault::for_ever}) {
      for (std::uint64_t k = 0; k < operations; ++k) {
        io::SimulatedDisk disk;
        io::SimulatedClock clock;
        io::Fault fault = kind.fault;
        fault.after = k;
        fault.times = times;
        disk.add_fault(fault);
        const Played played = play(disk, clock);
        CHECK_FALSE(played.acked_after_failure);
        finished += played.finished ? 1U : 0U;
        disk.clear_faults();
        for (const io::PowerCut cut : {io::PowerCut{}, io::PowerCut{.policy = io::PowerCut::Policy::torn, .seed = k + 1}}) {
          auto after = disk.after_power_cut(cut);
          ++states;
          const auto verdict = powercut::recover_and_check(*after, played.acked, false);
          if (verdict.broken.empty()) continue;
          if (++failures <= 5) FAIL_CHECK(kind.name << " at operation " << k << std::string(times == 1 ? " once: " : " for ever: ") << verdict.broken);
        }
      }
    }
    MESSAGE(kind.name << ": " << finished << " of " << 2 * operations << " histories finished all the same");
  }
  CHECK(failures == 0);
  MESSAGE(states << " states over " << operations << " operations");
}

TEST_CASE("faults: EIO of any operation of a running journal is FAILED within 10 ms, and nothing is acked after it") {
  const std::uint64_t operations = count_operations();
  std::uint64_t struck = 0;
  std::int64_t slowest_ns = 0;
  for (std::uint64_t k = 0; k < operations; ++k) {
    CAPTURE(k);
    io::SimulatedDisk disk;
    io::SimulatedClock clock;
    disk.add_fault({.after = k, .error_number = EIO});
    const Played played = play(disk, clock, k);
    if (!played.struck) continue;  // at creation, start or close, which say so themselves
    ++struck;
    CHECK(played.failed);
    CHECK(played.failed_after_ns <= 10'000'000);
    CHECK_FALSE(played.acked_after_strike);
    slowest_ns = std::max(slowest_ns, played.failed_after_ns);
  }
  CHECK(struck > operations / 2);
  MESSAGE(struck << " of " << operations << " operations, FAILED after at most " << slowest_ns / 1'000 << " us of simulated time");
}

TEST_CASE("faults: a block's write that may be tried again is, any other fails the journal at once") {
  for (const Kind& kind : kinds()) {
    for (std::uint64_t k = 3; k < 9; ++k) {
      CAPTURE(kind.name);
      io::SimulatedDisk disk;
      io::SimulatedClock clock;
      const Options options = small_options(disk, clock);
      Journal journal = create_and_open(options);
      turn_until(journal, clock, [&] { return journal.writer().counters().blocks >= 2 && journal.preparer()->state() == journal::SegmentPreparer::State::ready; });
      io::Fault fault = kind.fault;
      fault.operation = io::Operation::write;
      fault.path_part = ".seg";
      fault.after = k;
      disk.add_fault(fault);
      for (std::uint64_t i = 0; i < 20 && append_inputs(journal, clock, i, i + 1); ++i) {
        turn_until(journal, clock, [&] { return journal.writer().durable_sequence() == static_cast<Sequence>(i) || journal.writer().state() == WriterState::failed; });
      }
      CHECK((journal.writer().state() == WriterState::failed) == !kind.is_survivable_once);
      CHECK((journal.writer().durable_sequence() == 19) == kind.is_survivable_once);
      if (kind.is_survivable_once) CHECK(journal.writer().counters().retries == 1);
      if (!kind.is_survivable_once) CHECK(journal.writer().error().text.find("not durable") != std::string::npos);
    }
  }
}

TEST_CASE("faults: a disk that gives short counts for ever fails the journal after eight attempts") {
  io::SimulatedDisk disk;
  io::SimulatedClock clock;
  Journal journal = create_and_open(small_options(disk, clock));
  turn_until(journal, clock, [&] { return journal.preparer()->state() == journal::SegmentPreparer::State::ready; });
  disk.add_fault({.kind = io::Fault::Kind::short_count, .operation = io::Operation::write, .times = io::Fault::for_ever, .amount = 512});
  REQUIRE(journal.writer().append(make_input(0)));
  REQUIRE(turn_until(journal, clock, [&] { return journal.writer().state() == WriterState::failed; }, 50'000));
  CHECK(journal.writer().counters().retries == 8);
  CHECK(journal.writer().durable_sequence() == no_sequence);
  CHECK_FALSE(journal.writer().append(make_input(1)));
}

namespace {

// Closed, and its first segment retired.
void make_retired(io::SimulatedDisk& disk, io::SimulatedClock& clock) {
  const Options options = small_options(disk, clock);
  {
    Journal journal = create_and_open(options);
    REQUIRE(append_inputs(journal, clock, 0, 200, 1'500));
    REQUIRE(journal.close().ok());
  }
  const auto found = journal::read_control(disk, directory);
  auto control = journal::ControlFile::open(disk, directory, found->slot);
  journal::ControlSlot next = control->current();
  next.oldest_segment = 2;
  REQUIRE(control->publish(next, 1).ok());
  REQUIRE(disk.remove(journal::segment_path(directory, 1)).ok());
}

// What a start and the tools say; empty: nothing.
std::vector<std::string> said_of(io::SimulatedDisk& disk, io::SimulatedClock& clock, int tool) {
  const auto text = [](const auto& result) { return result.ok() ? std::vector<std::string>() : std::vector<std::string>{result.error().text}; };
  if (tool == 0) return text(Journal::open(small_options(disk, clock)));
  if (tool == 1) {
    const auto info = journal::inspect(directory, disk);
    return info.ok() && !info->text.empty() ? std::vector<std::string>{info->text} : text(info);
  }
  const auto verified = journal::verify(directory, disk);
  std::vector<std::string> all = text(verified);
  if (verified.ok()) {
    for (const journal::Finding& finding : verified->findings) all.push_back(finding.text);
  }
  return all;
}

}  // namespace

TEST_CASE("faults: an error of the system while a retired journal is looked at is called that, and not another history") {
  io::SimulatedDisk disk;
  io::SimulatedClock clock;
  make_retired(disk, clock);
  std::uint64_t told = 0;
  for (const int error : {EMFILE, ENOMEM, EIO}) {
    for (int tool = 0; tool < 3; ++tool) {
      for (std::uint64_t k = 0, silent = 0; silent < 5; ++k) {
        const auto copy = disk.after_process_death();
        copy->add_fault({.operation = error == EMFILE ? io::Operation::open : io::Operation::read, .path_part = ".seg", .after = k, .error_number = error});
        const auto texts = said_of(*copy, clock, tool);
        silent = copy->counters().faults == 0 ? silent + 1 : 0;
        for (const std::string& text : texts) {
          ++told;
          for (const char* verdict : {"SWAPPED", "MISSING", "ROLLBACK", "FOREIGN", "MISDIRECTED"}) {
            CHECK_MESSAGE(text.find(verdict) == std::string::npos, io::errno_name(error) << " at " << k << ", tool " << tool << ": " << text);
          }
          if (error == EMFILE) CHECK_MESSAGE(text.find("CORRUPT") == std::string::npos, k << ", tool " << tool << ": " << text);
        }
        copy->clear_faults();
        CHECK(Journal::open(small_options(*copy, clock)).ok());
      }
    }
  }
  CHECK(told > 10);
}

// By a journal's own thread, which waits in the kernel: the next segment cannot be made while a block is on its way, and the writer fails.
TEST_CASE("faults: a block that ends after the writer has failed is not acked, however it is asked for") {
  io::SimulatedDisk disk(io::SimulatedOptions{.polls_max = 64});
  io::SimulatedClock clock;
  Journal journal = create_and_open(small_options(disk, clock));
  Writer& writer = journal.writer();
  while (writer.counters().blocks < 2) writer.poll();
  disk.add_fault({.operation = io::Operation::any, .path_part = "prepared", .times = io::Fault::for_ever});
  REQUIRE(writer.append(make_input(0, 300)));
  while (writer.in_flight()) writer.poll();
  REQUIRE(writer.append(make_input(1, 300)));
  writer.poll();
  REQUIRE(writer.in_flight());
  while (journal.preparer()->state() == journal::SegmentPreparer::State::working) journal.preparer()->step();
  REQUIRE(journal.preparer()->state() == journal::SegmentPreparer::State::failed);
  while (writer.state() != WriterState::failed && writer.in_flight()) writer.poll();
  REQUIRE(writer.state() == WriterState::failed);
  REQUIRE(writer.in_flight());
  const Sequence durable = writer.durable_sequence();
  for (int i = 0; i < 20; ++i) {
    writer.wait(1'000'000);
    writer.poll();
  }
  CHECK(writer.state() == WriterState::failed);
  CHECK(writer.durable_sequence() == durable);
}

TEST_CASE("faults: memory damaged between sequencing and writing stops before the disk") {
  io::SimulatedDisk disk;
  io::SimulatedClock clock;
  Journal journal = create_and_open(small_options(disk, clock));
  auto record = make_input(0, 100);
  record[60] ^= std::byte{1};
  REQUIRE(journal.writer().append(record));
  REQUIRE(turn_until(journal, clock, [&] { return journal.writer().state() == WriterState::failed; }));
  CHECK(journal.writer().error().code == ErrorCode::corrupt);
  CHECK(read_all(disk).inputs.empty());
}

TEST_CASE("disk full: appends are refused, nothing is lost, and it resumes by itself within the poll") {
  io::SimulatedDisk disk({.capacity_bytes = 200'000});
  io::SimulatedClock clock;
  const Options options = small_options(disk, clock);
  Journal journal = create_and_open(options);
  Writer& writer = journal.writer();
  std::uint64_t next = 0;
  while (append_inputs(journal, clock, next, next + 1, 900)) ++next;
  CHECK(writer.state() == WriterState::disk_full);
  CHECK_FALSE(writer.append(make_input(next, 900)));
  CHECK(writer.counters().disk_full == 1);
  turn_until(journal, clock, [] { return false; }, 3'000);
  CHECK(writer.state() == WriterState::disk_full);
  disk.set_capacity(10'000'000);
  const std::int64_t freed = clock.monotonic_ns();
  REQUIRE(turn_until(journal, clock, [&] { return writer.state() == WriterState::running; }));
  CHECK(clock.monotonic_ns() - freed < 30'000'000);
  REQUIRE(append_inputs(journal, clock, next, next + 50, 900));
  REQUIRE(all_durable(journal, clock));
  CHECK(holds_inputs(read_all(disk), next + 50, 900));
}

namespace {

// A turn of a device that takes a millisecond for 256 KiB, and as long for a sync.
bool slow_turn_until(Journal& journal, io::SimulatedClock& clock, const std::function<bool()>& until) {
  for (int i = 0; i < 5'000 && !until(); ++i) {
    journal.preparer()->step();
    journal.writer().poll();
    clock.advance(1'000'000);
  }
  return until();
}

std::string distribution(std::vector<std::int64_t> values_ns) {
  std::sort(values_ns.begin(), values_ns.end());
  const auto ms = [](std::int64_t ns) { return std::to_string(ns / 1'000'000) + " ms"; };
  return ms(values_ns.front()) + " to " + ms(values_ns.back()) + ", median " + ms(values_ns[values_ns.size() / 2]) + " of " + std::to_string(values_ns.size());
}

}  // namespace

TEST_CASE("disk full: it resumes within 100 ms of space returning, at whatever moment that is, and waits for 4 MiB only") {
  io::SimulatedDisk disk({.capacity_bytes = std::uint64_t{36} << 20});
  io::SimulatedClock clock;
  Options options = small_options(disk, clock);
  options.segment_bytes = std::uint64_t{32} << 20;
  options.block_bytes_max = 1 << 20;
  Journal journal = create_and_open(options);
  Writer& writer = journal.writer();
  const auto record = make_input(0, 30'000);
  std::uint64_t capacity = std::uint64_t{36} << 20;
  std::vector<std::int64_t> resumed;
  for (int moment = 0; moment < 30; ++moment) {
    REQUIRE(slow_turn_until(journal, clock, [&] { return !writer.append(record) && writer.state() == WriterState::disk_full; }));
    for (int i = 0; i < moment; ++i) slow_turn_until(journal, clock, [done = false]() mutable { return std::exchange(done, true); });
    disk.set_capacity(capacity += (moment % 10 == 0 ? std::uint64_t{40} : std::uint64_t{5}) << 20);  // a little of it, or more than a whole segment needs
    const std::int64_t freed = clock.monotonic_ns();
    REQUIRE(slow_turn_until(journal, clock, [&] { return writer.append(record); }));
    resumed.push_back(clock.monotonic_ns() - freed);
    CHECK(resumed.back() <= 100'000'000);
  }
  CHECK(all_durable(journal, clock));
  MESSAGE("took inputs again after ", distribution(resumed), " of simulated time");
}

TEST_CASE("disk full found by a block's own write: the block is written again, and it resumes within 100 ms") {
  for (int moment = 0; moment < 30; ++moment) {
    io::SimulatedDisk disk;
    io::SimulatedClock clock;
    Journal journal = create_and_open(small_options(disk, clock));
    Writer& writer = journal.writer();
    turn_until(journal, clock, [&] { return writer.counters().blocks >= 1 && journal.preparer()->state() == journal::SegmentPreparer::State::ready; });
    disk.add_fault({.operation = io::Operation::write, .path_part = ".seg", .times = io::Fault::for_ever, .error_number = ENOSPC});
    REQUIRE(writer.append(make_input(0)));
    REQUIRE(turn_until(journal, clock, [&] { return writer.state() == WriterState::disk_full; }));
    CHECK_FALSE(writer.append(make_input(1)));
    for (int i = 0; i < moment * 50; ++i) turn(journal, clock);
    CHECK(writer.state() == WriterState::disk_full);
    disk.clear_faults();
    const std::int64_t freed = clock.monotonic_ns();
    REQUIRE(turn_until(journal, clock, [&] { return writer.append(make_input(1)); }));
    CHECK(clock.monotonic_ns() - freed <= 100'000'000);
    REQUIRE(all_durable(journal, clock));
    CHECK(holds_inputs(read_all(disk), 2));
  }
}

// Turns that append inputs, from number `next` on.
template <class Until>
bool append_until(Journal& journal, io::SimulatedClock& clock, std::uint64_t& next, Until until) {
  return turn_until(journal, clock, [&] {
    if (journal.writer().append(make_input(next, 1'000))) ++next;
    return until();
  });
}

// Opening fails where the next segment is made, where its name is synced, and where the writer begins it.
TEST_CASE("no descriptor for the next segment: blocks go on in this one, then inputs are refused as on a full disk, and taken again within 100 ms") {
  struct Place {
    io::Operation operation;
    const char* path;
  };
  const Place places[] = {{io::Operation::open, "prepared.tmp"}, {io::Operation::sync_directory, "wal"}, {io::Operation::open, "0000000000000003.seg"}};
  for (const Place& place : places) {
    for (const int error : {EMFILE, ENFILE}) {
      CAPTURE(place.path);
      io::SimulatedDisk disk;
      io::SimulatedClock clock;
      Journal journal = create_and_open(small_options(disk, clock));
      Writer& writer = journal.writer();
      std::uint64_t next = 0;
      REQUIRE(append_until(journal, clock, next, [&] { return writer.counters().segments == 2; }));
      disk.add_fault({.operation = place.operation, .path_part = place.path, .times = io::Fault::for_ever, .error_number = error});
      REQUIRE(append_until(journal, clock, next, [&] { return writer.state() == WriterState::disk_full || writer.state() == WriterState::failed; }));
      REQUIRE_MESSAGE(writer.state() == WriterState::disk_full, (writer.state() == WriterState::failed ? writer.error().text : ""));
      CHECK_FALSE(writer.append(make_input(next)));
      for (int i = 0; i < 5'000; ++i) turn(journal, clock);
      CHECK(writer.state() == WriterState::disk_full);
      disk.clear_faults();
      const std::int64_t freed = clock.monotonic_ns();
      REQUIRE(turn_until(journal, clock, [&] { return writer.append(make_input(next, 1'000)); }));
      ++next;
      CHECK(clock.monotonic_ns() - freed <= 100'000'000);
      REQUIRE(append_until(journal, clock, next, [&] { return writer.counters().segments == 5; }));
      REQUIRE(all_durable(journal, clock));
      REQUIRE(journal.close().ok());
      CHECK(holds_inputs(read_all(disk), next, 1'000));
    }
  }
}

TEST_CASE("a sync of the segments' directory that fails is never tried again, whatever its errno: a later one proves nothing") {
  for (const int error : {EIO, ENOSPC, EDQUOT}) {
    CAPTURE(error);
    io::SimulatedDisk disk;
    io::SimulatedClock clock;
    Journal journal = create_and_open(small_options(disk, clock));
    disk.add_fault({.operation = io::Operation::sync_directory, .path_part = "wal", .error_number = error});
    Writer& writer = journal.writer();
    std::uint64_t next = 0;
    REQUIRE(append_until(journal, clock, next, [&] { return writer.state() == WriterState::failed || writer.counters().segments == 4; }));
    CHECK(writer.state() == WriterState::failed);
  }
}

TEST_CASE("no space for the next segment's name: refused, and taken again when there is") {
  io::SimulatedDisk disk;
  io::SimulatedClock clock;
  Journal journal = create_and_open(small_options(disk, clock));
  Writer& writer = journal.writer();
  std::uint64_t next = 0;
  disk.add_fault({.operation = io::Operation::rename, .path_part = "prepared.tmp", .times = io::Fault::for_ever, .error_number = ENOSPC});
  REQUIRE(append_until(journal, clock, next, [&] { return writer.state() != WriterState::running; }));
  CHECK(writer.state() == WriterState::disk_full);
  disk.clear_faults();
  REQUIRE(append_until(journal, clock, next, [&] { return writer.counters().segments == 4; }));
  REQUIRE(all_durable(journal, clock));
  REQUIRE(journal.close().ok());
  CHECK(holds_inputs(read_all(disk), next, 1'000));
}

TEST_CASE("a lack of descriptors is told as one, also at the end; and the end asks once more at once") {
  io::SimulatedDisk disk;
  io::SimulatedClock clock;
  Journal journal = create_and_open(small_options(disk, clock));
  Writer& writer = journal.writer();
  std::uint64_t next = 0;
  disk.add_fault({.operation = io::Operation::open, .path_part = ".seg", .times = io::Fault::for_ever, .error_number = EMFILE});
  REQUIRE(append_until(journal, clock, next, [&] { return writer.state() == WriterState::disk_full; }));
  CHECK(journal.lack().find("EMFILE") != std::string::npos);
  disk.clear_faults();
  REQUIRE(journal.close().ok());
  CHECK(holds_inputs(read_all(disk), next, 1'000));
}

TEST_CASE("no descriptor for a moment, while the segment at hand lasts: nobody notices") {
  io::SimulatedDisk disk;
  io::SimulatedClock clock;
  Journal journal = create_and_open(small_options(disk, clock));
  disk.add_fault({.operation = io::Operation::open, .path_part = "prepared.tmp", .times = 3, .error_number = EMFILE});
  REQUIRE(append_inputs(journal, clock, 0, 10));
  REQUIRE(turn_until(journal, clock, [&] { return journal.preparer()->state() == journal::SegmentPreparer::State::ready; }));
  CHECK(disk.counters().faults == 3);
  REQUIRE(append_inputs(journal, clock, 10, 2'000));
  CHECK(journal.writer().counters().disk_full == 0);
}

TEST_CASE("one read that fails while a journal is opened is an error of the device, never damage, and nothing is dropped for it") {
  io::SimulatedDisk disk;
  io::SimulatedClock clock;
  {
    Journal journal = create_and_open(small_options(disk, clock));
    REQUIRE(append_inputs(journal, clock, 0, 1'500));
    REQUIRE(all_durable(journal, clock));
  }
  std::uint64_t told = 0;
  for (std::uint64_t k = 0, silent = 0; silent < 3; ++k) {
    const auto copy = disk.after_process_death();
    copy->add_fault({.operation = io::Operation::read, .path_part = ".seg", .after = k, .error_number = EIO});
    auto opened = Journal::open(small_options(*copy, clock));
    silent = copy->counters().faults == 0 ? silent + 1 : 0;
    CAPTURE(k);
    if (opened.ok()) {
      CHECK(opened->recovery().last_sequence == 1'499);
      CHECK(opened->recovery().dropped_bytes == 0);
      continue;
    }
    ++told;
    CHECK(opened.error().code == ErrorCode::io);
    CHECK(exit_status(opened.error().code) == 74);
    CHECK(opened.error().text.find("(EIO)") != std::string::npos);
    CHECK(opened.error().text.find("CORRUPT") == std::string::npos);
    copy->clear_faults();
    CHECK(Journal::open(small_options(*copy, clock)).ok());
  }
  CHECK(told > 5);
  // One that is to be tried again is no error.
  for (std::uint64_t k = 0; k < 5; ++k) {
    const auto copy = disk.after_process_death();
    copy->add_fault({.operation = io::Operation::read, .path_part = ".seg", .after = k, .error_number = EAGAIN});
    CHECK(Journal::open(small_options(*copy, clock)).ok());
  }
}

TEST_CASE("a next segment that has no room yet refuses nothing: the writer learns of it when it waits for that segment") {
  io::SimulatedDisk disk({.capacity_bytes = std::uint64_t{14} << 20});
  io::SimulatedClock clock;
  Options options = small_options(disk, clock);
  options.segment_bytes = std::uint64_t{8} << 20;
  Journal journal = create_and_open(options);
  Writer& writer = journal.writer();
  const auto record = make_input(0, 3'000);
  // The first segment, then a shorter one of 4 MiB or more; only then the disk is full.
  REQUIRE(slow_turn_until(journal, clock, [&] { return !writer.append(record) && writer.state() == WriterState::disk_full; }));
  CHECK(writer.counters().disk_full == 1);
  CHECK(writer.counters().segments == 2);
  CHECK(writer.counters().bytes > std::uint64_t{12} << 20);
}

TEST_CASE("disk full at the end of everything: close says so, and what was acked stays") {
  io::SimulatedDisk disk({.capacity_bytes = 100'000});
  io::SimulatedClock clock;
  const Options options = small_options(disk, clock);
  auto created = Journal::create(options);
  REQUIRE(created.ok());
  auto opened = Journal::open(options);
  REQUIRE(opened.ok());
  std::uint64_t next = 0;
  while (append_inputs(*opened, clock, next, next + 1, 900)) ++next;
  const Sequence durable = opened->writer().durable_sequence();
  const Sequence appended = opened->writer().appended_sequence();
  auto closed = opened->close();
  REQUIRE_FALSE(closed.ok());
  CHECK(closed.error().code == ErrorCode::disk_full);
  const std::string lost = "no space for sequences " + std::to_string(durable + 1) + " to " + std::to_string(appended);
  CHECK(closed.error().text.find(durable < appended ? lost : "Everything up to sequence " + std::to_string(durable) + " is durable") != std::string::npos);
  { Journal gone = std::move(*opened); }
  auto after = disk.after_power_cut(io::PowerCut{});
  const Contents contents = read_all(*after);
  CHECK(static_cast<Sequence>(contents.inputs.size()) == durable + 1);
}

TEST_CASE("space came back a moment ago: close asks for it at once, and ends cleanly") {
  io::SimulatedDisk disk({.capacity_bytes = 100'000});
  io::SimulatedClock clock;
  const Options options = small_options(disk, clock);
  Journal journal = create_and_open(options);
  std::uint64_t next = 0;
  while (append_inputs(journal, clock, next, next + 1, 900)) ++next;
  REQUIRE(journal.writer().state() == WriterState::disk_full);
  REQUIRE_FALSE(journal.preparer()->step());  // the next try of its own is due later
  disk.set_capacity(10'000'000);
  const auto closed = journal.close();
  REQUIRE_MESSAGE(closed.ok(), (closed.ok() ? "" : closed.error().text));
  { Journal gone = std::move(journal); }
  const Journal again = reopen(options);
  CHECK(again.recovery().clean);
  CHECK(again.recovery().last_sequence == static_cast<Sequence>(next) - 1);
}

}  // namespace fault_test
