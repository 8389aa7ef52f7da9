// Rows and values of RFC 4180 text, in blocks, without copying but for doubled quotes.
//
// Strict where a mistake would otherwise be read as data: a quote stands around a whole value or nowhere, a carriage return only
// before a line feed. A byte order mark at the start is skipped; the last row needs no line feed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "csv/input.hpp"

namespace pawl::csv {

// Thread: one.
class Rows {
 public:
  enum class Next {
    row,      // fields() holds it
    bad,      // the row at line() is malformed, problem() says how; the next call goes on behind it
    not_yet,  // the input has no further block yet
    end,
    failed,   // the input failed: error()
  };

  explicit Rows(std::unique_ptr<BlockReader> input);

  [[nodiscard]] Next next();
  // Blocks until next() has something else to say than not_yet.
  void wait() { input_->wait(); }

  // Values of the row, quotes removed. Valid until the next next().
  [[nodiscard]] const std::vector<std::string_view>& fields() const noexcept { return fields_; }
  [[nodiscard]] std::uint64_t line() const noexcept { return row_line_; }  // from 1, where the row or bad row starts
  [[nodiscard]] const char* problem() const noexcept { return problem_; }
  [[nodiscard]] const Error& error() const { return input_->error(); }

 private:
  enum class Parse { row, incomplete, bad };

  [[nodiscard]] Parse parse();
  [[nodiscard]] Parse parse_quoted(std::size_t& mark, std::uint32_t& at);
  [[nodiscard]] Parse fail(const char* problem, std::size_t mark);
  void note_too_long();
  [[nodiscard]] bool ends_line(std::size_t& mark, std::uint32_t& end) const;
  [[nodiscard]] Parse end_row(std::size_t mark, std::uint32_t next_start, bool has_feed);
  [[nodiscard]] Next refill();
  [[nodiscard]] Next bad_row();
  void take_in(Block* block);
  void skip_mark_of_utf8();
  void skip_to_line_end(std::size_t mark);
  [[nodiscard]] std::string_view unescaped(std::string_view quoted);

  std::unique_ptr<BlockReader> input_;
  Block* block_ = nullptr;
  const char* text_ = nullptr;  // of the marks: the piece kept from the block before, then the block
  std::uint32_t length_ = 0;
  std::uint32_t start_ = 0;     // of the next row
  std::size_t mark_ = 0;        // index of the first mark at or after start_
  std::size_t mark_count_ = 0;
  std::unique_ptr<std::uint32_t[]> marks_;

  std::vector<std::string_view> fields_;
  std::vector<char> unescaped_;  // of the row at hand; never longer than the text
  std::size_t unescaped_used_ = 0;
  std::uint64_t line_ = 1;       // where start_ stands
  std::uint64_t row_line_ = 0;
  std::uint64_t feeds_ = 0;      // inside the quotes of the row at hand
  const char* problem_ = "";
  std::size_t bad_mark_ = 0;     // where the row went wrong
  bool first_ = true;
  bool final_ = false;           // no block follows
  bool discarding_ = false;      // behind a bad row whose end is not in text_
};

}  // namespace pawl::csv
