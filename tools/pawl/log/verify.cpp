// pawl journal verify: everything is read, every defect reported with its place.
#include <fmt/format.h>

#include <algorithm>

#include "pawl/io/cpus.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/journal/receipt.hpp"
#include "pawl/log/commands.hpp"
#include "pawl/log/text.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct VerifyOptions {
  std::string directory;
  std::vector<std::string> receipts;
  int threads = 0;
  bool json = false;
};

int usable_cpus() {
  const auto cpus = io::discover_cpus();
  return cpus ? cpus->usable() : 1;
}

std::string to_json(const journal::Finding& finding) {
  return fmt::format(R"({{"code": "{}", "damage": {}, "file": {}, "offset": {}, "bytes": {}, "blocks": [{}, {}], "sequences": [{}, {}], "found": {}, "lost": {}, "cure": {}}})",
                     name(finding.label), finding.is_damage, json_string(finding.path), finding.offset, finding.bytes, finding.first_block, finding.last_block,
                     finding.first_sequence, finding.last_sequence, json_string(finding.what), json_string(finding.loss), json_string(finding.cure)) + "\n";
}

std::string summary(const std::string& directory, const journal::Verification& result, std::ptrdiff_t damages) {
  const std::string from = result.begin.next_sequence > 0 ? fmt::format("from {} (older ones were retired) ", result.begin.next_sequence) : std::string();
  return fmt::format("{}: {} segments, {} whole blocks of {} bytes, {} inputs in {} records, sequences {}up to {}; {}\nchain {}\n", directory, result.segments,
                     result.blocks, result.bytes, result.inputs, result.records, from, result.end.next_sequence - 1,
                     damages == 0 ? "no damage" : fmt::format("damaged in {} places", damages), hex(result.end.chain));
}

std::string summary_json(const journal::Verification& result, std::ptrdiff_t damages) {
  return fmt::format(R"({{"segments": {}, "blocks": {}, "bytes": {}, "inputs": {}, "records": {}, "first_sequence": {}, "last_sequence": {}, "damages": {}, "chain": "{}"}})", result.segments,
                     result.blocks, result.bytes, result.inputs, result.records, result.begin.next_sequence, result.end.next_sequence - 1, damages, hex(result.end.chain)) + "\n";
}

Result<std::vector<journal::Receipt>> parse_all(const std::vector<std::string>& texts) {
  std::vector<journal::Receipt> receipts;
  for (const std::string& text : texts) {
    auto receipt = journal::parse_receipt(text);
    if (!receipt) return std::move(receipt).error();
    receipts.push_back(*receipt);
  }
  return receipts;
}

struct ReceiptCounts {
  int broken = 0, too_old = 0;  // of those that are not proved to hold
};

// A line for each.
Result<std::string> receipts_text(const VerifyOptions& options, io::Disk& disk, const std::vector<journal::Receipt>& receipts, ReceiptCounts& counts) {
  std::string text;
  for (const journal::Receipt& receipt : receipts) {
    const auto verdict = journal::check_receipt(options.directory, disk, receipt);
    if (!verdict) return verdict.error();
    const bool too_old = verdict->kind == journal::ReceiptVerdict::Kind::too_old;
    counts.too_old += too_old ? 1 : 0;
    counts.broken += too_old || verdict->holds() ? 0 : 1;
    text += options.json ? fmt::format(R"({{"receipt": "{}", "verdict": "{}", "text": {}}})", to_text(receipt), name(verdict->kind), json_string(verdict->text)) + "\n"
                         : fmt::format("receipt {}: {}\n", name(verdict->kind), verdict->text);
  }
  return text;
}

int verify(const VerifyOptions& options) {
  const auto receipts = parse_all(options.receipts);
  if (!receipts) return fail(receipts.error());
  auto disk = io::make_real_disk();
  if (!disk) return fail(disk.error());
  const auto result = journal::verify(options.directory, **disk, options.threads > 0 ? options.threads : usable_cpus());
  if (!result) return fail(result.error());
  std::string text;
  for (const auto& finding : result->findings) text += options.json ? to_json(finding) : fmt::format("{}{}\n", finding.is_damage ? "" : "note: ", finding.text);
  const auto damages = std::count_if(result->findings.begin(), result->findings.end(), [](const auto& finding) { return finding.is_damage; });
  text += options.json ? summary_json(*result, damages) : summary(options.directory, *result, damages);
  ReceiptCounts counts;
  const auto receipts_said = receipts_text(options, **disk, *receipts, counts);
  if (!receipts_said) return fail(receipts_said.error());
  if (const int printed = print(text + *receipts_said); printed != exit_fine) return printed;
  if (damages == 0 && counts.broken > 0) {
    return fail({ErrorCode::corrupt, fmt::format("{} is whole, but not what {} of {} receipts promise, named above", options.directory, counts.broken, receipts->size())});
  }
  if (damages == 0) return counts.too_old > 0 ? exit_no : exit_fine;
  if (result->log_whole()) return fail({ErrorCode::corrupt, fmt::format("{} is whole, but not {} of the files in its quarantine, named above", options.directory, damages)});
  return fail({ErrorCode::corrupt, fmt::format("{} is damaged in {} places, named above; restore it from a copy of one moment", options.directory, damages)});
}

}  // namespace

void add_journal_verify(Command& journal, Action& action) {
  const auto options = std::make_shared<VerifyOptions>();
  Command command = add_journal_command(journal, action, "verify", "Read everything and report every defect with its place", options, &verify);
  add_directory(command, options->directory);
  command.option("--threads", options->threads, "Segments read at the same time; 0: as the CPUs allow").within(0, 64);
  command.option("--receipt", options->receipts, "Also whether the journal still holds what this receipt promises; may be repeated").one_each();
  command.flag("--json", options->json, "One JSON object per finding, then one of the sums");
}

}  // namespace pawl::tools
