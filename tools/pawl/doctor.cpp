// `pawl doctor`: what this machine gives Pawl, what is lost by what it does not give, and how to cure that.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "pawl/commands.hpp"
#include "pawl/io/machine.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct DoctorOptions {
  std::string directory = ".";
  bool json = false;
};

using io::Finding;
using Findings = std::vector<Finding>;

constexpr const char* word(Finding::Status status) {
  switch (status) {
    case Finding::Status::ok: return "ok";
    case Finding::Status::warn: return "warn";
    case Finding::Status::bad: return "bad";
  }
  return "";
}

std::string json(const Findings& findings) {
  std::string text = "[\n";
  for (const Finding& finding : findings) {
    text += fmt::format("  {{\"name\": {}, \"status\": \"{}\", \"found\": {}, \"lost\": {}, \"cure\": {}}}{}\n", json_string(finding.name), word(finding.status),
                        json_string(finding.found), json_string(finding.lost), json_string(finding.cure), &finding == &findings.back() ? "" : ",");
  }
  return text + "]\n";
}

std::string page(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("{:<18} {:<5} {}\n", finding.name, word(finding.status), finding.found);
    if (!finding.lost.empty()) text += fmt::format("{:25}lost: {}\n", "", finding.lost);
    if (!finding.cure.empty()) text += fmt::format("{:25}cure: {}\n", "", finding.cure);
  }
  return text;
}

// Status 74 when Pawl does not keep its promises here; what only costs speed is no failure.
int doctor(const DoctorOptions& options) {
  const Findings findings = io::examine_machine(options.directory);
  const int printed = print(options.json ? json(findings) : page(findings));
  if (printed != exit_fine) return printed;
  const auto bad = std::find_if(findings.begin(), findings.end(), [](const Finding& finding) { return finding.status == Finding::Status::bad; });
  if (bad == findings.end()) return exit_fine;
  return fail({ErrorCode::io, fmt::format("{}: {}; {}", bad->name, bad->found, bad->cure)});
}

}  // namespace

void add_doctor(Command& program, Action& action) {
  const auto options = std::make_shared<DoctorOptions>();
  Command command = program.subcommand("doctor", "Examine this machine: CPUs, memory, io_uring, direct I/O, file system, clock");
  command.option("--directory", options->directory, "Where journals shall be kept; a small file is written there and removed").shows_default();
  command.flag("--json", options->json, "For programs");
  command.does(action, options, &doctor);
}

}  // namespace pawl::tools
