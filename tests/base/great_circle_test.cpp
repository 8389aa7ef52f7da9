// Distances on the globe against 50 digits, and characters and letters of texts.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/math/constants/constants.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cstdint>
#include <limits>
#include <random>

#include "pawl/core/base/characters.hpp"
#include "pawl/core/base/great_circle.hpp"

namespace great_circle_test {

using namespace pawl;
using Wide = boost::multiprecision::cpp_bin_float_50;

namespace {

// By the angle between the two directions from the globe's middle: another formula than the one under test.
Wide exact_km(const GlobePlace& a, const GlobePlace& b) {
  const Wide degree = boost::math::constants::pi<Wide>() / 180;
  const Wide la = a.latitude * degree, lb = b.latitude * degree, turn = (Wide(b.longitude) - a.longitude) * degree;
  const Wide across = cos(lb) * sin(turn), along = cos(la) * sin(lb) - sin(la) * cos(lb) * cos(turn);
  return Wide(63'710'088) / 10'000 * atan2(Wide(sqrt(across * across + along * along)), Wide(sin(la) * sin(lb) + cos(la) * cos(lb) * cos(turn)));
}

}  // namespace

TEST_CASE("distances are those of 50 digits: anywhere, beside each other, and near antipodes") {
  std::mt19937_64 random(7);
  const auto between = [&](double low, double high) { return low + (high - low) * (static_cast<double>(random() >> 11) * 0x1p-53); };
#ifdef PAWL_SANITIZED
  constexpr int pairs = 3'000;
#else
  constexpr int pairs = 30'000;
#endif
  double worst = 0;
  for (int i = 0; i < pairs; ++i) {
    const GlobePlace a{between(-90, 90), between(-180, 180)};
    GlobePlace b{between(-90, 90), between(-180, 180)};
    const double reach = i % 2 == 0 ? 1e-3 : 1e-7;
    if (i % 3 == 1) b = {a.latitude + between(-reach, reach), a.longitude + between(-reach, reach)};
    if (i % 3 == 2) b = {-a.latitude + between(-reach, reach), a.longitude + (a.longitude > 0 ? -180 : 180) + between(-reach, reach)};
    b = {std::clamp(b.latitude, -90.0, 90.0), std::clamp(b.longitude, -180.0, 180.0)};
    const Wide exact = exact_km(a, b);
    worst = std::max(worst, static_cast<double>(abs(Wide(great_circle_km_unrounded(a, b)) - exact)));
    const auto metres = static_cast<std::int64_t>(floor(exact * 1000 + Wide(0.5)));
    REQUIRE(great_circle_km(a, b) == static_cast<double>(metres) / 1000);
    REQUIRE(great_circle_km(b, a) == great_circle_km(a, b));
  }
  MESSAGE("off by ", worst, " km at most, before metres");
  CHECK(worst < 1e-10);
}

TEST_CASE("known distances, poles, the date line, and places that are none") {
  CHECK(great_circle_km({0, 0}, {0, 0}) == 0);
  CHECK(great_circle_km({90, 10}, {90, -170}) == 0);  // the pole, whatever the longitude
  CHECK(great_circle_km({0, 180}, {0, -180}) == 0);
  CHECK(great_circle_km({0, 0}, {0, 180}) == 20'015.114);  // half round
  CHECK(great_circle_km({90, 0}, {-90, 77}) == 20'015.114);
  CHECK(great_circle_km({0, 0}, {90, 0}) == 10'007.557);
  CHECK(great_circle_km({0, 179.5}, {0, -179.5}) == 111.195);
  CHECK(great_circle_km({52.52, 13.405}, {48.1372, 11.5756}) == 504.306);  // Berlin to Munich
  const double infinite = std::numeric_limits<double>::infinity(), none = std::numeric_limits<double>::quiet_NaN();
  for (const double latitude : {90.000001, -91.0, infinite, none}) CHECK(!great_circle_km({latitude, 0}, {0, 0}));
  for (const double longitude : {180.000001, -181.0, -infinite, none}) CHECK(!great_circle_km({0, 0}, {0, longitude}));
}

TEST_CASE("characters of UTF-8, and letters of ASCII in lower case") {
  CHECK(characters("") == 0);
  CHECK(characters("abc") == 3);
  CHECK(characters("\xC3\x84rger \xE2\x82\xAC \xF0\x9F\x98\x80") == 9);
  CHECK(characters("\x80\xBF") == 0);  // no character begins
  CHECK(characters("\xFF\xC3") == 2);
  CasedText::Room room, other;
  CHECK(CasedText{"A-Z[@`{ \xC3\x84", true}.in(room) == "a-z[@`{ \xC3\x84");
  CHECK(CasedText{"ABC", false}.in(room) == "ABC");
  CHECK(order_of({"ABC", true}, {"abc", false}) == 0);
  CHECK(order_of({"ABD", true}, {"ABC", true}) > 0);
  CHECK(order_of({"B", false}, {"a", false}) < 0);
  CHECK(CasedText{std::string_view(other.data(), 0), true}.in(room).empty());
}

}  // namespace great_circle_test
