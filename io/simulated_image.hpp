// The content of a simulated file: sparse, and cheap to copy, because crash states are copied by the million.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace pawl::io {

// Bytes of which every copy shares the chunks that neither has written since. Chunks are never changed once another image may have them, so
// copies may be used on different threads. One object: by one thread at a time.
class Image {
 public:
  static constexpr std::size_t chunk_bytes = 4096;

  Image() = default;
  Image(const Image& other) : size_(other.size_), chunks_(other.chunks_) {
    other.own_ = nullptr;
    other.own_chunks_ = nullptr;
  }
  Image(Image&& other) noexcept
      : size_(std::exchange(other.size_, 0)), chunks_(std::move(other.chunks_)), own_chunks_(std::exchange(other.own_chunks_, nullptr)), own_(std::exchange(other.own_, nullptr)) {}
  Image& operator=(Image other) noexcept {
    size_ = other.size_;
    chunks_.swap(other.chunks_);
    own_chunks_ = other.own_chunks_;
    own_ = other.own_;
    return *this;
  }
  ~Image() = default;

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Fills all of `into`; zeros where nothing was written, and beyond the end.
  void read(std::span<std::byte> into, std::uint64_t offset) const;
  // Grows the file if it must.
  void write(std::span<const std::byte> from, std::uint64_t offset);
  // Makes [offset, offset + bytes) equal to that part of `source`; grows no further than `source` reaches.
  void copy_range(const Image& source, std::uint64_t offset, std::uint64_t bytes);
  void resize(std::uint64_t bytes);
  // Space that chunks take, and that they would take more after a write.
  [[nodiscard]] std::uint64_t allocated_bytes() const;
  [[nodiscard]] std::uint64_t unallocated_bytes(std::uint64_t offset, std::uint64_t bytes) const;
  // Of size and content; 64 bits of XXH3.
  [[nodiscard]] std::uint64_t fingerprint() const;

 private:
  struct Chunk {
    Chunk() = default;
    Chunk(const Chunk& other) : bytes(other.bytes) {}
    Chunk& operator=(const Chunk&) = delete;
    [[nodiscard]] std::uint64_t fingerprint() const;
    void change(std::span<const std::byte> from, std::size_t offset);

    std::array<std::byte, chunk_bytes> bytes{};

   private:
    // 0: not computed yet. Relaxed is enough: whoever computes it comes to the same.
    mutable std::atomic<std::uint64_t> fingerprint_{0};
  };

  using Chunks = std::vector<std::shared_ptr<const Chunk>>;  // nullptr: zeros

  [[nodiscard]] const Chunks& chunks() const;
  Chunks& chunks_to_change();

  std::uint64_t size_ = 0;
  std::shared_ptr<const Chunks> chunks_;   // nullptr: none
  mutable Chunks* own_chunks_ = nullptr;   // the same, while no other image has it
  mutable Chunk* own_ = nullptr;           // one of them that no other image has yet
};

}  // namespace pawl::io
