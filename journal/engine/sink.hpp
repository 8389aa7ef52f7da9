// Where decisions go.
#pragma once

#include "pawl/core/base/result.hpp"
#include "pawl/core/rules/decision.hpp"

namespace pawl {

// Thread: emit's, one call at a time, but for sync. An error stops the engine: it refuses, stays inspectable, and its error() is this one.
class DecisionSink {
 public:
  virtual ~DecisionSink() = default;

  // One decision, in the order of sequences and outputs; its input is durable. The view is valid during the call. May buffer. Should not block for long:
  // decisions wait in a bounded ring, and when that is full the engine's back-pressure starts.
  virtual Result<void> on_decision(const rules::Decision& decision) = 0;
  // Everything given so far leaves the process. Called whenever there is nothing more to give.
  virtual Result<void> flush() = 0;
  // What was flushed before the call will be there after a power cut. Asked before retention removes inputs whose decisions could then not be
  // given again; an error keeps them, is told with those of snapshots, and the engine goes on. May block: nothing waits for it.
  // The default is for sinks that have nothing between flush and their reader: a callback, a socket.
  // Thread: any other one, also during on_decision and flush; one call at a time.
  virtual Result<void> sync() { return {}; }
};

}  // namespace pawl
