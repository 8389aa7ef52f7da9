#include "pawl/decision_binary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/journal/hash.hpp"

namespace pawl::tools {
namespace {

using rules::DecisionLayout;
using rules::DecisionRecord;

constexpr std::string_view magic = "PAWLDECS";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t source_offset = 64;
constexpr std::size_t header_bytes_max = 4 * limits::pipeline_source_bytes_max;

struct Head {
  char magic[8];
  std::uint32_t version, header_bytes, record_bytes, source_bytes, layout_bytes, reserved;
  std::byte sha256[32];
};
static_assert(sizeof(Head) == source_offset);

std::size_t aligned(std::size_t bytes) { return (bytes + 7) / 8 * 8; }

Error foreign(const std::string& path, const std::string& why) { return {ErrorCode::bad_data, path + " " + why}; }

}  // namespace

csv::FileForm DecisionForm::file() const {
  const std::string& source = plan_.pipeline->source;
  const std::string layout = layout_text();
  Head head{};
  std::memcpy(head.magic, magic.data(), magic.size());
  head.version = format_version;
  head.header_bytes = static_cast<std::uint32_t>(aligned(source_offset + source.size() + layout.size() + sizeof(std::uint32_t)));
  head.record_bytes = static_cast<std::uint32_t>(layout_.record_bytes() + csv::FileForm::check_bytes);
  head.source_bytes = static_cast<std::uint32_t>(source.size());
  head.layout_bytes = static_cast<std::uint32_t>(layout.size());
  const journal::Hash hash = journal::Hasher().sha_256({std::as_bytes(std::span(source))});
  std::memcpy(head.sha256, hash.data(), sizeof head.sha256);
  std::string header(reinterpret_cast<const char*>(&head), sizeof head);
  header.append(source).append(layout).resize(head.header_bytes - sizeof(std::uint32_t));
  const std::uint32_t crc = crc32c(std::as_bytes(std::span(header)));
  header.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  return csv::FileForm::records(std::move(header), head.record_bytes);
}

// A line for each part: its offset, what it is, and for bits and indices their meaning in the order of their numbers.
std::string DecisionForm::layout_text() const {
  std::string text;
  const auto line = [&](std::size_t offset, const std::string& what) { text += fmt::format("{} {}\n", offset, what); };
  const auto names = [&](const char* of, const auto& list, auto name) {
    for (std::size_t i = 0; i < list.size(); ++i) text += fmt::format("{} {} {}\n", of, i, name(list[i]));
  };
  line(offsetof(DecisionRecord, sequence), "int64 sequence");
  line(offsetof(DecisionRecord, ticket), "int64 ticket");
  line(offsetof(DecisionRecord, score), "int64 score");
  line(offsetof(DecisionRecord, id), "int64 id");
  line(offsetof(DecisionRecord, source), "uint16 source");
  line(offsetof(DecisionRecord, event), "uint16 event");
  line(offsetof(DecisionRecord, decision), "uint8 decision");
  line(offsetof(DecisionRecord, has_id), "uint8 has_id");
  line(layout_.fired_offset(), "bits fired, by rule");
  line(layout_.missing_offset(), "bits missing, by rule");
  if (layout_.has_suppressed()) line(layout_.suppressed_offset(), "bits suppressed, by rule");
  if (layout_.has_shadow()) line(layout_.shadow_offset(), "bits fired in shadow, by rule");
  if (layout_.id_text_bytes() != 0) line(layout_.id_text_offset(), fmt::format("text({}) id", layout_.id_text_bytes()));
  if (layout_.has_timed()) line(layout_.timed_offset(), "int64 first sequence, uint32 output, uint32 rule, key");
  line(layout_.shown_valid_offset(), "bits present, by value");
  for (std::size_t i = 0; i < plan_.shown.size(); ++i) {
    const rules::ShownValue& shown = plan_.shown[i];
    line(layout_.shown_offset(i), fmt::format("{} bytes value {} {} {}", DecisionLayout::shown_bytes(shown), i, to_string(shown.type), shown.text));
  }
  names("decision", rules::decision_names, [](std::string_view name) { return name; });
  names("event", plan_.pipeline->events, [](const EventSchema& event) { return event.name; });
  names("rule", plan_.pipeline->rules, [](const language::Rule& rule) { return rule.name; });
  return text;
}

std::string_view DecisionForm::encode(const rules::Decision& decision) {
  record_.assign(layout_.record_bytes(), std::byte{0});
  std::memcpy(record_.data(), decision.bytes().data(), layout_.let_valid_offset());  // all that does not depend on what is carried
  reinterpret_cast<DecisionRecord*>(record_.data())->ingest = 0;
  auto* const present = reinterpret_cast<std::uint64_t*>(record_.data() + layout_.shown_valid_offset());
  for (std::size_t i = 0; i < plan_.shown.size(); ++i) {
    if (!decision.shown_present(i)) continue;
    present[i / 64] |= std::uint64_t{1} << (i % 64);
    if (plan_.shown[i].value.kind != rules::Operand::Kind::column) {
      const std::string_view text = decision.shown_text(i);
      std::memcpy(shown_cell(i), text.data(), text.size());
    } else if (plan_.shown[i].value.column.kind == rules::ColumnKind::ratio) {
      const Fraction value = decision.shown_value(i);
      std::memcpy(shown_cell(i), &value, sizeof value);
    } else {
      const auto value = static_cast<std::int64_t>(decision.shown_value(i).numerator);
      std::memcpy(shown_cell(i), &value, sizeof value);
    }
  }
  return {reinterpret_cast<const char*>(record_.data()), record_.size()};
}

Result<std::unique_ptr<DecisionReader>> DecisionReader::open(const std::string& path, language::ModelFiles& models) {
  auto reader = std::unique_ptr<DecisionReader>(new DecisionReader(path == "-" ? "standard input" : path));
  auto input = csv::InputFile::open(path);
  if (!input.ok()) return std::move(input).error();
  reader->input_ = std::make_unique<csv::InputFile>(*std::move(input));
  if (auto read = reader->read_header(models); !read.ok()) return std::move(read).error();
  return reader;
}

Result<void> DecisionReader::read_header(language::ModelFiles& models) {
  Head head{};
  const auto got = read(std::as_writable_bytes(std::span(&head, 1)));
  if (!got.ok()) return got.error();
  if (*got != sizeof head || std::string_view(head.magic, sizeof head.magic) != magic) return foreign(path_, "is no binary file of decisions");
  if (head.version != format_version) return foreign(path_, fmt::format("has format version {}; this release reads version {}", head.version, format_version));
  if (head.header_bytes > header_bytes_max || source_offset + std::size_t{head.source_bytes} + head.layout_bytes + sizeof(std::uint32_t) > head.header_bytes) return foreign(path_, "has a damaged header");
  std::string header(head.header_bytes, '\0');
  std::memcpy(header.data(), &head, sizeof head);
  const auto rest = read(std::as_writable_bytes(std::span(header)).subspan(sizeof head));
  if (!rest.ok()) return rest.error();
  std::uint32_t crc;
  std::memcpy(&crc, header.data() + header.size() - sizeof crc, sizeof crc);
  if (*rest + sizeof head != header.size() || crc != crc32c(std::as_bytes(std::span(header)).first(header.size() - sizeof crc))) return foreign(path_, "has a damaged header");
  auto checked = language::check(std::string_view(header).substr(source_offset, head.source_bytes), path_, &models);
  if (!checked.pipeline) {
    return foreign(path_, "holds a pipeline that this release cannot read, or whose models or maps are not there (--models): " + checked.diagnostics.front().message);
  }
  pipeline_ = std::move(checked.pipeline);
  form_ = std::make_unique<DecisionForm>(*pipeline_);
  if (form_->file().header != header) return foreign(path_, "was written by a release that lays records out otherwise: read it with that one, or by the layout that its header holds (DECISION_FILES.md)");
  record_.resize(form_->file().record_bytes);
  return {};
}

// Fewer bytes than asked for: the end.
Result<std::size_t> DecisionReader::read(std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto got = input_->read({reinterpret_cast<char*>(into.data()) + done, into.size() - done});
    if (!got.ok()) return got.error();
    if (*got == 0) break;
    done += *got;
  }
  return done;
}

// False: the end.
Result<bool> DecisionReader::next() {
  const auto got = read(record_);
  if (!got.ok()) return got.error();
  if (*got == 0) return false;
  const std::string place = fmt::format("behind {} decisions", records_);
  if (*got < record_.size()) return foreign(path_, "is cut short " + place + "; continuing it (--append, or the service) mends that");
  if (!csv::FileForm::is_whole_record({reinterpret_cast<const char*>(record_.data()), record_.size()})) return foreign(path_, "is damaged " + place);
  if (!names_what_is_there()) return foreign(path_, "names an event, rule, decision or id that its pipeline does not have, " + place);
  if (!shows_fractions()) return foreign(path_, "shows a fraction over zero, " + place);
  ++records_;
  return true;
}

// A record with the right check may still be another's.
bool DecisionReader::names_what_is_there() const {
  DecisionRecord head;
  std::memcpy(&head, record_.data(), sizeof head);
  if (head.event >= pipeline_->events.size() || head.decision >= std::size(rules::decision_names)) return false;
  if (head.has_id != 0 && pipeline_->events[head.event].find("id") < 0) return false;
  const DecisionLayout& layout = form_->layout();
  if (!layout.has_timed()) return true;
  rules::TimedPart timed;
  std::memcpy(&timed, record_.data() + layout.timed_offset(), sizeof timed);
  if (timed.output == 0) return true;
  const auto& patterns = layout.plan().patterns.patterns;
  if (std::none_of(patterns.begin(), patterns.end(), [&](const auto& pattern) { return pattern.rule == timed.rule; })) return false;
  const auto& key = pipeline_->rules[timed.rule].pattern->key;
  return std::all_of(key.begin(), key.end(), [&](const auto& part) { return pipeline_->events[head.event].find(part) >= 0; });
}

bool DecisionReader::shows_fractions() const noexcept {
  const rules::Decision decision(record_.data(), form_->layout());
  for (std::size_t value = 0; value < form_->layout().plan().shown.size(); ++value) {
    if (decision.shown_value(value).denominator <= 0) return false;
  }
  return true;
}

}  // namespace pawl::tools
