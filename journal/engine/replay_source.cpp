#include "pawl/journal/engine/replay_source.hpp"

#include <algorithm>
#include <cstring>

namespace pawl::journal {

std::int64_t ReplaySource::fill(const SlotRun& run) {
  std::int64_t filled = 0;
  while (filled < run.size && !ended_) {
    if (!block_ && !load_block()) break;
    if (!(*at_ != *block_end_)) {
      block_.reset();
      continue;
    }
    const Record record = **at_;
    if (is_annotation(record.header().type)) {
      if (!pass_annotation(record)) break;  // its queue is full: the rest when decide has caught up
      ++*at_;
      continue;
    }
    if (until_.ends_before(next_, record.header())) {
      end(std::nullopt);
      break;
    }
    if (sizeof(EventHeader) + record.header().length > run.slot_bytes) {
      end(Error{ErrorCode::corrupt, "input " + std::to_string(next_) + " of the journal has " + std::to_string(record.header().length) +
                                        " bytes of payload, more than any event of the recorded pipeline"});
      break;
    }
    std::memcpy(run.slot_to_fill(filled++) + record_offset, record.bytes().data(), record_header_bytes + record.header().length);
    ++next_;
    ++*at_;
  }
  return filled;
}

bool ReplaySource::load_block() {
  BlockView view;
  auto more = blocks_.next(view);
  if (!more.ok()) {
    end(std::move(more).error());
    return false;
  }
  if (!*more) {
    exhausted_ = true;
    end(std::nullopt);
    return false;
  }
  block_ = view;
  const Records records = block_->records();
  at_.emplace(records.begin());
  block_end_.emplace(records.end());
  if (view.header.first_sequence < first_) skip_to_first();
  return true;
}

// What stands before the first input to be handed out, annotations included, was taken into account by whoever starts there.
void ReplaySource::skip_to_first() {
  for (Sequence s = block_->header.first_sequence; s < first_ && *at_ != *block_end_; ++*at_) s += (**at_).is_input();
}

bool ReplaySource::pass_annotation(const Record& record) {
  if (record.header().type != static_cast<std::uint16_t>(AnnotationType::digest)) return true;
  DigestMark mark;
  if (!load_payload(record.payload(), mark)) return true;
  // Once each: segments repeat the last mark. Of inputs before the replay's first no digest will be computed.
  const bool is_new = mark.sequence > expected_ && mark.sequence < next_;
  if (is_new && !check_.expect(mark)) return false;
  expected_ = std::max(expected_, mark.sequence);
  last_mark_ = mark;
  return true;
}

void ReplaySource::end(std::optional<Error> error) {
  error_ = std::move(error);
  ended_ = true;
  if (error_) failed_.publish(1);
  has_ended_.publish(1);
}

}  // namespace pawl::journal
