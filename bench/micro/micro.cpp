// The small operations that the data path is made of, each on one thread with warm caches. items_per_second are events.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "default_pipeline.hpp"
#include "gen/payments.hpp"
#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/event/slot_view.hpp"
#include "pawl/core/ring/byte_ring.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/core/ring/writer.hpp"
#include "pawl/core/rules/decide.hpp"
#include "pawl/core/window/windows.hpp"
#include "pawl/io/memory.hpp"
#include "pawl/journal/block.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"

namespace {

using namespace pawl;

constexpr std::size_t ring_slots = 4096;

template <class T>
T or_fail(Result<T> result) {
  if (result.ok()) return std::move(*result);
  std::fprintf(stderr, "micro: %s\n", result.error().text.c_str());
  std::exit(1);
}

io::Region map(std::size_t bytes) {
  return or_fail(io::Region::map({.bytes = std::max<std::size_t>(bytes, 4096), .best_pages = io::Pages::transparent_huge, .prefault = false}));
}

// One batch claimed and published, polled and released by the same thread: the ring's own instructions, no transfer between cores.
void ring_batch(benchmark::State& state) {
  constexpr std::size_t slot = 128;
  const io::Region memory = map(ring_slots * slot);
  ring::ByteRing ring(memory.bytes(), slot);
  ring::Writer<ring::ByteRing> writer(ring);
  ring::Reader<ring::ByteRing> reader(writer);
  writer.gate_on(reader.consumed());
  for (auto _ : state) {
    const ring::Batch claimed = writer.claim(state.range(0));
    writer.publish(claimed.last);
    const ring::Batch taken = reader.poll(state.range(0));
    if (taken.size() != state.range(0)) state.SkipWithError("a batch came short");
    reader.release(taken.last);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ring_batch)->Arg(1)->Arg(16)->Arg(512);

void checksum(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)), std::byte{7});
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(checksum)->Arg(80)->Arg(4096)->Arg(262144);

// Four records of one length side by side, as the sequence and decide stages take them.
void checksum_of_four(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const std::vector<std::byte> memory(4 * bytes, std::byte{7});
  const std::byte* const pieces[4] = {memory.data(), memory.data() + bytes, memory.data() + 2 * bytes, memory.data() + 3 * bytes};
  std::uint32_t crcs[4];
  for (auto _ : state) {
    crc32c_4(pieces, bytes, crcs);
    benchmark::DoNotOptimize(crcs);
  }
  state.SetItemsProcessed(state.iterations() * 4);
}
BENCHMARK(checksum_of_four)->Arg(80);

// A ring full of payments and everything that windows and decide need, for the default pipeline.
class Logic {
 public:
  Logic()
      : loaded_(or_fail(journal::check_pipeline(tools::default_pipeline, "payments.pawl"))), plan_(rules::make_plan(*loaded_.pipeline)), layout_(plan_, false),
        slot_bytes_(slot_bytes(loaded_.pipeline->events.front().payload_bytes)), slots_(map(ring_slots * slot_bytes_)),
        cells_(map(state::Tiles::memory_bytes(plan_.feature_columns, tile_count))), tiles_(cells_.bytes(), plan_.feature_columns, tile_count),
        state_(map(or_fail(window::memory_bytes(*loaded_.pipeline, plan_.features, {})))),
        windows_(or_fail(window::Windows::make(*loaded_.pipeline, plan_.features, {}, state_.bytes()))), decide_(plan_, layout_),
        records_(map(limits::tile_events * layout_.record_bytes())),
        payments_(or_fail(gen::PaymentSource::make(loaded_.pipeline->events.front(), {}, std::int64_t{1} << 40))) {}

  // The next 64 payments into the ring.
  void write_tile() {
    for (Sequence s = next_; s < next_ + tile; ++s) payments_.next(slots_.bytes().data() + static_cast<std::size_t>(s) % ring_slots * slot_bytes_);
    next_ += tile;
  }
  void windows() { windows_.process(view(), next_ - tile, next_ - 1, tiles_); }
  std::size_t decide() {
    return decide_.run(view(), tiles_, next_ - tile, next_ - 1, [&](std::size_t i) { return records_.bytes().data() + i * layout_.record_bytes(); });
  }

  static constexpr Sequence tile = static_cast<Sequence>(limits::tile_events);

 private:
  static constexpr std::size_t tile_count = 128;
  [[nodiscard]] SlotView view() const noexcept { return {slots_.bytes().data(), slot_bytes_, static_cast<Sequence>(ring_slots) - 1}; }

  journal::LoadedPipeline loaded_;
  rules::Plan plan_;
  rules::DecisionLayout layout_;
  std::size_t slot_bytes_;
  io::Region slots_, cells_;
  state::Tiles tiles_;
  io::Region state_;
  window::Windows windows_;
  rules::Decide decide_;
  io::Region records_;
  gen::PaymentSource payments_;
  Sequence next_ = 0;
};

// Timed by hand: generating the payments is not part of it.
template <class Stage>
void per_tile(benchmark::State& state, Stage&& stage) {
  constexpr int warm_tiles = 500;  // the keys have their state, its pages their memory
  Logic logic;
  for (int i = 0; i < warm_tiles; ++i) {
    logic.write_tile();
    logic.windows();
    logic.decide();
  }
  for (auto _ : state) {
    logic.write_tile();
    state.SetIterationTime(stage(logic));
  }
  state.SetItemsProcessed(state.iterations() * Logic::tile);
}

template <class Work>
double seconds_of(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void windows_of_a_tile(benchmark::State& state) {
  per_tile(state, [](Logic& logic) {
    const double seconds = seconds_of([&] { logic.windows(); });
    logic.decide();
    return seconds;
  });
}
BENCHMARK(windows_of_a_tile)->UseManualTime();

void decide_a_tile(benchmark::State& state) {
  per_tile(state, [&](Logic& logic) {
    logic.windows();
    std::size_t decisions = 0;
    const double seconds = seconds_of([&] { decisions = logic.decide(); });
    if (decisions != limits::tile_events) state.SkipWithError("a decision is missing");
    return seconds;
  });
}
BENCHMARK(decide_a_tile)->UseManualTime();

// CRC, body hash, chain and header of one block, as before it is written.
void seal_a_block(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const io::Region memory = map(bytes);
  journal::BlockHeader header{};
  header.total_bytes = static_cast<std::uint32_t>(bytes);
  header.body_bytes = static_cast<std::uint32_t>(bytes - journal::block_header_bytes);
  header.body_hash_algorithm = journal::BodyHash::xxh3_128;
  journal::Hasher hasher;
  journal::Hash chain{};
  for (auto _ : state) {
    chain = journal::seal_block(memory.bytes().first(bytes), header, chain, hasher);
    benchmark::DoNotOptimize(chain);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(seal_a_block)->Arg(4096)->Arg(262144);

}  // namespace

BENCHMARK_MAIN();
