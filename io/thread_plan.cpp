#include "pawl/io/thread_plan.hpp"

#include <algorithm>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"

namespace pawl::io {
namespace {

static_assert(window_shards_max + 4 <= static_cast<int>(limits::barrier_cursors_max), "decide follows all window shards; a thread wakes all others: those, ingest, decide, emit, journal");

PlannedThread thread(std::string name, std::vector<StageRole> stages) {
  return {.name = std::move(name), .cpu = std::nullopt, .waits_in_kernel = false, .stages = std::move(stages)};
}

void add_windows(std::vector<StageRole>& stages, int first, int step, int shards) {
  for (int shard = first; shard < shards; shard += step) stages.push_back({.role = Role::windows, .shard = shard});
}

PlannedThread journal_thread(bool waits_in_kernel) {
  PlannedThread journal = thread("journal", {{Role::journal}});
  journal.waits_in_kernel = waits_in_kernel;
  return journal;
}

ThreadPlan plan_one(int shards) {
  PlannedThread all = thread("engine", {{Role::ingest_sequence}, {Role::journal}});
  add_windows(all.stages, 0, 1, shards);
  all.stages.insert(all.stages.end(), {{Role::decide}, {Role::emit}});
  return {all};
}

ThreadPlan plan_two(int shards) {
  PlannedThread ingest = thread("ingest+emit", {{Role::ingest_sequence}});
  PlannedThread logic = thread("windows+decide", {});
  add_windows(ingest.stages, 1, 2, shards);
  add_windows(logic.stages, 0, 2, shards);
  ingest.stages.push_back({Role::emit});
  logic.stages.push_back({Role::decide});
  // Which of the two has more to do depends on the source and the pipeline: whoever is idle helps.
  for (int shard = 0; shard < shards; ++shard) (shard % 2 == 0 ? ingest : logic).stages.push_back({.role = Role::windows, .shard = shard, .helps = true});
  return {ingest, logic, journal_thread(true)};
}

std::string windows_name(int thread, int threads) {
  std::string name = "windows";
  if (threads > 1) name.append("-").append(std::to_string(thread));
  return name;
}

ThreadPlan plan_many(int cpus, int shards) {
  const int window_threads = std::min({shards, cpus - 2, window_shards_max});
  const bool emit_apart = cpus - 2 - window_threads >= 1;
  const bool journal_apart = cpus - 2 - window_threads >= 2;
  ThreadPlan plan{thread(emit_apart ? "ingest" : "ingest+emit", {{Role::ingest_sequence}})};
  if (!emit_apart) plan[0].stages.push_back({Role::emit});
  for (int i = 0; i < window_threads; ++i) {
    plan.push_back(thread(windows_name(i, window_threads), {}));
    add_windows(plan.back().stages, i, window_threads, shards);
  }
  plan.push_back(thread("decide", {{Role::decide}}));
  if (emit_apart) plan.push_back(thread("emit", {{Role::emit}}));
  plan.push_back(journal_thread(!journal_apart));
  return plan;
}

void pin(ThreadPlan& plan, const CpuSet& set) {
  if (set.usable() < 2 || set.limited_by_quota()) return;
  auto cpu = set.cpus.rbegin();
  for (PlannedThread& planned : plan) {
    if (planned.waits_in_kernel) continue;
    PAWL_ASSERT(cpu != set.cpus.rend());
    planned.cpu = *cpu++;
  }
}

const char* name_of(Role role) {
  switch (role) {
    case Role::ingest_sequence: return "ingest, sequence";
    case Role::journal: return "journal";
    case Role::windows: return "windows";
    case Role::decide: return "decide";
    case Role::emit: return "emit";
  }
  return "";
}

}  // namespace

int window_shards_for(int cpus) noexcept { return cpus == 2 ? 2 : std::clamp(cpus - 2, 1, window_shards_max); }

ThreadPlan plan_threads(const CpuSet& set, int window_shards) {
  PAWL_ASSERT(window_shards >= 1);
  const int cpus = set.usable();
  ThreadPlan plan = cpus == 1 ? plan_one(window_shards) : cpus == 2 ? plan_two(window_shards) : plan_many(cpus, window_shards);
  pin(plan, set);
  return plan;
}

std::string describe(const ThreadPlan& plan) {
  std::string text;
  for (const PlannedThread& planned : plan) {
    text.append(planned.name).append(16 - std::min<std::size_t>(15, planned.name.size()), ' ');
    if (planned.cpu) {
      text.append("CPU ").append(std::to_string(*planned.cpu));
    } else {
      text.append(planned.waits_in_kernel ? "asleep" : "any CPU");
    }
    text.append(" ");
    for (const StageRole& stage : planned.stages) {
      text.append(stage.helps ? " helps " : " ").append(name_of(stage.role));
      if (stage.role == Role::windows) text.append(" ").append(std::to_string(stage.shard));
      text.append(&stage == &planned.stages.back() ? "\n" : ",");
    }
  }
  return text;
}

}  // namespace pawl::io
