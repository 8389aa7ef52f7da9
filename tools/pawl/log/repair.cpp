// pawl journal repair: what is proved good of a damaged journal, as a journal of its own. The damaged one is not changed.
#include <fmt/format.h>

#include <algorithm>

#include "pawl/io/lock_holder.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/repair.hpp"
#include "pawl/log/commands.hpp"
#include "pawl/log/text.hpp"
#include "pawl/report.hpp"
#include "pawl/run_support.hpp"

namespace pawl::tools {
namespace {

struct RepairOptions {
  std::string directory, to;
};

std::string text_of(const RepairOptions& options, const journal::RepairReport& report) {
  std::string text = fmt::format("cut:  {}: {} at offset {}: {}\n", name(report.damage.label), report.damage.path, report.damage.offset, report.damage.what);
  text += fmt::format("kept: sequences {}, up to block {}, in {} segments; {} snapshots; chain {}\n", range_text(report.first_kept, report.last_kept()), report.cut.block, report.segments,
                      report.snapshots, hex(report.cut.chain));
  if (report.lost() == 0) {
    text += "lost: no inputs that are known of";
  } else {
    const std::uint64_t behind = std::min(report.whole_behind, report.lost());
    text += fmt::format("lost: sequences {} ({} inputs): {} in blocks that are damaged or gone, {} in whole blocks behind them, which a journal without gaps cannot hold",
                        range_text(report.last_kept() + 1, report.last_known), report.lost(), report.lost() - behind, behind);
  }
  return text + fmt::format("; {} bytes from segment {}, offset {} on\n{} is a whole journal, verified; the repair is recorded in it. {} was not changed.\n", report.dropped_bytes,
                            report.cut.segment, report.cut.offset, options.to, options.directory);
}

int repair(const RepairOptions& options) {
  if (is_inside(options.to, options.directory)) return fail({ErrorCode::usage, fmt::format("--to {} lies in {}, which must not change: name another place", options.to, options.directory)});
  auto disk = io::make_real_disk();
  if (!disk) return fail(disk.error());
  if (io::was_locked(journal::join(options.directory, journal::lock_name))) warn(fmt::format("an engine has {} open: what it writes from now on is not in the copy", options.directory));
  io::SystemClock clock;
  const auto report = journal::repair(options.directory, options.to, **disk, clock);
  return report ? print(text_of(options, *report)) : fail(report.error());
}

}  // namespace

void add_journal_repair(Command& journal, Action& action) {
  const auto options = std::make_shared<RepairOptions>();
  Command command = add_journal_command(journal, action, "repair", "What is proved good of a damaged journal, as a new journal", options, &repair);
  add_directory(command, options->directory);
  command.option("--to", options->to, "Where: a directory that is absent or empty").required();
}

}  // namespace pawl::tools
