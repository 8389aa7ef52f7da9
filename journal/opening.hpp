// The steps of Journal::open on a directory, in their order.
#pragma once

#include <memory>

#include "pawl/journal/journal.hpp"
#include "pawl/journal/recovery.hpp"

namespace pawl::journal {

struct Opened {
  RecoveryReport report;
  std::unique_ptr<io::Lock> lock;
  std::unique_ptr<ControlFile> control;
  std::unique_ptr<SegmentPreparer> preparer;
  WriterStart start;
};

// Recovers and starts an epoch; the writer can be opened on what it returns. Sets segment_bytes and block_bytes_max of `options`
// to those of the journal.
Result<Opened> open_directory(Options& options);

}  // namespace pawl::journal
