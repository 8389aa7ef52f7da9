// Rows of two columns out of CSV (RFC 4180), as files of maps are. Set-up only.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace pawl::language {

class MapRows {
 public:
  // A byte order mark at the start is skipped.
  explicit MapRows(std::string_view bytes) : bytes_(bytes.substr(bytes.starts_with("\xEF\xBB\xBF") ? 3 : 0)) {}

  // The next row; false: there is none, or problem() says what is wrong.
  bool next(std::string& key, std::string& value) {
    key.clear();
    value.clear();
    line_ = next_line_;
    if (at_ == bytes_.size() || !problem_.empty()) return false;
    if (!cell(key)) return false;
    if (at_ == bytes_.size() || bytes_[at_] != ',') return fail("a row has two columns, a key and a value");
    ++at_;
    if (!cell(value)) return false;
    if (at_ < bytes_.size() && bytes_[at_] == '\r') ++at_;
    if (at_ == bytes_.size()) return true;
    if (bytes_[at_] != '\n') return fail("a row has two columns, a key and a value");
    ++at_;
    ++next_line_;
    return true;
  }

  // Of the row that next() gave, or found wrong; from 1.
  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  bool fail(const char* what) { return problem_ = what, false; }

  bool cell(std::string& out) {
    if (at_ == bytes_.size() || bytes_[at_] != '"') {
      const std::size_t end = std::min(bytes_.find_first_of(",\r\n\"", at_), bytes_.size());
      out = bytes_.substr(at_, end - at_);
      at_ = end;
      return at_ == bytes_.size() || bytes_[at_] != '"' || fail("quotes stand around a whole cell, and are doubled in it");
    }
    for (++at_; at_ < bytes_.size(); ++at_) {
      if (bytes_[at_] == '\n') ++next_line_;
      if (bytes_[at_] != '"') {
        out += bytes_[at_];
      } else if (at_ + 1 < bytes_.size() && bytes_[at_ + 1] == '"') {
        out += bytes_[at_++];
      } else {
        return ++at_, true;
      }
    }
    return fail("a cell's quotes are not closed");
  }

  std::string_view bytes_;
  std::string problem_;
  std::size_t at_ = 0, line_ = 1, next_line_ = 1;
};

}  // namespace pawl::language
