// Memory straight from the kernel: zeroed, on huge pages where they can be had, faulted in before the data path starts.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "pawl/core/base/result.hpp"

namespace pawl::io {

enum class Pages {
  small,             // 4 KiB
  transparent_huge,  // 2 MiB as far as the kernel finds them
  reserved_huge,     // 2 MiB from the pool that the administrator set aside
};

struct RegionOptions {
  std::size_t bytes = 0;
  Pages best_pages = Pages::reserved_huge;  // the best to try; what cannot be had falls back to the next below
  bool prefault = true;                     // touch every page now
  bool lock = false;                        // never swapped out
};

// An owned mapping. Moves, does not copy; unmapped by its destructor. Thread: any, the bytes are the owner's business.
class Region {
 public:
  static constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

  // Errors: io, with cure, if there is not so much memory. Small pages or no lock are no errors: see pages(), locked(), notice().
  static Result<Region> map(const RegionOptions& options);

  Region() = default;
  Region(Region&& other) noexcept;
  Region& operator=(Region&& other) noexcept;
  ~Region();

  // As long as asked for; aligned to huge_page_bytes if on huge pages, else to 4 KiB.
  [[nodiscard]] std::span<std::byte> bytes() const { return {memory_, bytes_}; }
  [[nodiscard]] Pages pages() const { return pages_; }
  [[nodiscard]] bool locked() const { return locked_; }
  // Empty, or what was not granted, what is lost by it, and the cure.
  [[nodiscard]] const std::string& notice() const { return notice_; }

 private:
  [[nodiscard]] bool map_reserved_huge();
  [[nodiscard]] bool map_transparent_huge();
  [[nodiscard]] bool map_small();
  [[nodiscard]] bool prefault();
  void lock();
  void add_notice(const std::string& text) { notice_ += (notice_.empty() ? "" : "; ") + text; }

  std::byte* memory_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t mapped_bytes_ = 0;
  Pages pages_ = Pages::small;
  bool locked_ = false;
  std::string notice_;
};

// Does the kernel give transparent huge pages to those who ask by madvise? Reads `root`/sys/kernel/mm/transparent_hugepage.
[[nodiscard]] bool transparent_huge_pages_enabled(const std::string& root = "");

}  // namespace pawl::io
