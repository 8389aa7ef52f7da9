// Conditions of many rules over few columns, by the tile and by the event, with every set of kernels: random rules whose constants repeat,
// touch and lie at the ends of 16, 32 and 64 bits, over events with missing values, against the twin.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "pawl/core/language/check.hpp"
#include "product.hpp"

using namespace pawl;
using namespace pawl::lockstep_test;

namespace conditions_test {
namespace {

// Around the ends of each width, and a small neighbourhood where equalities hit.
constexpr std::int64_t edges[] = {0, 1, 2, 3, 4, -1, -2, 7, 100, 101, INT16_MAX - 1, INT16_MAX, INT16_MAX + 1, INT16_MIN, INT16_MIN - 1, INT16_MIN + 1,
                                  INT32_MAX - 1, INT32_MAX, std::int64_t{INT32_MAX} + 1, INT32_MIN, std::int64_t{INT32_MIN} - 1, std::int64_t{INT32_MIN} + 1,
                                  std::int64_t{1} << 30, std::int64_t{1} << 62, INT64_MAX - 1, INT64_MAX, INT64_MIN + 1, INT64_MIN + 2};
// How large the numbers of a run are: the narrow forms of columns and sums are for small ones only.
constexpr std::size_t reaches[] = {10, 16, 23, std::size(edges)};

class RandomConditions {
 public:
  RandomConditions(std::uint64_t seed, std::size_t reach) : random_(seed), reach_(reach) {}

  std::string program() {
    std::string text = "pipeline \"conditions\" version 1\n"
                       "event A { at: time, a: int, b: int, c: int, d: int, r: float, flag: bool, m: money }\n"
                       "event B { at: time, a: int, b: int, c: int }\n"
                       "let twice = a * 2 otherwise 0\n"
                       "let large = a > 3 and b < 100\n";
    const int rules = 3 + below(90);
    for (int i = 0; i < rules; ++i) text += rule(i);
    return text;
  }
  std::int64_t number() { return edges[static_cast<std::size_t>(below(static_cast<int>(reach_)))]; }
  int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint64_t>(bound)); }

 private:
  // INT64_MIN has no literal.
  std::string constant() { return std::to_string(std::max(number(), INT64_MIN + 1)); }
  std::string column(bool wide) { return std::string(1, static_cast<char>('a' + below(wide ? 4 : 3))); }
  std::string relation() {
    constexpr const char* all[] = {" < ", " <= ", " > ", " >= ", " = ", " != "};
    return all[below(6)];
  }
  std::string sum(bool wide) {
    switch (below(5)) {
      case 0: return column(wide) + " + " + column(wide);
      case 1: return column(wide) + " - 3 * " + column(wide);
      case 2: return "2 * " + column(wide);
      case 3: return "-" + column(wide) + " + " + column(wide) + " * 5 + " + column(wide);
      default: return column(wide) + " * " + column(wide);
    }
  }

  // One after the other: in one expression each compiler would draw in an order of its own.
  std::string predicate(bool wide) {
    std::string text;
    switch (below(wide ? 11 : 8)) {
      case 0:
      case 1:
        text = column(wide);
        text += relation();
        return text + constant();
      case 2:
        text = constant();
        text += relation();
        return text + column(wide);
      case 3:
        text = column(wide) + " in (";
        for (int i = below(6) == 0 ? 12 : below(4); i >= 0; --i) text += constant() + (i == 0 ? "" : ", ");
        return text + ")";
      case 4:
        text = column(wide) + " between ";
        text += constant() + " and ";
        return text + constant();
      case 5:
        text = column(wide);
        text += relation();
        return text + column(wide);
      case 6:
        text = sum(wide);
        text += relation();
        return text + constant();
      case 7: return column(wide) + (below(2) == 0 ? " is missing" : " is not missing");
      case 8: return below(2) == 0 ? "flag" : "large";
      case 9: return below(2) == 0 ? "r > 0.5" : "m > 1.00";
      default: return "twice > " + constant();
    }
  }
  std::string condition(bool wide, int depth) {
    if (depth == 0) return predicate(wide);
    if (below(5) == 0) return "not (" + condition(wide, depth - 1) + ")";
    std::string text = "(" + condition(wide, depth - 1);
    text += below(4) == 0 ? " or " : " and ";
    text += condition(wide, depth - 1);
    return text + ")";
  }
  std::string rule(int number) {
    const int on = below(4);
    std::string text = "rule r" + std::to_string(number) + " { on " + (on == 0 ? "A, B" : on == 1 ? "B" : "A") + " when " + condition(on > 1, below(3));
    for (int more = below(4); more > 0; --more) text += " and " + predicate(on > 1);
    text += below(8) == 0 ? " then score if a > 2 then 3 else 4" : " then score " + std::to_string(below(9));
    if (below(5) == 0) text += ", review";
    if (below(6) == 0) text += " mode shadow";
    if (below(4) == 0) text += " if missing fire";
    return text + " }\n";
  }

  std::mt19937_64 random_;
  std::size_t reach_;
};

twin::Log log_of(const language::Pipeline& pipeline, RandomConditions& random, int inputs, int missing_percent) {
  twin::Log log(pipeline);
  for (int i = 1; i <= inputs; ++i) {
    const std::size_t event = random.below(6) == 0 ? 1 : 0;
    const EventSchema& schema = pipeline.events[event];
    std::byte* const slot = log.append(event, i);
    for (std::size_t field = 1; field < schema.fields.size(); ++field) {
      if (random.below(100) < missing_percent) continue;
      const Kind kind = schema.fields[field].type.kind;
      std::int64_t value = random.number();
      if (kind == Kind::boolean) value = random.below(2);
      if (kind == Kind::floating) value = std::bit_cast<std::int64_t>(random.below(5) / 4.0);
      write_number(schema, slot, field, value);
    }
  }
  return log;
}

std::uint64_t seeds() {
  const char* text = std::getenv("PAWL_LOCKSTEP_SEEDS");
#ifdef PAWL_SANITIZED
  constexpr std::uint64_t usual = 8;
#else
  constexpr std::uint64_t usual = 60;
#endif
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

// check(pipeline, log, seed), for random pipelines of every reach, with and without missing values.
template <class Check>
void for_random_pipelines(Check check) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    RandomConditions random(seed, reaches[seed % std::size(reaches)]);
    const std::string source = random.program();
    const language::Checked checked = language::check(source, "conditions.pawl");
    std::string problems;
    for (const auto& diagnostic : checked.diagnostics) problems += language::render(diagnostic, source, "conditions.pawl");
    REQUIRE_MESSAGE(checked.pipeline, problems);
    const int missing_percent = seed % 3 == 0 ? 0 : seed % 3 == 1 ? 2 : 25;
    check(*checked.pipeline, log_of(*checked.pipeline, random, 200, missing_percent), seed);
  }
}

// More rules and constants than there are bitmaps for, so that single events go by the tile too.
std::string crowded() {
  std::string text = "pipeline \"conditions\" version 1\nevent A { at: time, a: int, b: int }\nevent B { at: time, a: int }\n";
  for (int i = 0; i < 4096; ++i) {
    text += "rule r" + std::to_string(i) + "{on A when ";
    for (int j = 0; j < 5; ++j) text += (j == 0 ? "a in(" : ",") + std::to_string(10 * i + 2 * j);
    text += ") or a>" + std::to_string(60'000 - i) + "}\n";
  }
  return text;
}

// All that a run leaves: the digest, counters, firings.
struct Left {
  std::string digest;
  std::uint64_t overflows, divisions;
  std::vector<std::uint64_t> firings;
  std::vector<std::byte> records;

  friend bool operator==(const Left&, const Left&) = default;
};

Left left_by(const language::Pipeline& pipeline, const twin::Log& log, std::size_t kernels, Sequence batch) {
  Product product(pipeline, log.slot_bytes(), 1, Product::ample, kernel_set(kernels));
  std::vector<std::byte> records;
  for (Sequence first = 0; first <= log.last(); first += batch) {
    product.feed(log, first, std::min(log.last(), first + batch - 1), [&](Sequence, const rules::Decision* decision) {
      if (decision != nullptr) records.insert(records.end(), decision->bytes().begin(), decision->bytes().end());
    });
  }
  const rules::Evaluator& evaluator = product.decide().evaluator();
  const auto firings = product.decide().firings();
  return {rules::to_hex(product.decide().digest()), evaluator.overflows(), evaluator.divisions_by_zero(), {firings.begin(), firings.end()}, records};
}

}  // namespace

TEST_CASE("conditions equal the twin's with the portable kernels, the second and the best") {
  for_random_pipelines([](const language::Pipeline& pipeline, const twin::Log& log, std::uint64_t seed) {
    const auto difference = twin::lockstep::find_difference<Decisions<1, 0>, Decisions<1, 1>, Decisions<1, 2>>(pipeline, log, {0, seed});
    REQUIRE_MESSAGE(!difference, "seed ", seed, " ", difference.value_or(""));
  });
}

TEST_CASE("conditions without bitmaps equal the twin's") {
  const language::Checked checked = language::check(crowded(), "conditions.pawl");
  REQUIRE(checked.pipeline);
  CHECK(!rules::make_plan(*checked.pipeline).conditions.indexed);
  twin::Log log(*checked.pipeline);
  for (int i = 1; i <= 20; ++i) {
    std::byte* const slot = log.append(0, i);
    if (i % 7 != 0) write_number(checked.pipeline->events[0], slot, 1, i % 3 == 0 ? 60'000 - i : 3'333 * i);
  }
  const auto difference = twin::lockstep::find_difference<Decisions<1, 0>, Decisions<1, 2>>(*checked.pipeline, log, {0});
  CHECK_MESSAGE(!difference, difference.value_or(""));
}

TEST_CASE("every batch size and set of kernels leaves the same records, digest and counters") {
  for_random_pipelines([](const language::Pipeline& pipeline, const twin::Log& log, std::uint64_t seed) {
    const Left expected = left_by(pipeline, log, 0, 64);
    for (Sequence batch = 1; batch <= 64; batch += seed % 8 == 0 ? 1 : 1 + static_cast<Sequence>(seed % 16)) {
      for (const std::size_t kernels : {0U, 1U, 2U}) {
        const bool same = left_by(pipeline, log, kernels, batch) == expected;
        CHECK_MESSAGE(same, "seed ", seed, " batch ", batch, " kernels ", kernels);
      }
    }
  });
}

}  // namespace conditions_test
