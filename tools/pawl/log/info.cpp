// pawl journal info: what a journal holds, in one page.
#include <fmt/format.h>

#include "pawl/io/real_disk.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/journal/receipt.hpp"
#include "pawl/log/commands.hpp"
#include "pawl/log/text.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct InfoOptions {
  std::string directory;
};

std::string segments_text(const journal::JournalInfo& info) {
  std::string text;
  for (const auto& segment : info.segments) {
    const std::string state = segment.sealed ? fmt::format("sealed, up to block {} and sequence {}", segment.last_block, segment.next_sequence - 1)
                              : segment.opened ? "being written"
                                               : "prepared";
    text += fmt::format("  {:>10}  {:>12} bytes  {}\n", segment.number, segment.bytes, state);
  }
  return text;
}

std::string info_text(const std::string& directory, const journal::JournalInfo& info) {
  std::string text = fmt::format("{}: {}{}\n", directory, name(info.label), info.label == journal::Label::end && info.clean ? ", closed cleanly" : "");
  const auto line = [&](const char* what, const std::string& value) { text += fmt::format("{:<14}{}\n", what, value); };
  line("journal", hex(info.database));
  line("created", time_text(info.created));
  line("format", fmt::format("{}, blocks up to {} bytes, segments of {} bytes", info.format, info.block_bytes_max, info.segment_bytes));
  line("engine starts", fmt::format("{}, the last at durability {}", info.epochs, name(info.durability)));
  line("last block", fmt::format("{}, written {}, body hashed with {}", info.last_block, time_text(info.last_block_time), name(info.body_hash)));
  if (info.first_sequence > 0) line("begins with", fmt::format("sequence {}, segment {}: older ones were retired", info.first_sequence, info.segments.front().number));
  line("last sequence", fmt::format("{}", info.last_sequence));
  line("chain", hex(info.chain));
  // Of a live journal the last block may be read before it is durable: a receipt must not promise it.
  if (info.clean) line("receipt", to_text(journal::Receipt{info.database, info.last_sequence, info.last_block, info.chain}));
  if (info.digest) line("digest", fmt::format("{} up to sequence {}", hex(info.digest->digest), info.digest->sequence));
  line("emitted", fmt::format("up to sequence {}", info.emitted.sequence));
  for (const auto& source : info.sources) {
    const std::string held = source.missing.empty() ? std::string() : fmt::format("; {} before it are not there: `reorder` held them back when it was written", source.missing.size());
    line("source", fmt::format("{} \"{}\", last ticket {}{}", source.number, one_line(source.name), source.last_ticket, held));
  }
  line("pipeline", fmt::format("{} bytes of text", info.pipeline.size()));
  line("files", fmt::format("{} bytes in {} segments", info.file_bytes, info.segments.size()));
  text += segments_text(info);
  if (!info.snapshots.empty()) line("snapshots", fmt::format("{}, behind the inputs {}; see pawl snapshot ls", info.snapshots.size(), fmt::join(info.snapshots, ", ")));
  for (const auto& note : info.notes) text += fmt::format("note: {}\n", note);
  return text;
}

int info(const InfoOptions& options) {
  auto disk = io::make_real_disk();
  if (!disk) return fail(disk.error());
  const auto found = journal::inspect(options.directory, **disk);
  if (!found) return fail(found.error());
  if (const int printed = print(info_text(options.directory, *found)); printed != exit_fine) return printed;
  return may_start(found->label) ? exit_fine : fail({error_code(found->label), found->text});
}

}  // namespace

void add_journal_info(Command& journal, Action& action) {
  const auto options = std::make_shared<InfoOptions>();
  add_directory(add_journal_command(journal, action, "info", "What it holds, in one page", options, &info), options->directory);
}

}  // namespace pawl::tools
