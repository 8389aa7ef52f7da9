// Diagnostics as an analyst reads them, and as an editor does.
#include <algorithm>
#include <cstdio>

#include "pawl/core/language/check.hpp"

namespace pawl::language {

namespace {

constexpr std::size_t excerpt_max = 200;  // bytes of a source line that are shown

std::string_view word(Severity severity) noexcept {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::note: return "note";
  }
  return "";
}

std::string_view line_of(std::string_view source, std::uint32_t line) {
  std::size_t begin = 0;
  for (std::uint32_t i = 1; i < line; ++i) {
    const std::size_t end = source.find('\n', begin);
    if (end == std::string_view::npos) return {};
    begin = end + 1;
  }
  std::string_view text = source.substr(begin, source.find('\n', begin) - begin);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

constexpr bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Below the line: tabs stay tabs so that carets stand right at any tab width; a character of several bytes takes one column.
std::string carets(std::string_view line, std::size_t begin, std::size_t length) {
  std::string text;
  for (const char c : line.substr(0, std::min(begin, line.size()))) {
    if (!is_continuation(c)) text += c == '\t' ? '\t' : ' ';
  }
  const std::string_view marked = line.substr(std::min(begin, line.size()), length);
  const auto columns = std::count_if(marked.begin(), marked.end(), [](char c) { return !is_continuation(c); });
  return text + std::string(std::max<std::size_t>(static_cast<std::size_t>(columns), 1), '^');
}

struct Excerpt { std::string text; std::size_t begin; std::size_t length; };

// The line, or the part of a very long one around the place.
Excerpt excerpt(std::string_view line, const Place& place) {
  std::size_t begin = place.column - 1;
  if (line.size() <= excerpt_max) return {std::string(line), begin, place.length};
  std::size_t from = std::min(begin, line.size()) < excerpt_max / 2 ? 0 : begin - excerpt_max / 2;
  while (from > 0 && from < line.size() && is_continuation(line[from])) --from;
  std::string text(line.substr(std::min(from, line.size()), excerpt_max));
  begin -= from;
  if (from > 0) text.insert(0, "..."), begin += 3;
  const std::size_t length = std::min<std::size_t>(place.length, text.size() > begin ? text.size() - begin : 1);
  if (from + excerpt_max < line.size()) text += "...";
  return {std::move(text), begin, length};
}

// Length of the well-formed UTF-8 sequence at the start; 0: none.
std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool surrogate_or_beyond = (lead == 0xED && byte(1) >= 0xA0) || (lead == 0xF4 && byte(1) >= 0x90);
  return overlong || surrogate_or_beyond ? 0 : length;
}

std::string json(std::string_view text) {
  std::string result = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = utf8_length(text.substr(i));
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      result += escape;
    } else if (length == 0) {
      result += "\xEF\xBF\xBD";  // the replacement character: JSON is UTF-8, a hostile file need not be
    } else {
      result += text.substr(i, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
  return result + '"';
}

}  // namespace

std::string render(const Diagnostic& diagnostic, std::string_view source, std::string_view file) {
  const Place& place = diagnostic.place;
  std::string text = std::string(file) + ':' + std::to_string(place.line) + ':' + std::to_string(place.column) + ": " + std::string(word(diagnostic.severity)) + ' ' +
                     diagnostic.code + ": " + diagnostic.message + '\n';
  const Excerpt shown = excerpt(line_of(source, place.line), place);
  std::string number = std::to_string(place.line);
  if (number.size() < 5) number.insert(0, 5 - number.size(), ' ');
  text += number + " | " + shown.text + '\n';
  return text + std::string(number.size(), ' ') + " | " + carets(shown.text, shown.begin, shown.length) + '\n';
}

std::string render_json(const Diagnostic& diagnostic, std::string_view file) {
  const Place& place = diagnostic.place;
  return std::string("{\"file\":") + json(file) + ",\"line\":" + std::to_string(place.line) + ",\"column\":" + std::to_string(place.column) +
         ",\"length\":" + std::to_string(place.length) + ",\"severity\":" + json(word(diagnostic.severity)) + ",\"code\":" + json(diagnostic.code) +
         ",\"message\":" + json(diagnostic.message) + "}";
}

}  // namespace pawl::language
