#include "histories.hpp"

#include <fmt/format.h>

#include <unordered_map>

namespace pawl::powercut {

using journal::Durability;
using journal::Journal;
using journal::Label;
using journal::WriterState;

Run::Run(std::uint64_t seed, Look look, std::uint64_t capacity) : look_(std::move(look)) {
  disk_ = std::make_unique<io::SimulatedDisk>(io::SimulatedOptions{.seed = seed, .capacity_bytes = capacity});
  options_ = world::small_options(*disk_, clock_);
  watch();
}

void Run::watch() {
  disk_->watch([this] { look_(*disk_, acked_); });
}

void Run::see() {
  if (journal_ && options_.durability == Durability::disk && journal_->writer().durable_sequence() > acked_.sequence) {
    acked_.sequence = journal_->writer().durable_sequence();
    acked_.block = journal_->writer().durable_block();
    acked_.chain = journal_->writer().durable_position().chain;
  }
  const std::uint64_t operations = disk_->counters().operations;
  const std::size_t unsynced = disk_->unsynced().size();
  if (operations == seen_operations_ && unsynced == seen_unsynced_) return;
  seen_operations_ = operations;
  seen_unsynced_ = unsynced;
  look_(*disk_, acked_);
}

void Run::create() {
  auto created = Journal::create(options_);
  REQUIRE_MESSAGE(created.ok(), (created ? "" : created.error().text));
  acked_.created = true;
  see();
}

void Run::open() {
  auto opened = Journal::open(options_);
  REQUIRE_MESSAGE(opened.ok(), (opened ? "" : opened.error().text));
  journal_ = std::make_unique<Journal>(std::move(*opened));
  next_input_ = static_cast<std::uint64_t>(journal_->recovery().last_sequence + 1);
  see();
}

void Run::turn() {
  journal_->preparer()->step();
  see();
  journal_->writer().poll();
  see();
  clock_.advance(20'000);
}

void Run::turns(int count) {
  for (int i = 0; i < count; ++i) turn();
}

bool Run::until(const std::function<bool()>& done, int turns) {
  for (int i = 0; i < turns; ++i) {
    if (done()) return true;
    turn();
  }
  return false;
}

void Run::append(std::uint64_t count, std::size_t payload_bytes) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto record = world::make_input(next_input_, payload_bytes);
    const auto take = [&] { return journal_->writer().append(record); };
    if (!until(take, 300)) return;
    ++next_input_;
  }
}

void Run::append_now(std::size_t payload_bytes) {
  if (journal_->writer().append(world::make_input(next_input_, payload_bytes))) ++next_input_;
}

void Run::annotate_sources() {
  for (std::uint16_t number = 0; number < 3; ++number) REQUIRE(journal_->writer().annotate_source(number, fmt::format("source {}", number)));
}

void Run::annotate_long_sources(std::uint16_t count) {
  for (std::uint16_t number = 0; number < count; ++number) {
    REQUIRE(until([&] { return journal_->writer().annotate_source(number, fmt::format("source {} {}", number, std::string(200, 'x'))); }));
  }
  append(1);
  REQUIRE(until_durable());
  acked_.sources = count;
}

void Run::annotate_marks() {
  auto& writer = journal_->writer();
  const Sequence last = writer.appended_sequence();
  journal::Digest digest{};
  std::memcpy(digest.data(), &last, sizeof last);
  REQUIRE(writer.annotate_digest(last, digest));
  REQUIRE(writer.annotate_emitted(writer.durable_sequence(), 0));
}

void Run::annotate_pipeline(std::size_t bytes) {
  REQUIRE(journal_->writer().annotate_pipeline(std::string(bytes, 'p')));
}

bool Run::until_durable() {
  auto& writer = journal_->writer();
  return until([&] { return writer.durable_sequence() == writer.appended_sequence(); });
}

void Run::close() {
  auto closed = journal_->close();
  REQUIRE_MESSAGE(closed.ok(), (closed ? "" : closed.error().text));
  see();
  journal_.reset();
}

void Run::cut(const io::PowerCut& cut) {
  auto after = disk_->after_power_cut(cut);
  disk_->watch({});
  journal_.reset();
  disk_ = std::move(after);
  options_.disk = disk_.get();
  seen_operations_ = 0;
  watch();
}

namespace {

using Policy = io::PowerCut::Policy;

void torn_again(Run& run) {
  run.create();
  run.open();
  for (std::uint64_t round = 0; round < 4; ++round) {
    run.append(3);
    run.until_durable();
    run.append(20, 300);
    run.turn();
    run.cut({.policy = Policy::torn, .seed = 17 + round});
    run.open();
    run.turns(3);
  }
}

void torn_again_long(Run& run) {
  run.options().block_bytes_max = 16 * 1024;
  run.options().segment_bytes = 64 * 1024;
  run.create();
  run.open();
  for (std::uint64_t round = 0; round < 4; ++round) {
    run.until([&] { return run.journal().writer().counters().blocks >= 1 && !run.journal().writer().in_flight(); });
    for (int i = 0; i < 20; ++i) run.append_now(700);
    run.turn();
    run.cut({.policy = Policy::torn, .seed = 23 + round});
    run.open();
    for (int i = 0; i < 2; ++i) {
      run.append(1);
      run.until_durable();
    }
  }
}

void disk_full_then_resume(Run& run) {
  run.create();
  run.open();
  run.append(200, 1'500);
  REQUIRE(run.journal().writer().state() == WriterState::disk_full);
  run.turns(5);
  run.disk().set_capacity(4'000'000);
  REQUIRE(run.until([&] { return run.journal().writer().state() == WriterState::running; }));
  run.append(30, 1'500);
  REQUIRE(run.until_durable());
}

void marks(Run& run) {
  run.create();
  run.open();
  for (int round = 0; round < 4; ++round) {
    run.append(3);
    run.until_durable();
    run.annotate_marks();
    run.turns(round % 2 == 0 ? 110 : 0);  // with the idle timer, or with the next block
  }
  run.append(2);
  run.until_durable();
  run.kill();
  run.open();
  run.append(2);
  run.until_durable();
}

// Producers that offer again what a crash took, under the same numbers.
void offered_again(Run& run) {
  run.create();
  run.open();
  run.annotate_sources();
  for (std::uint64_t round = 0; round < 4; ++round) {
    run.append(4);
    run.until_durable();
    run.append(9, 300);
    run.turn();
    run.cut({.policy = Policy::subset, .seed = 5 + round});
    run.open();
  }
  run.append(40, 1'500);
  run.until_durable();
}

void fault_in_the_middle(Run& run, const io::Fault& fault) {
  run.create();
  run.open();
  run.append(2);
  run.until_durable();
  run.turns(20);
  run.disk().add_fault(fault);
  for (int i = 0; i < 3; ++i) {
    run.append(3, 900);
    run.until_durable();
  }
}

void short_writes(Run& run) {
  fault_in_the_middle(run, {.kind = io::Fault::Kind::short_count, .operation = io::Operation::write, .path_part = ".seg", .times = 3, .amount = 1'536});
}

void refused_writes(Run& run) {
  fault_in_the_middle(run, {.operation = io::Operation::write, .path_part = ".seg", .times = 3, .error_number = EAGAIN});
}

void failed_write(Run& run) {
  fault_in_the_middle(run, {.operation = io::Operation::write, .path_part = ".seg", .after = 1});
  REQUIRE(run.journal().writer().state() == WriterState::failed);
  run.kill();
  run.open();
  run.append(3, 900);
  run.until_durable();
}

// A catalogue of two OPEN blocks, of which each start writes one before the machine goes down again.
void open_blocks_cut_again(Run& run) {
  run.options().segment_bytes = 64 * 1024;
  run.create();
  run.open();
  run.annotate_pipeline(3'900);
  run.annotate_long_sources(20);
  while (run.journal().writer().durable_position().segment == 1) {
    run.append_now(1'500);
    run.turn();
  }
  REQUIRE(run.until([&] { return run.journal().writer().durable_position().offset > 0; }));
  for (int i = 0; i < 2; ++i) {
    run.cut({});
    run.open();
    const std::uint64_t last = run.journal().recovery().last_block;
    if (i == 0) REQUIRE(run.until([&] { return run.journal().writer().durable_block() > last; }));
  }
  run.append(2);
  run.until_durable();
}

// A later start with another hash of bodies, as after an upgrade or a change of settings.
void other_hash(Run& run) {
  run.create();
  run.open();
  run.append(3);
  run.until_durable();
  run.close();
  for (const journal::BodyHash hash : {journal::BodyHash::sha_256, journal::BodyHash::xxh3_128}) {
    run.options().body_hash = hash;
    run.open();
    run.append(3, 700);
    run.until_durable();
    run.kill();
  }
  run.open();
  run.append(30, 1'500);
  run.until_durable();
}

}  // namespace

const std::vector<History>& histories() {
  static const std::vector<History> all = {
      {"creation", [](Run& run) { run.create(); }},
      {"first start", [](Run& run) { run.create(); run.open(); run.turns(10); }},
      {"single block", [](Run& run) { run.create(); run.open(); run.append(3); run.until_durable(); }},
      {"many blocks", [](Run& run) { run.create(); run.open(); for (int i = 0; i < 12; ++i) { run.append(2); run.until_durable(); } }},
      {"full blocks", [](Run& run) { run.create(); run.open(); run.append(20, 1'800); run.until_durable(); }},
      {"blocks queue behind one in flight", [](Run& run) { run.create(); run.open(); for (int i = 0; i < 40; ++i) { run.append(1); run.turn(); } run.until_durable(); }},
      {"idle seal", [](Run& run) { run.create(); run.open(); for (int i = 0; i < 3; ++i) { run.append(1); run.until_durable(); run.turns(110); } }},
      {"roll", [](Run& run) { run.create(); run.open(); run.append(60, 1'500); run.until_durable(); }},
      {"roll with a pipeline", [](Run& run) { run.create(); run.open(); run.annotate_pipeline(3'900); run.append(60, 1'500); run.until_durable(); }},
      {"restart after death", [](Run& run) { run.create(); run.open(); run.append(5); run.until_durable(); run.kill(); run.open(); run.append(5); run.until_durable(); }},
      {"clean stop and start", [](Run& run) { run.create(); run.open(); run.append(4); run.close(); run.open(); run.append(4); run.close(); }},
      {"torn, then torn again", torn_again},
      {"torn, then torn again, long blocks", torn_again_long},
      {"stop while a segment is prepared", [](Run& run) { run.create(); run.open(); run.turns(3); run.kill(); run.open(); run.append(70, 1'500); run.until_durable(); }},
      {"disk full, then resume", disk_full_then_resume, 200'000},
      {"digest and emitted marks", marks},
      {"offered again after crashes", offered_again},
      {"short writes", short_writes},
      {"refused writes", refused_writes},
      {"failed write", failed_write},
      {"next epoch, another hash", other_hash},
      {"OPEN blocks cut again and again", open_blocks_cut_again},
      {"idle seals and rolls", [](Run& run) { run.create(); run.open(); for (int i = 0; i < 6; ++i) { run.append(8, 1'500); run.until_durable(); run.turns(110); } }},
      {"durability os", [](Run& run) { run.options().durability = Durability::os; run.create(); run.open(); run.append(80, 1'500); run.until_durable(); run.turns(5); }},
      {"os, killed, then disk", [](Run& run) {
         run.options().durability = Durability::os;
         run.create();
         run.open();
         run.append(5, 900);
         run.until_durable();
         run.kill();
         run.options().durability = Durability::disk;
         run.open();
         run.append(2);
         run.until_durable();
       }},
      {"disk, then os, then disk", [](Run& run) {
         run.create();
         run.open();
         run.append(5);
         run.until_durable();
         run.kill();
         run.options().durability = Durability::os;
         run.open();
         run.append(5, 900);
         run.until_durable();
         run.close();
         run.options().durability = Durability::disk;
         run.open();
         run.append(5);
         run.until_durable();
       }},
  };
  return all;
}

namespace {

// Tickets are contiguous in each source, so what was recovered says how many there are: inputs are of the first three in turn.
std::string check_sources(const Acked& acked, const journal::RecoveryReport& report) {
  if (report.sources.size() < acked.sources) return fmt::format("{} sources were named durably, {} are known", acked.sources, report.sources.size());
  for (const journal::SourceState& source : report.sources) {
    const auto inputs = static_cast<std::uint64_t>(report.last_sequence + 1);
    const std::uint64_t expected = source.number < 3 && inputs > source.number ? (inputs - source.number + 2) / 3 : 0;
    if (source.last_ticket != expected) return fmt::format("source {} ends with ticket {} and not {}", source.number, source.last_ticket, expected);
  }
  return {};
}

// Made once: states by the million ask for the same few hundred. Thread: one.
const std::vector<std::byte>& input_of(std::uint64_t i, std::size_t payload_bytes) {
  static std::unordered_map<std::uint64_t, std::vector<std::byte>> made;
  auto& input = made[i << 16U | payload_bytes];
  if (input.empty()) input = world::make_input(i, payload_bytes);
  return input;
}

}  // namespace

// The chain says that it is in its place: it covers numbers, offsets and bytes.
std::string check_contents(io::SimulatedDisk& disk, const Acked& acked, const journal::RecoveryReport& report) {
  auto reader = journal::JournalReader::open(world::directory, disk);
  if (!reader) return "reader: " + reader.error().text;
  auto cursor = reader->read({.until_block = report.last_block, .deep = true});
  if (!cursor) return "cursor: " + cursor.error().text;
  journal::BlockView block;
  Sequence next = 0;
  bool acked_block_seen = acked.block == 0;
  for (;;) {
    auto more = cursor->next(block);
    if (!more) return "read: " + more.error().text;
    if (!*more) break;
    if (block.header.block == acked.block) acked_block_seen = block.header.chain == acked.chain;
    if (block.header.first_sequence != next) return "a hole in the sequences";
    for (const journal::Record record : block.records()) {
      if (!record.is_input()) continue;
      const auto is = [got = record.bytes()](const std::vector<std::byte>& input) { return std::equal(got.begin(), got.end(), input.begin(), input.end()); };
      if (!is(input_of(static_cast<std::uint64_t>(next), 0)) && !is(input_of(static_cast<std::uint64_t>(next), record.header().length))) {
        return fmt::format("input {} is not what was appended", next);
      }
      ++next;
    }
  }
  if (!acked_block_seen) return "the acked block is not in its place";
  if (next - 1 != report.last_sequence) return "the report's last sequence is not the last one";
  if (next - 1 < acked.sequence) return fmt::format("acked {} but only {} recovered", acked.sequence, next - 1);
  return check_sources(acked, report);
}

Verdict recover_and_check(io::SimulatedDisk& disk, const Acked& acked, bool then_write) {
  io::SimulatedClock clock;
  journal::Options options = world::small_options(disk, clock);
  auto opened = Journal::open(options);
  if (!opened) {
    const bool never_was = opened.error().code == ErrorCode::not_initialised && !acked.created;
    if (!never_was) return {"refused: " + opened.error().text, Label::not_initialised};
    if (auto made = Journal::create(options); !made) return {"cannot be made again: " + made.error().text, Label::not_initialised};
    auto again = Journal::open(options);
    return {again ? std::string() : "made again, and refused: " + again.error().text, Label::not_initialised};
  }
  Verdict verdict{check_contents(disk, acked, opened->recovery()), opened->recovery().label};
  if (!verdict.broken.empty() || !then_write) return verdict;
  // The recovered journal takes and keeps more.
  const auto next = static_cast<std::uint64_t>(opened->recovery().last_sequence + 1);
  if (!world::append_inputs(*opened, clock, next, next + 3) || !world::all_durable(*opened, clock)) {
    if (opened->writer().state() == WriterState::disk_full) return verdict;
    verdict.broken = "cannot write after recovery";
    return verdict;
  }
  Acked more{.created = true, .sequence = static_cast<Sequence>(next + 2), .block = opened->writer().durable_block(),
             .chain = opened->writer().durable_position().chain, .sources = acked.sources};
  { Journal dead = std::move(*opened); }
  auto again = disk.after_power_cut(io::PowerCut{});
  verdict.broken = recover_and_check(*again, more, false).broken;
  if (!verdict.broken.empty()) verdict.broken = "second recovery: " + verdict.broken;
  return verdict;
}

}  // namespace pawl::powercut
