#include "pawl/core/rules/model_reasons.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

namespace pawl::rules {
namespace {

constexpr std::size_t reasons_max = 3;
constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t number_bytes_max = 16;  // -1.23e-308, with its sign, a space before it and ", " behind it
constexpr std::string_view none = "nothing";  // moved the score

// Three digits, and all before the point below a million.
char* write_number(char* to, double value) noexcept {
  const double size = std::fabs(value);
  if (size >= 1000 && size < 999'999.5) return std::to_chars(to, to + number_bytes_max, value, std::chars_format::fixed, 0).ptr;
  return std::to_chars(to, to + number_bytes_max, value, std::chars_format::general, 3).ptr;
}

}  // namespace

std::string name_in_reasons(std::string name) {
  if (name.size() <= name_bytes_max) return name;
  std::size_t end = name_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80) --end;  // between characters
  return name.substr(0, end);
}

std::size_t longest_reasons(const std::vector<std::string>& names) {
  std::vector<std::size_t> lengths;
  for (const std::string& name : names) lengths.push_back(name.size() + number_bytes_max);
  std::sort(lengths.rbegin(), lengths.rend());
  std::size_t bytes = 1;
  for (std::size_t i = 0; i < std::min(reasons_max, lengths.size()); ++i) bytes += lengths[i];
  return std::max(bytes, none.size() + 1);
}

std::size_t write_reasons(const std::vector<std::string>& names, std::span<const double> contributions, char* out) noexcept {
  std::array<std::size_t, reasons_max> best{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < contributions.size(); ++i) {
    const double amount = std::fabs(contributions[i]);
    if (!(amount > 0) || !std::isfinite(amount)) continue;
    std::size_t place = count;
    while (place > 0 && amount > std::fabs(contributions[best[place - 1]])) --place;
    if (place == reasons_max) continue;
    count = std::min(count + 1, reasons_max);
    for (std::size_t j = count - 1; j > place; --j) best[j] = best[j - 1];
    best[place] = i;
  }
  char* to = out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& name = names[best[i]];
    const double value = contributions[best[i]];
    if (i > 0) *to++ = ',', *to++ = ' ';
    std::memcpy(to, name.data(), name.size());
    to += name.size();
    *to++ = ' ';
    if (value > 0) *to++ = '+';
    to = write_number(to, value);
  }
  return count == 0 ? none.copy(out, none.size()) : static_cast<std::size_t>(to - out);
}

}  // namespace pawl::rules
