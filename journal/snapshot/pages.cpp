#include "pawl/journal/snapshot/pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "memory_stamp.hpp"
#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/state/rows.hpp"
#include "pawl/core/window/group.hpp"
#include "pawl/core/window/group_rows.hpp"
#include "pawl/io/thread.hpp"
#include "pawl/journal/aligned.hpp"
#include "pawl/journal/block.hpp"
#include "pawl/journal/errors.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/snapshot/names.hpp"

namespace pawl::journal {
namespace {

constexpr std::uint32_t pages_magic = 0x31475050;  // "PPG1"
constexpr std::uint32_t pages_version = 1;
constexpr std::size_t chunk_bytes = std::size_t{256} << 10;

struct Footer {
  std::uint32_t magic;
  std::uint32_t crc;             // CRC32C of bytes [8, 4096)
  std::uint32_t version;
  std::uint32_t groups;
  Uuid database;
  Sequence sequence;             // of the snapshot it belongs to,
  Time created;
  Digest digest;
  Hash chain;
  Hash layout;                   // of what the memory means
  Hash table;                    // SHA-256 of the table
  std::uint64_t table_bytes;
  std::uint64_t registers_bytes;  // of the table, before the chunks' entries
  std::uint64_t chunks;
  std::array<std::byte, page_bytes - 184> reserved;
};
static_assert(std::has_unique_object_representations_v<Footer> && sizeof(Footer) == page_bytes);
constexpr std::size_t footer_crc_from = offsetof(Footer, version);

struct ChunkEntry {
  std::uint32_t group;  // in the order of their columns
  std::uint32_t reserved;
  std::uint64_t offset;  // in the group's memory
  Digest hash;          // XXH3-128 of what stands there
};
static_assert(std::has_unique_object_representations_v<ChunkEntry> && sizeof(ChunkEntry) == 32);

struct GroupMemory {
  std::uint32_t column;
  window::Group* group;
  std::span<std::byte> memory;

  [[nodiscard]] std::span<std::byte> chunk(std::uint64_t offset) const noexcept { return memory.subspan(offset, std::min<std::uint64_t>(chunk_bytes, memory.size() - offset)); }
};

// In the order of their columns: the same in whatever shards they are.
std::vector<GroupMemory> memories_of(Machine& machine) {
  std::vector<GroupMemory> all;
  for (const auto& windows : machine.windows()) {
    for (std::size_t i = 0; i < windows->groups(); ++i) all.push_back({windows->first_column(i), &windows->group(i), windows->memory(i)});
  }
  std::sort(all.begin(), all.end(), [](const GroupMemory& a, const GroupMemory& b) { return a.column < b.column; });
  return all;
}

// Equal hashes: the same sources of what keeps the memory, the same columns, the same bounds.
Hash layout_hash(std::span<const GroupMemory> groups, const SnapshotHeader& header, Hasher& hasher) {
  std::string text = memory_stamp;
  for (const GroupMemory& group : groups) {
    text += fmt::format(";{},{},{},{}", group.column, group.memory.size(), sizeof(window::Group), window::GroupSaver::schema(*group.group));
  }
  text += fmt::format(";{},{},{}", header.keys_max, header.entries_max, header.distinct_max);
  return hasher.sha_256({std::as_bytes(std::span(text))});
}

Digest hash_of(std::span<const std::byte> bytes, Hasher& hasher) {
  const Hash hash = hasher.body(BodyHash::xxh3_128, bytes);
  Digest digest;
  std::copy_n(hash.begin(), digest.size(), digest.begin());
  return digest;
}

Error damaged(const std::string& path, std::string_view what) {
  return {ErrorCode::corrupt, path + " is damaged: " + std::string(what) + ". The snapshot's rows are read instead, which takes longer; the next snapshot has new pages"};
}

// --- writing ---

class Saver {
 public:
  Saver(Machine& machine, const SnapshotHeader& header, io::Disk& disk, std::string path, const ring::StopFlag* stop)
      : groups_(memories_of(machine)), header_(header), disk_(disk), path_(std::move(path)), stop_(stop) {}

  Result<void> run() {
    auto file = disk_.open(path_, {.access = io::Access::create_new});
    if (!file.ok()) return std::move(file).error();
    file_ = *std::move(file);
    state::RowWriter registers(table_);
    for (const GroupMemory& group : groups_) group.group->each_register([&](auto& value) { registers.put(value); });
    table_.resize(round_up_to_8(table_.size()));
    const std::size_t registers_bytes = table_.size();
    for (std::uint32_t group = 0; group < groups_.size(); ++group) {
      if (auto saved = save(group); !saved.ok()) return saved;
    }
    if (auto ended = end(registers_bytes); !ended.ok()) return ended;
    return sync_file(*file_, path_);
  }

 private:
  Result<void> save(std::uint32_t group) {
    for (std::uint64_t offset = 0; offset < groups_[group].memory.size(); offset += chunk_bytes) {
      if (stop_ != nullptr && stop_->requested()) return Error{ErrorCode::failed, "the pages were given up: the engine is closing"};
      const auto chunk = groups_[group].chunk(offset);
      if (all_zero(chunk)) continue;
      state::RowWriter(table_).put(ChunkEntry{group, 0, offset, hash_of(chunk, hasher_)});
      std::memset(buffer_.data(), 0, chunk_bytes);
      std::memcpy(buffer_.data(), chunk.data(), chunk.size());
      if (auto written = write_whole(*file_, buffer_.span(), chunks_++ * chunk_bytes, path_); !written.ok()) return written;
    }
    return {};
  }

  Result<void> end(std::size_t registers_bytes) {
    Footer footer{};
    footer.magic = pages_magic;
    footer.version = pages_version;
    footer.groups = static_cast<std::uint32_t>(groups_.size());
    footer.database = header_.database;
    footer.sequence = header_.sequence;
    footer.created = header_.created;
    footer.digest = header_.digest;
    footer.chain = header_.chain;
    footer.layout = layout_hash(groups_, header_, hasher_);
    footer.table = hasher_.sha_256({table_});
    footer.table_bytes = table_.size();
    footer.registers_bytes = registers_bytes;
    footer.chunks = chunks_;
    footer.crc = crc32c(bytes_of(footer).subspan(footer_crc_from));
    const std::uint64_t at = chunks_ * chunk_bytes;
    table_.resize(round_up_to_page(table_.size()));
    if (auto written = write_whole(*file_, table_, at, path_); !written.ok()) return written;
    return write_whole(*file_, bytes_of(footer), at + table_.size(), path_);
  }

  std::vector<GroupMemory> groups_;
  const SnapshotHeader& header_;
  io::Disk& disk_;
  std::string path_;
  const ring::StopFlag* stop_;
  std::unique_ptr<io::File> file_;
  std::vector<std::byte> table_;
  AlignedBytes buffer_{chunk_bytes};
  std::uint64_t chunks_ = 0;
  Hasher hasher_;
};

// --- reading ---

struct Table {
  Footer footer;
  std::vector<std::byte> bytes;

  [[nodiscard]] std::span<const std::byte> registers() const noexcept { return std::span(bytes).first(footer.registers_bytes); }
  [[nodiscard]] ChunkEntry chunk(std::uint64_t number) const noexcept {
    ChunkEntry entry;
    std::memcpy(&entry, bytes.data() + footer.registers_bytes + number * sizeof entry, sizeof entry);
    return entry;
  }
};

// That its lengths fit the file, so that nothing is read beyond it.
bool plausible(const Footer& footer, std::uint64_t file_bytes) {
  const std::uint64_t most = file_bytes;
  return footer.table_bytes <= most && footer.registers_bytes <= footer.table_bytes && footer.chunks <= most / chunk_bytes &&
         footer.registers_bytes + footer.chunks * sizeof(ChunkEntry) == footer.table_bytes &&
         footer.chunks * chunk_bytes + round_up_to_page(footer.table_bytes) + page_bytes == file_bytes && all_zero(footer.reserved);
}

Result<Table> read_table(io::File& file, const std::string& path) {
  const std::int64_t bytes = file.size();
  if (bytes < 0) return os_error("measure", path, bytes);
  if (bytes < static_cast<std::int64_t>(page_bytes) || bytes % page_bytes != 0) return damaged(path, "no such file ends there");
  Table table;
  const std::uint64_t footer_at = static_cast<std::uint64_t>(bytes) - page_bytes;
  if (auto read = read_whole(file, std::as_writable_bytes(std::span(&table.footer, 1)), footer_at, path); !read.ok()) return std::move(read).error();
  const Footer& footer = table.footer;
  if (footer.magic != pages_magic || footer.crc != crc32c(bytes_of(footer).subspan(footer_crc_from))) return damaged(path, "its footer's checksum is wrong");
  if (footer.version != pages_version) return table;  // the layout differs then, too
  if (!plausible(footer, static_cast<std::uint64_t>(bytes))) return damaged(path, "its footer holds what no footer does");
  table.bytes.resize(round_up_to_page(footer.table_bytes));
  if (auto read = read_whole(file, table.bytes, footer.chunks * chunk_bytes, path); !read.ok()) return std::move(read).error();
  if (!all_zero(std::span(table.bytes).subspan(footer.table_bytes))) return damaged(path, "the padding behind its table is not zero");
  table.bytes.resize(footer.table_bytes);
  Hasher hasher;
  if (hasher.sha_256({table.bytes}) != footer.table) return damaged(path, "the hash of its table is wrong");
  return table;
}

bool belongs_to(const Footer& footer, const SnapshotHeader& header, const Hash& layout) {
  return footer.version == pages_version && footer.database == header.database && footer.sequence == header.sequence && footer.created == header.created &&
         footer.digest == header.digest && footer.chain == header.chain && footer.layout == layout;
}

// Of a chunk at the end of its group's memory.
Result<void> check_padding(io::File& file, const std::string& path, std::uint64_t offset, std::size_t bytes) {
  std::vector<std::byte> padding(bytes);
  if (auto read = read_whole(file, padding, offset, path); !read.ok()) return read;
  return all_zero(padding) ? Result<void>{} : damaged(path, "the padding behind a chunk is not zero");
}

// Reads chunks first, first + step ... to where they belong, and checks them there. Thread: one of several, each with a file of its own.
Result<void> read_chunks(const Table& table, std::span<const GroupMemory> groups, io::Disk& disk, const std::string& path, std::uint64_t first, std::uint64_t step) {
  auto file = disk.open(path, {.access = io::Access::read});
  if (!file.ok()) return std::move(file).error();
  Hasher hasher;
  for (std::uint64_t number = first; number < table.footer.chunks; number += step) {
    const ChunkEntry entry = table.chunk(number);
    if (entry.group >= groups.size() || entry.offset >= groups[entry.group].memory.size() || entry.offset % chunk_bytes != 0) return damaged(path, "a chunk belongs nowhere");
    const auto chunk = groups[entry.group].chunk(entry.offset);
    if (auto read = read_whole(**file, chunk, number * chunk_bytes, path); !read.ok()) return read;
    if (hash_of(chunk, hasher) != entry.hash) return damaged(path, fmt::format("the hash of chunk {} is wrong", number));
    if (auto padded = check_padding(**file, path, number * chunk_bytes + chunk.size(), chunk_bytes - chunk.size()); !padded.ok()) return padded;
  }
  return {};
}

Result<void> read_all_chunks(const Table& table, std::span<const GroupMemory> groups, io::Disk& disk, const std::string& path, int threads) {
  const auto workers = static_cast<std::size_t>(std::max(threads, 1));
  std::vector<Result<void>> results(workers);
  std::vector<io::Thread> others;
  for (std::size_t i = 1; i < workers; ++i) {
    auto thread = io::Thread::start({.name = "pawl-pages"}, [&, i] { results[i] = read_chunks(table, groups, disk, path, i, workers); });
    if (!thread.ok()) return std::move(thread).error();  // the others are joined
    others.push_back(*std::move(thread));
  }
  results[0] = read_chunks(table, groups, disk, path, 0, workers);
  others.clear();
  for (Result<void>& result : results) {
    if (!result.ok()) return std::move(result);
  }
  return {};
}

Result<void> read_registers(const Table& table, std::span<const GroupMemory> groups, const std::string& path) {
  state::RowReader registers(table.registers());
  for (const GroupMemory& group : groups) {
    group.group->each_register([&](auto& value) { value = registers.take<std::remove_reference_t<decltype(value)>>(); });
  }
  return registers.holds() ? Result<void>{} : damaged(path, "registers are missing");
}

}  // namespace

std::string pages_path(const std::string& snapshot_path) { return snapshot_path + ".pages"; }

Result<void> verify_pages(io::Disk& disk, const std::string& path) {
  auto file = disk.open(path, {.access = io::Access::read, .direct = true});
  if (!file.ok()) return std::move(file).error();
  auto buffered = disk.open(path, {.access = io::Access::read});
  if (!buffered.ok()) return std::move(buffered).error();
  auto table = read_table(**buffered, path);
  if (!table.ok()) return std::move(table).error();
  const AlignedBytes buffer(chunk_bytes);
  Hasher hasher;
  for (std::uint64_t number = 0; number < table->footer.chunks; ++number) {
    if (auto read = read_whole(**file, buffer.span(), number * chunk_bytes, path); !read.ok()) return read;
    if (std::memcmp(hash_of(buffer.span(), hasher).data(), table->chunk(number).hash.data(), sizeof(Digest)) != 0) return damaged(path, "a chunk is not what was written");
  }
  return {};
}

Result<void> publish_pages(Machine& machine, const SnapshotHeader& header, io::Disk& disk, const std::string& snapshot_path, const ring::StopFlag* stop) {
  const std::string path = pages_path(snapshot_path), temporary = path + std::string(snapshot_temporary_suffix);
  auto saved = Saver(machine, header, disk, temporary, stop).run();
  if (saved.ok()) saved = verify_pages(disk, temporary);
  if (saved.ok()) saved = disk.rename(temporary, path);
  if (!saved.ok()) {
    static_cast<void>(disk.remove(temporary));
    return saved;
  }
  return disk.sync_directory(snapshot_path.substr(0, snapshot_path.rfind('/')));
}

Result<bool> load_pages(Machine& machine, const SnapshotHeader& header, io::Disk& disk, const std::string& snapshot_path, int threads) {
  const std::string path = pages_path(snapshot_path);
  auto exists = disk.exists(path);
  if (!exists.ok() || !*exists) return exists;
  auto file = disk.open(path, {.access = io::Access::read});
  if (!file.ok()) return std::move(file).error();
  auto table = read_table(**file, path);
  if (!table.ok()) return std::move(table).error();
  const std::vector<GroupMemory> groups = memories_of(machine);
  Hasher hasher;
  if (table->footer.groups != groups.size() || !belongs_to(table->footer, header, layout_hash(groups, header, hasher))) return false;
  if (auto read = read_all_chunks(*table, groups, disk, path, threads); !read.ok()) return std::move(read).error();
  if (auto read = read_registers(*table, groups, path); !read.ok()) return std::move(read).error();
  return true;
}

}  // namespace pawl::journal
