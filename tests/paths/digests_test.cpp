// The same decisions, byte for byte, from every compiler, level of optimisation, set of instructions and size of batches: what fixed pipelines decide about
// fixed logs is held in digests.txt, by the digest and by a hash of all records with lets and explanations. Every build that runs this test has to reach
// the same lines; `tools/check deep` builds it with gcc and clang, without optimisation and with all of it.
// PAWL_WRITE_DIGESTS=1 writes the file anew, for a change that is meant.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "../lockstep/product.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/language/model_files.hpp"
#include "pawl/core/rules/digest.hpp"
#include "tests/twin/adversarial.hpp"

using namespace pawl;
using namespace pawl::lockstep_test;
namespace adversarial = twin::adversarial;

namespace {

// Floats of every kind: what a model yields, quotients, and what is not finite.
constexpr const char* floats = R"(pipeline "floats" version 1
event Payment { id: int, at: time, customer: int, device: text(8), amount: money, weight: float, fraud: bool }
map factor from text(8) to float { "a" = 0.1, "ab" = 3.3, "abc" = -7.25 } otherwise 1.0
model weighted from "weighted.json" sha256 "0000000000000000000000000000000000000000000000000000000000000000" inputs (amount, weight otherwise 0.5, spread)
let spread  = stddev(amount per customer, 1m)
let typical = prior ewma(amount per customer, 1h)
let risk    = weighted
let odd     = weighted * factor[device] / (weight + 0.3)
rule likely { on Payment when weighted > 0.5 then score 5 reason A001 "{weighted} of {amount}, {odd}: {weighted.reasons}" }
rule apart  { on Payment when odd < -1.5 or device matches "^[ab]+$" then score 3 reason A002 "{device} {spread}" }
)";

class OneModel final : public language::ModelFiles {
 public:
  Result<language::ModelFile> load(const std::string&, const std::string&) override {
    model::Linear linear{.intercept = -0.37, .terms = {{.weight = 0.0131}, {.weight = -0.71}, {.weight = 0.0029, .has_default = true, .missing = 17.3}}};
    model::ModelParts parts{.kind = "logistic", .features = {"amount", "w", "spread"}, .inputs = 3, .body = std::move(linear), .output = model::Output::probability};
    return language::ModelFile{std::make_shared<const model::Model>(std::move(parts)), "weights"};
  }
  Result<std::string> bytes(const std::string&, const std::string&) override { return Error{ErrorCode::not_found, "none"}; }
};

struct Stream {
  std::string name;
  std::unique_ptr<const language::Pipeline> pipeline;
  twin::Log log;
};

std::vector<Stream> streams() {
  std::vector<Stream> all;
  const auto add = [&](std::string name, std::unique_ptr<const language::Pipeline> pipeline) {
    adversarial::Options options{.seed = 7 + all.size(), .inputs = 600};
    options.extreme_numbers = name == "extremes";
    options.extreme_times = all.size() % 4 == 3;
    twin::Log log = adversarial::generate(*pipeline, options);
    all.push_back({std::move(name), std::move(pipeline), std::move(log)});
  };
  const auto add_named = [&](std::string_view name) { add(std::string(name), adversarial::load(name)); };
  constexpr auto& names = adversarial::pipeline_names;
  std::for_each(names.begin(), names.end() - 1, add_named);
  OneModel model;
  language::Checked checked = language::check(floats, "floats.pawl", &model);
  std::string problems;
  for (const auto& diagnostic : checked.diagnostics) problems += language::render(diagnostic, floats, "floats.pawl");
  REQUIRE_MESSAGE(checked.pipeline, problems);
  add("floats", std::move(checked.pipeline));
  add_named(names.back());  // behind it: a stream is made by its place
  return all;
}

// As a line of digests.txt.
std::string decided(const Stream& stream, Sequence batch, std::size_t shards, const rules::Kernels& kernels) {
  Product product(*stream.pipeline, stream.log.slot_bytes(), shards, Product::ample, kernels, {.lets = true, .shown = true});
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325U;  // FNV-1a
  std::size_t records = 0;
  for (Sequence first = 0; first <= stream.log.last(); first += batch) {
    product.feed(stream.log, first, std::min(stream.log.last(), first + batch - 1), [&](Sequence, const rules::Decision* decision) {
      if (decision == nullptr) return;
      ++records;
      for (const std::byte byte : decision->bytes()) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100'0000'01b3U;
    });
  }
  return stream.name + " " + std::to_string(records) + " " + rules::to_hex(product.decide().digest()) + " " + std::to_string(hash);
}

std::string golden_path() { return std::string(PAWL_SOURCE_DIR) + "/tests/paths/digests.txt"; }

std::vector<Sequence> batches(bool all) {
  if (!all) return {1, 3, 17, 64};
  std::vector<Sequence> sizes;
  for (Sequence size = 1; size <= 64; ++size) sizes.push_back(size);
  return sizes;
}

}  // namespace

TEST_CASE("fixed streams have the decisions that are on file, by every way") {
#ifdef PAWL_SANITIZED
  constexpr bool every_size = false;
#else
  constexpr bool every_size = true;
#endif
  std::ifstream file(golden_path());
  std::vector<std::string> expected;
  for (std::string line; std::getline(file, line);) expected.push_back(line);
  const std::vector<Stream> all = streams();
  if (std::getenv("PAWL_WRITE_DIGESTS") != nullptr) {
    expected.clear();
    std::ofstream out(golden_path());
    for (const Stream& stream : all) out << expected.emplace_back(decided(stream, 64, 1, rules::best_kernels())) << '\n';
  }
  REQUIRE(expected.size() == all.size());
  const rules::Kernels* sets[3];
  const std::size_t known = rules::available_kernels(sets);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = 0; k < known; ++k) {
      for (const Sequence batch : batches(every_size && k + 1 == known)) {
        const std::string line = decided(all[i], batch, 1, *sets[k]);
        CHECK_MESSAGE(line == expected[i], "batches of ", batch, ", instruction set ", k);
      }
    }
    CHECK_MESSAGE(decided(all[i], 29, 3, rules::best_kernels()) == expected[i], "three shards");
  }
}
