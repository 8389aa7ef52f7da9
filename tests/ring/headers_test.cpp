// What must hold of the types themselves.
#include <doctest/doctest.h>

#include <type_traits>

#include "pawl/core/ring/byte_lane.hpp"
#include "pawl/core/ring/byte_ring.hpp"
#include "pawl/core/ring/graph.hpp"
#include "pawl/core/ring/loop.hpp"
#include "pawl/core/ring/observer.hpp"
#include "pawl/core/ring/ring.hpp"

using namespace pawl::ring;

static_assert(SlotStorage<Ring<int>> && !StampedStorage<Ring<int>>);
static_assert(StampedStorage<Ring<int, Stamp::in_slot>>);
static_assert(!std::is_copy_constructible_v<Cursor<>> && !std::is_copy_constructible_v<Writer<Ring<int>>>);
static_assert(!std::is_copy_constructible_v<Reader<Ring<int>>> && !std::is_copy_constructible_v<Lane<int>>);
static_assert(sizeof(LaneWord<>) == pawl::limits::writer_distance_bytes && sizeof(ParkSpot<>) == pawl::limits::writer_distance_bytes);

// The orders of production, spelled out once more: tests/relacy shows what each is for, and that a weaker one is caught.
TEST_CASE("the orders of the protocols") {
  CHECK(StdAtomics::publish_store == std::memory_order_release);
  CHECK(StdAtomics::poll_load == std::memory_order_acquire);
  CHECK(StdAtomics::release_store == std::memory_order_release);
  CHECK(StdAtomics::gate_load == std::memory_order_acquire);
  CHECK(StdAtomics::stamp_store == std::memory_order_release);
  CHECK(StdAtomics::stamp_load == std::memory_order_acquire);
  CHECK(StdAtomics::lane_accept == std::memory_order_acq_rel);
  CHECK(StdAtomics::lane_load == std::memory_order_acquire);
  CHECK(StdAtomics::park_prepare == std::memory_order_acquire);
  CHECK(StdAtomics::park_wake == std::memory_order_release);
}
