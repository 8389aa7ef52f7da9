// The tests tested: each planted bug is killed by a check that passes without it.
#include <functional>

#include "../powercut/histories.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/planted.hpp"

using namespace pawl;
using namespace pawl::world;
using journal::Bug;
using powercut::Acked;
using powercut::Run;
using Policy = io::PowerCut::Policy;

namespace {

struct Planted {
  explicit Planted(Bug bug) { journal::planted_bug = bug; }
  ~Planted() { journal::planted_bug = Bug::none; }
};

// Power cuts at every step of one history under the bug; recovery runs with it too, as it would have been shipped.
std::uint64_t broken_promises(const std::string& name) {
  std::uint64_t broken = 0;
  for (const powercut::History& history : powercut::histories()) {
    if (history.name != name) continue;
    Run run(1, [&](const io::SimulatedDisk& disk, const Acked& acked) {
      for (const io::PowerCut cut : {io::PowerCut{}, io::PowerCut{.policy = Policy::keep_all}, io::PowerCut{.policy = Policy::subset, .seed = 7},
                                     io::PowerCut{.policy = Policy::torn, .seed = 9}}) {
        auto after = disk.after_power_cut(cut);
        broken += powercut::recover_and_check(*after, acked).broken.empty() ? 0U : 1U;
      }
    }, history.capacity);
    history.play(run);
  }
  return broken;
}

struct Killed {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  Options options = small_options(disk, clock);
  std::uint64_t inputs = 0;

  explicit Killed(std::uint64_t count) : inputs(count) {
    Journal journal = create_and_open(options);
    for (std::uint64_t i = 0; i < count; ++i) {
      REQUIRE(append_inputs(journal, clock, i, i + 1));
      REQUIRE(all_durable(journal, clock));
    }
    turn_until(journal, clock, [] { return false; }, 300);
  }
  // True: something that was acked is gone or changed, and nobody says so.
  bool is_silently_different() {
    auto opened = Journal::open(options);
    if (!opened) return false;
    const Contents contents = read_all(disk);
    return contents.end.ok() && !(contents.inputs.size() == inputs && holds_inputs(contents, inputs));
  }
};

constexpr std::uint64_t first_data_block = 8192;  // behind the OPEN and the EPOCH block

bool damaged_block_goes_unseen() {
  Killed killed(6);
  killed.disk.flip_bit(journal::segment_path(directory, 1), first_data_block + 4096 + 200, 0);
  return killed.is_silently_different();
}

// A payload in a sealed segment, which a start checks at both ends only: the reader must see it by the body's CRC.
bool changed_payload_goes_unseen() {
  Killed killed(40);
  killed.disk.flip_bit(journal::segment_path(directory, 1), first_data_block + 192 + 41, 0);
  return read_all(killed.disk, {.deep = false}).end.ok();
}

// The second data block over the first: everything in it is right but its place, number and chain.
bool misdirected_block_is_not_named() {
  Killed killed(6);
  const std::string path = journal::segment_path(directory, 1);
  const auto bytes = killed.disk.content(path);
  killed.disk.overwrite(path, first_data_block, std::span(bytes).subspan(first_data_block + 4096, 4096));
  auto opened = Journal::open(killed.options);
  return opened.ok() || opened.error().text.find("MISDIRECTED") == std::string::npos;
}

// Two histories of one journal that fork: the same numbers and places, other contents. Only the chain tells.
bool forked_history_goes_unseen() {
  Killed killed(6);
  auto fork = killed.disk.after_process_death();
  const std::string path = journal::segment_path(directory, 1);
  const auto write_one = [&](io::SimulatedDisk& disk, std::uint64_t input) {
    Options options = killed.options;
    options.disk = &disk;
    Journal journal = reopen(options);
    for (int i = 0; i < 2; ++i) {
      REQUIRE(append_inputs(journal, killed.clock, input, input + 1, 100));
      REQUIRE(all_durable(journal, killed.clock));
    }
  };
  write_one(killed.disk, 100);
  write_one(*fork, 200);
  const auto other = fork->content(path);
  // The last block of the other history over ours.
  std::uint64_t last = 0;
  for (std::uint64_t at = 0; at + 8192 <= other.size(); at += 4096) {
    if (other[at] != std::byte{0}) last = at;
  }
  killed.disk.overwrite(path, last, std::span(other).subspan(last, 4096));
  auto opened = Journal::open(killed.options);
  return opened.ok();
}

// An input whose payload holds, at a page's start, a header that is right in everything but the nonce, which nobody can guess.
std::vector<std::byte> forged_input(const journal::ControlSlot& control, std::uint64_t block, std::uint64_t offset, std::size_t lead) {
  journal::BlockHeader header{};
  header.magic = journal::block_magic;
  header.version = journal::format_version;
  header.kind = journal::BlockKind::data;
  header.body_hash_algorithm = journal::BodyHash::xxh3_128;
  header.database = control.database;
  header.block = block;
  header.segment = 1;
  header.offset = offset;
  header.epoch = 1;
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
bool forged_payload_stops_the_start() {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  const Options options = small_options(disk, clock);
  Journal journal = create_and_open(options);
  turn_until(journal, clock, [&] { return journal.writer().counters().blocks == 2 && journal.preparer()->state() == journal::SegmentPreparer::State::ready; });
  auto control = journal::read_control(disk, directory);
  REQUIRE(control.ok());
  const std::uint64_t place = journal.writer().durable_position().offset;
  constexpr std::size_t first_payload = 2'000;
  const std::size_t second_payload_at = 192 + record_bytes(first_payload) + record_header_bytes;
  REQUIRE(journal.writer().append(make_input(0, first_payload)));
  REQUIRE(journal.writer().append(forged_input(control->slot, journal.writer().durable_block() + 2, place + 4096, 4096 - second_payload_at)));
  journal.writer().poll();
  const auto pending = disk.unsynced();
  REQUIRE(pending.size() == 16);
  std::vector<io::Fate> fates(16, io::Fate::landed);
  std::fill_n(fates.begin(), 8, io::Fate::lost);
  auto after = disk.after_power_cut(fates);
  return !powercut::recover_and_check(*after, {.created = true}).broken.empty();
}

// A short count for each block's write in turn; a crash after everything is said to be durable.
bool fault_costs_acked_data(io::Fault::Kind kind, int error_number) {
  bool broken = false;
  for (std::uint64_t k = 0; k < 6; ++k) {
    io::SimulatedClock clock;
    io::SimulatedDisk disk;
    Journal journal = create_and_open(small_options(disk, clock));
    turn_until(journal, clock, [&] { return journal.writer().counters().blocks == 2 && journal.preparer()->state() == journal::SegmentPreparer::State::ready; });
    disk.add_fault({.kind = kind, .operation = io::Operation::write, .after = k, .error_number = error_number, .amount = 512});
    for (std::uint64_t i = 0; i < 5 && append_inputs(journal, clock, i, i + 1, 900); ++i) all_durable(journal, clock);
    const bool went_on_after_error = kind == io::Fault::Kind::error && k < 5 && journal.writer().durable_sequence() == 4;
    const Acked acked{.created = true, .sequence = journal.writer().durable_sequence()};
    auto after = disk.after_power_cut(io::PowerCut{});
    broken |= went_on_after_error || !powercut::recover_and_check(*after, acked, false).broken.empty();
  }
  return broken;
}

// What each check says without a bug, and with it.
void killed_by(Bug bug, const std::function<bool()>& breaks) {
  CHECK_FALSE(breaks());
  const Planted planted(bug);
  CHECK(breaks());
}

}  // namespace

TEST_CASE("canary: ack before durable") { killed_by(Bug::ack_before_durable, [] { return broken_promises("many blocks") > 0; }); }
TEST_CASE("canary: no directory sync") { killed_by(Bug::no_directory_sync, [] { return broken_promises("roll") > 0; }); }
TEST_CASE("canary: torn bytes not erased") { killed_by(Bug::torn_bytes_not_erased, [] { return broken_promises("torn, then torn again, long blocks") > 0; }); }
TEST_CASE("canary: evidence before sync") { killed_by(Bug::evidence_before_sync, [] { return broken_promises("durability os") > 0; }); }
TEST_CASE("canary: short write ignored") { killed_by(Bug::short_write_ignored, [] { return fault_costs_acked_data(io::Fault::Kind::short_count, 0); }); }
TEST_CASE("canary: retry after EIO") { killed_by(Bug::retry_after_eio, [] { return fault_costs_acked_data(io::Fault::Kind::error, EIO); }); }
TEST_CASE("canary: truncate on any damage") { killed_by(Bug::truncate_on_any_damage, damaged_block_goes_unseen); }
TEST_CASE("canary: body not checked") { killed_by(Bug::body_not_checked, changed_payload_goes_unseen); }
TEST_CASE("canary: place ignored") { killed_by(Bug::place_ignored, misdirected_block_is_not_named); }
TEST_CASE("canary: chain not checked") { killed_by(Bug::chain_not_checked, forked_history_goes_unseen); }
TEST_CASE("canary: nonce ignored") { killed_by(Bug::nonce_ignored, forged_payload_stops_the_start); }
