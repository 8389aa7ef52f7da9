#include "pawl/report.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <memory>

namespace pawl::tools {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept {
    if (file != stdin) std::fclose(file);
  }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Error open_error(const std::string& path, int number) {
  const auto code = number == ENOENT ? ErrorCode::not_found : ErrorCode::io;
  const char* cure = number == ENOENT ? "check the path" : number == EACCES ? "check its permissions" : "is it a readable file?";
  return {code, fmt::format("cannot read {}: {}; {}", path, std::strerror(number), cure)};
}

const volatile std::sig_atomic_t* stop_flag = nullptr;

// Until standard output takes PIPE_BUF bytes at once. False: the flag is set, and it does not. No signal is missed: it looks ten times a second.
bool wait_for_room() {
  constexpr int patience_ms = 100;
  pollfd out{STDOUT_FILENO, POLLOUT, 0};
  for (;;) {
    const bool is_last_look = *stop_flag != 0;
    const int ready = ::poll(&out, 1, is_last_look ? 0 : patience_ms);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;  // errors are the write's to tell
    if (is_last_look) return false;
  }
}

// 0, or the error's number.
int write_out(std::string_view text) {
  if (std::fflush(stdout) != 0) return errno;
  while (!text.empty()) {
    if (stop_flag != nullptr && !wait_for_room()) return 0;
    const std::size_t at_once = stop_flag != nullptr ? std::min<std::size_t>(text.size(), PIPE_BUF) : text.size();
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), at_once);
    if (written < 0 && errno != EINTR) return errno;
    text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
  return 0;
}

// Of the character of UTF-8 that `text` begins with; 0: it begins with none.
std::size_t utf8_bytes(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  const unsigned first = at(0);
  if (first < 0x80) return text.empty() ? 0 : 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool is_overlong = first == 0xE0 && at(1) < 0xA0, is_surrogate = first == 0xED && at(1) >= 0xA0;
    return follows(1) && follows(2) && !is_overlong && !is_surrogate ? 3 : 0;
  }
  if (first < 0xF0 || first > 0xF4) return 0;
  const bool is_overlong = first == 0xF0 && at(1) < 0x90, is_beyond = first == 0xF4 && at(1) >= 0x90;
  return follows(1) && follows(2) && follows(3) && !is_overlong && !is_beyond ? 4 : 0;
}

}  // namespace

void tell(const std::string& text) { std::fputs(text.c_str(), stderr); }

int fail(const Error& error) {
  tell(fmt::format("pawl: error: {}\n", error.text));
  return exit_status(error.code);
}

void warn(std::string_view text) { tell(fmt::format("pawl: warning: {}\n", text)); }

int print(std::string_view text) {
  const int error = write_out(text);
  if (error == 0) return exit_fine;
  return fail({ErrorCode::io, fmt::format("cannot write to standard output: {}", std::strerror(error))});
}

void stop_printing_on(const volatile std::sig_atomic_t& flag) noexcept { stop_flag = &flag; }

Result<std::string> read_text(const std::string& path, std::size_t bytes_max) {
  const File file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (!file) return open_error(path, errno);
  std::string text(bytes_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return open_error(path, errno);
  if (text.size() > bytes_max) return Error{ErrorCode::bad_data, fmt::format("{} holds more than {} bytes: is it the right file?", path, bytes_max)};
  return text;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t bytes = utf8_bytes(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    if (bytes == 0) {
      out += "\\ufffd";
    } else if (byte < 0x20) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      if (text[0] == '"' || text[0] == '\\') out += '\\';
      out += text.substr(0, bytes);
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out + '"';
}

std::string json_text(std::string_view text) {
  std::string_view rest = text;
  while (const std::size_t bytes = utf8_bytes(rest)) rest.remove_prefix(bytes);
  if (rest.empty()) return json_string(text);
  std::string hex;
  for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return fmt::format(R"({{"hex": "{}"}})", hex);
}

std::string one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t bytes = utf8_bytes(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    switch (text[0]) {
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      case '\\': out += "\\\\"; break;
      default: out += bytes == 0 || byte < 0x20 || byte == 0x7F ? fmt::format("\\x{:02x}", byte) : std::string(text.substr(0, bytes));
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out;
}

}  // namespace pawl::tools
