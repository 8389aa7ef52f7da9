// Command lines: commands and their options. CLI11 parses them, behind this header: each file that includes CLI11 compiles all of it again,
// which with sanitizers takes longer than everything else in the file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pawl::tools {

// What the chosen command does once the whole command line is parsed. Returns the exit status.
using Action = std::function<int()>;

// Says more of an option. Lifetime, of this and Command: their CommandLine outlives them.
class Option {
 public:
  Option& required();
  Option& within(std::int64_t least, std::int64_t most);
  Option& at_least_zero();
  Option& one_of(std::vector<std::string> words);
  Option& by_commas();      // of a list: a,b is two values
  Option& one_each();       // of a list: one value each time it is given
  Option& shows_default();  // in the help: the value that is bound has now

 private:
  friend class Command;
  explicit Option(CLI::Option& option) : option_(&option) {}
  CLI::Option* option_;
};

// A command, or the program itself.
class Command {
 public:
  Command subcommand(const char* name, const char* what);
  void needs_subcommand();
  void footer(const char* text);

  // `names`: "--long", "-s,--long", or a bare word for what stands without a name. The value is bound: it is written when the command line is parsed.
  Option option(const char* names, std::string& value, const char* what);
  Option option(const char* names, std::vector<std::string>& value, const char* what);
  Option option(const char* names, int& value, const char* what);
  Option option(const char* names, std::int64_t& value, const char* what);
  Option option(const char* names, std::uint32_t& value, const char* what);
  Option option(const char* names, std::uint64_t& value, const char* what);
  void flag(const char* names, bool& value, const char* what);

  // An option that is given twice has its last value, instead of being refused. Call behind the last option.
  void last_one_counts();

  // What to do when this command was chosen. Keeps `options`, where its options are bound.
  template <class Options>
  void does(Action& action, const std::shared_ptr<Options>& options, int (*run)(const Options&)) {
    when_chosen([&action, options, run] { action = [options, run] { return run(*options); }; });
  }

 private:
  friend class CommandLine;
  explicit Command(CLI::App& app) : app_(&app) {}
  void when_chosen(std::function<void()> callback);
  CLI::App* app_;
};

class CommandLine {
 public:
  struct Parsed {
    enum class Outcome { fine, show, wrong };
    Outcome outcome = Outcome::fine;
    std::string text;  // to show: the help or the version; or what is wrong
  };

  CommandLine(const char* what, const char* name);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  [[nodiscard]] Command program();
  void version(std::string text);
  [[nodiscard]] Parsed parse(int argc, const char* const* argv);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace pawl::tools
