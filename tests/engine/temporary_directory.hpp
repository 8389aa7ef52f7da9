#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "pawl/core/base/assert.hpp"

namespace pawl::test {

// A fresh directory below the build's, so that it lies on a real file system; removed with all its content at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::string(PAWL_BINARY_DIR) + "/test-XXXXXX";
    PAWL_ASSERT(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace pawl::test
