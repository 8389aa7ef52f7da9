// The example of OPERATORS.md: in lock step with sums of its table over the latest states, and its program as a reader would run it.
#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <map>
#include <random>
#include <string>

#include "misses.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "temporary_directory.hpp"

namespace markov_test {

namespace {

constexpr const char* pipeline = R"(pipeline "transactions" version 1
event Transaction { at: time, card: int, state: int }
operator misses version 1 of int yields ratio
let latest  = misses(state per card, last 5)
let before  = prior misses(state per card, last 5)
let many    = misses(state per card, last 40)
let minutes = misses(state per card, 10m)
let ever    = misses(state per card, since start)
rule unusual { on Transaction when latest > 0.96 then alert }
)";

struct Transaction {
  pawl::Time at;
  std::int64_t card, state;
};
PAWL_EVENT(Transaction, at, card, state);

struct Known {
  std::vector<Transaction> past;
};

bool is_state(std::int64_t number) { return number >= 0 && number < 18; }

// From the definition: the mean over the pairs of the given transactions, those that are no state left out.
pawl::Fraction mean(const std::vector<Transaction>& window, bool& present) {
  std::vector<std::int64_t> states;
  for (const Transaction& one : window) {
    if (is_state(one.state)) states.push_back(one.state);
  }
  present = states.size() >= 5;
  std::int64_t missed = 0;
  for (std::size_t i = 1; i < states.size(); ++i) missed += markov::misses[static_cast<std::size_t>(states[i - 1])][static_cast<std::size_t>(states[i])];
  return {missed, 1'000'000 * (static_cast<std::int64_t>(states.size()) - 1)};
}

std::vector<Transaction> latest(const std::vector<Transaction>& past, std::size_t n) {
  return {past.end() - static_cast<std::ptrdiff_t>(std::min(n, past.size())), past.end()};
}

std::vector<Transaction> since(const std::vector<Transaction>& past, pawl::Time after) {
  std::vector<Transaction> window;
  for (const Transaction& one : past) {
    if (one.at > after) window.push_back(one);
  }
  return window;
}

// Compares each decision with what it makes of the same transaction itself.
class Twin final : public pawl::DecisionSink {
 public:
  void expect(const Transaction& one) { expected_.push_back(one); }
  pawl::Result<void> on_decision(const pawl::Decision& decision) override {
    const Transaction one = expected_.front();
    expected_.pop_front();
    std::vector<Transaction>& past = cards_[one.card];
    const std::vector<Transaction> before = latest(past, 5);
    past.push_back(one);
    compare(decision, 0, latest(past, 5));
    compare(decision, 1, before);
    compare(decision, 2, latest(past, 40));
    compare(decision, 3, since(past, one.at - 600 * pawl::one_second));
    compare(decision, 4, past);
    bool present;
    const pawl::Fraction value = mean(latest(past, 5), present);
    const bool unusual = present && value.numerator * 100 > 96 * value.denominator;
    CHECK(decision.fired(0) == unusual);
    alerts += unusual;
    return {};
  }
  pawl::Result<void> flush() override { return {}; }
  std::int64_t alerts = 0;

 private:
  static void compare(const pawl::Decision& decision, std::size_t let, const std::vector<Transaction>& window) {
    bool present;
    const pawl::Fraction expected = mean(window, present);
    REQUIRE(decision.let_present(let) == present);
    if (!present) return;
    const pawl::Fraction value = decision.let_value(let);
    CHECK(value.numerator * expected.denominator == expected.numerator * value.denominator);
  }
  std::deque<Transaction> expected_;
  std::map<std::int64_t, std::vector<Transaction>> cards_;
};

}  // namespace

TEST_CASE("the chances of cards equal those that are counted anew for every transaction") {
  auto engine = pawl::DurableEngine::open({.pipeline_text = pipeline, .operators = pawl::Operators::of<markov::Misses>(), .durability = pawl::Durability::memory, .decisions_with_lets = true});
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  Twin twin;
  auto lane = (*engine)->lane("cards");
  REQUIRE(lane.ok());
  std::mt19937_64 random(7);
  std::vector<Transaction> all;
  pawl::Time at = 1'522'540'800 * pawl::one_second;
  for (int i = 0; i < 6'000; ++i) {
    at += static_cast<std::int64_t>(random() % 20) * pawl::one_second;
    const auto card = static_cast<std::int64_t>(random() % 12);
    all.push_back({at, card, static_cast<std::int64_t>(random() % (card < 6 ? 19 : 3))});  // some are no state
  }
  for (const Transaction& one : all) twin.expect(one);
  (*engine)->set_sink(twin);
  for (const Transaction& one : all) REQUIRE(static_cast<bool>((*lane)->publish(one)));
  const auto report = (*engine)->close();
  REQUIRE(report.ok());
  CHECK(twin.alerts > 100);
}

namespace {

std::string run_markov(const std::string& directory) {
  const std::string command = std::string(PAWL_MARKOV) + " " + directory + " " + PAWL_SOURCE_DIR + "/apps/markov/transactions.pawl 2>&1";
  std::string out;
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer;
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
  CHECK(pclose(pipe) == 0);
  return out;
}

}  // namespace

TEST_CASE("the example's program finds the one unusual transaction, and goes on where it ended") {
  const pawl::test::TemporaryDirectory directory;
  const std::string first = run_markov(directory.path() + "/journal");
  CHECK(first.find("ticket 8: as ever\nticket 9: unusual\n") != std::string::npos);
  CHECK(first.find("unusual") == first.rfind("unusual"));
  CHECK(run_markov(directory.path() + "/journal").starts_with("ticket 10: unusual\n"));  // behind 17, 0, 16 and 1
}

}  // namespace markov_test
