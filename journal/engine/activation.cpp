#include "pawl/journal/engine/activation.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "pawl/journal/catalogue.hpp"
#include "pawl/journal/snapshot/file_reader.hpp"
#include "pawl/journal/snapshot/names.hpp"

namespace pawl::journal {
namespace {

// Frozen: what every engine that wrote form 0 ran with, whatever the defaults are by now.
constexpr window::StateLimits limits_of_form_0{.keys_max = std::uint64_t{1} << 20, .entries_max = std::uint64_t{16} << 20, .distinct_max = std::uint64_t{1} << 20};

Error unknown_form(std::size_t bytes, std::string_view why) {
  return {ErrorCode::corrupt, "the ACTIVATE at the start of the log has " + std::to_string(bytes) + " bytes, " + std::string(why) +
                                  ": this release cannot tell the bounds of state that its decisions were made within"};
}

Error newer_form(std::uint32_t form) {
  return {ErrorCode::newer_format, "the ACTIVATE at the start of the log has form " + std::to_string(form) + "; this release knows forms up to " +
                                       std::to_string(activate_form) + ". Use the newer release"};
}

// Takes the records up to the first input into account. False: there was none in this block.
Result<bool> take(const BlockView& block, Catalogue& catalogue, Beginning& beginning) {
  for (const Record record : block.records()) {
    if (!record.is_input()) {
      catalogue.apply(record);
      continue;
    }
    beginning.has_inputs = true;
    if (record.header().type != static_cast<std::uint16_t>(InputType::activate)) return true;  // written without an engine: defaults
    auto state = recorded_limits(record.payload());
    if (!state.ok()) return std::move(state).error();
    beginning.state = *state;
    return true;
  }
  return false;
}

// The first input was retired; every snapshot of this journal was taken under the same bounds.
Result<Beginning> with_bounds_of_a_snapshot(const JournalReader& reader, Sequence first, Beginning beginning) {
  auto names = list_snapshots(reader.disk(), reader.directory());
  if (!names.ok()) return std::move(names).error();
  for (const SnapshotName& name : *names) {
    const auto snapshot = SnapshotReader::open(reader.disk(), name.path, reader.digest_interval());
    if (!snapshot.ok() || snapshot->header().database != reader.control().database) continue;
    const SnapshotHeader& header = snapshot->header();
    beginning.state = {.keys_max = header.keys_max, .entries_max = header.entries_max, .distinct_max = header.distinct_max};
    return beginning;
  }
  return Error{ErrorCode::missing, "the journal in " + reader.directory() + " begins with input " + std::to_string(first) +
                                       ", and none of its snapshots is whole: the state that led there is gone. Restore the directory from a copy of one moment"};
}

}  // namespace

ActivatePayload activation(std::int64_t version, std::string_view source, const window::StateLimits& state) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(source.data(), source.size());
  return {version, {hash.low64, hash.high64}, activate_form, 0, state.keys_max, state.entries_max, state.distinct_max};
}

Result<window::StateLimits> recorded_limits(std::span<const std::byte> payload) {
  if (payload.size() == activate_bytes_form_0) return limits_of_form_0;
  std::uint32_t form = 0;
  if (payload.size() < activate_bytes_form_0 + sizeof form) return unknown_form(payload.size(), "fewer than any form of it");
  std::memcpy(&form, payload.data() + offsetof(ActivatePayload, form), sizeof form);
  if (form > activate_form) return newer_form(form);
  ActivatePayload read;
  if (form != activate_form || payload.size() != sizeof read) return unknown_form(payload.size(), "and calls itself form " + std::to_string(form));
  std::memcpy(&read, payload.data(), sizeof read);
  if (read.reserved != 0) return unknown_form(payload.size(), "with something where form 1 has zeros");
  const window::StateLimits state{.keys_max = read.keys_max, .entries_max = read.entries_max, .distinct_max = read.distinct_max};
  if (auto possible = check(state); !possible.ok()) return unknown_form(payload.size(), describe(state) + " in them");
  return state;
}

Result<Beginning> read_beginning(const JournalReader& reader) {
  auto blocks = reader.read();
  if (!blocks.ok()) return std::move(blocks).error();
  Beginning beginning;
  Catalogue catalogue;
  BlockView block;
  for (;;) {
    auto more = blocks->next(block);
    if (!more.ok()) return std::move(more).error();
    if (!*more) break;
    auto found = take(block, catalogue, beginning);
    if (!found.ok()) return Error{found.error().code, reader.directory() + ": " + found.error().text};
    if (*found) break;
  }
  beginning.pipeline = catalogue.pipeline();
  const auto begins = reader.beginning();
  if (!begins.ok()) return begins.error();
  if (begins->next_sequence > 0) return with_bounds_of_a_snapshot(reader, begins->next_sequence, std::move(beginning));
  return beginning;
}

Result<void> check(const window::StateLimits& state) {
  auto bytes = window::memory_bytes(language::Pipeline{}, {}, state);
  if (!bytes.ok()) return std::move(bytes).error();
  return {};
}

bool same(const window::StateLimits& a, const window::StateLimits& b) noexcept {
  return a.keys_max == b.keys_max && a.entries_max == b.entries_max && a.distinct_max == b.distinct_max;
}

std::string describe(const window::StateLimits& state) {
  return std::to_string(state.keys_max) + " keys, " + std::to_string(state.entries_max) + " entries, " + std::to_string(state.distinct_max) + " distinct values";
}

}  // namespace pawl::journal
