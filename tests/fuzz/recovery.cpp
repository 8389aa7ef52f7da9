// A start over a directory with mutated files: bytes written, files cut, exchanged, removed; checksums made right again where the input asks for
// it. A start that succeeds is followed by one that does too, and every tool may look at the same directory.
#include <array>

#include "input.hpp"
#include "pawl/io/simulated.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/journal/journal.hpp"
#include "pawl/journal/reader.hpp"
#include "pawl/journal/receipt.hpp"

using namespace pawl;

namespace {

constexpr const char* directory = "data";

void given_random(std::span<std::byte> into) {
  std::fill(into.begin(), into.end(), std::byte{});
  into[0] = into.size() == sizeof(journal::Uuid) ? fuzz::database[0] : fuzz::secret[0];
}

journal::Options options_on(io::Disk& disk, io::Clock& clock) {
  journal::Options options;
  options.directory = directory;
  options.segment_bytes = 32 * 1024;
  options.block_bytes_max = 8 * 1024;
  options.disk = &disk;
  options.clock = &clock;
  options.random = given_random;
  return options;
}

std::vector<std::byte> record_of(std::uint64_t number) {
  std::vector<std::byte> bytes(record_bytes(100), static_cast<std::byte>(number));
  journal::RecordHeader header{};
  header.at = static_cast<Time>(number);
  header.ticket = number;
  header.type = first_event_type;
  header.length = 100;
  std::memcpy(bytes.data(), &header, sizeof header);
  fuzz::fix_records(bytes);
  return bytes;
}

// Two engines' worth of blocks over three segments; the second was killed.
std::unique_ptr<io::SimulatedDisk> make_directory(io::SimulatedClock& clock) {
  auto disk = std::make_unique<io::SimulatedDisk>();
  const journal::Options options = options_on(*disk, clock);
  fuzz::require(journal::Journal::create(options).ok());
  std::uint64_t number = 0;
  for (const std::uint64_t end : {40U, 300U}) {
    auto journal = journal::Journal::open(options);
    fuzz::require(journal.ok());
    journal::Writer& writer = journal->writer();
    fuzz::require(writer.annotate_pipeline("pipeline"));
    fuzz::require(writer.annotate_source(0, "gateway"));
    while (number < end || writer.durable_sequence() != writer.appended_sequence()) {
      if (number < end && writer.append(record_of(number))) ++number;
      journal->preparer()->step();
      writer.poll();
      clock.advance(20'000);
    }
    if (end == 40) fuzz::require(journal->close().ok());
  }
  return disk;
}

void fix(io::SimulatedDisk& disk, const std::string& file, std::uint64_t page, std::uint64_t segment) {
  auto bytes = disk.content(file);
  const std::uint64_t at = page * journal::page_bytes;
  if (at + journal::page_bytes > bytes.size()) return;
  const auto from = std::span(bytes).subspan(at);
  if (segment == 0) {
    fuzz::fix_control(from.first(journal::page_bytes));
  } else {
    fuzz::make_own(from, segment, at);
    fuzz::fix_block(from);
  }
  disk.overwrite(file, at, from);
}

void mutate(io::SimulatedDisk& disk, fuzz::Input& input) {
  const std::array<std::string, 4> files = {"data/CONTROL", journal::segment_path(directory, 1), journal::segment_path(directory, 2), journal::segment_path(directory, 3)};
  for (int mutations = 0; mutations < 8 && !input.empty(); ++mutations) {
    const auto what = input.take<std::uint8_t>();
    const std::size_t which = what & 3U;
    const std::string& file = files[which];
    if (!*disk.exists(file)) continue;
    const std::uint64_t size = disk.content(file).size();
    if (size == 0) continue;
    const std::uint64_t at = input.take<std::uint16_t>() % size;
    switch (what >> 2U & 7U) {
      case 0: static_cast<void>(disk.remove(file)); break;
      case 1: static_cast<void>((*disk.open(file, {.access = io::Access::read_write}))->truncate(at)); break;
      case 2: static_cast<void>(disk.rename(file, files[input.take<std::uint8_t>() & 3U])); break;
      case 3: disk.make_unreadable(file, at / 512 * 512, 512); break;
      case 4: {
        const auto bytes = input.take(input.take<std::uint8_t>());
        disk.overwrite(file, at, bytes.first(std::min<std::size_t>(bytes.size(), size - at)));
        break;
      }
      default: {
        const auto bytes = input.take(input.take<std::uint8_t>());
        disk.overwrite(file, at, bytes.first(std::min<std::size_t>(bytes.size(), size - at)));
        fix(disk, file, at / journal::page_bytes, which);
        break;
      }
    }
  }
}

void read_all(io::Disk& disk) {
  auto reader = journal::JournalReader::open(directory, disk);
  if (!reader) return;
  auto cursor = reader->read({.deep = true});
  if (!cursor) return;
  journal::BlockView block;
  for (auto more = cursor->next(block); more && *more; more = cursor->next(block)) {
    for (const journal::Record record : block.records()) static_cast<void>(record.payload());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static io::SimulatedClock clock;
  static const std::unique_ptr<io::SimulatedDisk> origin = make_directory(clock);
  auto disk = origin->after_process_death();
  fuzz::Input input(data, size);
  mutate(*disk, input);
  static_cast<void>(journal::inspect(directory, *disk));
  static_cast<void>(journal::verify(directory, *disk));
  read_all(*disk);
  Sequence last = no_sequence;
  {
    const auto opened = journal::Journal::open(options_on(*disk, clock));
    if (!opened) return 0;
    last = opened->recovery().last_sequence;
  }
  read_all(*disk);
  const auto again = journal::Journal::open(options_on(*disk, clock));
  fuzz::require(again.ok() && again->recovery().last_sequence == last);
  return 0;
}
