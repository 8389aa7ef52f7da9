// SQLite as a log: rows by sequence, a transaction is one group commit. disk: synchronous=FULL syncs the write-ahead log with each of them;
// os: NORMAL leaves that to the checkpoints.
#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>

#include "harness/fail.hpp"
#include "peers/stores/store.hpp"

namespace {

using pawl::bench::StoreRecords;

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

void check(sqlite3* db, int code, int wanted = SQLITE_OK) {
  if (code != wanted) pawl::bench::fail(std::string("sqlite: ") + sqlite3_errmsg(db));
}

void execute(const Database& db, const std::string& text) { check(db.get(), sqlite3_exec(db.get(), text.c_str(), nullptr, nullptr, nullptr)); }

Statement prepare(const Database& db, const char* text) {
  sqlite3_stmt* statement = nullptr;
  check(db.get(), sqlite3_prepare_v2(db.get(), text, -1, &statement, nullptr));
  return Statement(statement);
}

// One writer, no other process: exclusive locking needs no shared memory. A checkpoint every 64 MiB of log.
Database open(const std::string& path, const std::string& synchronous) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open(path.c_str(), &raw);
  Database db(raw);
  check(raw, code);
  execute(db, "PRAGMA page_size=16384; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=4096; "
              "PRAGMA cache_size=-262144; PRAGMA synchronous=" + synchronous);
  return db;
}

double write_log(const std::string& path, StoreRecords& records, std::int64_t batch_events, const std::string& synchronous) {
  const Database db = open(path, synchronous);
  execute(db, "CREATE TABLE log (sequence INTEGER PRIMARY KEY, record BLOB NOT NULL)");
  const Statement insert = prepare(db, "INSERT INTO log VALUES (?, ?)");
  return events_per_second(records, [&] {
    for (std::int64_t i = 0; i < records.events(); ++i) {
      if (i % batch_events == 0) execute(db, "BEGIN");
      const auto record = records.record(i);
      check(db.get(), sqlite3_bind_int64(insert.get(), 1, i));
      check(db.get(), sqlite3_bind_blob(insert.get(), 2, record.data(), static_cast<int>(record.size()), SQLITE_STATIC));
      check(db.get(), sqlite3_step(insert.get()), SQLITE_DONE);
      check(db.get(), sqlite3_reset(insert.get()));
      if ((i + 1) % batch_events == 0 || i + 1 == records.events()) execute(db, "COMMIT");
    }
  });
}

double read_log(const std::string& path, StoreRecords& records) {
  const Database db = open(path, "FULL");
  const Statement select = prepare(db, "SELECT sequence, record FROM log ORDER BY sequence");
  return events_per_second(records, [&] {
    int code = 0;
    while ((code = sqlite3_step(select.get())) == SQLITE_ROW) {
      const auto* const record = static_cast<const char*>(sqlite3_column_blob(select.get(), 1));
      records.check(sqlite3_column_int64(select.get(), 0), {record, static_cast<std::size_t>(sqlite3_column_bytes(select.get(), 1))});
    }
    check(db.get(), code, SQLITE_DONE);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const auto writing = [](const char* synchronous) {
    return [synchronous](const std::string& path, StoreRecords& records, std::int64_t batch) { return write_log(path, records, batch, synchronous); };
  };
  return pawl::bench::run_stores(argc, argv, "SQLite", sqlite3_libversion(),
                                 {{"disk", "WAL, synchronous=FULL", writing("FULL"), &read_log}, {"os", "WAL, synchronous=NORMAL", writing("NORMAL"), &read_log}});
}
