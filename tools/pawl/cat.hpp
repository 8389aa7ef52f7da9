// The records of a journal as text. No schema file is needed: the journal holds the pipeline that its events were written with.
#pragma once

#include <cstdint>
#include <string>

#include "pawl/core/base/result.hpp"
#include "pawl/core/base/types.hpp"
#include "pawl/io/disk.hpp"

namespace pawl::tools {

struct CatOptions {
  bool json = false;
  Sequence from = 0;        // the first line is this input: annotations before it are left out; 0: everything from the start on
  std::int64_t limit = -1;  // records; negative: all
};

// To standard output, as far as whole blocks go; a torn tail ends it without an error. Errors: of the journal, by label; io.
[[nodiscard]] Result<void> print_records(const std::string& directory, io::Disk& disk, const CatOptions& options);

}  // namespace pawl::tools
