// `pawl decisions FILE`: a binary file of decisions as CSV or JSON lines.
#include <memory>
#include <string>

#include "pawl/commands.hpp"
#include "pawl/decision_files.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/journal/model/files.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct DecisionsOptions {
  std::string file, models = ".";
  bool json = false;
};

int decisions(const DecisionsOptions& options) {
  auto disk = io::make_real_disk(io::Backend::buffered);
  if (!disk.ok()) return fail(disk.error());
  journal::DiskModelFiles models(**disk, options.models + "/pipeline", {});
  const auto reader = DecisionReader::open(options.file, models);
  if (!reader.ok()) return fail(reader.error());
  auto files = DecisionFiles::open((*reader)->pipeline(), {.decisions = "-", .features = {}, .json_lines = options.json});
  if (!files.ok()) return fail(files.error());
  const auto read = (*reader)->each([&](const rules::Decision& decision) { return files->on_decision(decision); });
  if (const auto closed = files->close(); !closed.ok()) return fail(closed.error());
  return read.ok() ? exit_fine : fail(read.error());
}

}  // namespace

void add_decisions(Command& program, Action& action) {
  const auto options = std::make_shared<DecisionsOptions>();
  Command command = program.subcommand("decisions", "A binary file of decisions as CSV, or as JSON lines with reasons");
  command.option("file", options->file, "The file (.decisions; .zst is read directly); - is standard input").required();
  command.flag("--json", options->json, "JSON lines with reasons, as --decisions D.jsonl writes them");
  command.option("--models", options->models, "Directory that the paths of the pipeline's models and maps start from, or that holds the files by their SHA-256: a journal's models/").shows_default();
  command.does(action, options, &decisions);
}

}  // namespace pawl::tools
