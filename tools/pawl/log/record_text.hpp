// One record of a journal as a line of text, or as an object of JSON.
#pragma once

#include <string>

#include "pawl/log/log_reader.hpp"

namespace pawl::tools {

// "17 Payment{id=17, ...} ingest ... source gateway ticket 17", "# digest ... up to sequence 65535"; without a line feed: as one_line.
// REQUIRES: the decoder has taken the record into account.
[[nodiscard]] std::string to_text(const Entry& entry, Decoder& decoder);
[[nodiscard]] std::string to_json(const Entry& entry, Decoder& decoder);

// Lines on their way to standard output. Thread: one.
class LinePrinter {
 public:
  explicit LinePrinter(bool json) : json_(json) {}

  // False: standard output is gone, which was reported.
  bool show(const Entry& entry, Decoder& decoder);
  // Prints what was not printed yet. Returns the exit status: exit_fine, or exit_io.
  [[nodiscard]] int finish();
  [[nodiscard]] std::int64_t printed() const noexcept { return printed_; }  // records

 private:
  bool write_out();

  bool json_;
  bool good_ = true;
  std::string text_;
  std::int64_t printed_ = 0;
};

}  // namespace pawl::tools
