#include "pawl/cat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "pawl/core/event/format.hpp"
#include "pawl/core/event/schema.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/journal/catalogue.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/journal/reader.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

using journal::AnnotationType;
using journal::BlockView;
using journal::Record;
using journal::RecordHeader;

constexpr std::size_t buffer_bytes = std::size_t{64} << 10;

std::string time_text(Time time) {
  char buffer[print_bytes_max];
  return {buffer, print_time(time, buffer)};
}

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

class Printer {
 public:
  explicit Printer(const CatOptions& options) : options_(options), has_started_(options.from == 0) {}

  // False when enough was printed, or standard output is gone.
  bool show(const BlockView& block) {
    Sequence sequence = block.header.first_sequence;
    for (const Record record : block.records()) {
      catalogue_.apply(record);
      has_started_ = has_started_ || (record.is_input() && sequence >= options_.from);
      if (has_started_ && options_.limit >= 0 && printed_ == options_.limit) return false;
      if (has_started_) line(record.is_input() ? input(record, sequence) : annotation(record, block));
      sequence += record.is_input() ? 1 : 0;
    }
    return good_;
  }

  // The first sequence to show was found.
  [[nodiscard]] bool has_started() const noexcept { return has_started_; }

  bool finish() {
    good_ = good_ && print(text_) == exit_fine;
    text_.clear();
    return good_;
  }

 private:
  void line(const std::string& text) {
    ++printed_;
    text_ += text;
    text_ += '\n';
    if (text_.size() >= buffer_bytes) finish();
  }

  std::string source_name(std::uint16_t number) const {
    for (const auto& source : catalogue_.sources()) {
      if (source.number == number) return source.name;
    }
    return fmt::format("{}", number);
  }

  // The schema of an event's type in the pipeline that is in force, or nullptr.
  const EventSchema* schema(std::uint16_t type) {
    if (catalogue_.pipeline() != source_) {
      source_ = catalogue_.pipeline();
      pipeline_ = language::check(source_, "pipeline").pipeline;
    }
    const auto index = static_cast<std::size_t>(type - first_event_type);
    return pipeline_ && is_event(type) && index < pipeline_->events.size() ? &pipeline_->events[index] : nullptr;
  }

  // Copies a record to where its slot would be; the payload of a damaged length is not looked into.
  const std::byte* slot_of(const Record& record) {
    slot_.assign(slot_bytes(record.header().length) / sizeof(std::uint64_t), 0);
    std::memcpy(reinterpret_cast<std::byte*>(slot_.data()) + record_offset, record.bytes().data(), record.bytes().size());
    return reinterpret_cast<const std::byte*>(slot_.data());
  }

  std::string input(const Record& record, Sequence sequence) {
    const RecordHeader& header = record.header();
    const EventSchema* event = schema(header.type);
    if (event != nullptr && header.length == event->payload_bytes) return options_.json ? event_json(*event, record, sequence) : event_text(*event, record, sequence);
    const char* kind = header.type == static_cast<std::uint16_t>(InputType::activate) ? "activate" : header.type == static_cast<std::uint16_t>(InputType::tick) ? "tick" : "unknown";
    if (!options_.json) return fmt::format("{} {} at {} type {} bytes {}", sequence, kind, time_text(header.at), header.type, header.length);
    return fmt::format(R"({{"sequence": {}, "input": "{}", "type": {}, "at": "{}", "ingest": "{}", "payload": "{}"}})", sequence, kind, header.type,
                       time_text(header.at), time_text(header.ingest), hex(record.payload()));
  }

  std::string event_text(const EventSchema& event, const Record& record, Sequence sequence) {
    const RecordHeader& header = record.header();
    return fmt::format("{} {} ingest {} source {} ticket {}", sequence, to_string(event, slot_of(record)), time_text(header.ingest), source_name(header.source), header.ticket);
  }

  std::string event_json(const EventSchema& event, const Record& record, Sequence sequence) {
    const RecordHeader& header = record.header();
    const std::byte* slot = slot_of(record);
    std::string fields;
    for (std::size_t i = 0; i < event.fields.size(); ++i) {
      const Field& field = event.fields[i];
      const Value value = read_value(event, slot, i);
      const std::string text = value.missing ? "null" : json_string(to_string(field.type, value, field.labels));
      fields += fmt::format("{}{}: {}", i > 0 ? ", " : "", json_string(field.name), text);
    }
    return fmt::format(R"({{"sequence": {}, "event": "{}", "ingest": "{}", "source": {}, "ticket": {}, "fields": {{{}}}}})", sequence, event.name,
                       time_text(header.ingest), json_string(source_name(header.source)), header.ticket, fields);
  }

  std::string annotation(const Record& record, const BlockView& block) const {
    const auto [name, text] = describe(record);
    const bool is_repeated = (record.header().flags & journal::annotation_repeated) != 0;
    if (!options_.json) return fmt::format("# {}{} {}", name, is_repeated ? " (repeated)" : "", text);
    return fmt::format(R"({{"annotation": "{}", "block": {}, "repeated": {}, "text": {}}})", name, block.header.block, is_repeated, json_string(text));
  }

  static std::pair<std::string, std::string> describe(const Record& record) {
    const auto payload = record.payload();
    journal::PipelineChunk chunk{};
    journal::SourceName source{};
    journal::DigestMark digest{};
    journal::EmittedMark emitted{};
    journal::EpochMark epoch{};
    journal::SegmentMark segment{};
    journal::SealMark seal{};
    switch (static_cast<AnnotationType>(record.header().type)) {
      case AnnotationType::pipeline:
        if (load_payload(payload, chunk)) return {"pipeline", fmt::format("bytes {} to {} of {}", chunk.offset, chunk.offset + payload.size() - sizeof chunk, chunk.total_bytes)};
        break;
      case AnnotationType::source:
        if (load_payload(payload, source)) {
          const auto name = payload.subspan(sizeof source, std::min<std::size_t>(source.name_bytes, payload.size() - sizeof source));
          return {"source", fmt::format("{} {} last ticket {}", source.number, std::string_view(reinterpret_cast<const char*>(name.data()), name.size()), source.last_ticket)};
        }
        break;
      case AnnotationType::digest:
        if (load_payload(payload, digest)) return {"digest", fmt::format("{} up to sequence {}", hex(digest.digest), digest.sequence)};
        break;
      case AnnotationType::emitted:
        if (load_payload(payload, emitted)) return {"emitted", fmt::format("up to sequence {} at position {}", emitted.sequence, emitted.position)};
        break;
      case AnnotationType::epoch:
        if (load_payload(payload, epoch)) return {"epoch", fmt::format("{} after {}, {} bytes dropped", epoch.epoch, name(static_cast<journal::Label>(epoch.label)), epoch.dropped_bytes)};
        break;
      case AnnotationType::segment:
        if (load_payload(payload, segment)) return {"segment", fmt::format("{} from sequence {}", segment.segment, segment.first_sequence)};
        break;
      case AnnotationType::seal:
        if (load_payload(payload, seal)) return {"seal", fmt::format("after block {} at offset {}", seal.last_block, seal.end_offset)};
        break;
    }
    return {"unknown", fmt::format("type {:#x}, {} bytes", record.header().type, payload.size())};
  }

  CatOptions options_;
  journal::Catalogue catalogue_;
  std::string source_;
  std::unique_ptr<const language::Pipeline> pipeline_;
  std::vector<std::uint64_t> slot_;
  std::string text_;
  std::int64_t printed_ = 0;
  bool has_started_;
  bool good_ = true;
};

}  // namespace

Result<void> print_records(const std::string& directory, io::Disk& disk, const CatOptions& options) {
  auto reader = journal::JournalReader::open(directory, disk);
  if (!reader) return reader.error();
  auto cursor = reader->read({.from_sequence = options.from});
  if (!cursor) return cursor.error();
  Printer printer(options);
  BlockView block;
  for (;;) {
    auto more = cursor->next(block);
    if (!more) {
      printer.finish();
      return more.error();
    }
    if (!*more) {
      if (!printer.finish()) break;
      if (!printer.has_started()) warn(fmt::format("--from {}: {} ends at sequence {}", options.from, directory, cursor->position().next_sequence - 1));
      return journal::check_end(directory, disk);
    }
    if (!printer.show(block)) break;
  }
  if (!printer.finish()) return Error{ErrorCode::io, "cannot write to standard output"};
  return {};
}

}  // namespace pawl::tools
