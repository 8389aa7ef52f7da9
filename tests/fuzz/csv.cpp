// Events as CSV of any bytes: rows, or errors that name line and column; values printed are read as the same values.
#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "csv/source.hpp"
#include "input.hpp"
#include "pawl/core/language/check.hpp"

using namespace pawl;

namespace {

constexpr const char* text = R"(pipeline "csv" version 1
event Payment { at: time, id: int, amount: money, rate: decimal(4), place: text(12), kind: enum(card, cash), flag: bool, wait: duration }
)";

// A file in memory with the path by which it can be opened.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::byte> bytes) : descriptor_(::memfd_create("fuzz", 0)) {
    fuzz::require(descriptor_ >= 0);
    fuzz::require(::write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const language::Checked checked = language::check(text, "csv");
  fuzz::require(checked.pipeline != nullptr);
  const EventSchema& schema = checked.pipeline->events.at(0);
  fuzz::Input input(data, size);
  const auto flags = input.take<std::uint8_t>();
  const MemoryFile file(input.rest());
  auto source = csv::Source::open(schema, {.path = file.path(), .ignore_unknown = (flags & 1U) != 0, .skip_bad_rows = (flags & 2U) != 0, .read_ahead = false});
  if (!source.ok()) return 0;
  alignas(64) std::array<std::byte, limits::event_header_bytes + limits::event_payload_bytes_max> slot{};
  for (;;) {
    const csv::Source::Next next = source->next(slot.data());
    if (next == csv::Source::Next::row || next == csv::Source::Next::bad_row) continue;
    fuzz::require(next == csv::Source::Next::end || next == csv::Source::Next::failed);
    return 0;
  }
}
