#include "csv/rows.hpp"

#include <algorithm>
#include <cstring>

#include "csv/marks.hpp"

namespace pawl::csv {
namespace {

constexpr std::size_t fields_kept_max = 4096;  // of a row; more are a mistake, whatever the header says

}  // namespace

Rows::Rows(std::unique_ptr<BlockReader> input)
    : input_(std::move(input)),
      marks_(std::make_unique_for_overwrite<std::uint32_t[]>(row_bytes_max + block_bytes + mark_step_bytes)),
      unescaped_(row_bytes_max + block_bytes) {
  fields_.reserve(fields_kept_max);
}

Rows::Next Rows::next() {
  for (;;) {
    if (!discarding_) {
      switch (parse()) {
        case Parse::row: return Next::row;
        case Parse::bad: return bad_row();
        case Parse::incomplete: break;
      }
      if (final_ && start_ == length_) return Next::end;
      if (length_ - start_ > row_bytes_max) {
        note_too_long();
        return bad_row();
      }
    }
    if (final_) return Next::end;
    const Next refilled = refill();
    if (refilled != Next::row) return refilled;
  }
}

// Appends the next block to what is left, or notes that there is none. Next::row: go on.
Rows::Next Rows::refill() {
  Block* block = nullptr;
  switch (input_->take(block)) {
    case BlockReader::Take::not_yet: return Next::not_yet;
    case BlockReader::Take::failed: return Next::failed;
    case BlockReader::Take::end: final_ = true; return Next::row;
    case BlockReader::Take::block: break;
  }
  take_in(block);
  if (first_) skip_mark_of_utf8();
  if (discarding_) skip_to_line_end(0);
  return Next::row;
}

void Rows::take_in(Block* block) {
  const std::size_t kept = discarding_ ? 0 : length_ - start_;
  char* const text = block->text() - kept;
  if (kept > 0) std::memcpy(text, text_ + start_, kept);
  if (block_ != nullptr) input_->give_back(block_);
  block_ = block;
  text_ = text;
  length_ = static_cast<std::uint32_t>(kept + block->used);
  std::memset(block->text() + block->used, 0, mark_step_bytes);
  mark_count_ = find_marks(text_, length_, marks_.get());
  start_ = 0;
  mark_ = 0;
}

// A pipe may give it byte by byte.
void Rows::skip_mark_of_utf8() {
  if (line_ == 1 && length_ >= 3 && std::memcmp(text_, "\xEF\xBB\xBF", 3) == 0) start_ = 3;
  first_ = length_ < 3;
}

// From mark index `mark` on: the row ends at the first line feed, or is discarded further on.
void Rows::skip_to_line_end(std::size_t mark) {
  for (; mark < mark_count_; ++mark) {
    if (text_[marks_[mark]] != '\n') continue;
    start_ = marks_[mark] + 1;
    mark_ = mark + 1;
    ++line_;
    discarding_ = false;
    return;
  }
  discarding_ = true;
  start_ = length_;
  mark_ = mark_count_;
}

Rows::Next Rows::bad_row() {
  row_line_ = line_;
  // Lines that the row spans up to where it went wrong, so that those behind it keep their numbers.
  for (std::size_t i = mark_; i < bad_mark_; ++i) line_ += text_[marks_[i]] == '\n' ? 1U : 0U;
  skip_to_line_end(bad_mark_);
  return Next::bad;
}

// Decided by the row's length alone and skipped up to its first line feed, so that where blocks end makes no difference.
void Rows::note_too_long() {
  problem_ = "the row is longer than 64 KiB; is a quote not closed?";
  bad_mark_ = mark_;
}

Rows::Parse Rows::fail(const char* problem, std::size_t mark) {
  if (mark < mark_count_ && marks_[mark] - start_ >= row_bytes_max) {
    note_too_long();
    return Parse::bad;
  }
  problem_ = problem;
  bad_mark_ = mark;
  return Parse::bad;
}

// Whether the mark is a line feed or a carriage return before one; then `end` is behind it and `mark` its last mark.
bool Rows::ends_line(std::size_t& mark, std::uint32_t& end) const {
  const std::uint32_t at = marks_[mark];
  if (text_[at] == '\n') {
    end = at + 1;
    return true;
  }
  if (text_[at] != '\r' || at + 1 >= length_ || text_[at + 1] != '\n') return false;
  ++mark;
  end = at + 2;
  return true;
}

Rows::Parse Rows::end_row(std::size_t mark, std::uint32_t next_start, bool has_feed) {
  if (next_start - start_ > row_bytes_max) {
    note_too_long();
    return Parse::bad;
  }
  row_line_ = line_;
  line_ += feeds_ + (has_feed ? 1U : 0U);
  mark_ = mark;
  start_ = next_start;
  return Parse::row;
}

Rows::Parse Rows::parse() {
  fields_.clear();
  unescaped_used_ = 0;
  feeds_ = 0;
  std::uint32_t at = start_;  // of the value at hand
  for (std::size_t mark = mark_; mark < mark_count_; ++mark) {
    const std::uint32_t here = marks_[mark];
    if (text_[here] == '"') {
      if (here != at) return fail("a quote stands inside a value that does not start with one", mark);
      const Parse quoted = parse_quoted(mark, at);
      if (quoted != Parse::incomplete || mark >= mark_count_) return quoted;
      // parse_quoted stopped at the mark behind the closing quote.
    } else {
      if (fields_.size() == fields_kept_max) return fail("the row has more than 4096 values", mark);
      fields_.emplace_back(text_ + at, here - at);
    }
    const std::uint32_t separator = marks_[mark];
    if (text_[separator] == ',') {
      at = separator + 1;
      continue;
    }
    std::uint32_t next_start = 0;
    if (ends_line(mark, next_start)) return end_row(mark + 1, next_start, true);
    if (separator + 1 == length_ && !final_) return Parse::incomplete;
    return fail("a carriage return without a line feed; quote values that hold one", mark);
  }
  if (!final_ || start_ == length_) return Parse::incomplete;
  fields_.emplace_back(text_ + at, length_ - at);
  return end_row(mark_count_, length_, false);
}

// REQUIRES: marks_[mark] is the quote at `at`. Incomplete with mark < mark_count_: the value is done, `mark` is the one behind it.
Rows::Parse Rows::parse_quoted(std::size_t& mark, std::uint32_t& at) {
  const std::uint32_t open = at;
  const std::size_t open_mark = mark;
  bool doubled = false;
  for (++mark; mark < mark_count_; ++mark) {
    const std::uint32_t here = marks_[mark];
    feeds_ += text_[here] == '\n' ? 1U : 0U;
    if (text_[here] != '"') continue;
    if (here + 1 < length_ && text_[here + 1] == '"') {
      doubled = true;
      ++mark;
      continue;
    }
    if (here + 1 == length_ && !final_) break;
    if (fields_.size() == fields_kept_max) return fail("the row has more than 4096 values", mark);
    const std::string_view value(text_ + open + 1, here - open - 1);
    fields_.push_back(doubled ? unescaped(value) : value);
    if (here + 1 == length_) return end_row(mark_count_, length_, false);
    if (mark + 1 < mark_count_ && marks_[mark + 1] == here + 1) {
      ++mark;
      return Parse::incomplete;
    }
    return fail("text follows the closing quote of a value; double the quotes inside it", mark + 1);
  }
  mark = mark_count_;
  return final_ ? fail("a quote is not closed", open_mark) : Parse::incomplete;
}

std::string_view Rows::unescaped(std::string_view quoted) {
  char* const first = unescaped_.data() + unescaped_used_;
  char* out = first;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    *out++ = quoted[i];
    if (quoted[i] == '"') ++i;
  }
  unescaped_used_ += static_cast<std::size_t>(out - first);
  return {first, static_cast<std::size_t>(out - first)};
}

}  // namespace pawl::csv
