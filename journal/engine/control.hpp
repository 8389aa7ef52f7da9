// Inputs that the engine itself writes: the activation of a pipeline, ticks.
#pragma once

#include <cstdint>

#include "pawl/core/engine/source.hpp"
#include "pawl/journal/engine/activation.hpp"

namespace pawl::journal {

// One input, then finished.
class OneInput final : public InputSource {
 public:
  static OneInput activate(const ActivatePayload& payload, Time at) { return OneInput(InputType::activate, payload, sizeof payload, at); }
  static OneInput tick(Time at) { return OneInput(InputType::tick, {}, 0, at); }

  std::int64_t fill(const SlotRun& run) override;
  [[nodiscard]] bool finished() override { return done_; }

 private:
  OneInput(InputType type, const ActivatePayload& payload, std::uint16_t length, Time at)
      : type_(type), payload_(payload), length_(length), at_(at) {}

  InputType type_;
  ActivatePayload payload_;
  std::uint16_t length_;
  Time at_;
  bool done_ = false;
};

// Writes the head of an input without payload into a slot.
void write_head(std::byte* slot, std::uint16_t type, std::uint16_t length, Time at, Ticket ticket) noexcept;

}  // namespace pawl::journal
