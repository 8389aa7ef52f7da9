#include "journal/bare_loop.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/open_loop.hpp"
#include "harness/scratch.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/io/memory.hpp"

namespace pawl::bench {
namespace {

constexpr std::size_t block_max = limits::block_bytes_max;
constexpr std::size_t block_unit = limits::block_alignment_bytes;
constexpr std::size_t events_max = block_max / bare_event_bytes;  // of a block

// A file of zeros, written and synced before, as the journal prepares its segments. Written round and round.
class PreparedFile {
 public:
  PreparedFile(io::Disk& disk, const BareLoopOptions& options) : scratch_(options.directory), bytes_(options.file_mib << 20) {
    const std::string path = scratch_.path("bare-loop");
    const auto zeros = or_fail(io::Region::map({.bytes = block_max}));
    const auto file = or_fail(disk.open(path, {.access = io::Access::create_new, .direct = true, .durable = false}));
    for (std::uint64_t at = 0; at < bytes_; at += block_max) {
      if (file->write(zeros.bytes(), at) != static_cast<std::int64_t>(block_max)) fail("cannot prepare " + path);
    }
    if (file->sync() != 0) fail("cannot sync " + path);
    file_ = or_fail(disk.open(path, {.access = io::Access::read_write, .direct = true, .durable = true}));
  }

  io::File& file() { return *file_; }
  // Where the next block of so many bytes goes.
  std::uint64_t place(std::size_t bytes) {
    if (next_ + bytes > bytes_) next_ = 0;
    next_ += bytes;
    return next_ - bytes;
  }

 private:
  Scratch scratch_;
  std::uint64_t bytes_;
  std::uint64_t next_ = 0;
  std::unique_ptr<io::File> file_;
};

// Events arrive by their planned times (all at once if unpaced), and whenever fewer than `depth` blocks are in flight, those that have
// arrived make the next one.
class Loop {
 public:
  Loop(PreparedFile& target, const BareLoopOptions& options)
      : target_(target), options_(options), memory_(or_fail(io::Region::map({.bytes = options.depth * block_max}))) {
    static_cast<void>(target.file().pin_buffers(memory_.bytes()));
    event_.fill(std::byte{7});
  }

  BareLoopFigures run() {
    const std::int64_t start = now_ns();
    const auto length = static_cast<std::int64_t>(options_.seconds * 1e9);
    if (options_.rate > 0) plan_.emplace(start, options_.rate);
    while (now_ns() - start < length || in_flight_ > 0) {
      if (now_ns() - start < length && in_flight_ < options_.depth) submit();
      if (in_flight_ > 0) reap();
    }
    return figures(seconds_since(start));
  }

 private:
  struct Block {
    std::int64_t first = 0, events = 0;
    std::size_t bytes = 0;
    bool used = false;
  };

  void submit() {
    const std::int64_t arrived = plan_ ? plan_->due(now_ns()) : filled_ + static_cast<std::int64_t>(events_max);
    const std::int64_t events = std::min(arrived - filled_, static_cast<std::int64_t>(events_max));
    if (events == 0) return;
    std::size_t slot = 0;
    while (blocks_[slot].used) ++slot;
    const std::size_t bytes = (static_cast<std::size_t>(events) * bare_event_bytes + block_unit - 1) / block_unit * block_unit;
    const auto memory = memory_.bytes().subspan(slot * block_max, bytes);
    for (std::size_t i = 0; i < static_cast<std::size_t>(events); ++i) std::memcpy(memory.data() + i * bare_event_bytes, event_.data(), bare_event_bytes);
    blocks_[slot] = {filled_, events, bytes, true};
    filled_ += events;
    if (target_.file().submit_write(memory, target_.place(bytes), slot) != 0) fail("the bare loop's write was refused");
    ++in_flight_;
  }

  void reap() {
    std::array<io::Completion, io::Disk::max_in_flight> ended;
    // At depth 1 nothing is to be done until the write ends; deeper, events go on arriving.
    const Duration limit = in_flight_ < options_.depth ? 50'000 : one_second;
    const std::size_t count = target_.file().wait(ended, limit);
    const std::int64_t now = now_ns();
    for (std::size_t i = 0; i < count; ++i) {
      Block& block = blocks_[ended[i].tag];
      if (ended[i].result != static_cast<std::int64_t>(block.bytes)) fail("the bare loop's write failed: " + std::to_string(ended[i].result));
      for (std::int64_t event = block.first; plan_ && event < block.first + block.events; ++event) figures_.latency.record(now - plan_->planned_ns(event));
      block.used = false;
      durable_ += block.events;
      bytes_ += block.bytes;
      ++written_;
      --in_flight_;
    }
  }

  BareLoopFigures figures(double seconds) {
    if (durable_ != filled_) fail("the bare loop lost events");
    figures_.events_per_second = static_cast<double>(durable_) / seconds;
    figures_.bytes_per_second = static_cast<double>(bytes_) / seconds;
    figures_.blocks_per_second = static_cast<double>(written_) / seconds;
    return std::move(figures_);
  }

  PreparedFile& target_;
  const BareLoopOptions& options_;
  io::Region memory_;
  std::optional<OpenLoop> plan_;
  std::array<std::byte, bare_event_bytes> event_;
  std::array<Block, io::Disk::max_in_flight> blocks_{};
  std::size_t in_flight_ = 0;
  std::int64_t filled_ = 0, durable_ = 0, written_ = 0;
  std::uint64_t bytes_ = 0;
  BareLoopFigures figures_;
};

}  // namespace

BareLoopFigures run_bare_loop(const BareLoopOptions& options) {
  const auto disk = or_fail(io::make_real_disk(options.backend));
  PreparedFile target(*disk, options);
  return Loop(target, options).run();
}

}  // namespace pawl::bench
