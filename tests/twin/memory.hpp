// Memory for the state of windows and decide.
#pragma once

#include <cstdlib>
#include <memory>
#include <span>

#include "pawl/core/base/assert.hpp"

namespace pawl::twin {

// Zeroed, from a cache line. From calloc, which hands out pages that are zero already: most of a state's memory is never touched.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : size_(bytes), room_(bytes + line), memory_(std::calloc(room_, 1)) {
    void* aligned = memory_.get();
    data_ = static_cast<std::byte*>(std::align(line, size_, aligned, room_));
    PAWL_ASSERT(data_ != nullptr);
  }
  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::span<std::byte> span() const { return {data_, size_}; }

 private:
  struct Free { void operator()(void* memory) const { std::free(memory); } };
  static constexpr std::size_t line = 64;

  std::size_t size_, room_;
  std::unique_ptr<void, Free> memory_;
  std::byte* data_ = nullptr;
};

}  // namespace pawl::twin
