#include "pawl/core/base/great_circle.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace pawl {
namespace {

constexpr double globe_radius_km = 6371.0088;
constexpr double pi = 0x1.921fb54442d18p+1;

// 1, -1/3!, 1/5! .. and 1, -1/2!, 1/4! ..: on 0 .. pi / 4 what is left out is below 2^-60.
template <int first>
constexpr std::array<double, 10> series = [] {
  std::array<double, 10> made{};
  double term = 1;
  for (std::size_t n = 0; n < made.size(); ++n) {
    made[n] = term;
    const double k = first + 2.0 * static_cast<double>(n);
    term = -term / ((k + 1) * (k + 2));
  }
  return made;
}();

// 1, -1/3, 1/5 ..: on -tan(pi / 8) .. tan(pi / 8), likewise.
constexpr std::array<double, 24> arc_series = [] {
  std::array<double, 24> made{};
  for (std::size_t n = 0; n < made.size(); ++n) made[n] = (n % 2 == 0 ? 1.0 : -1.0) / (2.0 * static_cast<double>(n) + 1);
  return made;
}();

template <std::size_t terms>
double sum(const std::array<double, terms>& coefficients, double x) noexcept {
  double total = 0;
  for (std::size_t n = terms; n-- > 0;) total = total * x + coefficients[n];
  return total;
}

// Of degrees in 0 .. 45.
double small_sine(double degrees) noexcept {
  const double x = degrees * (pi / 180);
  return x * sum(series<1>, x * x);
}
double small_cosine(double degrees) noexcept {
  const double x = degrees * (pi / 180);
  return sum(series<0>, x * x);
}

// Of degrees in -180 .. 180. 90 - x and 180 - x are exact where x is near them.
double sine(double degrees) noexcept {
  const double x = degrees < 0 ? -degrees : degrees;
  const double folded = x > 90 ? 180 - x : x;
  const double value = folded > 45 ? small_cosine(90 - folded) : small_sine(folded);
  return degrees < 0 ? -value : value;
}
double cosine(double degrees) noexcept {
  const double x = degrees < 0 ? -degrees : degrees;
  return x > 90 ? -sine(x - 90) : sine(90 - x);
}

// Of x in 0 .. 1.
double arc_tangent(double x) noexcept {
  constexpr double tan_pi_8 = 0x1.a827999fcef32p-2;
  if (x <= tan_pi_8) return x * sum(arc_series, x * x);
  const double turned = (x - 1) / (x + 1);
  return pi / 4 + turned * sum(arc_series, turned * turned);
}

double square(double x) noexcept { return x * x; }

bool is_place(const GlobePlace& place) noexcept {
  return place.latitude >= -90 && place.latitude <= 90 && place.longitude >= -180 && place.longitude <= 180;
}

}  // namespace

// The haversine of the distance, and that of what the distance lacks to the antipode: sums of what is not negative, so that neither cancels, and the
// smaller of them says the angle well wherever the places are.
double great_circle_km_unrounded(const GlobePlace& a, const GlobePlace& b) noexcept {
  const double cosines = cosine(a.latitude) * cosine(b.latitude);
  const double turn = (b.longitude - a.longitude) / 2;
  const double near = square(sine((b.latitude - a.latitude) / 2)) + cosines * square(sine(turn));
  const double far = square(sine((b.latitude + a.latitude) / 2)) + cosines * square(cosine(turn));
  const double half = near <= far ? arc_tangent(std::sqrt(near / far)) : pi / 2 - arc_tangent(std::sqrt(far / near));
  return 2 * half * globe_radius_km;
}

std::optional<double> great_circle_km(const GlobePlace& a, const GlobePlace& b) noexcept {
  if (!is_place(a) || !is_place(b)) return std::nullopt;
  const double metres = great_circle_km_unrounded(a, b) * 1000;
  return static_cast<double>(static_cast<std::int64_t>(metres + 0.5)) / 1000;
}

}  // namespace pawl
