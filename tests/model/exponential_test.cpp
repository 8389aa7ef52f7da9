// Our own transcendental functions against those of libm in long double.
#include "pawl/core/model/exponential.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

using namespace pawl::model;

namespace {

// How many units of the last place `got` is off.
double off(double got, long double truth) {
  const auto nearest = static_cast<double>(truth);
  const double unit = std::nextafter(std::fabs(nearest), std::numeric_limits<double>::infinity()) - std::fabs(nearest);
  return static_cast<double>(std::fabs(static_cast<long double>(got) - truth)) / unit;
}

}  // namespace

TEST_CASE("within a few units of the last place") {
  std::mt19937_64 random(1);
  double worst_exponential = 0, worst_logarithm = 0, worst_logistic = 0;
  for (int i = 0; i < 200'000; ++i) {
    const double x = std::uniform_real_distribution<double>(-700, 700)(random) * (i % 3 == 0 ? 1 : 0.02);
    worst_exponential = std::max(worst_exponential, off(exponential(x), std::exp(static_cast<long double>(x))));
    worst_logistic = std::max(worst_logistic, off(logistic(x), 1 / (1 + std::exp(-static_cast<long double>(x)))));
    const double y = i % 2 == 0 ? std::exp(x) : 1 + x * 1e-6;
    if (y > 0 && std::isnormal(y)) worst_logarithm = std::max(worst_logarithm, off(logarithm(y), std::log(static_cast<long double>(y))));
  }
  CHECK(worst_exponential < 2);
  CHECK(worst_logistic < 4);
  CHECK(worst_logarithm < 3);
}

TEST_CASE("the edges") {
  CHECK(exponential(0) == 1);
  CHECK(exponential(-1e9) == 0);
  CHECK(std::isinf(exponential(1e9)));
  CHECK(std::isnan(exponential(std::numeric_limits<double>::quiet_NaN())));
  CHECK(logistic(0) == 0.5);
  CHECK(logistic(1e9) == 1);
  CHECK(logistic(-1e9) == 0);
  CHECK(logarithm(1) == 0);
}
