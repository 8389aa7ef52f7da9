// Events from CSV: RFC 4180, a header row, columns by name to the fields of one event.
//
// A column that the event does not have is an error unless ignored; a field without a column, or with an empty value, is missing;
// `at` must be there in every row. Values are read by core/event/format.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/base/result.hpp"
#include "pawl/core/event/format.hpp"
#include "pawl/core/event/schema.hpp"
#include "csv/rows.hpp"
#include "pawl/io/clock.hpp"

namespace pawl::csv {

struct SourceOptions {
  std::string path;             // "-": standard input; "....zst": zstd
  bool ignore_unknown = false;  // columns that the event does not have
  bool skip_bad_rows = false;   // else the first one stops
  Duration max_future = 0;      // rows whose `at` is further past clock's now are bad; 0: any time will do
  io::Clock* clock = nullptr;   // REQUIRES: set if max_future is; outlives the source
  bool read_ahead = true;       // by a thread of its own; next() then never blocks
  bool header_later = false;    // open() does not wait for the header: next() says not_yet until it is there, and what is wrong with it
};

// Where parsed events go: slots that begin with an EventHeader and have room for slot_bytes(schema.payload_bytes).
template <class W>
concept SlotWriter = requires(W writer, const std::string& text) {
  { writer.claim() } -> std::same_as<std::byte*>;  // nullptr: full. Claiming again without publish gives the same or another slot
  writer.publish();                                // the slot claimed last now holds an event; stamp, ingest, ticket, source are not set
  writer.bad_row(text);                            // a row was skipped; `text` says why
};

// Thread: one at a time.
class Source {
 public:
  enum class Next {
    row,      // the slot holds an event
    bad_row,  // skipped; report() says what and where
    not_yet,  // no input yet: poll again later, or wait()
    end,
    failed,   // error(): the first bad row (bad_data), or the input. Stays so
  };

  // Opens the file and reads its header. Blocks until that is there, but for header_later. Errors: not_found, io, bad_data (all columns that are wrong).
  static Result<Source> open(const EventSchema& schema, SourceOptions options);

  // Reads one row into `slot`: header but the stamp, and payload. Never blocks with read_ahead.
  [[nodiscard]] Next next(std::byte* slot);

  struct Polled {
    std::size_t rows = 0;
    Next last = Next::row;  // row or bad_row: `budget` was used up or the writer is full
  };
  template <SlotWriter W>
  [[nodiscard]] Polled poll(W& writer, std::size_t budget);

  // Blocks until next() has something else to say than not_yet.
  void wait() { rows_.wait(); }

  [[nodiscard]] const Error& error() const { return error_; }
  // "payments.csv:17: column amount: `12.345` has too many digits ...". Of the last bad row.
  [[nodiscard]] const std::string& report() const noexcept { return report_; }
  [[nodiscard]] std::uint64_t rows() const noexcept { return good_; }
  [[nodiscard]] std::uint64_t bad_rows() const noexcept { return bad_; }
  // What an operator should know, a line each: fields without a column, columns that are ignored. Once the header was read.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

 private:
  struct Column {
    std::string name;
    int field = -1;             // -1: ignored
    Kind kind = Kind::integer;
    std::uint8_t scale = 0;
    bool direct = false;        // parse_direct reads it
    std::size_t offset = 0;     // of its 8 bytes in the slot
    std::uint32_t present = 0;  // its bit of EventHeader::missing; 0 for `at`
  };

  Source(const EventSchema& schema, SourceOptions options, std::unique_ptr<BlockReader> input);
  Result<bool> read_header();
  Result<void> bind(const std::vector<std::string_view>& names);
  void note_absent_fields();
  [[nodiscard]] bool parse_row(std::byte* slot);
  void plan(Column& column) const;
  static ParseError parse_direct(std::byte* slot, const Column& column, std::string_view text, std::uint32_t& present);
  [[nodiscard]] bool bad_value(const Column& column, std::string_view text, ParseError error);
  [[nodiscard]] bool in_time(Time at);
  [[nodiscard]] Next bad();
  [[nodiscard]] Next fail(Error error);
  [[nodiscard]] std::string place() const;

  EventSchema schema_;
  SourceOptions options_;
  Rows rows_;
  std::vector<Column> columns_;
  std::vector<std::uint64_t> empty_event_;  // as begin_event leaves a slot; words, for alignment
  std::vector<std::string> notes_;
  std::string problem_, report_;
  Error error_{ErrorCode::bad_data, {}};
  Time latest_ = 0;  // allowed, if max_future is set
  std::uint64_t good_ = 0, bad_ = 0;
  bool has_header_ = false, failed_ = false;
};

template <SlotWriter W>
Source::Polled Source::poll(W& writer, std::size_t budget) {
  Polled polled;
  for (; budget > 0; --budget) {
    std::byte* const slot = writer.claim();
    if (slot == nullptr) return polled;
    polled.last = next(slot);
    if (polled.last == Next::bad_row) {
      writer.bad_row(report_);
    } else if (polled.last == Next::row) {
      writer.publish();
      ++polled.rows;
    } else {
      return polled;
    }
  }
  return polled;
}

}  // namespace pawl::csv
