// A part of what decide remembers from event to event, as snapshots see it: under a name, as rows that do not tell where they lay in memory.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "pawl/core/base/types.hpp"
#include "pawl/core/state/rows.hpp"

namespace pawl::rules {

// For set-up, snapshots and restarts alone: nothing of it is called between two events.
class StateRows {
 public:
  // Takes one part, at most some megabytes; false: no more is wanted.
  using PartSink = std::function<bool(std::span<const std::byte>)>;

  virtual ~StateRows() = default;

  // "list hot_terminals".
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
  // One line that says what rows look like: rows of another schema are not read.
  [[nodiscard]] virtual std::string schema() const = 0;
  // Parts in order. The same state gives the same bytes. `now`: effective time.
  virtual void save(Time now, const PartSink& sink) const = 0;
  // The next part, as save() wrote it. False: it does not fit. REQUIRES: nothing was remembered yet.
  [[nodiscard]] virtual bool load(state::RowReader& part) = 0;
  // All parts were there.
  [[nodiscard]] virtual bool loaded() const noexcept = 0;
};

}  // namespace pawl::rules
