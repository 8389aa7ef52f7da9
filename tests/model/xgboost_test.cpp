// libxgboost is the oracle: models trained here, margins equal to the last bit, in every batch size.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "pawl/journal/model/parse.hpp"
#include "predict.hpp"
#include "tests/twin/model.hpp"
#include "trained.hpp"

using namespace pawl;
using namespace pawl::model_test;

namespace {

model::Model parsed(const std::string& bytes) {
  auto made = journal::parse_model(bytes);
  REQUIRE_MESSAGE(made.ok(), made.error().text);
  return *std::move(made);
}

void check_margins(const Training& training) {
  const Trained trained(training);
  const model::Model model = parsed(trained.json());
  CHECK(model.inputs() == training.features);
  auto rows = random_rows(training.seed + 77, 300, training.features, training.missing_percent);
  rows.front().assign(training.features, std::numeric_limits<float>::quiet_NaN());
  rows.back().assign(training.features, 0);
  const std::vector<float> expected = trained.margins(rows);
  for (const std::size_t batch : {1U, 2U, 7U, 64U}) {
    CAPTURE(batch);
    const Values got = predict(model, rows, batch, true);
    std::size_t different = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) different += got[i] && std::bit_cast<std::uint64_t>(*got[i]) == std::bit_cast<std::uint64_t>(static_cast<double>(expected[i])) ? 0U : 1U;
    CHECK(different == 0);
  }
}

}  // namespace

TEST_CASE("margins are libxgboost's to the last bit") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    check_margins({.seed = seed, .features = 1 + seed * 5, .missing_percent = static_cast<unsigned>(seed % 3) * 25, .parameters = {{"objective", "binary:logistic"}, {"max_depth", "6"}}});
  }
}

TEST_CASE("other objectives, depths and shapes of trees") {
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  const std::vector<Parameters> all{
      {{"objective", "reg:squarederror"}, {"max_depth", "3"}},
      {{"objective", "reg:squarederror"}, {"max_depth", "1"}, {"base_score", "0.25"}},
      {{"objective", "binary:logitraw"}, {"max_depth", "8"}},
      {{"objective", "binary:logistic"}, {"max_depth", "12"}, {"min_child_weight", "0"}},  // deeper than any unrolled walk
      {{"objective", "binary:logistic"}, {"max_depth", "0"}, {"tree_method", "hist"}, {"grow_policy", "lossguide"}, {"max_leaves", "40"}},
      {{"objective", "binary:logistic"}, {"max_depth", "4"}, {"num_parallel_tree", "3"}, {"subsample", "0.5"}},
      {{"objective", "reg:logistic"}, {"max_depth", "4"}, {"gamma", "5"}},  // pruned: nodes that nothing leads to
      {{"objective", "binary:logistic"}, {"max_depth", "5"}, {"base_score", "0.03"}},
      {{"objective", "binary:logistic"}, {"max_depth", "5"}, {"base_score", "0.875"}},
  };
  std::uint64_t seed = 10;
  for (const Parameters& parameters : all) {
    CAPTURE(parameters.front().second);
    CAPTURE(parameters.back().first);
    check_margins({.seed = ++seed, .features = 6, .rounds = 30, .parameters = parameters});
  }
}

TEST_CASE("trees that are a leaf alone") {
  check_margins({.features = 3, .rounds = 2, .parameters = {{"objective", "binary:logistic"}, {"gamma", "1e9"}}});
}

TEST_CASE("probabilities are those of the logistic function, which libxgboost rounds to floats") {
  const Trained trained({.parameters = {{"objective", "binary:logistic"}, {"max_depth", "6"}}});
  const model::Model model = parsed(trained.json());
  CHECK(model.output() == model::Output::probability);
  const auto rows = random_rows(5, 500, 8, 10);
  const std::vector<float> expected = trained.values(rows);
  const Values got = predict(model, rows, 64, false);
  for (std::size_t i = 0; i < rows.size(); ++i) CHECK(*got[i] == doctest::Approx(static_cast<double>(expected[i])).epsilon(1e-6));
}

TEST_CASE("the naive walker agrees, and names are read") {
  const std::vector<std::string> names{"amount", "usual", "risk"};
  const Trained trained({.features = 3, .parameters = {{"objective", "binary:logistic"}}, .names = names});
  const std::string json = trained.json();
  const model::Model model = parsed(json);
  CHECK(model.features() == names);
  const auto naive = twin::NaiveModel::make(json);
  const auto rows = random_rows(6, 200, 3, 30);
  const Values got = predict(model, rows, 64, false);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    twin::NaiveModel::Inputs inputs;
    for (const float value : rows[i]) inputs.push_back(std::isnan(value) ? std::nullopt : std::optional(static_cast<double>(value)));
    CHECK(naive->value(inputs) == got[i]);
  }
}
