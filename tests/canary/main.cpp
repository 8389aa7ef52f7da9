// test_canary                   for each planted bug: its test passes without it, and fails with it within a minute; a line per bug
// test_canary NAME              the same for the bugs whose name contains NAME, with what the tests print
// Each run is a process of its own: a bug may well end in an assertion, and leaves nothing behind for the next.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <thread>

#include "zoo.hpp"

namespace pawl::canary {
namespace {

constexpr double seconds_max = 60;
int cases_run = 0;

class CaseCounter final : public doctest::IReporter {
 public:
  explicit CaseCounter(const doctest::ContextOptions&) {}
  void test_case_start(const doctest::TestCaseData&) override { ++cases_run; }
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};
REGISTER_LISTENER("case counter", 1, CaseCounter);

enum class Outcome { passed, failed, none_ran, timed_out };

// In the child: the tests that match, under the bug. The exit status is an Outcome; an abort counts as failed.
[[noreturn]] void run_tests(Bug bug, std::string_view pattern, bool loud) {
  if (!loud) {
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
  }
  planted_bug = bug;
  doctest::Context context;
  context.addFilter("test-case", std::string(pattern).c_str());
  context.setOption("abort-after", 1);
  const int failed = context.run();
  std::fflush(nullptr);
  ::_exit(static_cast<int>(cases_run == 0 ? Outcome::none_ran : failed != 0 ? Outcome::failed : Outcome::passed));
}

struct Run {
  Outcome outcome;
  double seconds;
};

Run run(Bug bug, std::string_view pattern, bool loud) {
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  const pid_t child = ::fork();
  if (child == 0) run_tests(bug, pattern, loud);
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (elapsed() > seconds_max) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return {Outcome::timed_out, elapsed()};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return {WIFEXITED(status) ? static_cast<Outcome>(WEXITSTATUS(status)) : Outcome::failed, elapsed()};
}

std::string_view describe(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed: return "passes";
    case Outcome::failed: return "fails";
    case Outcome::none_ran: return "names no test case";
    case Outcome::timed_out: return "does not end within a minute";
  }
  return "is unknown";
}

// Whether the test tells the bug from none; why not, in words, is printed.
bool kills(const Kill& kill, std::map<std::string_view, Outcome>& without_bugs, bool loud) {
  if (!without_bugs.contains(kill.test)) without_bugs[kill.test] = run(Bug::none, kill.test, loud).outcome;
  const Outcome sane = without_bugs[kill.test];
  const Run planted = run(kill.bug, kill.test, loud);
  const bool killed = sane == Outcome::passed && planted.outcome == Outcome::failed;
  fmt::print("{:<8} {:<48} {:6.2f} s  {}\n", killed ? "killed" : "SURVIVES", kill.name, planted.seconds, kill.test);
  if (!killed) fmt::print("         without the bug its test {}, with it the test {}\n", describe(sane), describe(planted.outcome));
  std::fflush(stdout);
  return killed;
}

int run_zoo(std::string_view part) {
  std::map<std::string_view, Outcome> without_bugs;
  unsigned killed = 0, alive = 0;
  for (const Kill& kill : zoo()) {
    if (kill.name.find(part) == std::string_view::npos) continue;
    (kills(kill, without_bugs, !part.empty()) ? killed : alive) += 1;
  }
  fmt::print("{} planted bugs killed, {} alive\n[doctest] test cases: {} | {} passed | {} failed\n", killed, alive, killed + alive, killed, alive);
  return alive == 0 && killed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace pawl::canary

int main(int argc, char** argv) { return pawl::canary::run_zoo(argc > 1 ? argv[1] : ""); }
