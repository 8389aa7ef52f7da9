// ACTIVATE, the first input of every log: which pipeline decides, and within which bounds of keyed state. What was refused at a bound
// changed decisions, so a replay takes the bounds from here and never from its own options.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pawl/core/window/windows.hpp"
#include "pawl/journal/reader.hpp"

namespace pawl::journal {

// Payload of InputType::activate. The pipeline's text stands in the PIPELINE annotation before it. FORMAT.md draws it.
struct ActivatePayload {
  std::int64_t version;          // of the pipeline
  std::uint64_t source_hash[2];  // XXH3-128 of its text, low and high
  std::uint32_t form;            // activate_form. Form 0 has no word for itself: it ends here, after 24 bytes
  std::uint32_t reserved;        // zero
  std::uint64_t keys_max, entries_max, distinct_max;  // window::StateLimits
};
static_assert(sizeof(ActivatePayload) == 56);

inline constexpr std::uint32_t activate_form = 1;
inline constexpr std::size_t activate_bytes_form_0 = 24;

[[nodiscard]] ActivatePayload activation(std::int64_t version, std::string_view source, const window::StateLimits& state) noexcept;

// The bounds in an ACTIVATE's payload. Form 0 has none: those that releases without them had as constants.
// Errors: newer_format; corrupt, if it is none of the known forms.
[[nodiscard]] Result<window::StateLimits> recorded_limits(std::span<const std::byte> payload);

// How a log begins.
struct Beginning {
  std::string pipeline;       // text; empty if the log holds none yet
  bool has_inputs = false;
  window::StateLimits state;  // if it has no inputs, the defaults
};

// Reads up to the first input. Errors: damage, with file, offset and sequences; those of recorded_limits, with the directory.
[[nodiscard]] Result<Beginning> read_beginning(const JournalReader& reader);

// Errors: usage, with what windows can have.
[[nodiscard]] Result<void> check(const window::StateLimits& state);
[[nodiscard]] bool same(const window::StateLimits& a, const window::StateLimits& b) noexcept;
// "1048576 keys, 16777216 entries, 1048576 distinct values"
[[nodiscard]] std::string describe(const window::StateLimits& state);

}  // namespace pawl::journal
