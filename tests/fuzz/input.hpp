// A fuzzer's bytes taken apart, and what a target does to get past checksums: they are made right, so that what stands behind them is reached.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/journal/block.hpp"
#include "pawl/journal/control.hpp"
#include "pawl/journal/format.hpp"
#include "pawl/journal/hash.hpp"

namespace pawl::fuzz {

inline constexpr journal::Uuid database{std::byte{7}};
inline constexpr journal::Hash secret{std::byte{9}};

// Ends the program: the fuzzer keeps the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t bytes) : rest_(reinterpret_cast<const std::byte*>(data), bytes) {}

  // Zeros behind the end.
  template <class T>
  T take() {
    T value{};
    const std::size_t bytes = std::min(sizeof value, rest_.size());
    if (bytes > 0) std::memcpy(&value, rest_.data(), bytes);
    rest_ = rest_.subspan(bytes);
    return value;
  }
  std::span<const std::byte> take(std::size_t bytes) {
    const auto taken = rest_.first(std::min(bytes, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  [[nodiscard]] std::span<const std::byte> rest() const { return rest_; }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
};

inline void put(std::span<std::byte> to, std::span<const std::byte> from, std::size_t at = 0) {
  if (at >= to.size()) return;
  const std::size_t bytes = std::min(from.size(), to.size() - at);
  if (bytes > 0) std::memcpy(to.data() + at, from.data(), bytes);
}

// What a block's reader knows and a fuzzer cannot guess.
inline void make_own(std::span<std::byte> page, std::uint64_t segment, std::uint64_t offset) {
  journal::BlockHeader header;
  std::memcpy(&header, page.data(), sizeof header);
  journal::Hasher hasher;
  header.magic = journal::block_magic;
  header.version = journal::format_version;
  header.database = database;
  header.nonce = journal::Identity(database, secret).nonce(header.epoch, hasher);
  header.segment = segment;
  header.offset = offset;
  std::memcpy(page.data(), &header, sizeof header);
}

inline void fix_records(std::span<std::byte> body) {
  for (std::size_t at = 0; body.size() - at >= record_header_bytes;) {
    journal::RecordHeader header;
    std::memcpy(&header, body.data() + at, sizeof header);
    const std::size_t bytes = record_bytes(header.length);
    if (bytes > body.size() - at) return;
    header.crc = crc32c(body.subspan(at + record_crc_offset, record_header_bytes - record_crc_offset + header.length));
    std::memcpy(body.data() + at, &header, sizeof header);
    at += bytes;
  }
}

// Body CRC, body hash, and the header's CRC of the block at the start of `bytes`; its length as far as there are bytes.
inline void fix_block(std::span<std::byte> bytes, const journal::Hash* chain_before = nullptr) {
  journal::BlockHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.total_bytes <= bytes.size() && header.total_bytes >= journal::block_header_bytes) {
    journal::Hasher hasher;
    const auto body = bytes.subspan(journal::block_header_bytes, header.total_bytes - journal::block_header_bytes);
    fix_records(body.first(std::min<std::size_t>(header.body_bytes, body.size())));
    header.body_crc = crc32c(body);
    header.body_hash = hasher.body(header.body_hash_algorithm, body);
    if (chain_before != nullptr) {
      journal::seal_header(bytes, header, *chain_before, hasher);
      return;
    }
  }
  std::memcpy(bytes.data(), &header, sizeof header);
  header.header_crc = crc32c(std::span<const std::byte>(bytes).subspan(journal::header_crc_from, journal::block_header_bytes - journal::header_crc_from));
  std::memcpy(bytes.data(), &header, sizeof header);
}

inline void fix_control(std::span<std::byte> slot) {
  journal::ControlSlot control;
  std::memcpy(&control, slot.data(), sizeof control);
  journal::Hasher hasher;
  constexpr std::size_t from = 8;
  control.sha_256 = hasher.sha_256({std::span<const std::byte>(slot).subspan(from, offsetof(journal::ControlSlot, sha_256) - from)});
  std::memcpy(slot.data(), &control, sizeof control);
  control.crc = crc32c(std::span<const std::byte>(slot).subspan(from));
  std::memcpy(slot.data(), &control, sizeof control);
}

}  // namespace pawl::fuzz
