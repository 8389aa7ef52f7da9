// Models that libxgboost trains here and now, on data made from a seed, and what it says of rows: the oracle.
#pragma once

#include <doctest/doctest.h>
#include <xgboost/c_api.h>

#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace pawl::model_test {

inline void sure(int result) { REQUIRE_MESSAGE(result == 0, XGBGetLastError()); }

using Row = std::vector<float>;  // NaN: missing

struct Training {
  std::uint64_t seed = 1;
  std::size_t features = 8;
  unsigned missing_percent = 20;
  int rounds = 50;
  std::vector<std::pair<std::string, std::string>> parameters = {};
  std::vector<std::string> names = {};
};

// Values of many magnitudes, some equal to others, so that rows meet thresholds exactly.
inline std::vector<Row> random_rows(std::uint64_t seed, std::size_t rows, std::size_t features, unsigned missing_percent) {
  std::mt19937_64 random(seed);
  std::vector<Row> made(rows, Row(features));
  for (Row& row : made) {
    for (std::size_t f = 0; f < features; ++f) {
      const auto whole = static_cast<float>(static_cast<int>(random() % 201) - 100);
      row[f] = random() % 100 < missing_percent ? std::numeric_limits<float>::quiet_NaN() : f % 3 == 0 ? whole : f % 3 == 1 ? whole * 1e-3F : whole * 7919.37F;
    }
  }
  return made;
}

class Matrix {
 public:
  explicit Matrix(const std::vector<Row>& rows) {
    std::vector<float> flat;
    for (const Row& row : rows) flat.insert(flat.end(), row.begin(), row.end());
    sure(XGDMatrixCreateFromMat(flat.data(), rows.size(), rows.front().size(), std::numeric_limits<float>::quiet_NaN(), &handle_));
  }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;
  ~Matrix() { XGDMatrixFree(handle_); }
  [[nodiscard]] DMatrixHandle handle() const { return handle_; }

 private:
  DMatrixHandle handle_ = nullptr;
};

class Trained {
 public:
  explicit Trained(const Training& training) {
    const auto rows = random_rows(training.seed, 800, training.features, training.missing_percent);
    const Matrix matrix(rows);
    std::vector<float> labels;
    std::mt19937_64 random(training.seed + 1);
    for (const Row& row : rows) labels.push_back((row[0] > 10) != (row[1 % row.size()] < 0.02F) && random() % 10 != 0 ? 1 : 0);
    sure(XGDMatrixSetFloatInfo(matrix.handle(), "label", labels.data(), labels.size()));
    std::vector<const char*> names;
    for (const std::string& name : training.names) names.push_back(name.c_str());
    const DMatrixHandle handles[] = {matrix.handle()};
    sure(XGBoosterCreate(handles, 1, &handle_));
    sure(XGBoosterSetParam(handle_, "nthread", "1"));
    sure(XGBoosterSetParam(handle_, "verbosity", "0"));
    for (const auto& [name, value] : training.parameters) sure(XGBoosterSetParam(handle_, name.c_str(), value.c_str()));
    if (!names.empty()) sure(XGBoosterSetStrFeatureInfo(handle_, "feature_name", names.data(), names.size()));
    for (int round = 0; round < training.rounds; ++round) sure(XGBoosterUpdateOneIter(handle_, round, matrix.handle()));
  }
  Trained(const Trained&) = delete;
  Trained& operator=(const Trained&) = delete;
  ~Trained() { XGBoosterFree(handle_); }

  [[nodiscard]] std::string json() const {
    bst_ulong size = 0;
    const char* bytes = nullptr;
    sure(XGBoosterSaveModelToBuffer(handle_, R"({"format": "json"})", &size, &bytes));
    return {bytes, size};
  }
  [[nodiscard]] std::vector<float> margins(const std::vector<Row>& rows) const { return predicted(rows, 1); }
  [[nodiscard]] std::vector<float> values(const std::vector<Row>& rows) const { return predicted(rows, 0); }
  // Of each row what every feature contributed to the margin, along the ways that it takes (`approx_contribs`), and then the rest.
  [[nodiscard]] std::vector<float> contributions(const std::vector<Row>& rows) const { return predicted(rows, 4 | 8); }

 private:
  [[nodiscard]] std::vector<float> predicted(const std::vector<Row>& rows, int option) const {
    const Matrix matrix(rows);
    bst_ulong size = 0;
    const float* values = nullptr;
    sure(XGBoosterPredict(handle_, matrix.handle(), option, 0, 0, &size, &values));
    return {values, values + size};
  }

  BoosterHandle handle_ = nullptr;
};

}  // namespace pawl::model_test
