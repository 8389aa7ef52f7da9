#include "pawl/csv_feed.hpp"

#include <algorithm>

#include "pawl/io/parker.hpp"
#include "pawl/journal/engine/control.hpp"

namespace pawl::tools {

std::int64_t CsvFeed::fill(const SlotRun& run) {
  std::int64_t filled = 0;
  while (filled < run.size && !ended_) {
    std::byte* slot = run.slot_to_fill(filled);
    switch (rows_.next(slot)) {
      case csv::Source::Next::row: {
        auto& header = *reinterpret_cast<EventHeader*>(slot);
        header.ticket = ticket_++;
        latest_ = std::max(latest_, header.at);
        polls_without_input_ = 0;
        ++filled;
        break;
      }
      case csv::Source::Next::bad_row:
        if (bad_rows_.size() < reports_max) bad_rows_.push_back(rows_.report());
        break;
      case csv::Source::Next::not_yet:
        if (filled == 0) wait_a_little();
        return filled;
      case csv::Source::Next::end:
        if (latest_ != INT64_MIN) journal::write_head(run.slot(filled++), static_cast<std::uint16_t>(InputType::tick), 0, latest_, ticket_++);
        ended_ = true;
        break;
      case csv::Source::Next::failed:
        error_ = rows_.error();
        ended_ = true;
        break;
    }
  }
  return filled;
}

// Input that comes slowly (a pipe) must not cost a whole CPU: after a thousand empty polls each further one sleeps for a moment.
void CsvFeed::wait_a_little() {
  constexpr int patience = 1000;
  constexpr Duration nap = 100'000;
  if (++polls_without_input_ > patience) io::nap(nap);
}

}  // namespace pawl::tools
