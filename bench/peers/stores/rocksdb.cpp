// RocksDB as a log: keys are sequences, a write batch is one group commit. disk: its write-ahead log is synced with each batch.
#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/version.h>

#include <bit>
#include <cstring>
#include <memory>

#include "harness/fail.hpp"
#include "peers/stores/store.hpp"

namespace {

using pawl::bench::StoreRecords;

void check(const rocksdb::Status& status) {
  if (!status.ok()) pawl::bench::fail("rocksdb: " + status.ToString());
}

// One writer, sequential keys, nothing to compact or to compress: what a log can leave out.
rocksdb::Options settings() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = std::size_t{256} << 20;
  options.max_write_buffer_number = 4;
  options.disable_auto_compactions = true;
  options.level0_slowdown_writes_trigger = 1 << 20;
  options.level0_stop_writes_trigger = 1 << 20;
  options.allow_concurrent_memtable_write = false;
  options.recycle_log_file_num = 4;
  options.memtable_factory = std::make_shared<rocksdb::VectorRepFactory>(std::size_t{4} << 20);
  return options;
}

std::unique_ptr<rocksdb::DB> open(const std::string& path) {
  rocksdb::DB* db = nullptr;
  check(rocksdb::DB::Open(settings(), path, &db));
  return std::unique_ptr<rocksdb::DB>(db);
}

// Big-endian, so that the order of keys is that of the sequences.
std::uint64_t key_of(std::int64_t sequence) { return __builtin_bswap64(static_cast<std::uint64_t>(sequence)); }

double write_log(const std::string& path, StoreRecords& records, std::int64_t batch_events, bool sync) {
  const auto db = open(path);
  rocksdb::WriteOptions options;
  options.sync = sync;
  rocksdb::WriteBatch batch;
  const double rate = events_per_second(records, [&] {
    for (std::int64_t i = 0; i < records.events(); ++i) {
      const std::uint64_t key = key_of(i);
      const auto record = records.record(i);
      check(batch.Put({reinterpret_cast<const char*>(&key), sizeof key}, {record.data(), record.size()}));
      if ((i + 1) % batch_events != 0 && i + 1 != records.events()) continue;
      check(db->Write(options, &batch));
      batch.Clear();
    }
  });
  check(db->Close());
  return rate;
}

double read_log(const std::string& path, StoreRecords& records) {
  const auto db = open(path);
  rocksdb::ReadOptions options;
  options.readahead_size = std::size_t{4} << 20;
  const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator(options));
  const double rate = events_per_second(records, [&] {
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      std::uint64_t key = 0;
      if (at->key().size() != sizeof key) pawl::bench::fail("rocksdb: a key of another size came back");
      std::memcpy(&key, at->key().data(), sizeof key);
      records.check(static_cast<std::int64_t>(__builtin_bswap64(key)), {at->value().data(), at->value().size()});
    }
  });
  check(at->status());
  return rate;
}

}  // namespace

int main(int argc, char** argv) {
  static_assert(std::endian::native == std::endian::little);
  const auto writing = [](bool sync) { return [sync](const std::string& path, StoreRecords& records, std::int64_t batch) { return write_log(path, records, batch, sync); }; };
  return pawl::bench::run_stores(argc, argv, "RocksDB", fmt::format("{}.{}.{}", ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH),
                                 {{"disk", "WAL, fdatasync per batch", writing(true), &read_log}, {"os", "WAL, page cache", writing(false), &read_log}});
}
