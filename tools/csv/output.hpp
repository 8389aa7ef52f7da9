// CSV out: rows into a file, a .zst file or standard output, buffered, and continued after a crash without a torn row.
//
// A file holds whole rows up to every flush; in a .zst file each flush is one frame with a checksum. A stop at any moment leaves at
// most one incomplete row or frame at the end, which reopening cuts off.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/base/result.hpp"
#include "pawl/core/base/types.hpp"
#include "pawl/core/event/ratio.hpp"
#include "pawl/core/event/type.hpp"
#include "pawl/core/ring/loop.hpp"
#include "pawl/io/descriptor.hpp"

namespace pawl::csv {

// What reopening found: where an emitter goes on.
struct Continuation {
  Sequence last_sequence = no_sequence;   // of the last whole row; no_sequence: none
  std::uint64_t rows_of_last = 0;         // whole rows at the end that carry it: a sequence can have several outputs
  std::uint64_t bytes_cut = 0;            // of the incomplete row or frame that was removed
};

// What stands in a file: CSV under a header row, JSON lines, or binary records of one size behind a header.
struct FileForm {
  // CSV. Implicit: a header says it all.
  template <std::convertible_to<std::string_view> Header>
  FileForm(const Header& row) : header(std::string_view(row)) {}
  static FileForm json_lines() {
    FileForm form("");
    form.json = true;
    return form;
  }

  // Each record starts with its sequence and ends with check_bytes.
  static FileForm records(std::string header, std::size_t record_bytes) {
    FileForm form(std::move(header));
    form.record_bytes = record_bytes;
    return form;
  }
  static constexpr std::size_t check_bytes = 8;  // CRC32C of what stands before it, then zeros

  // REQUIRES: of record_bytes.
  [[nodiscard]] static bool is_whole_record(std::string_view record) noexcept;

  [[nodiscard]] bool binary() const noexcept { return record_bytes != 0; }

  static constexpr std::string_view json_start = "{\"sequence\":";  // of each JSON line, the sequence behind it

  std::string header;  // JSON lines have none
  bool json = false;
  std::size_t record_bytes = 0;  // of a binary one, check_bytes included
};

struct OutputOptions {
  std::string path;               // "-": standard output; "....zst": zstd
  bool continue_existing = false; // a file that is there is checked, cut to whole rows and appended to; else it is overwritten
  int zstd_level = 1;
  // Requested by a signal handler, of a process that is to end: a pipe whose reader then takes nothing for stopped_patience_ms is an error. Null: it is
  // waited for. Outlives the writer.
  const ring::StopFlag* stop = nullptr;
};

inline constexpr int stopped_patience_ms = 5000;

// Thread: one at a time. Errors are kept: after one nothing more is written, and flush() and close() return it.
class Writer {
 public:
  // Opens and writes the header row, or checks that the file to be continued has the same. The first column is the sequence.
  // Errors: io, not_found, disk_full, bad_data (a file to be continued that is none of ours: other header, rows without a sequence).
  static Result<Writer> open(const OutputOptions& options, const FileForm& form);
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  ~Writer();  // does not flush: whoever wants the rows calls close()

  [[nodiscard]] const Continuation& continuation() const noexcept { return continuation_; }

  // One value of the row at hand, quoted if it must be; then the next. end_row() ends it.
  void text(std::string_view value);
  void integer(std::int64_t value);
  void number(const Type& type, std::int64_t value, std::span<const std::string> labels = {});  // REQUIRES: neither text nor ratio
  void ratio(const Type& type, const Fraction& fraction);
  void floating(double value);
  void missing();
  void list(std::span<const std::string_view> values);  // joined by semicolons
  void end_row();
  // A whole row: a JSON line. REQUIRES: no line feed in it.
  void line(std::string_view text);
  // A binary record but its check_bytes.
  void record(std::string_view bytes);

  // The first error, if there was one.
  [[nodiscard]] const Result<void>& state() const noexcept { return state_; }
  // Hands all whole rows to the operating system. Happens by itself when the buffer is full.
  Result<void> flush();
  // What was flushed before the call, and the file's name, are on the device. After an error never again. A pipe has no device.
  // Thread: any, beside all others but close; one call at a time.
  Result<void> sync();
  Result<void> close();

  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }

 private:
  struct Encoder;
  Writer(std::string path, io::Descriptor descriptor, std::unique_ptr<Encoder> encoder);

  void finish_row();
  char* value_room(std::size_t bytes);  // a comma if due, and room for that many bytes
  void append(std::string_view bytes);
  void write_out();
  void write_all(const char* bytes, std::size_t count);
  [[nodiscard]] bool wait_for_room(int fd) const;

  std::string path_;
  io::Descriptor descriptor_;         // none for standard output
  std::unique_ptr<Encoder> encoder_;  // null: plain
  Continuation continuation_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::size_t whole_ = 0;  // bytes of the buffer that are whole rows
  bool in_row_ = false;
  std::uint64_t rows_ = 0;
  Result<void> state_;
  const ring::StopFlag* stop_ = nullptr;  // null too for a regular file, which always has room
  bool name_synced_ = false;
  Result<void> synced_;  // sync()'s own: what a failed sync left in the page cache may be lost, whatever a later one says
};

// Cuts `path` to its last whole row (or frame) and tells where it ends. The header must be `header`; `start` is what a new file starts
// with: a file without a whole row must be a piece of that, or it is not ours to cut.
// Blocking; reads a plain file once from start to end, because only that tells a line feed in quotes from the end of a row.
// A zero byte ends what counts as written: a power cut can leave zeros where data was not on the device yet.
Result<Continuation> cut_to_whole_rows(const std::string& path, const FileForm& form, std::string_view start);

// The same, but nothing is changed: where whoever continues the file will go on. A file that is not there, a pipe or a device: at the start.
Result<Continuation> find_whole_rows(const std::string& path, const FileForm& form);

// Decisions, as the command contract has them.
inline constexpr std::string_view decisions_header = "sequence,id,decision,score,rules";

}  // namespace pawl::csv
