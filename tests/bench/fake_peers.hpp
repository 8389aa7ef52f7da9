// Peers that say what a test wants.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "run_bench.hpp"

namespace pawl::bench {

// A copy of pawl-bench whose peers are the scripts given to it.
class FakePeers {
 public:
  FakePeers() {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ + "/peers");
    std::filesystem::copy_file(PAWL_BENCH, program());
  }
  FakePeers& add(const std::string& name, const std::string& script) {
    const std::string path = root_ + "/peers/" + name;
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return *this;
  }
  FakePeers& without(const std::string& name, const std::string& reason) {
    std::ofstream(root_ + "/peers/" + name + ".why-not") << reason << "\n";
    return *this;
  }
  [[nodiscard]] std::string program() const { return root_ + "/pawl-bench"; }

 private:
  std::string root_ = folder + "/fakes";
};

}  // namespace pawl::bench
