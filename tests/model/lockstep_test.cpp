// Models in pipelines against the naive twin: values of every type as inputs, several event types, any batches.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "../lockstep/product.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/language/model_files.hpp"
#include "pawl/journal/model/parse.hpp"
#include "tests/twin/adversarial.hpp"
#include "trained.hpp"

using namespace pawl;
using namespace pawl::lockstep_test;
using namespace pawl::model_test;

namespace {

class MemoryFiles final : public language::ModelFiles {
 public:
  std::map<std::string, std::string> files;

  Result<language::ModelFile> load(const std::string& path, const std::string&) override {
    auto model = journal::parse_model(files.at(path));
    if (!model.ok()) return std::move(model).error();
    return language::ModelFile{std::make_shared<const model::Model>(*std::move(model)), files.at(path)};
  }
  Result<std::string> bytes(const std::string& path, const std::string&) override { return files.at(path); }
};

constexpr const char* text = R"(pipeline "scored" version 1
event Payment { id: int, at: time, customer: int, amount: money, share: decimal(4), weight: float, fraud: bool, wait: duration }
event Login   { at: time, customer: int, amount: money, ok: bool }
let usual   = prior avg(amount per customer, 1m on Payment)
let spread  = stddev(amount per customer, 1m on Payment)
let risk    = share(fraud per customer, 1m on Payment)
let n       = count(per customer, 10s on Payment, Login)
model trees    from "trees.json"    sha256 "0000000000000000000000000000000000000000000000000000000000000000" inputs (amount, share, weight, fraud, wait, usual, risk, n)
model common   from "common.json"   sha256 "0000000000000000000000000000000000000000000000000000000000000000" inputs (amount, n, amount * 3)
model weighted from "weighted.json" sha256 "0000000000000000000000000000000000000000000000000000000000000000" inputs (amount, spread otherwise 0.0)
let a = trees
let b = common
let c = weighted
let d = trees * 2.0 + common
rule likely { on Payment when trees > 0.6 then score 5 }
rule common { on Payment, Login when common > 0.5 and n > 1 then score 3 }
rule quiet  { on Payment when weighted < 0.4 then score 7 mode shadow }
rule blind  { on Payment when weighted is missing then score 1 }
)";

// Thresholds where the generated values are.
std::string trained_on(std::size_t features, std::uint64_t seed) {
  return Trained({.seed = seed, .features = features, .parameters = {{"objective", "binary:logistic"}, {"max_depth", "5"}}}).json();
}

std::unique_ptr<const language::Pipeline> pipeline() {
  MemoryFiles files;
  files.files = {{"trees.json", trained_on(8, 1)}, {"common.json", trained_on(3, 2)},
                 {"weighted.json", R"({"format": "pawl-logistic", "version": 1, "intercept": -0.5, "terms": [{"name": "amount", "weight": 0.01}, {"name": "", "weight": 0.25}]})"}};
  files.files["weighted.json"].replace(files.files["weighted.json"].find("\"\""), 2, "\"x\"");
  language::Checked checked = language::check(text, "scored.pawl", &files);
  for (const auto& problem : checked.diagnostics) INFO(problem.code, " ", problem.message);
  std::string problems;
  for (const auto& problem : checked.diagnostics) problems += language::render(problem, text, "scored.pawl") + "\n";
  REQUIRE_MESSAGE(checked.pipeline != nullptr, problems);
  CHECK(problems.find("W300") == std::string::npos);
  return std::move(checked.pipeline);
}

}  // namespace

TEST_CASE("models equal the twin's") {
  const auto checked = pipeline();
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    twin::adversarial::Options options{.seed = seed, .inputs = 600};
    options.extreme_numbers = seed == 4;
    const twin::Log log = twin::adversarial::generate(*checked, options);
    const auto difference = twin::lockstep::find_difference<Decisions<1>>(*checked, log, {0, seed});
    REQUIRE_MESSAGE(!difference, "seed ", seed, " ", difference.value_or(""));
  }
}

TEST_CASE("a model decides both ways in that log") {
  const auto checked = pipeline();
  const twin::Log log = twin::adversarial::generate(*checked, {.seed = 1, .inputs = 2000});
  twin::Engine twin(*checked);
  std::size_t fired = 0, known = 0;
  for (Sequence s = 0; s <= log.last(); ++s) {
    const twin::Outcome outcome = twin.step(s, log.slot(s));
    known += outcome.is_event && !outcome.lets[4].missing ? 1U : 0U;
    for (const std::size_t rule : outcome.fired) fired += rule == 0 ? 1U : 0U;
  }
  CHECK(fired > 20);
  CHECK(known - fired > 20);
}
