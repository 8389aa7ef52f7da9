// Windows run ahead of decide only as far as there are tiles.
#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <span>

#include "pawl/core/engine/window_stage.hpp"
#include "pawl/core/event/schema.hpp"
#include "pawl/core/rules/decide.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"

namespace {

using namespace pawl;

struct Zeroed {
  explicit Zeroed(std::size_t wanted) : bytes((wanted + 63) / 64 * 64), memory(static_cast<std::byte*>(std::aligned_alloc(64, bytes))) {
    std::memset(memory, 0, bytes);
  }
  ~Zeroed() { std::free(memory); }
  Zeroed(const Zeroed&) = delete;
  Zeroed& operator=(const Zeroed&) = delete;
  [[nodiscard]] std::span<std::byte> span() const { return {memory, bytes}; }
  std::size_t bytes;
  std::byte* memory;
};

constexpr std::size_t slot_bytes_ = 64, slots = 512, tile_count = 2;
constexpr auto tile = static_cast<Sequence>(limits::tile_events);

}  // namespace

TEST_CASE("the windows stage waits for decide before it uses a tile again") {
  const auto loaded = journal::check_pipeline("pipeline \"p\" version 1\nevent E { at: time, id: int }\nlet n = count(per id, 1h)\nrule r { on E when n > 1 then alert }\n", "p");
  REQUIRE(loaded.ok());
  const rules::Plan plan = rules::make_plan(*loaded->pipeline);
  const window::StateLimits limits{.keys_max = 64, .entries_max = 1024, .distinct_max = 0};
  const Zeroed ring_memory(slots * slot_bytes_), tile_memory(state::Tiles::memory_bytes(plan.feature_columns, tile_count));
  const Zeroed state_memory(*window::memory_bytes(*loaded->pipeline, plan.features, limits));
  ring::ByteRing ring(ring_memory.span(), slot_bytes_);
  ring::Writer<ring::ByteRing> writer(ring);
  ring::Reader<ring::ByteRing> reader(writer);
  writer.gate_on(reader.consumed());
  auto windows = window::Windows::make(*loaded->pipeline, plan.features, limits, state_memory.span());
  REQUIRE(windows.ok());
  state::Tiles tiles(tile_memory.span(), plan.feature_columns, tile_count);
  WindowStage stage(reader, *windows, SlotView{ring_memory.memory, slot_bytes_, slots - 1}, tiles);
  ring::Cursor<> decided(no_sequence);
  stage.gate_on(decided);

  const EventSchema& schema = loaded->pipeline->events[0];
  const ring::Batch batch = writer.claim(5 * tile);
  REQUIRE(batch.size() == 5 * tile);
  for (Sequence s = batch.first; s <= batch.last; ++s) {
    std::byte* const slot = ring_memory.memory + static_cast<std::size_t>(s) % slots * slot_bytes_;
    begin_event(schema, slot);
    write_number(schema, slot, 0, s);
    write_number(schema, slot, 1, 7);
  }
  writer.publish(batch.last);

  const auto poll_all = [&] {
    Sequence done = 0;
    for (std::int64_t work = stage.poll(50); work > 0; work = stage.poll(50)) done += work;
    return done;
  };
  const auto count_at = [&](Sequence s) { return tiles.numbers(plan.features[0].column, s)[s % tile]; };
  CHECK(poll_all() == 2 * tile);
  CHECK(count_at(2 * tile - 1) == 2 * tile);
  decided.publish(tile - 2);  // one cell of the first tile may still be read
  CHECK(poll_all() == 0);
  CHECK(count_at(0) == 1);
  decided.publish(tile - 1);
  CHECK(poll_all() == tile);
  CHECK(count_at(2 * tile) == 2 * tile + 1);
  CHECK(count_at(tile) == tile + 1);  // the second tile was left alone
  decided.publish(3 * tile - 1);
  CHECK(poll_all() == 2 * tile);
  CHECK(stage.poll(50) == 0);
}
