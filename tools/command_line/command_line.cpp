#include "command_line/command_line.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace pawl::tools {

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::within(std::int64_t least, std::int64_t most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option& Option::at_least_zero() {
  option_->check(CLI::NonNegativeNumber);
  return *this;
}

Option& Option::one_of(std::vector<std::string> words) {
  option_->check(CLI::IsMember(std::move(words)));
  return *this;
}

Option& Option::by_commas() {
  option_->delimiter(',');
  return *this;
}

Option& Option::one_each() {
  option_->allow_extra_args(false);
  return *this;
}

Option& Option::shows_default() {
  option_->capture_default_str();
  return *this;
}

Command Command::subcommand(const char* name, const char* what) { return Command(*app_->add_subcommand(name, what)); }
void Command::needs_subcommand() { app_->require_subcommand(1); }
void Command::footer(const char* text) { app_->footer(text); }

Option Command::option(const char* names, std::string& value, const char* what) { return Option(*app_->add_option(names, value, what)); }
Option Command::option(const char* names, std::vector<std::string>& value, const char* what) { return Option(*app_->add_option(names, value, what)); }
Option Command::option(const char* names, int& value, const char* what) { return Option(*app_->add_option(names, value, what)); }
Option Command::option(const char* names, std::int64_t& value, const char* what) { return Option(*app_->add_option(names, value, what)); }
Option Command::option(const char* names, std::uint32_t& value, const char* what) { return Option(*app_->add_option(names, value, what)); }
// Read as std::stoull would, -1 is the largest number there is.
Option Command::option(const char* names, std::uint64_t& value, const char* what) {
  const auto refuse_sign = [](const std::string& text) { return std::string(text.starts_with('-') ? text + " is negative" : ""); };
  return Option(*app_->add_option(names, value, what)->check(refuse_sign));
}
void Command::flag(const char* names, bool& value, const char* what) { app_->add_flag(names, value, what); }

void Command::last_one_counts() {
  for (CLI::Option* option : app_->get_options()) option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void Command::when_chosen(std::function<void()> callback) { app_->callback(std::move(callback)); }

CommandLine::CommandLine(const char* what, const char* name) : app_(std::make_unique<CLI::App>(what, name)) { app_->require_subcommand(0, 1); }
CommandLine::~CommandLine() = default;

Command CommandLine::program() { return Command(*app_); }
void CommandLine::version(std::string text) { app_->set_version_flag("--version", std::move(text)); }

namespace {

// "`profile` is no subcommand of `rules`: there are check, explain, test"; empty: the words of the command line are commands as far as some are needed.
std::string unknown_subcommand(const CLI::App& program, int argc, const char* const* argv) {
  const CLI::App* at = &program;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::vector<const CLI::App*> all = at->get_subcommands([](const CLI::App*) { return true; });
    if (all.empty() || word.starts_with('-')) return {};
    const auto found = std::find_if(all.begin(), all.end(), [&](const CLI::App* command) { return command->get_name() == word; });
    if (found != all.end()) {
      at = *found;
      continue;
    }
    if (at == &program) return {};
    std::string names;
    for (const CLI::App* command : all) names.append(names.empty() ? "" : ", ").append(command->get_name());
    return "`" + word + "` is no subcommand of `" + at->get_name() + "`: there are " + names;
  }
  return {};
}

}  // namespace

// CLI11 reports by exceptions what is wrong with a command line, and also that help or the version was asked for.
CommandLine::Parsed CommandLine::parse(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
    return {};
  } catch (const CLI::CallForHelp&) {
    return {Parsed::Outcome::show, app_->help()};
  } catch (const CLI::CallForVersion& version) {
    return {Parsed::Outcome::show, std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    const std::string unknown = unknown_subcommand(*app_, argc, argv);
    return {Parsed::Outcome::wrong, unknown.empty() ? error.what() : unknown};
  }
}

}  // namespace pawl::tools
