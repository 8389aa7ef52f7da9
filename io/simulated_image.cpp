#include "pawl/io/simulated_image.hpp"

#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // XXH3 by the widest vectors that the processor has
#else
#include <xxhash.h>
#endif

#include <algorithm>
#include <cstring>

namespace pawl::io {
namespace {

constexpr std::uint64_t chunks_for(std::uint64_t bytes) { return (bytes + Image::chunk_bytes - 1) / Image::chunk_bytes; }

// Calls step(chunk, offset in the chunk, offset in the range, bytes) for every chunk that [offset, offset + bytes) touches.
template <class Step>
void for_each_part(std::uint64_t offset, std::uint64_t bytes, Step step) {
  for (std::uint64_t done = 0; done < bytes;) {
    const std::uint64_t inside = (offset + done) % Image::chunk_bytes;
    const std::uint64_t part = std::min(Image::chunk_bytes - inside, bytes - done);
    step((offset + done) / Image::chunk_bytes, inside, done, part);
    done += part;
  }
}

}  // namespace

const Image::Chunks& Image::chunks() const {
  static const Chunks none;
  return chunks_ ? *chunks_ : none;
}

Image::Chunks& Image::chunks_to_change() {
  if (own_chunks_ == nullptr) {
    auto made = std::make_shared<Chunks>(chunks());
    own_chunks_ = made.get();
    chunks_ = std::move(made);
  }
  return *own_chunks_;
}

void Image::read(std::span<std::byte> into, std::uint64_t offset) const {
  const Chunks& chunks = this->chunks();
  for_each_part(offset, into.size(), [&](std::uint64_t chunk, std::uint64_t inside, std::uint64_t done, std::uint64_t part) {
    const bool present = chunk < chunks.size() && chunks[chunk];
    if (present) {
      std::memcpy(into.data() + done, chunks[chunk]->bytes.data() + inside, part);
    } else {
      std::memset(into.data() + done, 0, part);
    }
  });
}

void Image::write(std::span<const std::byte> from, std::uint64_t offset) {
  if (from.empty()) return;
  if (offset + from.size() > size_) resize(offset + from.size());
  Chunks& chunks = chunks_to_change();
  for_each_part(offset, from.size(), [&](std::uint64_t chunk, std::uint64_t inside, std::uint64_t done, std::uint64_t part) {
    if (own_ == nullptr || chunks[chunk].get() != own_) {
      auto made = chunks[chunk] ? std::make_shared<Chunk>(*chunks[chunk]) : std::make_shared<Chunk>();
      own_ = made.get();
      chunks[chunk] = std::move(made);
    }
    own_->change(from.subspan(done, part), inside);
  });
}

void Image::copy_range(const Image& source, std::uint64_t offset, std::uint64_t bytes) {
  if (offset >= source.size_) return;
  bytes = std::min(bytes, source.size_ - offset);
  if (offset + bytes > size_) resize(offset + bytes);
  for_each_part(offset, bytes, [&](std::uint64_t chunk, std::uint64_t inside, std::uint64_t, std::uint64_t part) {
    const bool to_the_end = offset + bytes == source.size_ && offset + bytes == size_ && chunk + 1 == chunks().size();
    if (inside == 0 && (part == chunk_bytes || to_the_end)) {
      source.own_ = nullptr;
      own_ = nullptr;
      chunks_to_change()[chunk] = source.chunks()[chunk];
      return;
    }
    std::array<std::byte, chunk_bytes> buffer;
    source.read({buffer.data(), part}, chunk * chunk_bytes + inside);
    write({buffer.data(), part}, chunk * chunk_bytes + inside);
  });
}

void Image::resize(std::uint64_t bytes) {
  if (bytes < size_) own_ = nullptr;
  const std::uint64_t inside = bytes % chunk_bytes;
  const std::uint64_t last = bytes / chunk_bytes;
  Chunks& chunks = chunks_to_change();
  if (bytes < size_ && inside != 0 && chunks[last]) {  // what is cut off must read as zeros if the file grows again
    const auto cut = std::make_shared<Chunk>(*chunks[last]);
    std::fill(cut->bytes.begin() + static_cast<std::ptrdiff_t>(inside), cut->bytes.end(), std::byte{0});
    chunks[last] = cut;
  }
  chunks.resize(chunks_for(bytes));
  size_ = bytes;
}

std::uint64_t Image::allocated_bytes() const {
  const auto present = std::count_if(chunks().begin(), chunks().end(), [](const auto& chunk) { return chunk != nullptr; });
  return static_cast<std::uint64_t>(present) * chunk_bytes;
}

std::uint64_t Image::unallocated_bytes(std::uint64_t offset, std::uint64_t bytes) const {
  std::uint64_t missing = 0;
  for_each_part(offset, bytes, [&](std::uint64_t chunk, std::uint64_t, std::uint64_t, std::uint64_t) {
    if (chunk >= chunks().size() || !chunks()[chunk]) missing += chunk_bytes;
  });
  return missing;
}

void Image::Chunk::change(std::span<const std::byte> from, std::size_t offset) {
  std::memcpy(bytes.data() + offset, from.data(), from.size());
  fingerprint_.store(0, std::memory_order_relaxed);
}

std::uint64_t Image::Chunk::fingerprint() const {
  std::uint64_t hash = fingerprint_.load(std::memory_order_relaxed);
  if (hash != 0) return hash;
  hash = XXH3_64bits(bytes.data(), bytes.size()) | 1U;
  fingerprint_.store(hash, std::memory_order_relaxed);
  return hash;
}

std::uint64_t Image::fingerprint() const {
  static const Chunk zeros;
  std::uint64_t hash = XXH3_64bits(&size_, sizeof size_);
  for (const auto& chunk : chunks()) {
    const std::uint64_t part = chunk ? chunk->fingerprint() : zeros.fingerprint();
    hash = XXH3_64bits_withSeed(&part, sizeof part, hash);
  }
  return hash;
}

}  // namespace pawl::io
