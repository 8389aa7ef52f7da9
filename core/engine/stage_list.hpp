// Stages chosen at run time, as one stage: which stages share a thread depends on the CPUs that the process may use.
#pragma once

#include <cstdint>
#include <vector>

#include "pawl/core/ring/stage.hpp"

namespace pawl {

// One indirect call per stage and round, none per event. Thread: the loop's.
class StageList {
 public:
  // Set-up. The stage outlives the list. `helps`: it is polled only in rounds without other work; such stages are added last.
  template <ring::Stage S>
  void add(S& stage, bool helps = false) {
    Entry entry;
    entry.helps = helps;
    entry.stage = &stage;
    entry.poll = [](void* s, std::int64_t budget) { return static_cast<S*>(s)->poll(budget); };
    entry.finished = [](void* s) { return static_cast<S*>(s)->finished(); };
    if constexpr (ring::ArmedStage<S>) {
      entry.arm = [](void* s) { return static_cast<S*>(s)->arm(); };
      entry.disarm = [](void* s) { static_cast<S*>(s)->disarm(); };
    }
    entries_.push_back(entry);
  }

  std::int64_t poll(std::int64_t budget) {
    std::int64_t work = 0;
    for (Entry& entry : entries_) {
      if (!entry.helps || work == 0) work += entry.poll(entry.stage, budget);
    }
    return work;
  }

  [[nodiscard]] bool finished() {
    for (Entry& entry : entries_) {
      if (!entry.finished(entry.stage)) return false;
    }
    return true;
  }

  bool arm() {
    bool nothing = true;
    for (Entry& entry : entries_) nothing = entry.arm(entry.stage) && nothing;
    return nothing;
  }
  void disarm() {
    for (Entry& entry : entries_) entry.disarm(entry.stage);
  }

 private:
  struct Entry {
    void* stage = nullptr;
    bool helps = false;
    std::int64_t (*poll)(void*, std::int64_t) = nullptr;
    bool (*finished)(void*) = nullptr;
    bool (*arm)(void*) = [](void*) { return true; };
    void (*disarm)(void*) = [](void*) {};
  };
  std::vector<Entry> entries_;
};

static_assert(ring::ArmedStage<StageList>);

}  // namespace pawl
