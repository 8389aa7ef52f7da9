#include "scene.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pawl/journal/files.hpp"
#include "pawl/journal/receipt.hpp"

namespace pawl::fault_matrix {
namespace {

using io::Fault;
using io::Operation;
using journal::Journal;
using journal::WriterState;
using powercut::Acked;
using world::directory;

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

Phase phase_of(journal::BlockKind kind) {
  switch (kind) {
    case journal::BlockKind::data: return Phase::writing;
    case journal::BlockKind::seal_idle: return Phase::idle;
    case journal::BlockKind::segment_open: return Phase::rolling;
    case journal::BlockKind::segment_seal: return Phase::sealing;
    case journal::BlockKind::epoch_open: return Phase::starting;
  }
  return Phase::writing;
}

// The kind of the block that is on its way; none if there is none.
std::optional<journal::BlockKind> block_in_flight(const io::SimulatedDisk& disk) {
  for (const io::Unsynced& thing : disk.unsynced()) {
    if (thing.kind != io::Unsynced::Kind::sector || !thing.path.ends_with(".seg")) continue;
    const auto bytes = disk.after_power_cut(io::PowerCut{.policy = io::PowerCut::Policy::keep_all})->content(thing.path);
    if (thing.offset + journal::block_header_bytes > bytes.size()) return {};
    const auto header = journal::load_header(std::span(bytes).subspan(thing.offset));
    if (header.magic == journal::block_magic) return header.kind;
    return {};
  }
  return {};
}

// Tolerant: it ends at the first thing that cannot be done, and says why.
class Life {
 public:
  Life() { new_disk(std::make_unique<io::SimulatedDisk>(io::SimulatedOptions{.polls_max = 2})); }
  Life(Kind kind, std::uint64_t at) : kind_(kind), at_(at) { new_disk(std::make_unique<io::SimulatedDisk>(io::SimulatedOptions{.polls_max = 2})); }

  // True: all of it was done.
  bool live() {
    return create() && open(Phase::recovering) && append(3, 0) && all_durable() && rest() && append(40, 1'500) && all_durable() && close() && open(Phase::recovering) &&
           append(2, 0) && all_durable() && tear() && open(Phase::dropping) && append(3, 0) && all_durable() && close();
  }

  Outcome judge();
  [[nodiscard]] const Trace& trace() {
    enter(Phase::closing);
    return trace_;
  }

 private:
  void new_disk(std::unique_ptr<io::SimulatedDisk> disk);
  void look();
  void strike_from_inside();
  void enter(Phase phase);
  bool create();
  bool open(Phase phase);
  bool append(std::uint64_t count, std::size_t payload_bytes);
  bool all_durable();
  bool rest();
  bool close();
  bool tear();
  bool turn();
  bool stop(const Error& error);
  bool no_space(const std::function<bool()>& again);
  std::string check(io::SimulatedDisk& disk, const journal::RecoveryReport& report);
  std::string judge_recovery(io::SimulatedDisk& disk, Outcome& result);

  std::optional<Kind> kind_;
  std::uint64_t at_ = 0;
  io::SimulatedClock clock_;
  std::unique_ptr<io::SimulatedDisk> disk_, left_;  // left_: by a death or a cut
  journal::Options options_;
  std::unique_ptr<Journal> journal_;
  Acked acked_;
  std::uint64_t next_input_ = 0;
  Phase phase_ = Phase::creating;
  std::uint64_t operations_before_ = 0, writes_before_ = 0;  // on earlier disks
  std::uint64_t write_operation_ = 0, writes_seen_ = 0;
  bool struck_ = false, missed_ = false;
  bool full_ = false;
  bool waited_for_space_ = false;
  std::string stopped_, broken_;
  Trace trace_;
};

void Life::new_disk(std::unique_ptr<io::SimulatedDisk> disk) {
  if (disk_) {
    struck_ = struck_ || disk_->counters().faults > 0;
    operations_before_ += disk_->counters().operations;
    writes_before_ += disk_->counters().writes;
    disk_->watch({});
  }
  journal_.reset();
  disk_ = std::move(disk);
  options_ = world::small_options(*disk_, clock_);
  options_.segment_bytes = 32 * 1024;
  disk_->watch([this] { look(); });
  auto fault = kind_ ? fault_of(*kind_) : std::nullopt;
  const std::uint64_t before = kind_ && of_writes(*kind_) ? writes_before_ : operations_before_;
  if (!fault || (at_ < before && fault->times != Fault::for_ever)) return;
  fault->after = at_ - std::min(at_, before);
  disk_->add_fault(*fault);
}

// Inside an operation: which phase it belongs to, or the moment to strike.
void Life::look() {
  if (kind_) return strike_from_inside();
  const auto counters = disk_->counters();
  const std::uint64_t operation = operations_before_ + counters.operations, write = writes_before_ + counters.writes;
  Phase phase = phase_;
  if (write != writes_seen_) write_operation_ = operation;
  writes_seen_ = write;
  if (phase_ == Phase::writing || phase_ == Phase::closing) {
    if (const auto kind = block_in_flight(*disk_)) {
      phase = phase_of(*kind);
    } else if (phase_ == Phase::writing && operation != write_operation_) {
      phase = Phase::rolling;  // the writer opens its next file
    }
  }
  trace_.operations.resize(operation, phase_);
  trace_.operations[operation - 1] = phase;
  trace_.writes.resize(write, phase_);
  if (operation == write_operation_) trace_.writes[write - 1] = phase;
}

void Life::strike_from_inside() {
  if (struck_ || missed_ || operations_before_ + disk_->counters().operations <= at_) return;
  switch (*kind_) {
    case Kind::process_death: left_ = disk_->after_process_death(); break;
    case Kind::power_cut: left_ = disk_->after_power_cut(io::PowerCut{.policy = io::PowerCut::Policy::torn, .seed = at_ + 1}); break;
    case Kind::rot: {
      missed_ = acked_.block == 0;  // nothing is durable yet
      if (missed_) return;
      disk_->flip_bit(journal::segment_path(directory, 1), 300, static_cast<unsigned>(at_ % 8));
      break;
    }
    case Kind::disk_full: {
      disk_->set_capacity((std::uint64_t{1} << 40) - *disk_->free_bytes("/"));
      full_ = true;
      break;
    }
    default: return;
  }
  struck_ = true;
  if (left_) disk_->power_off();
}

void Life::enter(Phase phase) {
  trace_.operations.resize(operations_before_ + disk_->counters().operations, phase_);
  trace_.writes.resize(writes_before_ + disk_->counters().writes, phase_);
  phase_ = phase;
}

bool Life::stop(const Error& error) {
  stopped_ = error.text.empty() ? "stopped" : error.text;
  return false;
}

// What failed for want of space is done when there is some.
bool Life::no_space(const std::function<bool()>& again) {
  if (!full_) return false;
  disk_->set_capacity(unlimited);
  full_ = false;
  waited_for_space_ = true;
  return again();
}

bool Life::create() {
  enter(Phase::creating);
  if (const auto created = Journal::create(options_); !created.ok()) {
    return (created.error().code == ErrorCode::disk_full && no_space([this] { return create(); })) || stop(created.error());
  }
  acked_.created = true;
  return true;
}

bool Life::open(Phase phase) {
  enter(phase);
  journal_.reset();
  auto opened = Journal::open(options_);
  if (!opened.ok()) return (opened.error().code == ErrorCode::disk_full && no_space([&] { return open(phase); })) || stop(opened.error());
  journal_ = std::make_unique<Journal>(std::move(*opened));
  next_input_ = static_cast<std::uint64_t>(journal_->recovery().last_sequence + 1);
  enter(Phase::recovering);
  const std::string wrong = check(*disk_, journal_->recovery());
  if (wrong.empty()) return true;
  stopped_ = wrong;
  if (!kind_ || !is_damage(*kind_)) broken_ = wrong;
  return false;
}

bool Life::turn() {
  journal::Writer& writer = journal_->writer();
  enter(Phase::preparing);
  journal_->preparer()->step();
  enter(Phase::writing);
  writer.poll();
  clock_.advance(100'000);
  if (!left_ && writer.durable_sequence() > acked_.sequence) {  // what a machine acks that has ended already reaches nobody
    acked_.sequence = writer.durable_sequence();
    acked_.block = writer.durable_block();
    acked_.chain = writer.durable_position().chain;
  }
  if (writer.state() != WriterState::failed) return true;
  const Sequence durable = writer.durable_sequence();
  for (int i = 0; i < 50; ++i) writer.poll(), writer.wait(1'000), clock_.advance(1'000'000);
  if (writer.durable_sequence() != durable) broken_ = "a failed writer acked";
  return stop(writer.error());
}

bool Life::append(std::uint64_t count, std::size_t payload_bytes) {
  for (const std::uint64_t end = next_input_ + count; next_input_ < end;) {
    int turns = 0;
    while (!journal_->writer().append(world::make_input(next_input_, payload_bytes))) {
      if (!turn()) return false;
      if (++turns == 300) static_cast<void>(no_space([] { return true; }));
      if (turns == 3'000) return stop(Error{ErrorCode::failed, "takes nothing"});
    }
    ++next_input_;
  }
  return true;
}

bool Life::all_durable() {
  for (int turns = 0; journal_->writer().durable_sequence() != journal_->writer().appended_sequence(); ++turns) {
    if (!turn()) return false;
    if (turns == 300) static_cast<void>(no_space([] { return true; }));
    if (turns == 3'000) return stop(Error{ErrorCode::failed, "makes nothing durable"});
  }
  return true;
}

bool Life::rest() {
  for (int i = 0; i < 40; ++i) {
    if (!turn()) return false;
  }
  return true;
}

bool Life::close() {
  enter(Phase::closing);
  auto closed = journal_->close();
  if (!closed.ok()) return (closed.error().code == ErrorCode::disk_full && no_space([this] { return close(); })) || stop(closed.error());
  journal_.reset();
  return true;
}

// The machine goes down with a block half written; that is part of the life, and no fault of it.
bool Life::tear() {
  if (!append(3, 900)) return false;
  enter(Phase::writing);
  journal_->writer().poll();
  const auto things = disk_->unsynced();
  std::vector<io::Fate> fates(things.size(), io::Fate::lost);
  for (std::size_t i = 0; i < fates.size(); i += 2) fates[i] = io::Fate::landed;
  new_disk(disk_->after_power_cut(fates));
  return true;
}

std::string Life::check(io::SimulatedDisk& disk, const journal::RecoveryReport& report) {
  disk.watch({});
  // As a reader beside the engine, on a copy: the operations of a check are none of the life's.
  const auto copy = disk.after_process_death();
  disk.watch([this] { look(); });
  return powercut::check_contents(*copy, acked_, report);
}

bool is_named(const std::string& wrong) { return wrong.starts_with("reader: ") || wrong.starts_with("cursor: ") || wrong.starts_with("read: "); }

// "CORRUPT" of "CORRUPT: data/wal/...".
std::string label_of(const std::string& text) { return text.substr(0, text.find(':')); }

std::string Life::judge_recovery(io::SimulatedDisk& disk, Outcome& result) {
  const bool damage = is_damage(*kind_);
  disk.watch({});
  io::SimulatedClock clock;
  journal::Options options = world::small_options(disk, clock);
  options.segment_bytes = 32 * 1024;
  auto opened = Journal::open(options);
  if (!opened.ok()) {
    if (opened.error().code == ErrorCode::not_initialised && !acked_.created) {
      const bool made = Journal::create(options).ok() && Journal::open(options).ok();
      if (!made) result.broken = "cannot be begun anew";
      return "begun anew";
    }
    if (!damage) result.broken = "refused: " + opened.error().text;
    return "refused, " + label_of(opened.error().text);
  }
  const journal::RecoveryReport& report = opened->recovery();
  const std::string label = report.label == journal::Label::torn ? "torn" : "recovered";
  const std::string wrong = powercut::check_contents(disk, acked_, report);
  if (wrong.empty()) return label;
  if (!damage) {
    result.broken = wrong;
    return label;
  }
  if (is_named(wrong)) return label + ", named by readers";
  const auto verdict = journal::check_receipt(directory, disk, {.database = opened->database(), .sequence = acked_.sequence, .block = acked_.block, .chain = acked_.chain});
  if (verdict.ok() && !verdict->holds()) return label + ", proved by the receipt";
  result.broken = "silent: " + wrong;
  return label;
}

Outcome Life::judge() {
  Outcome result;
  const bool done = live();
  struck_ = struck_ || disk_->counters().faults > 0;
  result.struck = struck_;
  result.broken = broken_;
  if (!struck_) {
    if (!done) result.broken = "stopped without a fault: " + stopped_;
    return result;
  }
  if (left_) {
    journal_.reset();
    result.outcome = judge_recovery(*left_, result);
    return result;
  }
  const std::string how = done ? (waited_for_space_ || kind_ != Kind::disk_full ? "went on" : "needed no space") : "stopped";
  disk_->watch({});
  const auto after = disk_->after_power_cut(io::PowerCut{});
  journal_.reset();
  result.outcome = how + ", " + judge_recovery(*after, result);
  return result;
}

}  // namespace

std::optional<Fault> fault_of(Kind kind) {
  switch (kind) {
    case Kind::error_once: return Fault{.operation = Operation::any};
    case Kind::error_for_ever: return Fault{.operation = Operation::any, .times = Fault::for_ever};
    case Kind::short_write: return Fault{.kind = Fault::Kind::short_count, .operation = Operation::write, .amount = 1'536};
    case Kind::again_once: return Fault{.operation = Operation::write, .error_number = EAGAIN};
    case Kind::again_for_ever: return Fault{.operation = Operation::write, .times = Fault::for_ever, .error_number = EAGAIN};
    case Kind::no_space_once: return Fault{.operation = Operation::any, .error_number = ENOSPC};
    case Kind::no_descriptors: return Fault{.operation = Operation::any, .error_number = EMFILE};
    case Kind::read_only: return Fault{.operation = Operation::any, .times = Fault::for_ever, .error_number = EROFS};
    case Kind::lost_write: return Fault{.kind = Fault::Kind::lost, .operation = Operation::write};
    case Kind::misdirected_write: return Fault{.kind = Fault::Kind::misdirected, .operation = Operation::write, .amount = 4'096};
    case Kind::process_death:
    case Kind::power_cut:
    case Kind::rot:
    case Kind::disk_full: return {};
  }
  return {};
}

Trace trace() {
  Life life;
  REQUIRE(life.live());
  return life.trace();
}

Outcome play(Kind kind, std::uint64_t at) { return Life(kind, at).judge(); }

}  // namespace pawl::fault_matrix
