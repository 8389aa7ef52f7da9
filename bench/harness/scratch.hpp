// A fresh directory for the files of one run, removed at its end.
#pragma once

#include <string>

namespace pawl::bench {

class Scratch {
 public:
  // In `parent`, which is made if absent.
  explicit Scratch(const std::string& parent);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace pawl::bench
