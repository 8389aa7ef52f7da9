#include "pawl/run_page.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pawl::tools {
namespace {

// 1234567 -> "1,234,567"
std::string grouped(std::uint64_t n) {
  const std::string digits = std::to_string(n);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string duration(std::uint64_t ns) {
  if (ns < 1'000) return fmt::format("{} ns", ns);
  if (ns < 1'000'000) return fmt::format("{:.1f} us", static_cast<double>(ns) / 1e3);
  return fmt::format("{:.2f} ms", static_cast<double>(ns) / 1e6);
}

std::string latency_row(const char* name, const Histogram& histogram) {
  if (histogram.count() == 0) return {};
  return fmt::format("  {:<22}{:>11}{:>11}{:>11}{:>11}{:>11}\n", name, duration(histogram.at(0.5)), duration(histogram.at(0.99)),
                     duration(histogram.at(0.999)), duration(histogram.at(0.9999)), duration(histogram.max()));
}

std::string rules_table(const RunPage& page) {
  std::string text = fmt::format("  {:<24}{:>12}{:>12}{:>11}\n", "rule", "alerts", page.labelled ? "frauds" : "", page.labelled ? "precision" : "");
  for (std::size_t i = 0; i < page.counts.size(); ++i) {
    const RuleCount& count = page.counts[i];
    const language::Rule& rule = page.pipeline.rules[i];
    text += fmt::format("  {:<24}{:>12}", rule.name, rule.not_evaluated.empty() ? grouped(count.alerts) : "not evaluated");
    if (page.labelled && count.alerts > 0) {
      text += fmt::format("{:>12}{:>10.1f}%", grouped(count.frauds), 100.0 * static_cast<double>(count.frauds) / static_cast<double>(count.alerts));
    }
    text += "\n";
  }
  return text;
}

std::string indented(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    text += fmt::format("    {}\n", lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

}  // namespace

std::string run_page(const RunPage& page) {
  const journal::WriterCounters& journal = page.report.journal;
  std::string text = fmt::format("pipeline \"{}\" version {}, durability {}\n\n", page.pipeline.name, page.pipeline.version, page.durability);
  text += fmt::format("  events      {:>15}   in {:.2f} s: {:.2f} M/s, generated or read, sequenced, journaled, decided and emitted\n",
                      grouped(static_cast<std::uint64_t>(page.events)), page.seconds, static_cast<double>(page.events) / page.seconds / 1e6);
  text += fmt::format("  decisions   {:>15}\n\n", grouped(page.decisions));
  text += rules_table(page);
  text += fmt::format("\n  {:<22}{:>11}{:>11}{:>11}{:>11}{:>11}\n", "latency at full load", "p50", "p99", "p99.9", "p99.99", "max");
  text += latency_row("sequenced to decided", page.report.decision_latency);
  text += latency_row(page.durability == "memory" ? "sequenced to emitted" : "sequenced to durable", page.report.emit_latency);
  if (page.durability != "memory") {
    text += fmt::format("\n  journal     {} blocks, {:.1f} MB ({:.1f} % padding), {} data syncs, mean block {:.0f} KiB, in {}\n", grouped(journal.blocks),
                        static_cast<double>(journal.bytes) / 1e6, 100.0 * static_cast<double>(journal.padding_bytes) / static_cast<double>(std::max<std::uint64_t>(journal.bytes, 1)),
                        grouped(journal.syncs), static_cast<double>(journal.bytes) / 1024.0 / static_cast<double>(std::max<std::uint64_t>(journal.blocks, 1)), page.journal);
  }
  text += "\n  threads\n" + indented(page.threads);
  if (page.durability != "memory") text += fmt::format("\n  replay it:  pawl replay --journal {}\n", page.journal);
  return text + fmt::format("digest {}\n", rules::to_hex(page.report.digest));
}

}  // namespace pawl::tools
