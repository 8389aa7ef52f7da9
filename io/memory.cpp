#include "pawl/io/memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <utility>

#include "pawl/io/os_error.hpp"

namespace pawl::io {
namespace {

constexpr int protection = PROT_READ | PROT_WRITE;
constexpr int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

std::size_t round_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

std::byte* map_anonymous(std::size_t bytes, int flags) {
  void* memory = ::mmap(nullptr, bytes, protection, anonymous | flags, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}

}  // namespace

bool transparent_huge_pages_enabled(const std::string& root) {
  std::ifstream file(root + "/sys/kernel/mm/transparent_hugepage/enabled");
  std::string line;
  return std::getline(file, line) && line.find("[never]") == std::string::npos;
}

Result<Region> Region::map(const RegionOptions& options) {
  if (options.bytes == 0) return Error{ErrorCode::usage, "cannot map 0 bytes of memory: ask for at least one"};
  Region region;
  region.bytes_ = options.bytes;
  const bool mapped = (options.best_pages == Pages::reserved_huge && region.map_reserved_huge()) ||
                      (options.best_pages != Pages::small && region.map_transparent_huge()) || region.map_small();
  const std::string size = std::to_string(options.bytes >> 20) + " MiB";
  if (!mapped) return os_error("cannot map", size + " of memory", errno);
  if (options.prefault && !region.prefault()) return os_error("cannot fault in", size + " of memory", errno);
  if (options.lock) region.lock();
  return region;
}

// A small pool may not hold all of it: then the mapping is refused as a whole, not at the first touch (no MAP_NORESERVE).
bool Region::map_reserved_huge() {
  mapped_bytes_ = round_up(bytes_, huge_page_bytes);
  memory_ = map_anonymous(mapped_bytes_, MAP_HUGETLB);
  if (memory_ != nullptr) pages_ = Pages::reserved_huge;
  return memory_ != nullptr;
}

// Maps one huge page too much and gives back what stands over at both ends, so that the rest starts at a huge page.
bool Region::map_transparent_huge() {
  if (bytes_ < huge_page_bytes) return false;  // would waste most of a huge page
  if (!transparent_huge_pages_enabled()) {
    add_notice("memory on small pages, some cache and TLB misses more: 'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled'");
    return false;
  }
  mapped_bytes_ = round_up(bytes_, huge_page_bytes);
  std::byte* wide = map_anonymous(mapped_bytes_ + huge_page_bytes, 0);
  if (wide == nullptr) return false;
  const std::size_t before = round_up(reinterpret_cast<std::uintptr_t>(wide), huge_page_bytes) - reinterpret_cast<std::uintptr_t>(wide);
  memory_ = wide + before;
  if (before > 0) ::munmap(wide, before);
  if (before < huge_page_bytes) ::munmap(memory_ + mapped_bytes_, huge_page_bytes - before);
  pages_ = ::madvise(memory_, mapped_bytes_, MADV_HUGEPAGE) == 0 ? Pages::transparent_huge : Pages::small;
  return true;
}

bool Region::map_small() {
  mapped_bytes_ = round_up(bytes_, static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
  memory_ = map_anonymous(mapped_bytes_, 0);
  return memory_ != nullptr;
}

bool Region::prefault() {
  if (::madvise(memory_, mapped_bytes_, MADV_POPULATE_WRITE) == 0) return true;
  if (errno != EINVAL) return false;
  constexpr std::size_t page_bytes = 4096;  // kernels before 5.14: by hand
  for (std::size_t at = 0; at < mapped_bytes_; at += page_bytes) const_cast<volatile std::byte&>(memory_[at]) = std::byte{0};
  return true;
}

void Region::lock() {
  locked_ = ::mlock(memory_, mapped_bytes_) == 0;
  if (!locked_) add_notice("memory may be swapped out: raise the limit of locked memory ('ulimit -l', LimitMEMLOCK=)");
}

Region::Region(Region&& other) noexcept { *this = std::move(other); }

Region& Region::operator=(Region&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(bytes_, other.bytes_);
  std::swap(mapped_bytes_, other.mapped_bytes_);
  std::swap(pages_, other.pages_);
  std::swap(locked_, other.locked_);
  std::swap(notice_, other.notice_);
  return *this;
}

Region::~Region() {
  if (memory_ != nullptr) ::munmap(memory_, mapped_bytes_);
}

}  // namespace pawl::io
