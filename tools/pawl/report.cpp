#include "pawl/report.hpp"

#include <fmt/format.h>

#include <cerrno>
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

}  // namespace

int fail(const Error& error) {
  std::fputs(fmt::format("pawl: error: {}\n", error.text).c_str(), stderr);
  return exit_status(error.code);
}

void warn(std::string_view text) { std::fputs(fmt::format("pawl: warning: {}\n", text).c_str(), stderr); }

int print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return exit_fine;
  return fail({ErrorCode::io, fmt::format("cannot write to standard output: {}", std::strerror(errno))});
}

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
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

}  // namespace pawl::tools
