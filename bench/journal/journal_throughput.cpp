// The journal alone: one thread appends and polls, another prepares segments; then everything is read back and checked.
//
//   events -> Writer -> disk          then          disk -> BlockCursor -> records
//
// journal-throughput [--events N] [--payload BYTES] [--durability disk|os|memory] [--directory D] [--audit]
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <thread>
#include <vector>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/journal.hpp"
#include "pawl/journal/reader.hpp"

namespace {

using namespace pawl;
using Clock = std::chrono::steady_clock;

struct Arguments {
  std::uint64_t events = 10'000'000;
  std::size_t payload_bytes = 24;  // 64-byte records
  journal::Durability durability = journal::Durability::disk;
  journal::BodyHash body_hash = journal::BodyHash::xxh3_128;
  std::string directory = "bench_journal";
};

[[noreturn]] void stop(const std::string& text) {
  fmt::print(stderr, "{}\n", text);
  std::exit(1);
}

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = values[i];
    if (name == "--audit") {
      arguments.body_hash = journal::BodyHash::sha_256;
      continue;
    }
    if (++i == count) stop("a value is missing");
    const std::string value = values[i];
    if (name == "--events") arguments.events = std::stoull(value);
    else if (name == "--payload") arguments.payload_bytes = std::stoull(value);
    else if (name == "--directory") arguments.directory = value;
    else if (name == "--durability") arguments.durability = value == "os" ? journal::Durability::os : value == "memory" ? journal::Durability::memory : journal::Durability::disk;
    else stop("unknown option " + std::string(name));
  }
  return arguments;
}

std::vector<std::byte> make_record(std::size_t payload_bytes) {
  std::vector<std::byte> record(record_bytes(payload_bytes));
  journal::RecordHeader header{};
  header.ticket = 1;
  header.type = first_event_type;
  header.length = static_cast<std::uint16_t>(payload_bytes);
  std::memcpy(record.data(), &header, sizeof header);
  const std::uint32_t crc = crc32c(std::span(record).subspan(record_crc_offset, record_header_bytes - record_crc_offset + payload_bytes));
  std::memcpy(record.data(), &crc, sizeof crc);
  return record;
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void write(journal::Journal& journal, const Arguments& arguments) {
  const auto record = make_record(arguments.payload_bytes);
  journal::Writer& writer = journal.writer();
  std::atomic<bool> done{false};
  std::thread preparer([&] {
    while (!done.load(std::memory_order_relaxed)) {
      if (journal.preparer() == nullptr || !journal.preparer()->step()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const auto start = Clock::now();
  for (std::uint64_t sent = 0; sent < arguments.events;) {
    for (int i = 0; i < 256 && sent < arguments.events && writer.append(record); ++i) ++sent;
    // While there is room the loop goes on; a full block waits in the kernel for the one in flight.
    if (writer.append({record.data(), record.size()}) && ++sent) writer.poll();
    else writer.wait(1'000'000);
    if (writer.state() == journal::WriterState::failed) stop(writer.error().text);
  }
  while (writer.durable_sequence() < writer.appended_sequence()) writer.wait(1'000'000);
  const double seconds = seconds_since(start);
  done.store(true, std::memory_order_relaxed);
  preparer.join();
  const auto& counters = writer.counters();
  const double events = static_cast<double>(writer.durable_sequence() + 1);
  fmt::print("write   {:8.2f} M events/s  {:8.1f} MB/s  {} blocks of {:.0f} KiB, {} segments\n", events / seconds / 1e6,
             static_cast<double>(counters.bytes) / seconds / 1e6, counters.blocks,
             counters.blocks == 0 ? 0.0 : static_cast<double>(counters.bytes) / static_cast<double>(counters.blocks) / 1024, counters.segments);
}

void read(const Arguments& arguments, io::Disk& disk, bool deep) {
  const auto start = Clock::now();
  auto reader = journal::JournalReader::open(arguments.directory, disk);
  if (!reader) stop(reader.error().text);
  auto cursor = reader->read({.deep = deep});
  if (!cursor) stop(cursor.error().text);
  journal::BlockView block;
  std::uint64_t inputs = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sum = 0;
  for (;;) {
    auto more = cursor->next(block);
    if (!more) stop(more.error().text);
    if (!*more) break;
    bytes += block.header.total_bytes;
    for (const journal::Record record : block.records()) {
      if (!record.is_input()) continue;
      ++inputs;
      sum += record.header().ticket;
    }
  }
  if (inputs < arguments.events || sum != inputs) stop("read something else than was written");
  const double seconds = seconds_since(start);
  fmt::print("read{}   {:8.2f} M events/s  {:8.1f} MB/s\n", deep ? ", every CRC and hash" : "", static_cast<double>(inputs) / seconds / 1e6,
             static_cast<double>(bytes) / seconds / 1e6);
}

}  // namespace

int main(int count, char** values) {
  const Arguments arguments = parse(count, values);
  std::filesystem::remove_all(arguments.directory);
  auto disk = io::make_real_disk();
  if (!disk) stop(disk.error().text);
  io::SystemClock clock;
  journal::Options options;
  options.directory = arguments.directory;
  options.durability = arguments.durability;
  options.body_hash = arguments.body_hash;
  options.disk = disk->get();
  options.clock = &clock;
  if (auto created = journal::Journal::create(options); !created) stop(created.error().text);
  auto journal = journal::Journal::open(options);
  if (!journal) stop(journal.error().text);
  write(*journal, arguments);
  if (auto closed = journal->close(); !closed) stop(closed.error().text);
  if (arguments.durability != journal::Durability::memory) {
    read(arguments, **disk, false);
    read(arguments, **disk, true);
  }
  std::filesystem::remove_all(arguments.directory);
}
