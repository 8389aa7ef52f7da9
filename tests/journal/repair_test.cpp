// repair: the good beginning of a damaged journal, whatever the damage; the damaged one stays as it is.
#include <cerrno>

#include "pawl/journal/control.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/repair.hpp"
#include "world.hpp"

namespace repair_test {

using namespace pawl;
using namespace pawl::world;

namespace {

constexpr const char* target = "repaired";
constexpr std::uint64_t inputs = 900;

// Five segments, closed.
struct Data {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  Options options = small_options(disk, clock);

  Data() {
    options.segment_bytes = 32 * 1024;
    Journal journal = create_and_open(options);
    REQUIRE(journal.writer().annotate_source(0, "gateway"));
    REQUIRE(append_inputs(journal, clock, 0, inputs));
    REQUIRE(journal.close().ok());
  }
  [[nodiscard]] std::uint64_t segments() { return JournalReader::open(directory, disk)->segments()->size(); }
};

// Every byte of every file below the journal's directory, in the order of the names.
std::vector<std::byte> image(io::Disk& disk) {
  std::vector<std::byte> all;
  auto numbers = journal::list_segments(disk, directory);
  REQUIRE(numbers.ok());
  std::vector<std::string> paths = {journal::control_path(directory)};
  for (const std::uint64_t number : *numbers) paths.push_back(journal::segment_path(directory, number));
  for (const std::string& path : paths) {
    auto file = disk.open(path, {});
    REQUIRE(file.ok());
    std::vector<std::byte> bytes(static_cast<std::size_t>((*file)->size()));
    (void)(*file)->read(bytes, 0);
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

// The repaired journal holds exactly the first inputs, and goes on.
void check_repaired(io::SimulatedDisk& disk, io::SimulatedClock& clock, Options options, const journal::RepairReport& report) {
  const auto kept = static_cast<std::uint64_t>(report.cut.next_sequence);
  options.disk = &disk;
  options.directory = target;
  {
    Journal journal = reopen(options);
    CHECK(journal.recovery().last_sequence == report.last_kept());
    CHECK(journal.recovery().clean);
    REQUIRE(append_inputs(journal, clock, kept, kept + 40));
    REQUIRE(journal.close().ok());
  }
  auto reader = JournalReader::open(target, disk);
  REQUIRE(reader.ok());
  auto cursor = reader->read({.deep = true});
  REQUIRE(cursor.ok());
  BlockView block;
  std::uint64_t seen = 0, repairs = 0;
  for (;;) {
    auto more = cursor->next(block);
    REQUIRE_MESSAGE(more.ok(), (more ? "" : more.error().text));
    if (!*more) break;
    for (const Record record : block.records()) {
      repairs += record.header().type == static_cast<std::uint16_t>(journal::AnnotationType::repair) ? 1U : 0U;
      if (!record.is_input()) continue;
      const auto expected = make_input(seen++);
      CHECK(std::equal(record.bytes().begin(), record.bytes().end(), expected.begin(), expected.end()));
    }
  }
  CHECK(seen == kept + 40);
  CHECK(repairs == 1);
}

Result<journal::RepairReport> repaired(io::SimulatedDisk& disk, io::SimulatedClock& clock) { return journal::repair(directory, target, disk, clock); }

}  // namespace

TEST_CASE("repair keeps what stands before a damaged block, and says what is lost") {
  Data data;
  data.disk.flip_bit(journal::segment_path(directory, 2), 20'000, 3);
  const auto before = image(data.disk);
  const auto verification = journal::verify(directory, data.disk);
  REQUIRE(verification.ok());
  const auto report = repaired(data.disk, data.clock);
  REQUIRE_MESSAGE(report.ok(), (report ? "" : report.error().text));
  CHECK(image(data.disk) == before);
  const journal::Finding& damage = verification->findings.at(0);
  CHECK(report->cut.segment == 2);
  CHECK(report->cut.offset == damage.offset);
  CHECK(report->cut.next_sequence == damage.first_sequence);
  CHECK(report->last_known == static_cast<Sequence>(inputs) - 1);
  CHECK(report->whole_behind == inputs - static_cast<std::uint64_t>(damage.last_sequence) - 1);
  CHECK(report->dropped_bytes > 0);
  check_repaired(data.disk, data.clock, data.options, *report);
}

TEST_CASE("repair of every kind of damage: what opens again is a prefix, the original stays") {
  Data data;
  const std::uint64_t count = data.segments();
  REQUIRE(count >= 4);
  std::uint64_t repairs = 0, whole = 0, hopeless = 0;
  const auto run = [&](auto damage) {
    const auto copy = data.disk.after_process_death();
    damage(*copy);
    const auto before = image(*copy);
    const auto report = repaired(*copy, data.clock);
    CHECK(image(*copy) == before);
    if (report) {
      ++repairs;
      check_repaired(*copy, data.clock, data.options, *report);
    } else {
      CHECK_MESSAGE((report.error().code == ErrorCode::usage || report.error().code == ErrorCode::corrupt || report.error().code == ErrorCode::foreign), report.error().text);
      whole += report.error().code == ErrorCode::usage ? 1U : 0U;
      hopeless += report.error().code == ErrorCode::usage ? 0U : 1U;
    }
  };
  for (std::uint64_t segment = 1; segment <= count; ++segment) {
    const std::string path = journal::segment_path(directory, segment);
    for (std::uint64_t offset = 5; offset < 32 * 1024; offset += 1'777) run([&](io::SimulatedDisk& disk) { disk.flip_bit(path, offset, 2); });
    run([&](io::SimulatedDisk& disk) { REQUIRE(disk.remove(path).ok()); });
    for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{4'096}, std::uint64_t{12'345}, std::uint64_t{40'960}}) {
      run([&](io::SimulatedDisk& disk) {
        auto file = disk.open(path, {.access = io::Access::read_write});
        REQUIRE(file.ok());
        REQUIRE((*file)->truncate(bytes) == 0);
      });
    }
    if (segment == count) continue;
    run([&](io::SimulatedDisk& disk) {  // swapped with its neighbour
      REQUIRE(disk.rename(path, "data/x").ok());
      REQUIRE(disk.rename(journal::segment_path(directory, segment + 1), path).ok());
      REQUIRE(disk.rename("data/x", journal::segment_path(directory, segment + 1)).ok());
    });
  }
  MESSAGE("repair: " << repairs << " repaired, " << whole << " not damaged, " << hopeless << " without a beginning");
  CHECK(repairs > 30);
  CHECK(hopeless > 0);
}

namespace {

// So many clean runs, a hundred inputs each, and CONTROL as the first one left it.
void make_rollback(io::SimulatedDisk& disk, io::SimulatedClock& clock, const Options& options, int runs) {
  std::vector<std::byte> old;
  for (int run = 0; run < runs; ++run) {
    Journal journal = run == 0 ? create_and_open(options) : reopen(options);
    REQUIRE(append_inputs(journal, clock, static_cast<std::uint64_t>(run) * 100, static_cast<std::uint64_t>(run + 1) * 100));
    REQUIRE(journal.close().ok());
    if (run == 0) old = disk.content("data/CONTROL");
  }
  disk.overwrite("data/CONTROL", 0, old);
}

}  // namespace

TEST_CASE("what repair has returned survives a power cut, the directory's own name included") {
  Data data;
  data.disk.flip_bit(journal::segment_path(directory, 2), 20'000, 3);
  const auto report = repaired(data.disk, data.clock);
  REQUIRE_MESSAGE(report.ok(), (report ? "" : report.error().text));
  const auto after = data.disk.after_power_cut(io::PowerCut{});
  REQUIRE(*after->exists(target));
  check_repaired(*after, data.clock, data.options, *report);
}

TEST_CASE("an older CONTROL beside whole segments: nothing is called lost, and repair keeps all of it under nonces that were never used") {
  for (const int runs : {2, 3, 6}) {
    CAPTURE(runs);
    io::SimulatedClock clock;
    io::SimulatedDisk disk;
    const Options options = small_options(disk, clock);
    make_rollback(disk, clock, options, runs);
    const auto started = Journal::open(options);
    REQUIRE_FALSE(started.ok());
    CHECK(started.error().text.starts_with("ROLLBACK"));
    CHECK(started.error().text.find("is not lost by this") != std::string::npos);
    const auto found = journal::verify(directory, disk);
    REQUIRE(found.ok());
    REQUIRE(found->findings.size() == 1);
    CHECK(found->findings[0].label == Label::rollback);
    CHECK(found->findings[0].loss == "lost: no inputs");
    const auto report = repaired(disk, clock);
    REQUIRE_MESSAGE(report.ok(), (report ? "" : report.error().text));
    CHECK(report->last_kept() == runs * 100 - 1);
    CHECK(report->lost() == 0);
    const auto control = journal::read_control(disk, target);
    REQUIRE(control.ok());
    CHECK(control->slot.epoch > static_cast<std::uint32_t>(runs));
    check_repaired(disk, clock, options, *report);
  }
}

TEST_CASE("an older CONTROL and damage behind it: the copy's epoch is none that stands behind the cut") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  const Options options = small_options(disk, clock);
  make_rollback(disk, clock, options, 5);
  // The second run's first data block; three epochs stand behind it.
  const auto bytes = disk.content(journal::segment_path(directory, 1));
  std::uint64_t at = 0;
  for (std::uint64_t page = 0; page + 4096 <= bytes.size() && at == 0; page += 4096) {
    const auto header = journal::load_header(std::span(bytes).subspan(page));
    if (header.magic == journal::block_magic && header.epoch == 2 && header.kind == journal::BlockKind::data) at = page;
  }
  REQUIRE(at > 0);
  disk.flip_bit(journal::segment_path(directory, 1), at + 300, 1);
  const auto report = repaired(disk, clock);
  REQUIRE_MESSAGE(report.ok(), (report ? "" : report.error().text));
  CHECK(report->last_kept() == 99);
  const auto control = journal::read_control(disk, target);
  REQUIRE(control.ok());
  CHECK(control->slot.epoch == 6);
  check_repaired(disk, clock, options, *report);
}

TEST_CASE("what repair refuses") {
  Data data;
  SUBCASE("a whole journal") {
    const auto report = repaired(data.disk, data.clock);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().code == ErrorCode::usage);
    CHECK(report.error().text == "data is whole: there is nothing to repair");
  }
  SUBCASE("a target that holds files") {
    data.disk.flip_bit(journal::segment_path(directory, 2), 20'000, 3);
    const auto report = journal::repair(directory, directory, data.disk, data.clock);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().code == ErrorCode::usage);
    CHECK(report.error().text.find("data is not empty") == 0);
  }
  SUBCASE("damage at the very beginning") {
    data.disk.flip_bit(journal::segment_path(directory, 1), 100, 3);
    const auto report = repaired(data.disk, data.clock);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().code == ErrorCode::corrupt);
    CHECK(report.error().text.find("nothing of data can be kept: CORRUPT: data/wal/0000000000000001.seg at offset 0") == 0);
    CHECK(report.error().text.find("pawl journal repair") == std::string::npos);
    const auto found = journal::verify(directory, data.disk);
    REQUIRE(found.ok());
    REQUIRE_FALSE(found->whole());
    CHECK(found->findings.front().cure == "restore the directory from a copy of one moment: nothing stands before the damage that a repair could keep");
  }
  SUBCASE("without CONTROL") {
    REQUIRE(data.disk.remove("data/CONTROL").ok());
    const auto report = repaired(data.disk, data.clock);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().text.find("CONTROL LOST") == 0);
  }
  CHECK_FALSE(*data.disk.exists("repaired/CONTROL"));
}

TEST_CASE("a repair that fails at any operation leaves the original, and nothing that passes for more than its beginning") {
  Data data;
  data.disk.flip_bit(journal::segment_path(directory, 3), 20'000, 3);
  const auto before = image(data.disk);
  std::uint64_t failed = 0;
  for (std::uint64_t after = 0;; ++after) {
    const auto copy = data.disk.after_process_death();
    copy->add_fault({.operation = io::Operation::any, .path_part = target, .after = after, .times = io::Fault::for_ever, .error_number = after % 2 == 0 ? ENOSPC : EIO});
    const auto report = repaired(*copy, data.clock);
    if (report) break;
    ++failed;
    CHECK(image(*copy) == before);
    copy->clear_faults();
    Options options = data.options;
    options.disk = copy.get();
    options.directory = target;
    auto opened = Journal::open(options);
    if (opened) CHECK(opened->recovery().last_sequence < static_cast<Sequence>(inputs));
    if (!opened) CHECK_MESSAGE((opened.error().code == ErrorCode::not_initialised || opened.error().code == ErrorCode::corrupt), opened.error().text);
  }
  MESSAGE("repair: failed at each of " << failed << " operations");
  CHECK(failed > 20);
}

}  // namespace repair_test
