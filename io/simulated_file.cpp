#include "pawl/io/simulated_file.hpp"

#include <algorithm>
#include <cstring>

#include "pawl/core/base/limits.hpp"

namespace pawl::io {

SimulatedFile::SimulatedFile(std::shared_ptr<SimulatedState> state, NodeId node, std::string path, const OpenOptions& options)
    : state_(std::move(state)),
      node_(node),
      path_(std::move(path)),
      writable_(options.access != Access::read),
      direct_(options.direct && state_->options.grants_direct),
      refused_direct_(options.direct && !direct_),
      durable_(options.durable) {
  ++this->node().open_files;
}

SimulatedFile::~SimulatedFile() {
  const std::lock_guard hold(state_->mutex);
  SimulatedNode& file = node();
  for (std::size_t i = 0; i < file.in_flight.size();) {
    if (file.in_flight[i].owner == this) {
      static_cast<void>(state_->complete(file, i));
    } else {
      ++i;
    }
  }
  --file.open_files;
  state_->collect();
}

std::size_t SimulatedFile::alignment_bytes() const { return direct_ ? limits::block_alignment_bytes : 1; }

std::string SimulatedFile::notice() const {
  return refused_direct_ ? path_ + ": this simulated disk refuses direct I/O; it was made so" : std::string();
}

bool SimulatedFile::aligned(const void* memory, std::size_t bytes, std::uint64_t offset) const {
  return ((reinterpret_cast<std::uintptr_t>(memory) | bytes | offset) & (alignment_bytes() - 1)) == 0;
}

int SimulatedFile::refuse_write(std::span<const std::byte> from, std::uint64_t offset) const {
  if (!writable_) return EBADF;
  return aligned(from.data(), from.size(), offset) ? 0 : EINVAL;
}

std::int64_t SimulatedFile::read(std::span<std::byte> into, std::uint64_t offset) {
  const std::lock_guard hold(state_->mutex);
  if (!aligned(into.data(), into.size(), offset)) return -EINVAL;
  ++state_->counters.reads;
  const auto fault = state_->begin(Operation::read, path_);
  if (fault && fault->kind == Fault::Kind::error) return -fault->error_number;
  const Image& image = direct_ ? node().device() : node().cached();
  std::uint64_t bytes = offset < image.size() ? std::min<std::uint64_t>(into.size(), image.size() - offset) : 0;
  if (fault && fault->kind == Fault::Kind::short_count) bytes = std::min(bytes, fault->amount);
  for (const auto& [first, length] : node().unreadable) {
    if (first < offset + bytes && offset < first + length) return -EIO;
  }
  image.read(into.first(bytes), offset);
  return static_cast<std::int64_t>(bytes);
}

std::int64_t SimulatedFile::write(std::span<const std::byte> from, std::uint64_t offset) {
  const std::lock_guard hold(state_->mutex);
  if (const int refused = refuse_write(from, offset); refused != 0) return -refused;
  const WritePlan plan = state_->plan_write(path_, node(), from.size(), offset);
  if (state_->look) show_in_flight(plan, from);
  state_->carry_out(plan, node(), from, durable_);
  return plan.result;
}

WriteInFlight SimulatedFile::write_in_flight(const WritePlan& plan, std::span<const std::byte> from) {
  return {.stamp = state_->new_stamp(),
          .owner = this,
          .tag = 0,
          .memory = from,
          .data = std::make_shared<const std::vector<std::byte>>(from.begin(), from.end()),
          .plan = plan,
          .durable = durable_,
          .due = 0};
}

void SimulatedFile::show_in_flight(const WritePlan& plan, std::span<const std::byte> from) {
  node().in_flight.push_back(write_in_flight(plan, from));
  state_->show();
  node().in_flight.pop_back();
}

std::int64_t SimulatedFile::due_time() {
  const SimulatedOptions& options = state_->options;
  if (options.clock == nullptr) return static_cast<std::int64_t>(1 + state_->random.below(std::max<std::uint64_t>(options.polls_max, 1)));
  const auto spread = static_cast<std::uint64_t>(options.write_ns_max - options.write_ns_min + 1);
  return options.clock->monotonic_ns() + options.write_ns_min + static_cast<Duration>(state_->random.below(spread));
}

int SimulatedFile::submit_write(std::span<const std::byte> from, std::uint64_t offset, std::uint64_t tag) {
  const std::lock_guard hold(state_->mutex);
  PAWL_ASSERT(in_flight() < Disk::max_in_flight);
  if (const int refused = refuse_write(from, offset); refused != 0) return -refused;
  const WritePlan plan = state_->plan_write(path_, node(), from.size(), offset);
  node().in_flight.push_back(write_in_flight(plan, from));
  node().in_flight.back().tag = tag;
  node().in_flight.back().due = due_time();
  state_->show();
  return 0;
}

std::size_t SimulatedFile::in_flight() {
  const auto& all = node().in_flight;
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [this](const auto& write) { return write.owner == this; }));
}

// Takes writes that are due in any order, as a device ends them.
std::size_t SimulatedFile::take_due(std::span<Completion> into) {
  const SimulatedClock* clock = state_->options.clock;
  const std::int64_t now = clock != nullptr ? state_->options.clock->monotonic_ns() : 0;
  std::vector<WriteInFlight>& all = node().in_flight;
  std::size_t count = 0;
  while (count < into.size()) {
    std::vector<std::size_t> due;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].owner == this && all[i].due <= now) due.push_back(i);
    }
    if (due.empty()) break;
    into[count++] = state_->complete(node(), due[state_->random.below(due.size())]);
  }
  return count;
}

// Without a clock, a poll is the unit of time.
void SimulatedFile::age() {
  if (state_->options.clock != nullptr) return;
  for (WriteInFlight& write : node().in_flight) {
    if (write.owner == this) --write.due;
  }
}

std::size_t SimulatedFile::poll(std::span<Completion> into) {
  const std::lock_guard hold(state_->mutex);
  age();
  return take_due(into);
}

std::size_t SimulatedFile::wait(std::span<Completion> into, Duration timeout) {
  const std::lock_guard hold(state_->mutex);
  if (in_flight() == 0 || into.empty()) return 0;
  std::size_t count = take_due(into);
  if (SimulatedClock* clock = state_->options.clock; clock != nullptr && count == 0) {
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    for (const WriteInFlight& write : node().in_flight) {
      if (write.owner == this) first = std::min(first, write.due);
    }
    clock->advance(std::min(timeout, first - clock->monotonic_ns()));
    return take_due(into);
  }
  for (; count == 0; count = take_due(into)) age();
  return count;
}

int SimulatedFile::sync() {
  const std::lock_guard hold(state_->mutex);
  if (const int failed = state_->begin_or_errno(Operation::sync, path_); failed != 0) {
    if (!state_->off) node().fail_sync();
    return -failed;
  }
  ++state_->counters.syncs;
  node().sync();
  return 0;
}

std::int64_t SimulatedFile::size() {
  const std::lock_guard hold(state_->mutex);
  return state_->off ? -EIO : static_cast<std::int64_t>(node().size());
}

int SimulatedFile::truncate(std::uint64_t bytes) {
  const std::lock_guard hold(state_->mutex);
  if (!writable_) return -EINVAL;
  if (const int failed = state_->begin_or_errno(Operation::truncate, path_); failed != 0) return -failed;
  node().truncate(bytes, state_->new_stamp());
  return 0;
}

}  // namespace pawl::io
