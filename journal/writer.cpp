// What the writer writes, in the order of a segment's life. How it is written: writer_io.cpp.
#include "pawl/journal/writer.hpp"

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/planted.hpp"
#include "pawl/journal/errors.hpp"
#include "pawl/journal/files.hpp"

namespace pawl::journal {
namespace {

constexpr std::size_t control_buffer = 2;
constexpr std::uint64_t short_segment_bytes = std::uint64_t{4} << 20;

}  // namespace

std::string_view name(WriterState state) noexcept {
  switch (state) {
    case WriterState::running: return "RUNNING";
    case WriterState::disk_full: return "DISK FULL";
    case WriterState::failed: return "FAILED";
    case WriterState::closed: return "CLOSED";
  }
  return "UNKNOWN";
}

std::unique_ptr<Writer> Writer::without_files() { return std::unique_ptr<Writer>(new Writer()); }

// The file goes first: it waits for the write under way, whose memory is ours.
Writer::~Writer() { file_.reset(); }

Writer::Writer(const Options& options, const Identity& identity, WriterStart start, SegmentPreparer& preparer)
    : disk_(options.disk),
      clock_(options.clock),
      preparer_(&preparer),
      directory_(options.directory),
      durability_(options.durability),
      body_hash_(options.body_hash),
      seal_after_(options.seal_after),
      block_bytes_max_(options.block_bytes_max),
      segment_bytes_full_(options.segment_bytes),
      database_(identity.database()),
      epoch_(start.epoch),
      epoch_pending_(true),
      segment_bytes_(start.segment_bytes),
      built_(start.position),
      durable_(start.position),
      synced_(start.position),
      next_sequence_(start.position.next_sequence),
      durable_sequence_(start.position.next_sequence - 1),
      memory_((control_buffer + 1) * std::size_t{options.block_bytes_max}),
      catalogue_(std::move(start.catalogue)) {
  nonce_ = identity.nonce(epoch_.epoch, hasher_);
  buffers_.reserve(control_buffer + 1);
  for (std::size_t i = 0; i <= control_buffer; ++i) buffers_.emplace_back(memory_.span().subspan(i * block_bytes_max_, block_bytes_max_), body_hash_, options.check_records);
  phase_ = built_.offset == 0 || start.opening ? Phase::opening : Phase::running;
}

Result<std::unique_ptr<Writer>> Writer::open(const Options& options, const Identity& identity, WriterStart start, SegmentPreparer& preparer) {
  std::unique_ptr<Writer> writer(new Writer(options, identity, std::move(start), preparer));
  if (auto opened = writer->open_file(); !opened) return opened.error();
  if (writer->phase_ == Phase::running) writer->request_next_segment();
  return writer;
}

Result<void> Writer::open_file() {
  path_ = segment_path(directory_, built_.segment);
  auto file = disk_->open(path_, {.access = io::Access::read_write, .direct = durability_ == Durability::disk,
                                  .durable = durability_ == Durability::disk});
  if (!file) return std::move(file).error();
  file_ = std::move(*file);
  if (file_->alignment_bytes() > page_bytes) {
    return Error{ErrorCode::unsupported, "direct I/O on " + path_ + " needs an alignment of more than 4096 bytes, the journal's unit. "
                                         "Put the journal on a device with sectors of 4096 bytes or less."};
  }
  (void)file_->pin_buffers(memory_.span());  // refused: the writes are a little slower, its notice says so
  ++counters_.segments;
  return {};
}

// The next segment's file, which is there. Without a descriptor for it the writer waits as for space.
void Writer::enter() {
  if (clock_->monotonic_ns() < enter_not_before_ns_) return;
  auto opened = open_file();
  if (!opened && opened.error().code != ErrorCode::disk_full) return fail(std::move(opened).error());
  if (opened) {
    phase_ = Phase::opening;
    state_ = WriterState::running;
    lack_.clear();
    return;
  }
  if (state_ == WriterState::running) ++counters_.disk_full;
  state_ = WriterState::disk_full;
  lack_ = is_no_descriptor(opened.error()) ? opened.error().text : std::string();
  enter_not_before_ns_ = clock_->monotonic_ns() + SegmentPreparer::space_poll;
}

std::size_t Writer::start_next() {
  if (in_flight_.resubmit) return resubmit_when_due();
  switch (phase_) {
    case Phase::sealing: return submit_seal();
    case Phase::entering: enter(); return 0;
    case Phase::opening: return submit_open();
    case Phase::running: break;
  }
  if (epoch_pending_) return submit_epoch();
  if (filling().inputs() > 0) return gathering() ? 0 : submit_filling();
  if (filling().records() > 0 && (draining_ || idle_timer_due())) return submit_filling();
  if (unwitnessed_ && durability_ == Durability::disk && (draining_ || idle_timer_due())) return submit_idle_seal();
  return 0;
}

// The rate is that of the last block, as long as this one does not fall behind it by more than an eighth of a block: a burst is over then.
bool Writer::gathering() const noexcept {
  if (!fast_ || draining_ || filling().inputs() == 0 || filling().body_bytes() >= gather_bytes_) return false;
  const Duration since = clock_->monotonic_ns() - last_durable_ns_;
  const std::size_t due = gather_bytes_ * static_cast<std::size_t>(std::min(since, gather_time_)) / static_cast<std::size_t>(gather_time_);
  return since < gather_time_ && filling().body_bytes() + gather_bytes_ / 8 >= due;
}

bool Writer::idle_timer_due() noexcept { return clock_->monotonic_ns() - last_durable_ns_ >= seal_after_; }

BlockBuffer& Writer::control() noexcept {
  buffers_[control_buffer].clear();
  return buffers_[control_buffer];
}

// The first block of a segment, or as many as the catalogue needs.
std::size_t Writer::submit_open() {
  BlockBuffer& buffer = control();
  if (built_.offset == 0) {
    next_item_ = 0;
    const SegmentMark mark{built_.segment, segment_bytes_, built_.block, built_.next_sequence, built_.chain};
    buffer.annotate(AnnotationType::segment, bytes_of(mark));
  }
  for (; next_item_ < catalogue_.items(); ++next_item_) {
    const std::size_t bytes = catalogue_.item_bytes(next_item_);
    if (!buffer.has_room(bytes)) break;
    if (bytes > 0) buffer.annotate(catalogue_, next_item_);
  }
  if (!fits(buffer.total_bytes())) {
    fail({ErrorCode::usage, "the sources and the pipeline of this journal do not fit into a segment of " + path_ +
                                ". Create the journal with larger segments (segment_bytes)."});
    return 0;
  }
  return submit(buffer, BlockKind::segment_open, built_.offset);
}

std::size_t Writer::submit_epoch() {
  if (!fits(page_bytes)) return roll();
  BlockBuffer& buffer = control();
  buffer.annotate(AnnotationType::epoch, bytes_of(epoch_));
  return submit(buffer, BlockKind::epoch_open, built_.offset);
}

std::size_t Writer::submit_filling() {
  if (!fits(filling().total_bytes())) return roll();
  const Duration since = clock_->monotonic_ns() - in_flight_.sent_ns;  // since the block before it was sent
  fast_ = gather_time_ != 0 && since < gather_time_ * 8 && filling().body_bytes() * static_cast<std::size_t>(gather_time_) >= gather_bytes_ * static_cast<std::size_t>(since);
  const std::size_t sent = submit(filling(), BlockKind::data, built_.offset);
  if (in_flight_.active && !planted(Bug::buffer_reused_in_flight)) filling_ ^= 1U;
  return sent;
}

std::size_t Writer::submit_idle_seal() {
  if (planted(Bug::no_idle_seal)) {
    unwitnessed_ = false;
    return 0;
  }
  if (!fits(page_bytes)) return roll();
  return submit(control(), BlockKind::seal_idle, built_.offset);
}

std::size_t Writer::roll() {
  phase_ = Phase::sealing;
  preparer_->set_urgent(true);
  return submit_seal();
}

// Waits until the next segment exists and its directory entry is durable: a sealed segment always has a successor.
std::size_t Writer::submit_seal() {
  switch (preparer_->state()) {
    case SegmentPreparer::State::idle: request_next_segment(); return 0;
    case SegmentPreparer::State::working: return 0;
    case SegmentPreparer::State::failed: fail(preparer_->error()); return 0;
    case SegmentPreparer::State::no_space:
      if (state_ == WriterState::running) ++counters_.disk_full;
      state_ = WriterState::disk_full;
      return 0;
    case SegmentPreparer::State::ready: break;
  }
  state_ = WriterState::running;
  // Unsynced writes end here: a seal says that everything before it is durable.
  if (auto synced = sync_if_unsynced(); !synced) return 0;
  BlockBuffer& buffer = control();
  buffer.annotate(AnnotationType::seal, bytes_of(SealMark{built_.offset, built_.block, built_.next_sequence}));
  return submit(buffer, BlockKind::segment_seal, segment_bytes_ - page_bytes);
}

void Writer::request_next_segment() {
  if (preparer_->state() != SegmentPreparer::State::idle) return;
  // CONTROL will hold this against the journal: at durability os, only what a sync has covered.
  const bool acked_is_synced = durability_ == Durability::disk || planted(Bug::evidence_before_sync);
  const Position& evidence = acked_is_synced ? durable_ : synced_;
  preparer_->request({.segment = built_.segment + 1,
                      .bytes = segment_bytes_full_,
                      .bytes_min = std::min(short_segment_bytes, segment_bytes_full_),
                      .paced = true,
                      .durable_block = evidence.block,
                      .durable_segment = evidence.segment,
                      .durable_sequence = evidence.next_sequence - 1,
                      .durable_chain = evidence.chain});
}

// The next segment is ready when this one is filled to four fifths. In pages, so that products of two lengths fit.
void Writer::pace_preparer() noexcept {
  const std::uint64_t pages = segment_bytes_full_ / page_bytes * (built_.offset / page_bytes) / (segment_bytes_ / page_bytes);
  preparer_->allow(pages * page_bytes * 5 / 4);
}

bool Writer::annotate(AnnotationType type, std::span<const std::byte> payload) noexcept {
  if (!has_room(record_bytes(payload.size()))) return false;
  if (durability_ != Durability::memory) filling().annotate(type, payload);
  return true;
}

bool Writer::annotate_source(std::uint16_t number, std::string_view name) noexcept {
  PAWL_ASSERT(name.size() <= source_name_bytes_max);
  std::array<std::byte, sizeof(SourceName) + source_name_bytes_max> payload;
  const SourceName head{0, number, static_cast<std::uint16_t>(name.size()), 0};
  std::memcpy(payload.data(), &head, sizeof head);
  std::memcpy(payload.data() + sizeof head, name.data(), name.size());
  return annotate(AnnotationType::source, std::span(payload).first(sizeof head + name.size()));
}

bool Writer::annotate_pipeline(std::string_view text) noexcept {
  PAWL_ASSERT(text.size() <= pipeline_bytes_max());
  const std::size_t chunks = (text.size() + pipeline_chunk_bytes - 1) / pipeline_chunk_bytes;
  if (!has_room(text.size() + chunks * record_bytes(sizeof(PipelineChunk) + 8))) return false;
  if (durability_ == Durability::memory) return true;
  for (std::size_t from = 0; from < text.size(); from += pipeline_chunk_bytes) {
    const PipelineChunk head{static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(from)};
    const std::string_view chunk = text.substr(from, pipeline_chunk_bytes);
    filling().annotate(AnnotationType::pipeline, bytes_of(head), std::as_bytes(std::span(chunk)));
  }
  return true;
}

bool Writer::drained() noexcept {
  draining_ = true;
  if (durability_ == Durability::memory) return true;
  if (state_ == WriterState::failed || state_ == WriterState::closed) return true;
  return !in_flight_.active && phase_ == Phase::running && !epoch_pending_ && filling().records() == 0 &&
         !(unwitnessed_ && durability_ == Durability::disk);
}

void Writer::close() noexcept {
  if (state_ != WriterState::failed) state_ = WriterState::closed;
  file_.reset();
}

}  // namespace pawl::journal
