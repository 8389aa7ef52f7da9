// Heaps of four children each in memory of the caller: what comes first stands at place 0. An item that moves is told where to, so that it can
// be removed from anywhere in a few steps.
#pragma once

#include <algorithm>
#include <cstdint>

namespace pawl::state {

inline constexpr std::uint32_t heap_children = 4;
[[nodiscard]] constexpr std::uint32_t heap_parent(std::uint32_t place) noexcept { return (place - 1) / heap_children; }

// From a free place up to where the item belongs. before(a, b): a comes first. put(place, item): writes it there.
template <class Item, class Before, class Put>
void heap_rise(const Item* heap, std::uint32_t place, const Item item, Before before, Put put) noexcept {
  for (; place > 0 && before(item, heap[heap_parent(place)]); place = heap_parent(place)) put(place, heap[heap_parent(place)]);
  put(place, item);
}

// The same down, in a heap of `size` items.
template <class Item, class Before, class Put>
void heap_sink(const Item* heap, std::uint32_t size, std::uint32_t place, const Item item, Before before, Put put) noexcept {
  for (;;) {
    const std::uint32_t first = place * heap_children + 1, end = std::min(first + heap_children, size);
    if (first >= end) break;
    const Item* const least = std::min_element(heap + first, heap + end, before);
    if (!before(*least, item)) break;
    put(place, *least);
    place = static_cast<std::uint32_t>(least - heap);
  }
  put(place, item);
}

// Up or down, wherever the item belongs.
template <class Item, class Before, class Put>
void heap_settle(const Item* heap, std::uint32_t size, std::uint32_t place, const Item item, Before before, Put put) noexcept {
  if (place > 0 && before(item, heap[heap_parent(place)])) heap_rise(heap, place, item, before, put);
  else heap_sink(heap, size, place, item, before, put);
}

}  // namespace pawl::state
