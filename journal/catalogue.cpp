#include "pawl/journal/catalogue.hpp"

#include <algorithm>
#include <cstring>

#include "pawl/core/base/planted.hpp"
#include "pawl/core/language/parser.hpp"
#include "pawl/core/language/problems.hpp"

namespace pawl::journal {
namespace {

std::span<const std::byte> bytes_of_text(std::string_view text) noexcept { return std::as_bytes(std::span(text.data(), text.size())); }

std::string_view text_of(std::span<const std::byte> bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Also of a text that this release cannot read: what is missing is kept then.
bool may_hold_back(std::string_view pipeline) {
  language::Problems problems(pipeline);
  const auto file = language::Parser(pipeline, language::lex(pipeline, language::span_of_text(pipeline), false, problems), problems).file();
  return problems.any_error() || std::any_of(file.events.begin(), file.events.end(), [](const auto& event) { return event.reorder != 0; });
}

}  // namespace

void Catalogue::apply(Record record) {
  if (record.is_input()) return apply_row(record.header().source, record.header().ticket, record.header().ticket);
  switch (static_cast<AnnotationType>(record.header().type)) {
    case AnnotationType::pipeline: return apply_pipeline(record.payload());
    case AnnotationType::source: return apply_source(record.payload());
    case AnnotationType::digest:
      if (DigestMark mark; load_payload(record.payload(), mark)) digest_ = mark;
      return;
    case AnnotationType::emitted:
      if (EmittedMark mark; load_payload(record.payload(), mark)) emitted_ = mark;
      return;
    case AnnotationType::epoch:
    case AnnotationType::segment:
    case AnnotationType::seal:
    case AnnotationType::repair: return;
  }
}

void Catalogue::apply_pipeline(std::span<const std::byte> payload) {
  PipelineChunk chunk;
  if (!load_payload(payload, chunk)) return;
  if (chunk.offset == 0) arriving_.clear();
  if (chunk.offset != arriving_.size()) return;
  arriving_ += text_of(payload.subspan(sizeof chunk));
  if (arriving_.size() != chunk.total_bytes || arriving_ == pipeline_) return;
  pipeline_ = arriving_;
  holds_back_ = may_hold_back(pipeline_);
}

void Catalogue::apply_source(std::span<const std::byte> payload) {
  SourceName head;
  if (!load_payload(payload, head) || payload.size() < sizeof head + head.name_bytes) return;
  set_source(head.number, text_of(payload.subspan(sizeof head, head.name_bytes)));
  const auto rest = payload.subspan(sizeof head + head.name_bytes);
  std::vector<std::uint64_t> missing(std::min<std::size_t>(head.missing_words, rest.size() / sizeof(std::uint64_t)));
  if (!missing.empty()) std::memcpy(missing.data(), rest.data(), missing.size() * sizeof(std::uint64_t));
  if (!holds_back_) return tickets_to_change(head.number).reach(head.last_ticket);
  tickets_to_change(head.number).merge(head.last_ticket, missing);
}

void Catalogue::set_source(std::uint16_t number, std::string_view name) {
  const auto known = std::find_if(sources_.begin(), sources_.end(), [&](const Source& source) { return source.number == number; });
  if (known == sources_.end()) {
    sources_.push_back({number, std::string(name)});
  } else {
    known->name = name;
  }
}

std::size_t Catalogue::pipeline_chunks() const noexcept { return (pipeline_.size() + pipeline_chunk_bytes - 1) / pipeline_chunk_bytes; }

std::size_t Catalogue::items() const noexcept { return pipeline_chunks() + sources_.size() + 2; }

std::size_t Catalogue::item_bytes(std::size_t item) const noexcept {
  const std::size_t chunks = pipeline_chunks();
  if (item < chunks) {
    const std::size_t from = item * pipeline_chunk_bytes;
    return record_bytes(sizeof(PipelineChunk) + std::min(pipeline_chunk_bytes, pipeline_.size() - from));
  }
  item -= chunks;
  if (item < sources_.size()) return record_bytes(sizeof(SourceName) + sources_[item].name.size() + tickets(sources_[item].number).missing_words() * sizeof(std::uint64_t));
  item -= sources_.size();
  if (item == 0) return digest_ ? record_bytes(sizeof(DigestMark)) : 0;
  return emitted_.sequence != no_sequence ? record_bytes(sizeof(EmittedMark)) : 0;
}

bool Catalogue::repeats(const Catalogue& other) const noexcept {
  if (pipeline_ != other.pipeline_ || digest_ != other.digest_ || emitted_ != other.emitted_) return false;
  return std::all_of(other.sources_.begin(), other.sources_.end(), [&](const Source& source) {
    return std::find(sources_.begin(), sources_.end(), source) != sources_.end() && tickets(source.number) == other.tickets(source.number);
  });
}

std::size_t Catalogue::put_item(std::size_t item, std::byte* to) const noexcept {
  if (item_bytes(item) == 0) return 0;
  const std::size_t chunks = pipeline_chunks();
  if (item < chunks) {
    const std::size_t from = item * pipeline_chunk_bytes;
    const PipelineChunk head{static_cast<std::uint32_t>(pipeline_.size()), static_cast<std::uint32_t>(from)};
    const auto text = bytes_of_text(std::string_view(pipeline_).substr(from, pipeline_chunk_bytes));
    return put_annotation(to, AnnotationType::pipeline, annotation_repeated, bytes_of(head), text);
  }
  item -= chunks;
  if (item < sources_.size()) {
    const Source& source = sources_[item];
    const Tickets& tickets = this->tickets(source.number);
    if (tickets.missing_words() == 0) {
      const SourceName head{planted(Bug::tickets_not_repeated) ? 0 : tickets.last(), source.number, static_cast<std::uint16_t>(source.name.size()), 0};
      return put_annotation(to, AnnotationType::source, annotation_repeated, bytes_of(head), bytes_of_text(source.name));
    }
    std::vector<std::uint64_t> missing(tickets.missing_words());
    tickets.put_missing(missing);
    const SourceName head{planted(Bug::tickets_not_repeated) ? 0 : tickets.last(), source.number, static_cast<std::uint16_t>(source.name.size()), static_cast<std::uint32_t>(missing.size())};
    return put_annotation(to, AnnotationType::source, annotation_repeated, bytes_of(head), bytes_of_text(source.name + std::string(text_of(std::as_bytes(std::span(missing))))));
  }
  if (item == sources_.size()) return put_annotation(to, AnnotationType::digest, annotation_repeated, bytes_of(*digest_));
  return put_annotation(to, AnnotationType::emitted, annotation_repeated, bytes_of(emitted_));
}

}  // namespace pawl::journal
