// pawl-bench snapshot-ways: what an undo log of lines, copies of pages and a shadow cost the events while an image is made.
#include <fmt/format.h>

#include <optional>
#include <thread>

#include "commands.hpp"
#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/latency_rows.hpp"
#include "harness/open_loop.hpp"
#include "harness/pin.hpp"
#include "harness/runs.hpp"
#include "harness/scratch.hpp"
#include "pawl/core/ring/loop.hpp"
#include "pawl/io/parker.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/thread.hpp"
#include "pawl/journal/aligned.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/hash.hpp"
#include "snapshot/ways.hpp"

namespace pawl::bench {
namespace {

constexpr std::int64_t batch = 16;

struct WaysOptions : Common {
  std::size_t mebibytes = 1024;
  double rate = 1e6;
  std::int64_t mark = 500'000;  // the image is of the state behind so many events
};

// From the mark to the image's end.
struct Measured {
  Histogram work;       // ns of a batch of 16 events
  Histogram latency;    // ns from an event's planned time
  double ns_per_event = 0, events_per_second = 0, image_seconds = 0;
  std::uint64_t copied = 0;
};

journal::Hash chained(journal::Hasher& hasher, const journal::Hash& before, std::span<const std::byte> chunk) {
  return hasher.sha_256({before, hasher.body(journal::BodyHash::xxh3_128, chunk)});
}

// Of the state behind events [0, last], made anew.
journal::Hash expected_image(std::size_t bytes, std::int64_t last) {
  const Lines lines(bytes);
  for (std::int64_t event = 0; event <= last; ++event) {
    for (std::size_t touch = 0; touch < touches; ++touch) lines.change(lines.place(event, touch), event);
  }
  journal::Hasher hasher;
  journal::Hash hash{};
  for (std::size_t chunk = 0; chunk < lines.chunks(); ++chunk) hash = chained(hasher, hash, std::as_bytes(std::span(lines.line(chunk * lines_per_chunk), chunk_bytes / 8)));
  return hash;
}

// One run of one way: the events on a pinned thread, the image on another that gives way.
template <class Way>
class WayRun {
 public:
  WayRun(const WaysOptions& options, double rate, std::string path) : options_(options), rate_(rate), path_(std::move(path)), lines_(options.mebibytes << 20), way_(lines_) {}

  Measured run() {
    auto imaging = or_fail(io::Thread::start({.name = "image", .priority = io::Priority::background}, [this] { make_image(); }));
    run_pinned(0, [this] { run_events(); });
    imaging.join();
    if (!std::is_same_v<Way, NoWay> && hash_ != expected_image(options_.mebibytes << 20, options_.mark - 1)) fail("the image is not that of the state behind the mark");
    return std::move(measured_);
  }

 private:
  void take_in(std::int64_t first) {
    LineIndex places[batch * touches];
    for (std::int64_t i = 0; i < batch * static_cast<std::int64_t>(touches); ++i) {
      places[i] = lines_.place(first + i / static_cast<std::int64_t>(touches), static_cast<std::size_t>(i) % touches);
      lines_.fetch(places[i]);
    }
    for (std::int64_t i = 0; i < batch * static_cast<std::int64_t>(touches); ++i) {
      way_.before(places[i]);
      lines_.change(places[i], first + i / static_cast<std::int64_t>(touches));
    }
    way_.passed(first + batch - 1);
  }

  void run_events() {
    const OpenLoop loop(now_ns(), rate_ > 0 ? rate_ : 1);
    std::int64_t first = 0, worked_ns = 0, marked_at = 0, marked_ns = 0;
    for (; !done_.requested(); first += batch) {
      if (first == options_.mark) {
        way_.mark(first - 1);
        marked_.publish(1);
        marked_at = first;
        marked_ns = now_ns();
        worked_ns = 0;
      }
      std::int64_t start = now_ns();
      while (rate_ > 0 && loop.planned_ns(first + batch - 1) > start) start = now_ns();
      take_in(first);
      const std::int64_t end = now_ns();
      worked_ns += end - start;
      if (marked_ns == 0) continue;
      measured_.work.record(end - start);
      for (std::int64_t i = 0; rate_ > 0 && i < batch; ++i) measured_.latency.record(end - loop.planned_ns(first + i));
    }
    const auto events = static_cast<double>(first - marked_at);
    measured_.ns_per_event = static_cast<double>(worked_ns) / events;
    measured_.events_per_second = events / seconds_since(marked_ns);
    measured_.copied = way_.copied();
  }

  // Of the shadow: to stand behind the mark's event.
  void follow() {
    if constexpr (std::is_same_v<Way, ShadowWay>) {
      while (!way_.follow(options_.mark - 1)) io::nap(100'000);
    }
  }

  void make_image() {
    follow();
    while (marked_.load_acquire() != 1) io::nap(100'000);
    const std::int64_t start = now_ns();
    if constexpr (std::is_same_v<Way, NoWay>) {
      std::this_thread::sleep_for(std::chrono::milliseconds(options_.mebibytes));  // about as long as an image takes
    } else {
      write_image();
    }
    measured_.image_seconds = seconds_since(start);
    done_.request();
  }

  void write_image() {
    const auto disk = or_fail(io::make_real_disk(io::Backend::pwritev2));
    const auto file = or_fail(disk->open(path_, {.access = io::Access::create_new, .direct = true}));
    const journal::AlignedBytes buffer(chunk_bytes);
    journal::Hasher hasher;
    for (std::size_t chunk = 0; chunk < lines_.chunks(); ++chunk) {
      way_.image(chunk, reinterpret_cast<std::uint64_t*>(buffer.data()));
      hash_ = chained(hasher, hash_, buffer.span());
      or_fail(journal::write_whole(*file, buffer.span(), chunk * chunk_bytes, path_));
    }
    or_fail(journal::sync_file(*file, path_));
  }

  const WaysOptions& options_;
  double rate_;
  std::string path_;
  Lines lines_;
  Way way_;
  ring::Cursor<> marked_{0};
  ring::StopFlag done_;
  journal::Hash hash_{};
  Measured measured_;
};

template <class Way>
class WayRows {
 public:
  WayRows(std::string name, const WaysOptions& options) : name_(std::move(name)), options_(options), latency_("latency at the rate while the image is made", name_, options.rate, false) {}

  void measure() {
    const Scratch scratch(options_.directory);
    const Measured paced = WayRun<Way>(options_, options_.rate, scratch.path("paced")).run();
    const Measured unpaced = WayRun<Way>(options_, 0, scratch.path("unpaced")).run();
    latency_.add(paced.latency);
    work_.push_back(paced.ns_per_event);
    tail_.push_back(static_cast<double>(paced.work.at(0.9999)) / 1e3);
    copied_.push_back(static_cast<double>(paced.copied) / 1e6);
    image_.push_back(paced.image_seconds);
    rate_.push_back(unpaced.events_per_second / 1e6);
  }

  void append_to(Outcome& outcome) {
    const bool base = std::is_same_v<Way, NoWay>;
    const auto add = [&](const char* group, const char* unit, std::vector<double> values, bool higher, bool compared) {
      outcome.series.push_back({.group = group, .name = name_, .unit = unit, .values = std::move(values), .higher_is_better = higher,
                                .base = base || !compared ? "" : "none", .base_label = base || !compared ? "" : "none"});
    };
    add("work per event while the image is made, ns", "ns", work_, false, true);
    add("p99.99 of the work of 16 events, us", "us", tail_, false, true);
    add("throughput while the image is made, M events/s", "M events/s", rate_, true, true);
    if (!base) add("copies made by events, M", "M", copied_, false, false);
    if (!base) add("image made and written, s", "s", image_, false, false);
    latency_.append_to(outcome, base ? "" : "none", base ? "" : "none");
  }

 private:
  std::string name_;
  const WaysOptions& options_;
  LatencyRows latency_;
  std::vector<double> work_, tail_, copied_, image_, rate_;
};

void measure_ways(const WaysOptions& options, Outcome& outcome) {
  if ((options.mebibytes & (options.mebibytes - 1)) != 0 || options.mark % batch != 0) fail("--mebibytes must be a power of two, --mark a multiple of 16");
  WayRows<NoWay> none("none", options);
  WayRows<UndoWay> undo("undo log of lines", options);
  WayRows<PageWay> page("page copy-on-write", options);
  WayRows<ShadowWay> shadow("shadow", options);
  for (Rounds rounds("ways", options.runs, outcome); rounds.next();) {
    none.measure();
    undo.measure();
    page.measure();
    shadow.measure();
  }
  none.append_to(outcome);
  undo.append_to(outcome);
  page.append_to(outcome);
  shadow.append_to(outcome);
  outcome.notes.push_back(fmt::format("{} MiB of lines, {} random ones changed by each event; every image was compared with the state made anew.", options.mebibytes, touches));
}

}  // namespace

void add_snapshot_ways(CLI::App& app, Action& action) {
  const auto options = std::make_shared<WaysOptions>();
  CLI::App& command = *app.add_subcommand("snapshot-ways", "Three ways to an image of a state that goes on changing: what each costs the events");
  command.add_option("--mebibytes", options->mebibytes, "Of state")->check(CLI::Range(1, 1 << 16))->capture_default_str();
  command.add_option("--rate", options->rate, "Events per second")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--mark", options->mark, "Image of the state behind so many events")->check(CLI::PositiveNumber)->capture_default_str();
  on_chosen(command, options, action, &measure_ways);
}

}  // namespace pawl::bench
