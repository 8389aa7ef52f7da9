// A set of fingerprints that holds a hundred million of them: open addressing, eight bytes each.
#pragma once

#include <cstdint>
#include <vector>

namespace pawl::crash_states {

class Fingerprints {
 public:
  // True: it was not there yet.
  bool insert(std::uint64_t fingerprint) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    std::uint64_t& slot = find(fingerprint | (fingerprint == 0 ? 1U : 0U));
    if (slot != 0) return false;
    slot = fingerprint | (fingerprint == 0 ? 1U : 0U);
    ++size_;
    return true;
  }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  // Its slot, or the empty one where it belongs.
  std::uint64_t& find(std::uint64_t fingerprint) {
    std::size_t at = fingerprint & (slots_.size() - 1);
    while (slots_[at] != 0 && slots_[at] != fingerprint) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }
  void grow() {
    std::vector<std::uint64_t> old(slots_.size() * 2);
    old.swap(slots_);
    for (const std::uint64_t fingerprint : old) {
      if (fingerprint != 0) find(fingerprint) = fingerprint;
    }
  }

  std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(1024);  // 0: empty
  std::uint64_t size_ = 0;
};

}  // namespace pawl::crash_states
