// After start, events go from a lane to the sink without one allocation, on whatever thread.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <new>
#include <string>
#include <thread>

#include "pawl/journal/durable_engine.hpp"

// Every way to memory from this program and the static libraries in it, counted while `counting`. The linker sends malloc and its
// family here (--wrap); operator new comes through __wrap_malloc as well.
namespace {

std::atomic<bool> counting{false};
std::atomic<std::uint64_t> allocations{0};

void note() noexcept {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

extern "C" {
void* __real_malloc(std::size_t bytes);
void* __real_calloc(std::size_t count, std::size_t bytes);
void* __real_realloc(void* old, std::size_t bytes);
void* __real_aligned_alloc(std::size_t alignment, std::size_t bytes);
int __real_posix_memalign(void** into, std::size_t alignment, std::size_t bytes);

void* __wrap_malloc(std::size_t bytes) {
  note();
  return __real_malloc(bytes);
}
void* __wrap_calloc(std::size_t count, std::size_t bytes) {
  note();
  return __real_calloc(count, bytes);
}
void* __wrap_realloc(void* old, std::size_t bytes) {
  note();
  return __real_realloc(old, bytes);
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t bytes) {
  note();
  return __real_aligned_alloc(alignment, bytes);
}
int __wrap_posix_memalign(void** into, std::size_t alignment, std::size_t bytes) {
  note();
  return __real_posix_memalign(into, alignment, bytes);
}
}

void* operator new(std::size_t bytes) {
  if (void* memory = malloc(bytes > 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  const auto to = static_cast<std::size_t>(alignment);
  if (void* memory = aligned_alloc(to, (bytes + to - 1) / to * to)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, std::size_t) noexcept { free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { free(memory); }

namespace {

struct Payment {
  pawl::Time at;
  std::int64_t id, customer, terminal;
  pawl::Money amount;
  bool fraud;
};
PAWL_EVENT(Payment, at, id, customer, terminal, amount, fraud);

// Every kind of feature that this release evaluates, and a pattern whose deadline fires it.
constexpr const char* pipeline = R"(pipeline "allocation" version 1
event Payment { at: time, id: int, customer: int, terminal: int, amount: money, fraud: bool }
let spent   = sum(amount per customer, 1d)
let usual   = prior avg(amount per customer, 7d)
let risk    = share(fraud per terminal, 1d delayed 1d) otherwise 0
let buyers  = distinct(customer per terminal, 1h)
let last_at = prior last(at per customer, since start)
rule limit  { on Payment when amount > 220.00 then score 900 }
rule often  { on Payment when count(per customer, 1h) >= 4 then score 200 }
rule spike  { on Payment when prior count(per customer, 7d) >= 5 and amount > 3 * usual then score 600 }
rule risky  { on Payment when risk >= 50% and buyers > 3 then score 700 }
rule much   { on Payment when spent > 300.00 and at - last_at < 60s then score 300 }
rule once   { pattern a: Payment(amount > 200.00) then no Payment(amount < 100.00) within 1h per customer then score a.terminal cooldown 1h per customer }
)";

constexpr pawl::Time start = 1'522'540'800 * pawl::one_second;

Payment payment(std::int64_t i) {
  return {.at = start + i * pawl::one_second, .id = i, .customer = i * 7919 % 500, .terminal = i * 104729 % 1000, .amount = {i * 37 % 25000}, .fraud = i % 50 == 0};
}

class NoSink final : public pawl::DecisionSink {
 public:
  pawl::Result<void> on_decision(const pawl::Decision&) override { return {}; }
  pawl::Result<void> flush() override { return {}; }
};

void publish(pawl::EngineLane& lane, std::int64_t from, std::int64_t to) {
  for (std::int64_t i = from; i < to; ++i) {
    if (!lane.publish(payment(i)).accepted()) FAIL("refused");
  }
}

// Emitted implies decided and durable.
void wait_until_emitted(const pawl::DurableEngine& engine, std::int64_t events) {
  while (engine.status().emitted < events && !engine.status().failed) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// The next segment is prepared on a thread of its own, which makes a file and its names: once per 128 MiB, not in the data path. Here
// it is waited for, so that it is not counted by chance.
void wait_until_prepared(const std::string& journal) {
  const auto next = std::filesystem::path(journal) / "wal" / "0000000000000002.seg";
  while (!std::filesystem::exists(next)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // and what it says of it
}

// Allocations anywhere in the process while 200,000 events go through an engine that is warm. Warm: every key has its state, and the
// windows have been full and have let go.
std::uint64_t allocations_after_start(pawl::Durability durability) {
  constexpr std::int64_t warm = 200'000, measured = 200'000;  // 2.3 days each, so that windows of days let go as well
  std::string name = std::string(PAWL_BINARY_DIR) + "/allocation-XXXXXX";
  REQUIRE(mkdtemp(name.data()) != nullptr);
  auto engine = pawl::DurableEngine::open({.directory = name + "/journal", .pipeline_text = pipeline, .durability = durability,
                                           .segment_bytes = std::uint64_t{128} << 20});  // no roll: that opens a file
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  NoSink sink;
  (*engine)->set_sink(sink);
  auto lane = (*engine)->lane("producer", {.max_future = 0});
  REQUIRE(lane.ok());
  publish(**lane, 0, warm);
  wait_until_emitted(**engine, warm);
  if (durability != pawl::Durability::memory) wait_until_prepared(name + "/journal");
  allocations = 0;
  counting = true;
  publish(**lane, warm, warm + measured);
  wait_until_emitted(**engine, warm + measured);
  counting = false;
  const auto report = (*engine)->close();
  REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
  CHECK(report->last_sequence == warm + measured);
  CHECK(report->journal.segments <= 1);
  std::filesystem::remove_all(name);
  return allocations;
}

}  // namespace

TEST_CASE("the counters see what they are meant to see") {
  counting = true;
  allocations = 0;
  int* volatile number = new int(1);  // volatile: a compiler may leave out an allocation that nobody sees
  delete number;
  void* volatile memory = malloc(10);
  memory = realloc(memory, 100);
  free(memory);
  counting = false;
  CHECK(allocations == 3);
}

TEST_CASE("no allocation in the data path after start, at any durability") {
  for (const pawl::Durability durability : {pawl::Durability::disk, pawl::Durability::os, pawl::Durability::memory}) {
    CAPTURE(static_cast<int>(durability));
    CHECK(allocations_after_start(durability) == 0);
  }
}
