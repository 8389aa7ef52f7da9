// What the decide stage costs per event by itself: slots and features stand ready in memory, and the stage runs over them again and again.
// Wall time here; instructions by `valgrind --tool=callgrind --toggle-collect='*Logic::round*' decide-cost ...` (without AVX-512,
// which valgrind lacks).
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "default_pipeline.hpp"
#include "gen/payments.hpp"
#include "pawl/core/engine/decide_stage.hpp"
#include "pawl/core/engine/sequence_stage.hpp"
#include "pawl/core/window/windows.hpp"
#include "pawl/io/memory.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"

namespace pawl::bench {
namespace {

constexpr Sequence tile = static_cast<Sequence>(limits::tile_events);
constexpr Sequence ring_slots = 4096;
constexpr std::size_t tile_count = 64;
constexpr std::size_t record_count = 8192;
static_assert(tile_count * limits::tile_events == ring_slots, "when the ring comes round, so do the tiles");

[[noreturn]] void fail(const std::string& text) {
  std::fprintf(stderr, "decide-cost: %s\n", text.c_str());
  std::exit(1);
}

template <class T>
T or_fail(Result<T> result) {
  if (!result.ok()) fail(result.error().text);
  return std::move(*result);
}

io::Region map(std::size_t bytes) {
  return or_fail(io::Region::map({.bytes = std::max<std::size_t>(bytes, 4096), .best_pages = io::Pages::transparent_huge, .prefault = true}));
}

// A ring of payments, their features, and the stage between them and the decision ring.
class Logic {
 public:
  Logic(const language::Pipeline& pipeline, std::int64_t events)
      : plan_(rules::make_plan(pipeline)), layout_(plan_, false), slot_bytes_(slot_bytes(pipeline.events.front().payload_bytes)),
        slots_(map(ring_slots * slot_bytes_)), ring_(slots_.bytes(), slot_bytes_), writer_(ring_), reader_(writer_),
        cells_(map(state::Tiles::memory_bytes(plan_.feature_columns, tile_count))), tiles_(cells_.bytes(), plan_.feature_columns, tile_count),
        logic_(plan_, layout_), records_(map(record_count * layout_.record_bytes())), record_ring_(records_.bytes(), layout_.record_bytes()),
        decisions_(record_ring_), emit_(decisions_), stage_(reader_, logic_, view(), tiles_, decisions_, digests_, probe_) {
    writer_.gate_on(reader_.consumed());
    decisions_.gate_on(emit_.consumed());
    fill(pipeline, events);
  }

  // Decides once over everything that stands in the ring, in turns of `batch`.
  [[gnu::noinline]] void round(std::int64_t batch) {
    for (Sequence done = 0; done < ring_slots;) {
      writer_.publish(writer_.claim(std::min(batch, ring_slots - done)).last);
      done += stage_.poll(batch);
      emit_.release(emit_.poll(static_cast<std::int64_t>(record_count)).last);
      digests_.reset();
    }
    if (stage_.damaged().load_acquire() == 1) fail("a record's CRC is wrong");
  }

  [[nodiscard]] rules::Digest128 digest() noexcept { return logic_.digest(); }
  [[nodiscard]] const rules::Plan& plan() const noexcept { return plan_; }

 private:
  // The last of `events` payments and what the windows say of them stay in the ring.
  void fill(const language::Pipeline& pipeline, std::int64_t events) {
    const window::StateLimits limits{.keys_max = std::size_t{1} << 16, .entries_max = std::size_t{1} << 21, .distinct_max = std::size_t{1} << 14};
    const io::Region state = map(or_fail(window::memory_bytes(pipeline, plan_.features, limits)));
    auto windows = or_fail(window::Windows::make(pipeline, plan_.features, limits, state.bytes()));
    auto payments = or_fail(gen::PaymentSource::make(pipeline.events.front(), {}, events));
    for (Sequence first = 0; first < events; first += tile) {
      const SlotRun run{slots_.bytes().data(), slot_bytes_, ring_slots - 1, first, tile};
      for (std::int64_t i = 0; i < tile; ++i) payments.next(run.slot(i));
      seal_records(run, tile);
      windows.process(view(), first, first + tile - 1, tiles_);
    }
  }
  [[nodiscard]] SlotView view() const noexcept { return {slots_.bytes().data(), slot_bytes_, ring_slots - 1}; }

  rules::Plan plan_;
  rules::DecisionLayout layout_;
  std::size_t slot_bytes_;
  io::Region slots_;
  ring::ByteRing ring_;
  ring::Writer<ring::ByteRing> writer_;
  ring::Reader<ring::ByteRing> reader_;
  io::Region cells_;
  state::Tiles tiles_;
  rules::Decide logic_;
  io::Region records_;
  RecordRing record_ring_;
  ring::Writer<RecordRing> decisions_;
  ring::Reader<RecordRing> emit_;
  DigestQueue digests_;
  NoProbe probe_;
  DecideStage<> stage_;
};

struct Options {
  std::string pipeline;
  int rounds = 2000;
  std::int64_t batch = 512;
  std::int64_t warm_tiles = 2000;
};

int bench(const Options& options) {
  const auto loaded = or_fail(journal::check_pipeline(options.pipeline, "pipeline"));
  Logic logic(*loaded.pipeline, options.warm_tiles * tile);
  logic.round(options.batch);
  std::vector<double> ns;
  for (int i = 0; i < options.rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    logic.round(options.batch);
    ns.push_back(std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / static_cast<double>(ring_slots));
  }
  std::sort(ns.begin(), ns.end());
  std::printf("decide  %.1f ns per event (lowest %.1f), batches of %lld, %zu instructions, kernels %s, digest %s\n", ns[ns.size() / 2], ns.front(),
              static_cast<long long>(options.batch), logic.plan().program.instructions.size(), rules::best_kernels().name,
              rules::to_hex(logic.digest()).c_str());
  return 0;
}

std::string read_pipeline(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace
}  // namespace pawl::bench

int main(int argc, char** argv) {
  pawl::bench::Options options;
  std::string path;
  CLI::App app("Nanoseconds per event of the decide stage alone");
  app.add_option("--pipeline", path, "Pipeline file over payments; without it that of apps/fraud");
  app.add_option("--rounds", options.rounds, "Times 4,096 events")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app.add_option("--batch", options.batch, "Events per turn of the stage")->check(CLI::Range(1, 4096))->capture_default_str();
  app.add_option("--warm-tiles", options.warm_tiles, "Tiles of 64 payments that the windows see first")->check(CLI::Range(64, 1'000'000))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  options.pipeline = path.empty() ? std::string(pawl::tools::default_pipeline) : pawl::bench::read_pipeline(path);
  return pawl::bench::bench(options);
}
