// Rows of a snapshot that are not those of any group: read in their order, with parts of any bytes, refused with an error or taken.
#include <cstdlib>

#include "input.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/rules/plan.hpp"
#include "pawl/core/window/group_rows.hpp"

using namespace pawl;

namespace {

constexpr const char* in_order = R"(pipeline "rows" version 1
event Payment { at: time, customer: int, terminal: int, amount: money }
let spent = sum(amount per customer, 1h)
let usual = prior avg(amount per customer, since start)
let seen = distinct(terminal per customer, 2h)
let latest = avg(amount per customer, last 3)
rule big { on Payment when amount > 190.00 and spent > 1.00 then score 7 }
)";

constexpr const char* late = R"(pipeline "rows" version 1
event Payment late 10m { at: time, customer: int, terminal: int, amount: money }
let spent = sum(amount per customer, 1h)
let usual = prior avg(amount per customer, since start)
let least = min(amount per customer, 2h delayed 1h)
let latest = last(amount per customer, 1h)
)";

constexpr const char* peaks = R"(pipeline "rows" version 1
event Payment { at: time, customer: int, terminal: int, amount: money }
let most = max(amount per all, 1h)
let least = min(amount per all, 1m)
)";

constexpr window::StateLimits bounds{.keys_max = 64, .entries_max = 256, .distinct_max = 64};

struct Pipeline {
  explicit Pipeline(const char* text) : checked(language::check(text, "rows")), plan(rules::make_plan(*checked.pipeline)), state_bytes(*window::memory_bytes(*checked.pipeline, plan.features, bounds)) {}
  language::Checked checked;
  rules::Plan plan;
  std::size_t state_bytes;
};

struct FreeMemory { void operator()(std::byte* memory) const { std::free(memory); } };

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Pipeline pipelines[] = {Pipeline(in_order), Pipeline(late), Pipeline(peaks)};
  fuzz::Input input(data, size);
  const auto te = input.take<std::uint16_t>();
  const auto& [checked, plan, state_bytes] = pipelines[te % 4 == 3 ? 2 : te % 2];
  const std::unique_ptr<std::byte, FreeMemory> memory(static_cast<std::byte*>(std::aligned_alloc(64, (state_bytes + 63) / 64 * 64)));
  std::memset(memory.get(), 0, state_bytes);
  auto windows = window::Windows::make(*checked.pipeline, plan.features, bounds, {memory.get(), state_bytes});
  fuzz::require(windows.ok() && windows->groups() == 1);
  windows->set_effective_time(te);
  window::GroupLoader loader(windows->group(0), te);
  // What the saver of an empty group writes, with the input's bytes over the parts that it names.
  window::GroupSaver saver(windows->group(0));
  std::vector<std::vector<std::byte>> parts(saver.parts());
  for (std::size_t part = 0; part < parts.size(); ++part) saver.write(part, parts[part]);
  while (!input.empty()) {
    std::vector<std::byte>& part = parts[input.take<std::uint16_t>() % parts.size()];
    const auto at = input.take<std::uint16_t>();
    const auto bytes = input.take(input.take<std::uint8_t>());
    if (part.size() < at + bytes.size()) part.resize(std::min<std::size_t>(at, 4096) + bytes.size());
    fuzz::put(part, bytes, std::min<std::size_t>(at, 4096));
  }
  for (const auto& part : parts) {
    if (!loader.read(part).ok()) return 0;
  }
  static_cast<void>(loader.finish());
  return 0;
}
