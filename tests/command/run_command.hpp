// Runs the built `pawl` as a user would.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace pawl::test {

// A directory of its own, removed with everything in it at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "pawl-command-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return *this / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

struct Outcome {
  int status = -1;  // exit status, or -1 when a signal ended it
  std::string out, err;
};

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// The line with the digest that a run ends with; a text unlike any other, if it has none.
inline std::string digest_of(const Outcome& outcome) {
  const std::size_t at = outcome.out.rfind("digest ");
  return at == std::string::npos ? "none: " + outcome.err : outcome.out.substr(at, outcome.out.find('\n', at) - at);
}

// `arguments` as a shell takes them.
inline Outcome pawl_command(const std::string& arguments) {
  const Scratch scratch;
  const std::string line = std::string(PAWL_COMMAND) + " " + arguments + " >" + scratch / "out" + " 2>" + scratch / "err" + " </dev/null";
  const int raw = std::system(line.c_str());
  return {WIFEXITED(raw) ? WEXITSTATUS(raw) : -1, read_file(scratch / "out"), read_file(scratch / "err")};
}

// The command at work beside the test: fed through its standard input, watched through what it has printed so far.
class Background {
 public:
  explicit Background(const std::string& arguments) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    input_ = ends[1];
    const std::string line = "exec " + std::string(PAWL_COMMAND) + " " + arguments + " >" + out_path() + " 2>" + err_path();
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(ends[0], STDIN_FILENO);
      ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[0]);
  }
  ~Background() {
    if (process_ > 0) (void)stop(SIGKILL);
  }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  void feed(const std::string& text) const {
    if (::write(input_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
  }
  [[nodiscard]] std::string out() const { return read_file(out_path()); }
  // Until it has printed that. False: not within half a minute.
  [[nodiscard]] bool shows(const std::string& text) const {
    for (int i = 0; i < 3000; ++i) {
      if (out().find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  // Ends it by a signal, or, 0, by the end of its input. The status is -1 if the signal ended it.
  Outcome stop(int signal) {
    if (signal != 0) ::kill(process_, signal);  // first: whoever sees the end of its input may go on for a moment
    ::close(input_);
    int raw = 0;
    ::waitpid(process_, &raw, 0);
    process_ = -1;
    return {WIFEXITED(raw) ? WEXITSTATUS(raw) : -1, out(), read_file(err_path())};
  }

 private:
  [[nodiscard]] std::string out_path() const { return scratch_ / "out"; }
  [[nodiscard]] std::string err_path() const { return scratch_ / "err"; }

  Scratch scratch_;
  int input_ = -1;
  pid_t process_ = -1;
};

}  // namespace pawl::test
