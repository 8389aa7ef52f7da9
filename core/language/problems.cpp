#include "pawl/core/language/problems.hpp"

#include <algorithm>
#include <numeric>

#include "pawl/core/base/limits.hpp"

namespace pawl::language {

namespace {

constexpr std::size_t suggested_name_max = 64;  // edit distance is quadratic; longer names get no suggestion

// Damerau's optimal string alignment: insertions, deletions, replacements, swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

}  // namespace

Problems::Problems(std::string_view source) : source_(source) {
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\n') line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
}

Place Problems::place(Span span) const {
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), span.begin);
  const auto line = static_cast<std::uint32_t>(after - line_starts_.begin());
  const std::uint32_t start = line_starts_[line - 1];
  const auto line_end = after == line_starts_.end() ? static_cast<std::uint32_t>(source_.size()) : *after - 1;
  const std::uint32_t end = std::min(span.end, line_end);
  return {line, span.begin - start + 1, end > span.begin ? end - span.begin : 1};
}

void Problems::add(Severity severity, Place place, std::string_view code, std::string message) {
  std::size_t& count = severity == Severity::error ? errors_ : others_;
  const std::size_t bound = severity == Severity::error ? errors_max : others_max;
  if (++count > bound) return;
  diagnostics_.push_back({severity, std::string(code), place, std::move(message)});
}

void Problems::error(Span span, std::string_view code, std::string message) { add(Severity::error, place(span), code, std::move(message)); }
void Problems::error(Place place, std::string_view code, std::string message) { add(Severity::error, place, code, std::move(message)); }
void Problems::warning(Span span, std::string_view code, std::string message) { warning(place(span), code, std::move(message)); }
void Problems::warning(Place place, std::string_view code, std::string message) { add(Severity::warning, place, code, std::move(message)); }
void Problems::note(Span span, std::string_view code, std::string message) { note(place(span), code, std::move(message)); }
void Problems::note(Place place, std::string_view code, std::string message) { add(Severity::note, place, code, std::move(message)); }

std::vector<Diagnostic> Problems::take() {
  const auto before = [](const Diagnostic& a, const Diagnostic& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  };
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(), before);
  const auto same = [](const Diagnostic& a, const Diagnostic& b) {
    return a.place.line == b.place.line && a.place.column == b.place.column && a.code == b.code && a.message == b.message;
  };
  diagnostics_.erase(std::unique(diagnostics_.begin(), diagnostics_.end(), same), diagnostics_.end());
  if (errors_ > errors_max) {
    Place end = diagnostics_.back().place;
    diagnostics_.push_back({Severity::error, "E099", end, std::to_string(errors_ - errors_max) + " more errors are not shown; cure these first"});
  }
  return std::move(diagnostics_);
}

Diagnostic too_large(std::string_view what, std::size_t bytes) {
  return {Severity::error, "E001", {1, 1, 1}, std::string(what) + " has " + std::to_string(bytes) + " bytes; a pipeline has at most " + std::to_string(limits::pipeline_source_bytes_max)};
}

std::string quoted_list(const std::vector<std::string>& names, std::string_view last_separator) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? last_separator : std::string_view(", ");
    text += '`' + names[i] + '`';
  }
  return text;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.size() > suggested_name_max) return {};
  std::size_t best = std::max<std::size_t>(1, name.size() / 3) + 1;
  const std::string* nearest = nullptr;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > suggested_name_max || candidate == name) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance >= best || distance >= candidate.size()) continue;
    best = distance;
    nearest = &candidate;
  }
  return nullptr == nearest ? std::string() : std::string(" Did you mean `") + *nearest + "`?";
}

}  // namespace pawl::language
