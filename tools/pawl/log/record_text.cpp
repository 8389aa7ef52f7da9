#include "pawl/log/record_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "pawl/core/event/format.hpp"
#include "pawl/journal/recovery_table.hpp"
#include "pawl/log/text.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

using journal::AnnotationType;
using journal::Record;
using journal::RecordHeader;

constexpr std::size_t buffer_bytes = std::size_t{64} << 10;

// Also of a tick that came before any event: the start of time.
std::string at_text(Time time) {
  char buffer[print_bytes_max];
  return {buffer, print_time(time, buffer)};
}

// Name and content of an annotation.
std::pair<std::string, std::string> describe(Record record) {
  const auto payload = record.payload();
  journal::PipelineChunk chunk{};
  journal::SourceName source{};
  journal::DigestMark digest{};
  journal::EmittedMark emitted{};
  journal::EpochMark epoch{};
  journal::SegmentMark segment{};
  journal::SealMark seal{};
  journal::RepairMark repair{};
  switch (static_cast<AnnotationType>(record.header().type)) {
    case AnnotationType::pipeline:
      if (load_payload(payload, chunk)) return {"pipeline", fmt::format("bytes {} to {} of {}", chunk.offset, chunk.offset + payload.size() - sizeof chunk, chunk.total_bytes)};
      break;
    case AnnotationType::source:
      if (load_payload(payload, source)) {
        const auto name = payload.subspan(sizeof source, std::min<std::size_t>(source.name_bytes, payload.size() - sizeof source));
        const std::string held = source.missing_words == 0 ? std::string() : fmt::format(", some of the {} before it are not in", 64 * std::uint64_t{source.missing_words});
        return {"source", fmt::format("{} {} last ticket {}{}", source.number, std::string_view(reinterpret_cast<const char*>(name.data()), name.size()), source.last_ticket, held)};
      }
      break;
    case AnnotationType::digest:
      if (load_payload(payload, digest)) return {"digest", fmt::format("{} up to sequence {}", hex(digest.digest), digest.sequence)};
      break;
    case AnnotationType::emitted:
      if (load_payload(payload, emitted)) return {"emitted", fmt::format("up to sequence {} at position {}", emitted.sequence, emitted.position)};
      break;
    case AnnotationType::epoch:
      if (load_payload(payload, epoch)) return {"epoch", fmt::format("{} after {}, {} bytes dropped", epoch.epoch, journal::name(static_cast<journal::Label>(epoch.label)), epoch.dropped_bytes)};
      break;
    case AnnotationType::segment:
      if (load_payload(payload, segment)) return {"segment", fmt::format("{} from sequence {}", segment.segment, segment.first_sequence)};
      break;
    case AnnotationType::seal:
      if (load_payload(payload, seal)) return {"seal", fmt::format("after block {} at offset {}", seal.last_block, seal.end_offset)};
      break;
    case AnnotationType::repair:
      if (load_payload(payload, repair)) {
        return {"repair", fmt::format("{} in segment {} at offset {}: kept up to sequence {}, block {}; lost sequences {}, {} bytes", journal::name(static_cast<journal::Label>(repair.label)),
                                      repair.segment, repair.offset, repair.last_kept, repair.last_block, range_text(repair.last_kept + 1, repair.last_known), repair.dropped_bytes)};
      }
      break;
  }
  return {"unknown", fmt::format("type {:#x}, {} bytes", record.header().type, payload.size())};
}

bool is_repeated(Record record) { return (record.header().flags & journal::annotation_repeated) != 0; }

std::string fields_json(const EventSchema& event, const std::byte* slot) {
  std::string fields;
  for (std::size_t i = 0; i < event.fields.size(); ++i) {
    const Field& field = event.fields[i];
    const Value value = read_value(event, slot, i);
    const std::string text = value.missing ? "null" : json_text(to_string(field.type, value, field.labels));
    fields += fmt::format("{}{}: {}", i > 0 ? ", " : "", json_string(field.name), text);
  }
  return fields;
}

// EngineLane::leave_out: a tick that moves no time. That of a file's end has a source too, but a time.
bool is_left_out(const RecordHeader& header) { return header.type == static_cast<std::uint16_t>(InputType::tick) && header.source != 0 && header.at == INT64_MIN; }

}  // namespace

std::string to_text(const Entry& entry, Decoder& decoder) {
  const RecordHeader& header = entry.record.header();
  if (!entry.is_input()) {
    const auto [name, text] = describe(entry.record);
    return one_line(fmt::format("# {}{} {}", name, is_repeated(entry.record) ? " (repeated)" : "", text));
  }
  if (const EventSchema* event = decoder.schema(entry.record)) {
    return one_line(fmt::format("{} {} ingest {} source {} ticket {}", entry.sequence, to_string(*event, decoder.slot_of(entry.record)), at_text(header.ingest),
                                decoder.source_name(header.source), header.ticket));
  }
  if (is_left_out(header)) {
    return one_line(fmt::format("{} left out ingest {} source {} ticket {}", entry.sequence, at_text(header.ingest), decoder.source_name(header.source), header.ticket));
  }
  return fmt::format("{} {} at {} type {} bytes {}", entry.sequence, input_name(nullptr, header.type), at_text(header.at), header.type, header.length);
}

std::string to_json(const Entry& entry, Decoder& decoder) {
  const RecordHeader& header = entry.record.header();
  if (!entry.is_input()) {
    const auto [name, text] = describe(entry.record);
    return fmt::format(R"({{"annotation": "{}", "block": {}, "repeated": {}, "text": {}}})", name, entry.block->block, is_repeated(entry.record), json_text(text));
  }
  if (const EventSchema* event = decoder.schema(entry.record)) {
    return fmt::format(R"({{"sequence": {}, "event": "{}", "ingest": "{}", "source": {}, "ticket": {}, "fields": {{{}}}}})", entry.sequence, event->name,
                       at_text(header.ingest), json_text(decoder.source_name(header.source)), header.ticket, fields_json(*event, decoder.slot_of(entry.record)));
  }
  if (is_left_out(header)) {
    return fmt::format(R"({{"sequence": {}, "input": "left out", "ingest": "{}", "source": {}, "ticket": {}}})", entry.sequence, at_text(header.ingest),
                       json_text(decoder.source_name(header.source)), header.ticket);
  }
  return fmt::format(R"({{"sequence": {}, "input": "{}", "type": {}, "at": "{}", "ingest": "{}", "payload": "{}"}})", entry.sequence,
                     input_name(nullptr, header.type), header.type, at_text(header.at), at_text(header.ingest), hex(entry.record.payload()));
}

bool LinePrinter::show(const Entry& entry, Decoder& decoder) {
  text_ += json_ ? to_json(entry, decoder) : to_text(entry, decoder);
  text_ += '\n';
  ++printed_;
  return text_.size() < buffer_bytes || write_out();
}

bool LinePrinter::write_out() {
  good_ = good_ && print(text_) == exit_fine;
  text_.clear();
  return good_;
}

int LinePrinter::finish() { return write_out() ? exit_fine : exit_io; }

}  // namespace pawl::tools
