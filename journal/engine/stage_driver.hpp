// Who runs the stages, if not threads of their own.
#pragma once

#include <memory>
#include <string_view>

#include "pawl/core/engine/stage_list.hpp"

namespace pawl::journal {

// The simulator's seam: the one thread that owns the engine polls the stages too, in an order of its own. Outlives the engine.
class StageDriver {
 public:
  virtual ~StageDriver() = default;
  // At the start: each stage, and the preparer of segments, as a list of one.
  virtual void add(std::string_view name, StageList& stage) = 0;
  // The owner waits for the stages: some of them have a turn, and time passes. Called until what is waited for has come.
  virtual void turn() = 0;
  // The stages added are no longer polled.
  virtual void stop() = 0;
  // Of a machine that works beside this one, the shadow of a snapshot: its turns are turns of both. Outlives that machine.
  virtual std::unique_ptr<StageDriver> beside() = 0;
};

}  // namespace pawl::journal
