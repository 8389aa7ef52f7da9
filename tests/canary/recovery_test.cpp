// Small checks of single promises, each sharp enough to tell one planted bug from none.
#include <algorithm>

#include "../powercut/histories.hpp"
#include "pawl/journal/files.hpp"

using namespace pawl;
using namespace pawl::world;
using powercut::Acked;
using powercut::Run;
using Policy = io::PowerCut::Policy;

namespace {

// Power cuts at every step of one history.
void cut_everywhere(const std::string& name) {
  std::uint64_t cuts = 0;
  for (const powercut::History& history : powercut::histories()) {
    if (history.name != name) continue;
    Run run(1, [&](const io::SimulatedDisk& disk, const Acked& acked) {
      for (const io::PowerCut cut : {io::PowerCut{}, io::PowerCut{.policy = Policy::keep_all}, io::PowerCut{.policy = Policy::subset, .seed = 7},
                                     io::PowerCut{.policy = Policy::torn, .seed = 9}}) {
        auto after = disk.after_power_cut(cut);
        const std::string broken = powercut::recover_and_check(*after, acked).broken;
        REQUIRE_MESSAGE(broken.empty(), broken);
        ++cuts;
      }
    }, history.capacity);
    history.play(run);
  }
  CHECK(cuts > 0);
}

// A journal of `inputs` blocks with one input each, whose process has died.
struct Killed {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  Options options = small_options(disk, clock);
  std::uint64_t inputs = 0;
  std::size_t payload_bytes = 0;

  explicit Killed(std::uint64_t count, std::size_t payload = 0) : inputs(count), payload_bytes(payload) {
    Journal journal = create_and_open(options);
    for (std::uint64_t i = 0; i < count; ++i) {
      REQUIRE(append_inputs(journal, clock, i, i + 1, payload));
      REQUIRE(all_durable(journal, clock));
    }
    turn_until(journal, clock, [] { return false; }, 300);
  }
  // A start or a reader says so, or all inputs are as they were.
  [[nodiscard]] bool is_named_or_harmless() {
    auto opened = Journal::open(options);
    if (!opened) return true;
    const Contents contents = read_all(disk);
    return !contents.end.ok() || (contents.inputs.size() == inputs && holds_inputs(contents, inputs, payload_bytes));
  }
};

constexpr std::uint64_t first_data_block = 8192;  // behind the OPEN and the EPOCH block

// An input whose payload holds, at a page's start, a header that is right in everything, if `nonce` is that of `epoch`.
std::vector<std::byte> forged_input(const journal::ControlSlot& control, std::uint32_t epoch, const journal::Nonce& nonce, std::uint64_t block, std::uint64_t offset, std::size_t lead) {
  journal::BlockHeader header{};
  header.magic = journal::block_magic;
  header.version = journal::format_version;
  header.kind = journal::BlockKind::data;
  header.body_hash_algorithm = journal::BodyHash::xxh3_128;
  header.database = control.database;
  header.nonce = nonce;
  header.block = block;
  header.segment = 1;
  header.offset = offset;
  header.epoch = epoch;
  header.total_bytes = 4096;
  const auto bytes = std::as_bytes(std::span(&header, 1));
  header.header_crc = crc32c(bytes.subspan(journal::header_crc_from));
  auto input = make_input(0, lead + 1'000);
  std::memcpy(input.data() + record_header_bytes + lead, &header, sizeof header);
  const std::uint32_t crc = crc32c(std::span(input).subspan(record_crc_offset, record_header_bytes - record_crc_offset + lead + 1'000));
  std::memcpy(input.data(), &crc, sizeof crc);
  return input;
}

// The block in flight holds a payload that looks like a later block; its own first page is lost. A crash, and no corruption.
// `runs`: engines that have opened the journal; the payload names the epoch of the first, or of the last without its secret.
void forged_payload_does_not_stop_the_start(int runs, bool knows_the_secret) {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  const Options options = small_options(disk, clock);
  { Journal first = create_and_open(options); turn_until(first, clock, [&] { return first.writer().counters().blocks == 2; }); }
  for (int i = 2; i < runs; ++i) { Journal next = reopen(options); turn_until(next, clock, [&] { return next.writer().counters().blocks == 1; }); }
  Journal journal = reopen(options);
  turn_until(journal, clock, [&] { return journal.writer().counters().blocks == 1 && journal.preparer()->state() == journal::SegmentPreparer::State::ready; });
  auto control = journal::read_control(disk, directory);
  REQUIRE(control.ok());
  journal::Hasher hasher;
  const std::uint32_t epoch = knows_the_secret ? 1 : control->slot.epoch;
  const journal::Nonce nonce = knows_the_secret ? journal::Identity(control->slot.database, control->slot.secret).nonce(1, hasher) : journal::Nonce{};
  const std::uint64_t place = journal.writer().durable_position().offset;
  constexpr std::size_t first_payload = 2'000;
  const std::size_t second_payload_at = 192 + record_bytes(first_payload) + record_header_bytes;
  REQUIRE(journal.writer().append(make_input(0, first_payload)));
  REQUIRE(journal.writer().append(forged_input(control->slot, epoch, nonce, journal.writer().durable_block() + 2, place + 4096, 4096 - second_payload_at)));
  journal.writer().poll();
  REQUIRE(disk.unsynced().size() == 16);
  std::vector<io::Fate> fates(16, io::Fate::landed);
  std::fill_n(fates.begin(), 8, io::Fate::lost);
  auto after = disk.after_power_cut(fates);
  const std::string broken = powercut::recover_and_check(*after, {.created = true}).broken;
  CHECK_MESSAGE(broken.empty(), broken);
}

}  // namespace

TEST_CASE("power cuts: many blocks") { cut_everywhere("many blocks"); }
TEST_CASE("power cuts: blocks queue behind one in flight") { cut_everywhere("blocks queue behind one in flight"); }
TEST_CASE("power cuts: roll") { cut_everywhere("roll"); }
TEST_CASE("power cuts: first start") { cut_everywhere("first start"); }
TEST_CASE("power cuts: restart after death") { cut_everywhere("restart after death"); }
TEST_CASE("power cuts: durability os") { cut_everywhere("durability os"); }
TEST_CASE("power cuts: os, killed, then disk") { cut_everywhere("os, killed, then disk"); }
TEST_CASE("power cuts: torn, then torn again, long blocks") { cut_everywhere("torn, then torn again, long blocks"); }

TEST_CASE("damage to the last acked block is named") {
  Killed killed(6);
  killed.disk.flip_bit(journal::segment_path(directory, 1), first_data_block + 4096 + 200, 0);
  CHECK(killed.is_named_or_harmless());
}

TEST_CASE("a zeroed sector in an acked block is named") {
  Killed killed(6, 900);
  killed.disk.overwrite(journal::segment_path(directory, 1), first_data_block + 4096 + 512, std::vector<std::byte>(512));
  CHECK(killed.is_named_or_harmless());
}

TEST_CASE("a changed payload in a sealed segment is seen") {
  Killed killed(40);
  REQUIRE(journal::list_segments(killed.disk, directory)->size() > 1);
  killed.disk.flip_bit(journal::segment_path(directory, 1), first_data_block + 192 + 41, 0);
  CHECK_FALSE(read_all(killed.disk, {.deep = false}).end.ok());
}

// The second data block over the first: everything in it is right but its place, number and chain.
TEST_CASE("a misdirected block is named") {
  Killed killed(6);
  const std::string path = journal::segment_path(directory, 1);
  const auto bytes = killed.disk.content(path);
  killed.disk.overwrite(path, first_data_block, std::span(bytes).subspan(first_data_block + 4096, 4096));
  auto opened = Journal::open(killed.options);
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().text.find("MISDIRECTED") != std::string::npos);
}

// Two histories of one journal that fork: the same numbers and places, other contents. Only the chain tells.
TEST_CASE("a block of a forked history is refused") {
  Killed killed(6);
  auto fork = killed.disk.after_process_death();
  const std::string path = journal::segment_path(directory, 1);
  const auto write_two = [&](io::SimulatedDisk& disk, std::uint64_t input) {
    Options options = killed.options;
    options.disk = &disk;
    Journal journal = reopen(options);
    for (int i = 0; i < 2; ++i) {
      REQUIRE(append_inputs(journal, killed.clock, input, input + 1, 100));
      REQUIRE(all_durable(journal, killed.clock));
    }
  };
  write_two(killed.disk, 100);
  write_two(*fork, 200);
  const auto other = fork->content(path);
  std::uint64_t last = 0;  // block of the other history, over ours
  for (std::uint64_t at = 0; at + 8192 <= other.size(); at += 4096) {
    if (other[at] != std::byte{0}) last = at;
  }
  killed.disk.overwrite(path, last, std::span(other).subspan(last, 4096));
  CHECK_FALSE(Journal::open(killed.options).ok());
}

TEST_CASE("payload that looks like a later block is no evidence") { forged_payload_does_not_stop_the_start(2, false); }
TEST_CASE("payload with an earlier epoch's secret is no evidence") {
  forged_payload_does_not_stop_the_start(2, true);
  forged_payload_does_not_stop_the_start(4, true);
}

TEST_CASE("what a start drops stands in quarantine") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  Options options = small_options(disk, clock);
  Journal journal = create_and_open(options);
  turn_until(journal, clock, [&] { return journal.writer().counters().blocks == 2 && journal.preparer()->state() == journal::SegmentPreparer::State::ready; });
  REQUIRE(journal.writer().append(make_input(0, 900)));
  journal.writer().poll();
  const std::uint64_t place = journal.writer().durable_position().offset;
  REQUIRE(disk.unsynced().size() == 8);
  std::vector<io::Fate> fates(8, io::Fate::landed);
  fates[1] = io::Fate::garbage;
  auto after = disk.after_power_cut(fates);
  const auto torn = after->content(journal::segment_path(directory, 1));
  options.disk = after.get();
  const Journal again = reopen(options);
  CHECK(again.recovery().label == Label::torn);
  CHECK(again.recovery().dropped_bytes == 4096);
  REQUIRE(*after->exists(again.recovery().quarantine_file));
  const auto kept = after->content(again.recovery().quarantine_file);
  REQUIRE(kept.size() == 4096);
  CHECK(std::equal(kept.begin(), kept.end(), torn.begin() + static_cast<std::ptrdiff_t>(place)));
}

namespace {

// A journal at level os whose process has died: its inputs stand in the page cache alone.
std::unique_ptr<io::SimulatedDisk> killed_at_level_os(Options& options, io::SimulatedClock& clock) {
  io::SimulatedDisk disk;
  options = small_options(disk, clock);
  options.durability = Durability::os;
  Journal journal = create_and_open(options);
  REQUIRE(append_inputs(journal, clock, 0, 5));
  REQUIRE(all_durable(journal, clock));
  auto after = disk.after_process_death();
  options.disk = after.get();
  return after;
}

}  // namespace

TEST_CASE("a sync that fails stops the start, and the next one tells the truth") {
  io::SimulatedClock clock;
  Options options;
  auto disk = killed_at_level_os(options, clock);
  disk->add_fault({.operation = io::Operation::sync, .path_part = ".seg", .error_number = EIO});
  auto refused = Journal::open(options);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::io);
  CHECK(refused.error().text.find(".seg") != std::string::npos);
}

TEST_CASE("a start believes the device and not the page cache") {
  io::SimulatedClock clock;
  Options options;
  auto disk = killed_at_level_os(options, clock);
  disk->add_fault({.operation = io::Operation::sync, .path_part = ".seg", .error_number = EIO});
  REQUIRE_FALSE(Journal::open(options).ok());
  disk->clear_faults();
  Sequence served = no_sequence;
  {
    const Journal journal = reopen(options);
    served = journal.recovery().last_sequence;
  }
  auto after = disk->after_power_cut(io::PowerCut{});
  options.disk = after.get();
  CHECK(reopen(options).recovery().last_sequence >= served);
}
