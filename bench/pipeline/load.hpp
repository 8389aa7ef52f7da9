// What every run of the whole engine is fed with, and the sources that feed it: polled by ingest itself, because on two CPUs there is no
// third for a producer.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "gen/payments.hpp"
#include "harness/clock.hpp"
#include "pawl/core/engine/source.hpp"
#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/rules/digest.hpp"
#include "pawl/journal/durable_engine.hpp"

namespace pawl::bench {

struct EngineLoad {
  std::string pipeline;         // its text; over payments
  std::string directory = ".";  // journals are made in it, and removed
  std::int64_t events = 2'000'000;
  int threads = 0;
  std::int64_t ring_slots = 0;
  Durability durability = Durability::disk;
  io::Backend backend = io::Backend::automatic;

  [[nodiscard]] EngineOptions engine_options(const std::string& journal) const {
    EngineOptions options;
    options.directory = journal;
    options.pipeline_text = pipeline;
    options.durability = durability;
    options.threads = threads;
    options.ring_slots = ring_slots;
    options.backend = backend;
    return options;
  }
};

// The text of the file, or of apps/fraud's pipeline if the path is empty.
[[nodiscard]] std::string pipeline_text(const std::string& path);
// As many payments as wanted, all of them in memory already.
[[nodiscard]] gen::PaymentSource prepare_payments(const std::string& pipeline, std::int64_t events);

// All payments as fast as they are taken, encoded into the ring's slots when polled. Notes when it was first asked, and how long it took.
class PolledPayments final : public InputSource {
 public:
  // `prepared`: all its payments are in memory already.
  PolledPayments(gen::PaymentSource prepared, std::uint16_t number) : payments_(std::move(prepared)), number_(number) {}

  std::int64_t fill(const SlotRun& run) override {
    const std::int64_t start = now_ns();
    if (started_ns_ == 0) started_ns_ = start;
    std::int64_t filled = 0;
    for (; filled < run.size && !payments_.at_end(); ++filled) {
      std::byte* const slot = run.slot_to_fill(filled);
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

}  // namespace pawl::bench
