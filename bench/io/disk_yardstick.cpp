// The disk's own figures, which the journal is held against: a bare group-commit loop (fill a block, write it with data sync, wait in
// the kernel) without records, checksums or ring.
//
//   D'   latency from an event's planned time to its block being durable, at a given rate (open loop), p50 and p99
//   B'   throughput, unpaced, whole blocks of 1 MiB
//
// Both at several depths (writes in flight), for each backend, interleaved, `--runs` times; the median run is reported with the spread.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <optional>

#include <CLI/CLI.hpp>

#include "pawl/core/base/limits.hpp"
#include "pawl/io/memory.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"

namespace pawl::io {
namespace {

constexpr std::size_t event_bytes = 64;
constexpr std::size_t block_max = limits::block_bytes_max;
constexpr std::size_t unit = limits::block_alignment_bytes;

struct Options {
  std::string directory = ".";
  double seconds = 3;
  double rate = 1e6;  // events a second
  std::size_t file_mib = 256;
  int runs = 5;
  std::vector<std::size_t> depths{1, 2, 4};
  std::vector<std::string> backends{"io_uring", "pwritev2"};
  bool spin = false;
  bool pin = true;
};

struct Figures {
  double events_per_second = 0;
  double blocks_per_second = 0;
  std::int64_t p50_ns = 0;
  std::int64_t p99_ns = 0;
  std::int64_t max_ns = 0;
};

[[noreturn]] void stop(const std::string& text) {
  std::fprintf(stderr, "disk-yardstick: %s\n", text.c_str());
  std::exit(74);
}

template <class T>
T must(Result<T> result) {
  if (!result) stop(result.error().text);
  return *std::move(result);
}

// A file of zeros, written and synced before, as the journal prepares its segments. Written round and round.
class PreparedFile {
 public:
  PreparedFile(Disk& disk, const Options& options) : disk_(disk), path_(options.directory + "/disk-yardstick.tmp") {
    if (must(disk.exists(path_))) static_cast<void>(disk.remove(path_));
    bytes_ = options.file_mib << 20;
    const auto zeros = must(Region::map({.bytes = block_max}));
    const auto file = must(disk.open(path_, {.access = Access::create_new, .direct = true, .durable = false}));
    for (std::uint64_t at = 0; at < bytes_; at += block_max) {
      if (file->write(zeros.bytes(), at) != static_cast<std::int64_t>(block_max)) stop("cannot prepare " + path_);
    }
    if (file->sync() != 0) stop("cannot sync " + path_);
    file_ = must(disk.open(path_, {.access = Access::read_write, .direct = true, .durable = true}));
  }
  ~PreparedFile() { static_cast<void>(disk_.remove(path_)); }
  PreparedFile(const PreparedFile&) = delete;
  PreparedFile& operator=(const PreparedFile&) = delete;

  File& file() { return *file_; }
  // Where the next block of so many bytes goes.
  std::uint64_t place(std::size_t bytes) {
    if (next_ + bytes > bytes_) next_ = 0;
    next_ += bytes;
    return next_ - bytes;
  }

 private:
  Disk& disk_;
  std::string path_;
  std::uint64_t bytes_ = 0;
  std::uint64_t next_ = 0;
  std::unique_ptr<File> file_;
};

// One loop: events arrive by their planned times (all at once if unpaced), and whenever fewer than `depth` blocks are in flight, those
// that have arrived make the next one.
class Loop {
 public:
  Loop(PreparedFile& target, const Options& options, std::size_t depth)
      : target_(target), options_(options), depth_(depth), memory_(must(Region::map({.bytes = depth * block_max}))) {
    if (options.pin) static_cast<void>(target.file().pin_buffers(memory_.bytes()));
    std::memset(events_.data(), 7, events_.size());
  }

  Figures run(bool paced) {
    paced_ = paced;
    start_ = clock_.monotonic_ns();
    const auto length = static_cast<std::int64_t>(options_.seconds * 1e9);
    if (paced) latencies_.reserve(static_cast<std::size_t>(options_.rate * options_.seconds) + 1);
    while (clock_.monotonic_ns() - start_ < length || in_flight_ > 0) {
      if (clock_.monotonic_ns() - start_ < length && in_flight_ < depth_) submit();
      if (in_flight_ > 0) reap();
    }
    return figures(clock_.monotonic_ns() - start_);
  }

 private:
  struct Block {
    std::uint64_t first = 0;
    std::uint64_t events = 0;
    std::size_t bytes = 0;
    bool used = false;
  };

  void submit() {
    const auto elapsed = static_cast<double>(clock_.monotonic_ns() - start_);
    const std::uint64_t arrived = paced_ ? static_cast<std::uint64_t>(elapsed * options_.rate / 1e9) : filled_ + block_max / event_bytes;
    const std::uint64_t events = std::min<std::uint64_t>(arrived - filled_, block_max / event_bytes);
    if (events == 0) return;
    std::size_t slot = 0;
    while (blocks_[slot].used) ++slot;
    const auto memory = memory_.bytes().subspan(slot * block_max, (events * event_bytes + unit - 1) / unit * unit);
    for (std::uint64_t i = 0; i < events; ++i) std::memcpy(memory.data() + i * event_bytes, events_.data(), event_bytes);
    blocks_[slot] = {filled_, events, memory.size(), true};
    filled_ += events;
    if (target_.file().submit_write(memory, target_.place(memory.size()), slot) != 0) stop("a write was refused");
    ++in_flight_;
  }

  void reap() {
    std::array<Completion, Disk::max_in_flight> ended;
    // At depth 1 nothing is to be done until the write ends; deeper, events go on arriving.
    const Duration limit = in_flight_ < depth_ ? 50'000 : one_second;
    const std::size_t count = options_.spin ? target_.file().poll(ended) : target_.file().wait(ended, limit);
    const std::int64_t now = clock_.monotonic_ns() - start_;
    for (std::size_t i = 0; i < count; ++i) {
      Block& block = blocks_[ended[i].tag];
      if (ended[i].result != static_cast<std::int64_t>(block.bytes)) stop("a write failed: " + std::to_string(ended[i].result));
      for (std::uint64_t event = block.first; paced_ && event < block.first + block.events; ++event) {
        latencies_.push_back(now - static_cast<std::int64_t>(static_cast<double>(event) * 1e9 / options_.rate));
      }
      block.used = false;
      durable_events_ += block.events;
      ++durable_blocks_;
      --in_flight_;
    }
  }

  Figures figures(std::int64_t elapsed_ns) {
    if (durable_events_ != filled_) stop("events are missing");
    Figures result;
    result.events_per_second = static_cast<double>(durable_events_) * 1e9 / static_cast<double>(elapsed_ns);
    result.blocks_per_second = static_cast<double>(durable_blocks_) * 1e9 / static_cast<double>(elapsed_ns);
    if (latencies_.empty()) return result;
    std::sort(latencies_.begin(), latencies_.end());
    result.p50_ns = latencies_[latencies_.size() / 2];
    result.p99_ns = latencies_[latencies_.size() * 99 / 100];
    result.max_ns = latencies_.back();
    return result;
  }

  PreparedFile& target_;
  const Options& options_;
  std::size_t depth_;
  Region memory_;
  SystemClock clock_;
  bool paced_ = false;
  std::int64_t start_ = 0;
  std::array<std::byte, event_bytes> events_;
  std::array<Block, Disk::max_in_flight> blocks_{};
  std::size_t in_flight_ = 0;
  std::uint64_t filled_ = 0;
  std::uint64_t durable_events_ = 0;
  std::uint64_t durable_blocks_ = 0;
  std::vector<std::int64_t> latencies_;
};

struct Row {
  std::string backend;
  std::size_t depth;
  std::vector<Figures> paced;
  std::vector<Figures> unpaced;
};

std::vector<Row> measure(const Options& options) {
  std::vector<Row> rows;
  for (const std::string& backend : options.backends) {
    for (const std::size_t depth : options.depths) rows.push_back({backend, depth, {}, {}});
  }
  for (int run = 0; run < options.runs; ++run) {
    for (Row& row : rows) {
      const Backend backend = row.backend == "io_uring" ? Backend::io_uring : row.backend == "pwritev2" ? Backend::pwritev2 : Backend::buffered;
      const auto disk = must(make_real_disk(backend));
      PreparedFile target(*disk, options);
      if (!target.file().notice().empty()) std::printf("# %s\n", target.file().notice().c_str());
      row.paced.push_back(Loop(target, options, row.depth).run(true));
      PreparedFile again(*disk, options);
      row.unpaced.push_back(Loop(again, options, row.depth).run(false));
    }
  }
  return rows;
}

// Median by `key`, and how far the runs lie apart, in percent of it.
template <class Key>
std::pair<double, double> median(const std::vector<Figures>& runs, Key key) {
  std::vector<double> values;
  for (const Figures& run : runs) values.push_back(static_cast<double>(key(run)));
  std::sort(values.begin(), values.end());
  const double middle = values[values.size() / 2];
  return {middle, middle > 0 ? (values.back() - values.front()) * 100 / middle : 0};
}

void print(const std::vector<Row>& rows, const Options& options) {
  std::printf("# %d runs of %.2f s, %.0f events/s of %zu bytes, %s, %s; median (spread of the runs)\n", options.runs, options.seconds,
              options.rate, event_bytes, options.spin ? "polling" : "waiting in the kernel", options.pin ? "pinned buffers" : "plain buffers");
  std::printf("%-9s %5s  %18s %18s %12s %10s  %20s %8s\n", "backend", "depth", "D' p50 us", "D' p99 us", "max us", "blocks/s", "B' M events/s",
              "GB/s");
  for (const Row& row : rows) {
    const auto p50 = median(row.paced, [](const Figures& f) { return f.p50_ns; });
    const auto p99 = median(row.paced, [](const Figures& f) { return f.p99_ns; });
    const auto most = median(row.paced, [](const Figures& f) { return f.max_ns; });
    const auto blocks = median(row.paced, [](const Figures& f) { return f.blocks_per_second; });
    const auto events = median(row.unpaced, [](const Figures& f) { return f.events_per_second; });
    std::printf("%-9s %5zu  %10.0f (%3.0f %%) %10.0f (%3.0f %%) %12.0f %10.0f  %12.1f (%3.0f %%) %8.2f\n", row.backend.c_str(), row.depth,
                p50.first / 1e3, p50.second, p99.first / 1e3, p99.second, most.first / 1e3, blocks.first, events.first / 1e6, events.second,
                events.first * event_bytes / 1e9);
  }
}

}  // namespace
}  // namespace pawl::io

int main(int argc, char** argv) {
  pawl::io::Options options;
  CLI::App app{"Measures what a bare group-commit loop gets out of this disk: D' (latency) and B' (throughput)."};
  app.add_option("--directory", options.directory, "on the disk to measure")->capture_default_str();
  app.add_option("--seconds", options.seconds, "of each loop")->capture_default_str();
  app.add_option("--rate", options.rate, "events a second for D'")->capture_default_str();
  app.add_option("--file-mib", options.file_mib, "size of the file that is written round and round")->capture_default_str();
  app.add_option("--runs", options.runs, "of everything, interleaved")->capture_default_str();
  app.add_option("--depths", options.depths, "writes in flight, 1 to 8")->delimiter(',')->check(CLI::Range(1, 8));
  app.add_option("--backends", options.backends, "io_uring, pwritev2, buffered")->delimiter(',');
  app.add_flag("--spin", options.spin, "poll instead of waiting in the kernel");
  app.add_flag("!--no-pin", options.pin, "write from plain buffers");
  CLI11_PARSE(app, argc, argv);
  pawl::io::print(pawl::io::measure(options), options);
}
