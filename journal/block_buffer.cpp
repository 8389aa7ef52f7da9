#include "pawl/journal/block_buffer.hpp"

#include <algorithm>

namespace pawl::journal {

void BlockBuffer::annotate(AnnotationType type, std::span<const std::byte> head, std::span<const std::byte> tail) noexcept {
  annotations_.push_back(static_cast<std::uint32_t>(used_));
  added(put_annotation(end(), type, 0, head, tail));
}

void BlockBuffer::annotate(const Catalogue& catalogue, std::size_t item) noexcept {
  annotations_.push_back(static_cast<std::uint32_t>(used_));
  added(catalogue.put_item(item, end()));
}

void BlockBuffer::sum_up() {
  const auto piece = memory_.subspan(summed_, used_ - summed_);
  damaged_ |= check_records_ && find_damaged_record(piece) != nullptr;
  sum_.add(piece);
  summed_ = used_;
}

bool BlockBuffer::finish(BlockHeader& header) {
  sum_up();
  const auto padding = memory_.subspan(used_, total_bytes() - used_);
  std::memset(padding.data(), 0, padding.size());
  sum_.add(padding);
  header.total_bytes = static_cast<std::uint32_t>(total_bytes());
  header.body_bytes = static_cast<std::uint32_t>(body_bytes());
  header.records = records();
  header.inputs = inputs();
  header.body_crc = sum_.crc();
  header.body_hash = sum_.hash();
  return !damaged_;
}

void BlockBuffer::tell(Catalogue& catalogue) const {
  for (const std::uint32_t at : annotations_) catalogue.apply(Record(memory_.data() + at));
  if (!in_rows_) {
    for (const Record record : Records(memory_.subspan(block_header_bytes, body_bytes()))) {
      if (record.is_input()) catalogue.apply(record);
    }
    return;
  }
  for (std::size_t source = 0; source < tickets_.size(); ++source) {
    if (tickets_[source].first > 0) catalogue.apply_row(static_cast<std::uint16_t>(source), tickets_[source].first, tickets_[source].last);
  }
}

void BlockBuffer::clear() noexcept {
  used_ = summed_ = block_header_bytes;
  inputs_ = 0;
  damaged_ = false;
  sum_.clear();
  std::fill(tickets_.begin(), tickets_.end(), Row{});
  in_rows_ = true;
  annotations_.clear();
}

}  // namespace pawl::journal
