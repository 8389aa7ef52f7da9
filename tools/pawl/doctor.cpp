// `pawl doctor`: what this machine gives Pawl, what is lost by what it does not give, and how to cure that.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "pawl/commands.hpp"
#include "pawl/machine.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct Options {
  std::string directory = ".";
  bool json = false;
};

constexpr const char* word(Grade grade) {
  switch (grade) {
    case Grade::fine: return "fine";
    case Grade::slower: return "slower";
    case Grade::unusable: return "unusable";
  }
  return "";
}

std::string json(const Facts& facts) {
  std::string text = "[\n";
  for (const Fact& fact : facts) {
    text += fmt::format("  {{\"name\": {}, \"grade\": \"{}\", \"found\": {}, \"lost\": {}, \"cure\": {}}}{}\n", json_string(fact.name), word(fact.grade),
                        json_string(fact.found), json_string(fact.lost), json_string(fact.cure), &fact == &facts.back() ? "" : ",");
  }
  return text + "]\n";
}

std::string page(const Facts& facts) {
  std::string text;
  for (const Fact& fact : facts) {
    text += fmt::format("{:<12} {:<9} {}\n", fact.name, word(fact.grade), fact.found);
    if (!fact.lost.empty()) text += fmt::format("{:23}lost: {}\n", "", fact.lost);
    if (!fact.cure.empty()) text += fmt::format("{:23}cure: {}\n", "", fact.cure);
  }
  return text;
}

// Status 74 when durable journals cannot be kept in the directory at all; what only costs speed is no failure.
int doctor(const Options& options) {
  const Facts facts = examine(options.directory);
  const int printed = print(options.json ? json(facts) : page(facts));
  if (printed != exit_fine) return printed;
  const auto bad = std::find_if(facts.begin(), facts.end(), [](const Fact& fact) { return fact.grade == Grade::unusable; });
  if (bad == facts.end()) return exit_fine;
  return fail({ErrorCode::io, fmt::format("{}: {}; {}", bad->name, bad->found, bad->cure)});
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("doctor", "Examine this machine: CPUs, memory, io_uring, direct I/O, file system, clock");
  command.add_option("--directory", options->directory, "Where journals shall be kept; a small file is written there and removed")->capture_default_str();
  command.add_flag("--json", options->json, "For programs");
  command.callback([options, &action] { action = [options] { return doctor(*options); }; });
}

}  // namespace pawl::tools
