// pawl journal diff: whether two journals hold the same inputs in the same order under the same pipeline, or where they part.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "pawl/log/commands.hpp"
#include "pawl/log/record_text.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct DiffOptions {
  std::string left, right;
  bool ingest = false;
};

// One journal, input by input.
class Side {
 public:
  static Result<Side> open(const std::string& directory) {
    auto log = LogReader::open(directory);
    if (!log) return std::move(log).error();
    return Side(*std::move(log));
  }

  // The next input; nothing at the end.
  Result<std::optional<Entry>> next() {
    for (;;) {
      auto entry = log_.next();
      if (!entry) return entry;
      if (*entry && (*entry)->is_input()) return entry;
      if (*entry) continue;
      const auto more = log_.at_end();
      if (!more) return more.error();
      if (!*more) return std::optional<Entry>();
    }
  }

  [[nodiscard]] Decoder& decoder() noexcept { return log_.decoder(); }
  [[nodiscard]] const std::string& directory() const noexcept { return log_.directory(); }

 private:
  explicit Side(LogReader log) : log_(std::move(log)) {}
  LogReader log_;
};

// What decides: type, event time, missing fields, payload. Not when and how it came in.
bool same_input(const Entry& left, const Entry& right) {
  const auto& a = left.record.header();
  const auto& b = right.record.header();
  // The start's own time stands in an activation's `at`.
  const bool same_time = a.at == b.at || a.type == static_cast<std::uint16_t>(InputType::activate);
  const auto left_payload = left.record.payload(), right_payload = right.record.payload();
  return a.type == b.type && same_time && a.missing == b.missing && std::equal(left_payload.begin(), left_payload.end(), right_payload.begin(), right_payload.end());
}

std::vector<std::byte> kept(const Entry& entry) { return {entry.record.bytes().begin(), entry.record.bytes().end()}; }

class Comparison {
 public:
  Comparison(Side& left, Side& right, bool ingest) : left_(left), right_(right), ingest_(ingest) {}

  // Empty: equal.
  Result<std::string> run() {
    for (bool first = true;; first = false) {
      auto left = left_.next();
      if (!left) return std::move(left).error();
      auto right = right_.next();
      if (!right) return std::move(right).error();
      if (first) {
        if (auto met = meet(left, right); !met.ok()) return std::move(met).error();
      }
      if (!*left && !*right) return std::string();
      if (!*left || !*right) return longer(*left ? left_ : right_, *left ? right_ : left_, *left ? **left : **right);
      if (std::string difference = compare(**left, **right); !difference.empty()) {
        difference += fmt::format("< {}\n> {}\n", to_text(**left, left_.decoder()), to_text(**right, right_.decoder()));
        return difference + look_ahead(**left, **right);
      }
      ++equal_;
    }
  }

  [[nodiscard]] std::uint64_t equal() const noexcept { return equal_; }
  // Before it one of the two has retired its inputs.
  [[nodiscard]] Sequence first() const noexcept { return first_; }

 private:
  // Where both have begun.
  Result<void> meet(Result<std::optional<Entry>>& left, Result<std::optional<Entry>>& right) {
    const auto pass = [](Side& side, Result<std::optional<Entry>>& entry, const Result<std::optional<Entry>>& other) -> Result<void> {
      while (*entry && *other && (*entry)->sequence < (*other)->sequence) {
        entry = side.next();
        if (!entry) return entry.error();
      }
      return {};
    };
    if (auto passed = pass(left_, left, right); !passed.ok()) return passed;
    if (auto passed = pass(right_, right, left); !passed.ok()) return passed;
    if (*left) first_ = (*left)->sequence;
    return {};
  }

  std::string compare(const Entry& left, const Entry& right) {
    const auto& a = left.record.header();
    const auto& b = right.record.header();
    if (left_.decoder().catalogue().pipeline() != right_.decoder().catalogue().pipeline()) return "the pipelines differ, from sequence " + std::to_string(left.sequence) + " on\n";
    if (!same_input(left, right)) return fmt::format("inputs differ at sequence {}\n", left.sequence);
    if (left_.decoder().source_name(a.source) != right_.decoder().source_name(b.source)) return fmt::format("sources differ at sequence {}\n", left.sequence);
    if (a.ticket != b.ticket) return fmt::format("tickets differ at sequence {}\n", left.sequence);
    if (ingest_ && a.ingest != b.ingest) return fmt::format("ingest times differ at sequence {}\n", left.sequence);
    return {};
  }

  Result<std::string> longer(Side& side, const Side& other, const Entry& first) {
    std::uint64_t more = 1;
    for (const Sequence from = first.sequence;; ++more) {
      auto next = side.next();
      if (!next) return std::move(next).error();
      if (!*next) return fmt::format("{} ends at sequence {}; {} goes on for {} inputs\n", other.directory(), from - 1, side.directory(), more);
    }
  }

  // Is it another order, or was an input left out? Looks at the next inputs of both sides.
  std::string look_ahead(const Entry& left, const Entry& right) {
    const auto at_left = kept(left), at_right = kept(right);
    const std::optional<Sequence> right_later = find(right_, at_left);
    const std::optional<Sequence> left_later = find(left_, at_right);
    if (left_later && right_later) return fmt::format("another order: < comes as sequence {} of {}, > as sequence {} of {}\n", *right_later, right_.directory(), *left_later, left_.directory());
    if (right_later) return fmt::format("< comes as sequence {} of {}: inputs were put in before it, or left out of {}\n", *right_later, right_.directory(), left_.directory());
    if (left_later) return fmt::format("> comes as sequence {} of {}: inputs were put in before it, or left out of {}\n", *left_later, left_.directory(), right_.directory());
    return {};
  }

  std::optional<Sequence> find(Side& side, const std::vector<std::byte>& wanted) {
    constexpr int inputs_max = 1000;
    const Entry sought{journal::Record(wanted.data()), 0, nullptr};
    for (int i = 0; i < inputs_max; ++i) {
      const auto entry = side.next();
      if (!entry || !*entry) return {};
      if (same_input(**entry, sought)) return (*entry)->sequence;
    }
    return {};
  }

  Side& left_;
  Side& right_;
  bool ingest_;
  std::uint64_t equal_ = 0;
  Sequence first_ = 0;
};

// Exit status 1 for a difference, as diff has it.
int diff(const DiffOptions& options) {
  auto left = Side::open(options.left);
  if (!left) return fail(left.error());
  auto right = Side::open(options.right);
  if (!right) return fail(right.error());
  Comparison comparison(*left, *right, options.ingest);
  const auto difference = comparison.run();
  if (!difference) return fail(difference.error());
  std::string compared = options.ingest ? "" : " (ingest times are not compared)";
  if (comparison.first() > 0) compared += fmt::format(", from sequence {} on, where the later of the two begins", comparison.first());
  if (difference->empty()) return print(fmt::format("equal: {} inputs, in the same order{}\n", comparison.equal(), compared));
  const int printed = print(fmt::format("{}equal before that: {} inputs{}\n", *difference, comparison.equal(), compared));
  return printed == exit_fine ? exit_no : printed;
}

}  // namespace

void add_journal_diff(Command& journal, Action& action) {
  const auto options = std::make_shared<DiffOptions>();
  Command command = add_journal_command(journal, action, "diff", "Whether two journals hold the same inputs in the same order, or where they part", options, &diff);
  command.option("left", options->left, "A journal's directory").required();
  command.option("right", options->right, "Another's").required();
  command.flag("--ingest", options->ingest, "Compare ingest times too");
  command.footer("Exit status 0 if they are equal, 1 if they differ.");
}

}  // namespace pawl::tools
