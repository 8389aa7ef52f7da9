// pawl journal ls: the files of a journal, each with what it holds.
#include <fmt/format.h>

#include <algorithm>

#include "pawl/io/real_disk.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/journal/quarantine.hpp"
#include "pawl/journal/reader.hpp"
#include "pawl/log/commands.hpp"
#include "pawl/log/text.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct LsOptions {
  std::string directory;
  bool json = false;
};

struct SegmentLine {
  std::uint64_t number = 0, bytes = 0, blocks = 0;
  Sequence first = 0, last = no_sequence;
  Time from = 0, to = 0;
  const char* state = "";
  std::string path;
};

// The segment that the engine writes in has no seal yet that says where it ends: the survey does.
SegmentLine line_of(const journal::SegmentSummary& segment, const journal::JournalInfo& info, const std::string& directory) {
  SegmentLine line{.number = segment.number, .bytes = segment.bytes, .path = journal::segment_path(directory, segment.number)};
  // An end that is being written just now looks damaged too, and then the journal as a whole does not.
  line.state = segment.damaged && !may_start(info.label) ? "damaged" : segment.sealed ? "sealed" : segment.opened ? "open" : "prepared";
  if (!segment.opened) return line;
  const bool is_last = !segment.sealed && info.last_block > segment.before.block;
  const std::uint64_t last_block = segment.sealed ? segment.last_block : is_last ? info.last_block : segment.before.block;
  line.blocks = last_block - std::min(last_block, segment.before.block);
  line.first = segment.before.next_sequence;
  line.last = (segment.sealed ? segment.next_sequence : is_last ? info.last_sequence + 1 : segment.before.next_sequence) - 1;
  line.from = segment.opened_at;
  line.to = segment.sealed ? segment.sealed_at : is_last ? info.last_block_time : segment.opened_at;
  return line;
}

const char* name_of(journal::QuarantineFile::State state) {
  switch (state) {
    case journal::QuarantineFile::State::whole: return "whole";
    case journal::QuarantineFile::State::changed: return "damaged";
    case journal::QuarantineFile::State::unreadable: return "unreadable";
    case journal::QuarantineFile::State::unknown: break;
  }
  return "unknown";
}

std::string text_of(const journal::JournalInfo& info, const std::vector<SegmentLine>& segments, const std::vector<journal::QuarantineFile>& dropped) {
  std::string text = fmt::format("{:>8} {:>12} {:>8} {:>12} {:>12}  {:<20} {:<20} {:<9} {}\n", "segment", "bytes", "blocks", "first", "last", "from", "to", "state", "file");
  for (const SegmentLine& line : segments) {
    const bool has_any = line.last >= line.first && line.blocks > 0;
    text += fmt::format("{:>8} {:>12} {:>8} {:>12} {:>12}  {:<20} {:<20} {:<9} {}\n", line.number, line.bytes, line.blocks,
                        has_any ? std::to_string(line.first) : "-", has_any ? std::to_string(line.last) : "-", second_text(line.from),
                        second_text(line.to), line.state, line.path);
  }
  for (const journal::QuarantineFile& file : dropped) text += fmt::format("quarantine {:>10}  {:<9} {}\n", file.bytes, name_of(file.state), file.path);
  return text + fmt::format("CONTROL: epoch {} at durability {}, {}\n", info.epochs, name(info.durability), info.clean ? "closed cleanly" : "open or not closed cleanly");
}

std::string json_of(const journal::JournalInfo& info, const std::vector<SegmentLine>& segments, const std::vector<journal::QuarantineFile>& dropped) {
  std::string text;
  for (const SegmentLine& line : segments) {
    text += fmt::format(R"({{"segment": {}, "file": {}, "bytes": {}, "blocks": {}, "first_sequence": {}, "last_sequence": {}, "from": {}, "to": {}, "state": "{}"}})", line.number,
                        json_string(line.path), line.bytes, line.blocks, line.first, line.last, line.from == 0 ? "null" : json_string(time_text(line.from)),
                        line.to == 0 ? "null" : json_string(time_text(line.to)), line.state) + "\n";
  }
  for (const journal::QuarantineFile& file : dropped) {
    text += fmt::format(R"({{"quarantine": {}, "bytes": {}, "state": "{}"}})", json_string(file.path), file.bytes, name_of(file.state)) + "\n";
  }
  return text + fmt::format(R"({{"epoch": {}, "durability": "{}", "clean": {}}})", info.epochs, name(info.durability), info.clean) + "\n";
}

int ls(const LsOptions& options) {
  auto disk = io::make_real_disk();
  if (!disk) return fail(disk.error());
  const auto info = journal::inspect(options.directory, **disk);
  if (!info) return fail(info.error());
  std::vector<std::string> notes;
  const auto control = journal::read_identity(**disk, options.directory, notes);
  if (!control) return fail(control.error());
  const auto dropped = journal::inspect_quarantine(**disk, options.directory, *control);
  if (!dropped) return fail(dropped.error());
  std::vector<SegmentLine> segments;
  for (const auto& segment : info->segments) segments.push_back(line_of(segment, *info, options.directory));
  const std::string text = options.json ? json_of(*info, segments, *dropped) : text_of(*info, segments, *dropped);
  if (const int printed = print(text); printed != exit_fine) return printed;
  return may_start(info->label) ? exit_fine : fail({error_code(info->label), info->text});
}

}  // namespace

void add_journal_ls(Command& journal, Action& action) {
  const auto options = std::make_shared<LsOptions>();
  Command command = add_journal_command(journal, action, "ls", "Its files, each with what it holds", options, &ls);
  add_directory(command, options->directory);
  command.flag("--json", options->json, "One JSON object per segment and per file in quarantine, then one of CONTROL");
}

}  // namespace pawl::tools
