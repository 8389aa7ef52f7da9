// Tiny runs of pawl-bench as a child process, and what their results say.
#pragma once

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace pawl::bench {

inline const std::string folder = PAWL_BINARY_DIR "/tests/bench/files";

// The exit status. What was printed stands in `folder`/out.txt, the results as JSON in `results`, if that is not empty.
inline int run(const std::string& arguments, const std::string& results = folder, const std::string& program = PAWL_BENCH) {
  std::filesystem::create_directories(folder);
  const int status = std::system((program + " " + arguments + " --directory " + folder + " --results '" + results + "' >" + folder + "/out.txt 2>&1").c_str());
  return WEXITSTATUS(status);
}

inline nlohmann::json result_of(const std::string& command, const std::string& results = folder) {
  return nlohmann::json::parse(std::ifstream(results + "/" + command + ".json"));
}

inline std::string output() {
  std::ostringstream text;
  text << std::ifstream(folder + "/out.txt").rdbuf();
  return text.str();
}

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline bool has_group(const nlohmann::json& result, const std::string& group) {
  return std::any_of(result["series"].begin(), result["series"].end(), [&](const nlohmann::json& series) { return series["group"] == group; });
}

inline bool has_series(const nlohmann::json& result, const std::string& part) {
  for (const nlohmann::json& series : result["series"]) {
    if (series["name"].get<std::string>().find(part) != std::string::npos) return !series["values"].empty() && series["median"].get<double>() > 0;
  }
  return false;
}

inline std::string notes_of(const nlohmann::json& result) {
  std::string all;
  for (const nlohmann::json& note : result["notes"]) all += note.get<std::string>() + "\n";
  return all;
}

}  // namespace pawl::bench
