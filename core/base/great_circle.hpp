// The distance of two places on the globe, in plain arithmetic and square roots, which IEEE rounds one way alone: the same bits with every
// compiler and on every processor. libm's sine and arc tangent differ.
#pragma once

#include <optional>

namespace pawl {

// Degrees, north and east positive.
struct GlobePlace {
  double latitude, longitude;
};

// Along the great circle of a globe of 6,371.0088 km (the mean radius of IUGG), to the nearest metre: the double nearest to a whole number of thousandths
// of a kilometre. Nothing: a latitude is not between -90 and 90, or a longitude not between -180 and 180. Any thread.
[[nodiscard]] std::optional<double> great_circle_km(const GlobePlace& a, const GlobePlace& b) noexcept;

// The same before it is rounded to metres: off by less than 1 part in 10^14. REQUIRES: places of the globe. For tests.
[[nodiscard]] double great_circle_km_unrounded(const GlobePlace& a, const GlobePlace& b) noexcept;

}  // namespace pawl
