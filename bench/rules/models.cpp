#include "rules/models.hpp"

#include <fmt/format.h>
#include <xgboost/c_api.h>

#include <bit>
#include <limits>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/random.hpp"
#include "harness/runs.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/language/model_files.hpp"
#include "pawl/core/rules/decide.hpp"
#include "pawl/journal/model/parse.hpp"
#include "rules/map_huge.hpp"

namespace pawl::bench {
namespace {

constexpr std::size_t features = 30;
constexpr std::size_t rows = 4096;  // round and round
constexpr int trees = 100;

void sure(int result) {
  if (result != 0) fail(std::string("libxgboost: ") + XGBGetLastError());
}

// One value in ten is missing.
class Data {
 public:
  Data() : values_(rows * features) {
    std::uint64_t random = 11;
    for (float& value : values_) value = next_random(random) % 10 == 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(next_random(random) % 100'000);
    for (std::size_t row = 0; row < rows; ++row) labels_.push_back(static_cast<float>((at(row, 0) > 40'000) != (at(row, 1) + at(row, 2) > 90'000) ? 1 : next_random(random) % 4 == 0));
  }
  [[nodiscard]] float at(std::size_t row, std::size_t feature) const { return values_[row * features + feature]; }
  [[nodiscard]] const float* row(std::size_t row) const { return values_.data() + row * features; }
  [[nodiscard]] const std::vector<float>& labels() const { return labels_; }

 private:
  std::vector<float> values_, labels_;
};

class Xgboost {
 public:
  explicit Xgboost(const Data& data) {
    sure(XGDMatrixCreateFromMat(data.row(0), rows, features, std::numeric_limits<float>::quiet_NaN(), &matrix_));
    sure(XGDMatrixSetFloatInfo(matrix_, "label", data.labels().data(), rows));
    sure(XGBoosterCreate(&matrix_, 1, &booster_));
    for (const auto& [name, value] : {std::pair{"nthread", "1"}, {"max_depth", "6"}, {"objective", "binary:logitraw"}, {"min_child_weight", "0"}, {"verbosity", "0"}}) sure(XGBoosterSetParam(booster_, name, value));
    for (int round = 0; round < trees; ++round) sure(XGBoosterUpdateOneIter(booster_, round, matrix_));
    bst_ulong size = 0;
    const float* margins = nullptr;
    sure(XGBoosterPredict(booster_, matrix_, 1, 0, 0, &size, &margins));
    margins_.assign(margins, margins + size);
    const char* bytes = nullptr;
    sure(XGBoosterSaveModelToBuffer(booster_, R"({"format": "json"})", &size, &bytes));
    json_.assign(bytes, size);
  }
  Xgboost(const Xgboost&) = delete;
  Xgboost& operator=(const Xgboost&) = delete;
  ~Xgboost() {
    XGBoosterFree(booster_);
    XGDMatrixFree(matrix_);
  }
  [[nodiscard]] const std::string& json() const { return json_; }
  [[nodiscard]] const std::vector<float>& margins() const { return margins_; }

  // Its fastest way for a single row: without a matrix.
  [[nodiscard]] float margin(const float* row) const {
    const std::string array = fmt::format(R"({{"data": [{}, true], "shape": [1, {}], "typestr": "<f4", "version": 3}})", reinterpret_cast<std::uintptr_t>(row), features);
    constexpr const char* how = R"({"type": 1, "training": false, "iteration_begin": 0, "iteration_end": 0, "strict_shape": false, "missing": NaN, "cache_id": 0})";
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* margins = nullptr;
    sure(XGBoosterPredictFromDense(booster_, array.c_str(), how, nullptr, &shape, &dimensions, &margins));
    return *margins;
  }

 private:
  DMatrixHandle matrix_ = nullptr;
  BoosterHandle booster_ = nullptr;
  std::vector<float> margins_;
  std::string json_;
};

class OneModel final : public language::ModelFiles {
 public:
  explicit OneModel(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<language::ModelFile> load(const std::string&, const std::string&) override {
    return language::ModelFile{std::make_shared<const model::Model>(or_fail(journal::parse_model(bytes_))), bytes_};
  }
  Result<std::string> bytes(const std::string&, const std::string&) override { return bytes_; }

 private:
  std::string bytes_;
};

std::string pipeline_text() {
  std::string fields, inputs;
  for (std::size_t f = 0; f < features; ++f) {
    fields += fmt::format(", f{}: int", f);
    inputs += fmt::format("{}f{}", f == 0 ? "" : ", ", f);
  }
  return fmt::format("pipeline \"scored\" version 1\nevent Row {{ at: time{} }}\nmodel trees from \"trees.json\" sha256 \"{}\" inputs ({})\nlet margin = trees\n"
                     "rule likely {{ on Row when margin > 0.0 then score 1 }}\n", fields, std::string(64, '0'), inputs);
}

class Scoring {
 public:
  Scoring(const Data& data, const Xgboost& oracle) : oracle_(oracle) {
    OneModel files(oracle.json());
    language::Checked checked = language::check(pipeline_text(), "scored", &files);
    if (!checked.pipeline) fail("the scored pipeline does not check: " + checked.diagnostics.front().message);
    pipeline_ = std::move(checked.pipeline);
    const EventSchema& schema = pipeline_->events.front();
    slot_bytes_ = slot_bytes(schema.payload_bytes);
    slots_ = map_huge(rows * slot_bytes_);
    for (std::size_t row = 0; row < rows; ++row) {
      std::byte* const slot = slots_.bytes().data() + row * slot_bytes_;
      begin_event(schema, slot);
      write_number(schema, slot, 0, static_cast<std::int64_t>(row));
      for (std::size_t f = 0; f < features; ++f) {
        if (data.at(row, f) == data.at(row, f)) write_number(schema, slot, f + 1, static_cast<std::int64_t>(data.at(row, f)));
      }
    }
  }

  // ns per event: from slots to decisions, the model and a rule on it.
  [[nodiscard]] double run(std::int64_t rounds, Sequence batch) const {
    const rules::Plan plan = rules::make_plan(*pipeline_);
    const rules::DecisionLayout layout(plan, {.lets = true});
    const io::Region records = map_huge(limits::tile_events * layout.record_bytes());
    const io::Region cells = map_huge(state::Tiles::memory_bytes(1, 1));
    const state::Tiles tiles(cells.bytes(), 1, 1);
    rules::Decide decide(plan, layout);
    const SlotView view{slots_.bytes().data(), slot_bytes_, rows - 1};
    const Sequence events = rounds * static_cast<Sequence>(rows);
    const std::int64_t start = now_ns();
    for (Sequence s = 0; s < events; s += batch) {
      const std::size_t count = decide.run(view, tiles, s, s + batch - 1, [&](std::size_t i) { return records.bytes().data() + i * layout.record_bytes(); });
      if (s < static_cast<Sequence>(rows)) check(records.bytes().data(), layout, count);
    }
    return static_cast<double>(now_ns() - start) / static_cast<double>(events);
  }

 private:
  void check(const std::byte* records, const rules::DecisionLayout& layout, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      const rules::Decision decision(records + i * layout.record_bytes(), layout);
      const auto margin = std::bit_cast<double>(static_cast<std::int64_t>(decision.let_value(0).numerator));
      if (margin != static_cast<double>(oracle_.margins()[static_cast<std::size_t>(decision.sequence())])) fail("models: a margin is not libxgboost's");
    }
  }

  const Xgboost& oracle_;
  std::unique_ptr<const language::Pipeline> pipeline_;
  std::size_t slot_bytes_ = 0;
  io::Region slots_;
};

double run_peer(const Data& data, const Xgboost& peer, std::int64_t events) {
  const std::int64_t start = now_ns();
  for (std::int64_t i = 0; i < events; ++i) {
    const auto row = static_cast<std::size_t>(i) % rows;
    if (peer.margin(data.row(row)) != peer.margins()[row]) fail("models: libxgboost does not agree with itself");
  }
  return static_cast<double>(now_ns() - start) / static_cast<double>(events);
}

}  // namespace

void measure_models(std::int64_t events, int runs, Outcome& outcome) {
  const Data data;
  const Xgboost peer(data);
  const Scoring scoring(data, peer);
  const std::int64_t rounds = std::max<std::int64_t>(events / static_cast<std::int64_t>(rows), 1);
  const std::string group = fmt::format("a model of {} trees of depth 6 over {} fields", trees, features);
  const auto series = [&](const char* name, bool is_peer) {
    return Series{.group = group, .name = name, .unit = "ns/event", .higher_is_better = false, .base = is_peer ? "" : "libxgboost, one row", .base_label = is_peer ? "" : "libxgboost", .peer = is_peer};
  };
  run_interleaved({{series("batches of 64", false), [&] { return scoring.run(rounds, 64); }},
                   {series("one by one", false), [&] { return scoring.run(rounds, 1); }},
                   {series("libxgboost, one row", true), [&] { return run_peer(data, peer, std::max<std::int64_t>(events / 16, 16)); }}},
                  runs, outcome);
  outcome.notes.push_back("Models: from slots through the model and a rule on it to records; every margin is libxgboost's to the last bit. libxgboost predicts in place, on one thread.");
}

}  // namespace pawl::bench
