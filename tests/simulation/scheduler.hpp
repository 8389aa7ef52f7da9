// Polls the stages of one engine in an order that a seed chooses, and lets time pass. No policy keeps any stage from its turn for ever.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "pawl/io/random.hpp"
#include "pawl/io/simulated_clock.hpp"
#include "pawl/journal/engine/stage_driver.hpp"

namespace pawl::simulation {

class Scheduler final : public journal::StageDriver {
 public:
  enum class Policy : std::uint8_t {
    uniform,       // any stage is next
    in_order,      // each in turn, as on one thread
    starve_one,    // one of them has a turn once in sixty-four
    priorities,    // the highest has nearly all turns; priorities change now and then (Burckhardt et al., ASPLOS 2010: PCT)
    run_to_block,  // each as long as it has work
  };
  static constexpr std::uint64_t policies = 5;

  Scheduler(std::uint64_t seed, io::SimulatedClock& clock)
      : seed_(seed), random_(seed), clock_(clock), policy_(static_cast<Policy>(random_.below(policies))),
        turn_ns_(static_cast<Duration>(2'000 << random_.below(6))) {}

  void add(std::string_view, StageList& stage) override { stages_.push_back({&stage, random_.next()}); }
  void stop() override { stages_.clear(); }
  std::unique_ptr<StageDriver> beside() override { return std::make_unique<Beside>(*this); }

  void turn() override {
    if (++turns_ > turns_max) stuck();
    if (random_.below(32) == 0) {
      victim_ = random_.next();
      for (Stage& stage : stages_) stage.priority = random_.next();
    }
    std::int64_t work = 0;
    for (std::uint64_t polls = random_.below(2 * stages_.size() + 1); polls > 0; --polls) work += poll(choose());
    idle_turns_ = work > 0 ? 0 : idle_turns_ + 1;
    // Where nothing happens for long, nobody has to watch every microsecond of it.
    const Duration turn_ns = idle_turns_ < 200 ? turn_ns_ : idle_ns;
    clock_.advance(static_cast<Duration>(random_.below(static_cast<std::uint64_t>(turn_ns))));
  }

  // What is waited for has come: the count towards "stuck" begins anew.
  void progress() noexcept { turns_ = 0; }

 private:
  struct Stage {
    StageList* list;
    std::uint64_t priority;
  };
  // The stages of a shadow, in any order, with turns of the engine between.
  class Beside final : public StageDriver {
   public:
    explicit Beside(Scheduler& engine) : engine_(engine) {}
    void add(std::string_view, StageList& stage) override { stages_.push_back(&stage); }
    void stop() override { stages_.clear(); }
    std::unique_ptr<StageDriver> beside() override { return nullptr; }
    void turn() override {
      for (std::uint64_t polls = engine_.random_.below(2 * stages_.size() + 1); polls > 0; --polls) stages_[engine_.random_.below(stages_.size())]->poll(512);
      if (engine_.random_.below(4) == 0) engine_.turn();
    }

   private:
    Scheduler& engine_;
    std::vector<StageList*> stages_;
  };
  static constexpr std::uint64_t turns_max = 400'000;
  static constexpr Duration idle_ns = 20'000'000;

  Stage& choose() {
    const std::size_t any = random_.below(stages_.size());
    switch (policy_) {
      case Policy::in_order: return stages_[next_++ % stages_.size()];
      case Policy::starve_one: {
        const bool starved = any == victim_ % stages_.size() && random_.below(64) != 0;
        return stages_[starved ? (any + 1) % stages_.size() : any];
      }
      case Policy::priorities: {
        if (random_.below(8) == 0) return stages_[any];
        Stage* highest = stages_.data();
        for (Stage& stage : stages_) highest = stage.priority > highest->priority ? &stage : highest;
        return *highest;
      }
      case Policy::uniform:
      case Policy::run_to_block: break;
    }
    return stages_[any];
  }

  std::int64_t poll(Stage& stage) {
    constexpr std::int64_t budgets[] = {1, 2, 7, 64, 512};
    const std::int64_t budget = budgets[random_.below(std::size(budgets))];
    std::int64_t work = stage.list->poll(budget);
    if (policy_ != Policy::run_to_block) return work;
    for (int rounds = 50; rounds > 0 && stage.list->poll(budget) > 0; --rounds) work = 1;
    return work;
  }

  // A promise too: with a disk that works everything comes to an end. There is no way back from inside the engine's wait.
  [[noreturn]] void stuck() const {
    std::fprintf(stderr, "seed %llu: the engine makes no progress in %llu turns\n", static_cast<unsigned long long>(seed_), static_cast<unsigned long long>(turns_max));
    std::abort();
  }

  std::uint64_t seed_;
  io::Random random_;
  io::SimulatedClock& clock_;
  Policy policy_;
  Duration turn_ns_;
  std::vector<Stage> stages_;
  std::size_t next_ = 0;
  std::uint64_t victim_ = 0;
  std::uint64_t turns_ = 0, idle_turns_ = 0;
};

}  // namespace pawl::simulation
