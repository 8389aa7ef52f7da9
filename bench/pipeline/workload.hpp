// What every run of the benchmark is fed with, and where its journal lies.
#pragma once

#include <stdlib.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "gen/payments.hpp"
#include "pawl/core/engine/source.hpp"
#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/rules/digest.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/journal/options.hpp"

namespace pawl::bench {

struct Workload {
  std::string pipeline;         // its text
  std::string directory = ".";  // journals are made in it, and removed
  std::int64_t events = 4'000'000;
  int runs = 5;
  int threads = 0;
  std::int64_t ring_slots = 0;
  journal::Durability durability = journal::Durability::disk;
  io::Backend backend = io::Backend::automatic;
};

[[noreturn]] inline void fail(const std::string& text) {
  std::fprintf(stderr, "pipeline-throughput: %s\n", text.c_str());
  std::exit(1);
}

template <class T>
T or_fail(Result<T> result) {
  if (!result.ok()) fail(result.error().text);
  return std::move(*result);
}
inline void or_fail(const Result<void>& result) {
  if (!result.ok()) fail(result.error().text);
}

inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Payments from memory, encoded into the ring's slots when polled. Notes when it was first asked, and how long it took.
class PolledPayments final : public InputSource {
 public:
  // `prepared`: all its payments are in memory already.
  PolledPayments(gen::PaymentSource prepared, std::uint16_t number) : payments_(std::move(prepared)), number_(number) {}

  std::int64_t fill(const SlotRun& run) override {
    const std::int64_t start = now_ns();
    if (started_ns_ == 0) started_ns_ = start;
    std::int64_t filled = 0;
    for (; filled < run.size && !payments_.at_end(); ++filled) {
      std::byte* const slot = run.slot(filled);
      payments_.next(slot);
      reinterpret_cast<EventHeader*>(slot)->ticket = ticket_++;
    }
    spent_ns_ += now_ns() - start;
    return filled;
  }
  [[nodiscard]] bool finished() override { return payments_.at_end(); }
  [[nodiscard]] std::uint16_t number() const override { return number_; }

  [[nodiscard]] std::int64_t started_ns() const noexcept { return started_ns_; }
  [[nodiscard]] std::int64_t spent_ns() const noexcept { return spent_ns_; }

 private:
  gen::PaymentSource payments_;
  std::uint16_t number_;
  Ticket ticket_ = 1;
  std::int64_t started_ns_ = 0, spent_ns_ = 0;
};

// A fresh directory, removed at the end.
class Scratch {
 public:
  explicit Scratch(const std::string& parent) : path_(parent + "/pipeline-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) fail("cannot make a directory in " + parent);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::string journal() const { return path_ + "/journal"; }

 private:
  std::string path_;
};

// Nanoseconds per event.
struct StageCosts {
  double source = 0, sequence = 0, windows = 0, decide = 0, journal = 0, emit = 0;
};
struct StageRun {
  StageCosts ns;
  rules::Digest128 digest{};
  std::uint64_t decisions = 0;
};
// All stages on the calling thread, one after the other in turns of 512 events, each turn of each timed; journal at `durability`.
[[nodiscard]] StageRun measure_stages(const Workload& workload, const language::Pipeline& pipeline, const gen::PaymentSource& prepared,
                                      journal::Durability durability);

}  // namespace pawl::bench
