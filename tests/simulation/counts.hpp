// What happened in all seeds, for the summary and for the checks that everything did happen.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace pawl::simulation {

// By name, so that what did not happen can be asked for too.
class Counts {
 public:
  void add(std::string_view what, std::uint64_t count = 1) {
    const auto found = counts_.find(what);
    found != counts_.end() ? found->second += count : counts_[std::string(what)] = count;
  }
  [[nodiscard]] std::uint64_t of(const std::string& what) const {
    const auto found = counts_.find(what);
    return found == counts_.end() ? 0 : found->second;
  }
  // "power cut torn 12, power cut drop 9": those whose names begin with it.
  [[nodiscard]] std::string list(const std::string& group) const {
    std::string text;
    for (const auto& [what, count] : counts_) {
      if (!what.starts_with(group)) continue;
      text += (text.empty() ? "" : ", ") + what.substr(group.size()) + " " + std::to_string(count);
    }
    return text;
  }

 private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace pawl::simulation
