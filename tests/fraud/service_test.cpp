// The service as an operator runs it: a pipe that stays open, SIGTERM, a restart.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "pawl/io/real_disk.hpp"
#include "pawl/journal/durable_engine.hpp"

namespace {

class Scratch {
 public:
  Scratch() {
    path_ = std::string(PAWL_BINARY_DIR) + "/fraud-XXXXXX";
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* const pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  char buffer[4096];
  while (const std::size_t count = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, count);
  CHECK(pclose(pipe) == 0);
  return text;
}

// pawl-fraud with a pipe at its standard input.
class Service {
 public:
  Service(const Scratch& scratch, std::vector<std::string> more) : err_(scratch / "err") {
    std::vector<std::string> words = {PAWL_FRAUD, "--pipeline", std::string(PAWL_SOURCE_DIR) + "/apps/fraud/payments.pawl", "--journal", scratch / "journal"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    process_ = fork();
    if (process_ == 0) {
      dup2(ends[0], STDIN_FILENO);
      dup2(open(err_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), STDERR_FILENO);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
    close(ends[0]);
    input_ = ends[1];
  }
  ~Service() {
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
    if (input_ >= 0) close(input_);
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void write(const std::string& text) const { REQUIRE(::write(input_, text.data(), text.size()) == static_cast<ssize_t>(text.size())); }
  void end_input() {
    close(input_);
    input_ = -1;
  }
  void signal(int number) const { REQUIRE(kill(process_, number) == 0); }
  // The exit status; -1 if a signal ended it.
  int wait() {
    int raw = 0;
    REQUIRE(waitpid(process_, &raw, 0) == process_);
    process_ = -1;
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
  }
  [[nodiscard]] std::string err() const { return read_file(err_); }

 private:
  std::string err_;
  pid_t process_ = -1;
  int input_ = -1;
};

bool appears(const std::string& path, const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (read_file(path) != text) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

// As a shell runs it, without a pipe at its standard input: `more` may redirect. The exit status.
int run_once(const Scratch& scratch, const std::string& more) {
  const std::string line = std::string(PAWL_FRAUD) + " --journal " + scratch / "journal" + " " + more;
  const int raw = std::system(line.c_str());
  return WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
}

std::string write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

constexpr const char* header = "id,at,customer,terminal,amount,fraud\n";
constexpr const char* two_rows = "1,2018-04-01T00:00:00Z,7,3,10.00,false\n2,2018-04-01T02:00:00Z,7,3,250.00,false\n";
constexpr const char* two_decisions = "sequence,id,decision,score,rules\n1,1,approve,0,\n2,2,approve,900,hard_limit\n";

// Nothing has come into the pipe for two seconds: the writer waits for its reader.
void wait_until_full(int pipe) {
  int before = 0, still = 0;
  while (still < 40) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    int bytes = 0;
    REQUIRE(ioctl(pipe, FIONREAD, &bytes) == 0);
    still = bytes == before && bytes != 0 ? still + 1 : 0;
    before = bytes;
  }
}

}  // namespace

TEST_CASE("a time without events that is no duration is told") {
  const Scratch scratch;
  Service service(scratch, {"--tick-interval", "soon"});
  CHECK(service.wait() == 64);
  CHECK(service.err().find("--tick-interval `soon` is not a duration") != std::string::npos);
  Service none(scratch, {"--tick-interval", "0s"});
  CHECK(none.wait() == 64);
  CHECK(none.err().find("--tick-interval `0s` must be longer than nothing") != std::string::npos);
}

TEST_CASE("decisions come while the pipe is open, SIGTERM and SIGINT end it cleanly, and a restart goes on") {
  const Scratch scratch;
  const std::string decisions = scratch / "decisions.csv";
  {
    Service service(scratch, {"--decisions", decisions});
    service.write(std::string(header) + two_rows);
    CHECK(appears(decisions, two_decisions));
    service.signal(SIGTERM);
    CHECK(service.wait() == 0);
    CHECK(service.err().find("2 payments accepted, 0 refused, 2 decisions written") != std::string::npos);
  }
  {
    // The next run's input goes on; its windows know the first run's payments: that makes it the customer's second terminal in a minute.
    Service service(scratch, {"--decisions", decisions});
    service.write(std::string(header) + "3,2018-04-01T02:00:30Z,7,4,20.00,false\n");
    CHECK(appears(decisions, std::string(two_decisions) + "3,3,approve,100,two_terminals\n"));
    service.signal(SIGINT);
    CHECK(service.wait() == 0);
  }
  {
    // The same input again from its beginning: --resume skips what the journal has.
    Service service(scratch, {"--decisions", decisions, "--resume"});
    service.write(std::string(header) + two_rows + "3,2018-04-01T02:00:30Z,7,4,20.00,false\n" + "4,2018-04-02T12:00:00Z,8,4,1.00,false\n");
    service.end_input();
    CHECK(service.wait() == 0);
    CHECK(read_file(decisions) == std::string(two_decisions) + "3,3,approve,100,two_terminals\n4,4,approve,0,\n");
  }
}

TEST_CASE("--resume knows of rows that were refused: none is taken twice or left out") {
  const Scratch scratch;
  const std::string decisions = scratch / "decisions.csv";
  const std::string input = std::string(header) + "9,2099-01-01T00:00:00Z,7,3,10.00,false\n1,2018-04-01T00:00:00Z,7,3,10.00,false\n8,2099-01-01T00:00:00Z,7,3,10.00,false\n2,2018-04-01T02:00:00Z,7,3,250.00,false\n";
  // Each refused row has an input of its own in the journal, which decides nothing.
  const std::string decided = "sequence,id,decision,score,rules\n2,1,approve,0,\n4,2,approve,900,hard_limit\n";
  for (const char* counts : {"2 payments accepted, 2 refused", "0 payments accepted, 0 refused"}) {
    Service service(scratch, {"--decisions", decisions, "--resume"});
    service.write(input);
    service.end_input();
    CHECK(service.wait() == 0);
    CHECK_MESSAGE(service.err().find(counts) != std::string::npos, service.err());
    CHECK(read_file(decisions) == decided);
  }
  {
    Service service(scratch, {"--decisions", decisions, "--resume"});
    service.write(input + "4,2018-04-02T12:00:00Z,8,4,1.00,false\n");
    service.end_input();
    CHECK(service.wait() == 0);
    CHECK(read_file(decisions) == decided + "5,4,approve,0,\n");
  }
  const std::string log = output_of(PAWL_COMMAND " journal cat " + (scratch / "journal"));
  for (const char* refused : {"\n1 left out ingest ", " source payments ticket 1\n", "\n3 left out ingest ", " source payments ticket 3\n"}) CHECK_MESSAGE(log.find(refused) != std::string::npos, log);
  Service service(scratch, {"--decisions", decisions, "--resume"});
  service.write(std::string(header) + two_rows);
  service.end_input();
  CHECK(service.wait() == 0);
  CHECK_MESSAGE(service.err().find("the input has ended 3 rows before the place where the journal goes on") != std::string::npos, service.err());
}

TEST_CASE("a pipe of decisions: what its reader gets; one that stands still does not hold up the end") {
  const Scratch scratch;
  const std::string pipe = scratch / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = open(pipe.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(reader >= 0);
  REQUIRE(fcntl(reader, F_SETPIPE_SZ, 4096) == 4096);  // less than the decisions of so many rows, which its input's pipe holds
  Service service(scratch, {"--decisions", pipe});
  std::string rows = header;
  for (int i = 0; i < 1'000; ++i) rows += std::to_string(i) + ",2018-04-01T00:00:00Z,7,3,10.00,false\n";
  service.write(rows);
  std::string got(std::string_view("sequence,id,decision,score,rules\n1,0,approve,0,\n").size(), '\0');
  for (std::size_t at = 0; at < got.size();) {
    const ssize_t more = read(reader, got.data() + at, got.size() - at);
    REQUIRE(more > 0);
    at += static_cast<std::size_t>(more);
  }
  CHECK(got == "sequence,id,decision,score,rules\n1,0,approve,0,\n");
  wait_until_full(reader);  // before that, a slow machine has taken no more rows than the pipe holds
  service.signal(SIGTERM);
  CHECK(service.wait() == 74);
  CHECK_MESSAGE(service.err().find(pipe + ": its reader took nothing for 5 s after a signal to end") != std::string::npos, service.err());
  close(reader);
}

TEST_CASE("a signal ends it inside the header, and where a FIFO has no writer") {
  const Scratch scratch;
  REQUIRE(mkfifo((scratch / "fifo").c_str(), 0600) == 0);
  for (const std::vector<std::string>& input : {std::vector<std::string>{}, {"--input", scratch / "fifo"}}) {
    const std::string decisions = scratch / "decisions.csv" + std::to_string(input.size());
    std::vector<std::string> options = {"--decisions", decisions};
    options.insert(options.end(), input.begin(), input.end());
    Service service(scratch, options);
    service.write("id,at");
    CHECK(appears(decisions, "sequence,id,decision,score,rules\n"));
    service.signal(SIGTERM);
    CHECK(service.wait() == 0);
  }
}

TEST_CASE("a slip in the command leaves no journal behind, and an output overwrites no model") {
  const Scratch scratch;
  const std::string input = write_file(scratch / "rows.csv", std::string(header) + two_rows), pipeline = std::string(PAWL_SOURCE_DIR) + "/apps/fraud/payments.pawl";
  const std::string wrong = write_file(scratch / "wrong.csv", "id,when\n1,2\n"), no_events = write_file(scratch / "none.pawl", "pipeline \"p\" version 1\n");
  const std::string quiet = " 2>/dev/null", good = "--pipeline " + pipeline + " --input " + input;
  CHECK(run_once(scratch, "--pipeline " + pipeline + " --input " + scratch / "absent.csv" + quiet) == 74);
  CHECK(run_once(scratch, "--pipeline " + pipeline + " --input " + wrong + quiet) == 65);
  CHECK(run_once(scratch, "--pipeline " + no_events + " --input " + input + quiet) == 65);
  CHECK(run_once(scratch, good + " --event Refund" + quiet) == 64);
  CHECK(run_once(scratch, good + " --decisions " + input + quiet) == 64);
  CHECK_FALSE(std::filesystem::exists(scratch / "journal"));
}

TEST_CASE("standard files that are closed or full: nothing is written into the journal, and nothing aborts") {
  const Scratch scratch;
  const std::string input = write_file(scratch / "rows.csv", std::string(header) + two_rows), good = "--pipeline " + std::string(PAWL_SOURCE_DIR) + "/apps/fraud/payments.pawl --input ";
  CHECK(run_once(scratch, good + input + " >&- 2>" + scratch / "err") == 74);
  CHECK(read_file(scratch / "err").find("standard output") != std::string::npos);
  CHECK(read_file(scratch / "journal/LOCK").find("decision") == std::string::npos);
  CHECK(run_once(scratch, good + "- <&- >/dev/null 2>&1") == 74);
  CHECK(run_once(scratch, good + input + " --decisions " + scratch / "decisions.csv" + " 2>/dev/full") == 0);
  CHECK(run_once(scratch, good + input + " --decisions " + scratch / "decisions.csv" + " 2>&-") == 0);
}

TEST_CASE("killed and started again: every accepted payment has its row, once") {
  const Scratch scratch;
  const std::string decisions = scratch / "decisions.csv";
  {
    Service service(scratch, {"--decisions", decisions});
    service.write(std::string(header) + two_rows);
    CHECK(appears(decisions, two_decisions));
    service.signal(SIGKILL);
    CHECK(service.wait() == -1);
  }
  std::ofstream(decisions, std::ios::binary | std::ios::trunc) << "sequence,id,decision,score,rules\n1,1,approve,0,\n2,2,app";  // and a torn row
  Service service(scratch, {"--decisions", decisions});
  service.end_input();
  CHECK(appears(decisions, two_decisions));
}

TEST_CASE("with snapshots and retention: the same decisions, and a restart goes on") {
  const Scratch scratch;
  const std::string decisions = scratch / "decisions.csv";
  const std::vector<std::string> options = {"--decisions", decisions, "--snapshot-every", "1s", "--retention", "--keep-time", "7d", "--keep-bytes", "1000000"};
  {
    Service service(scratch, options);
    service.write(std::string(header) + two_rows);
    CHECK(appears(decisions, two_decisions));
    service.signal(SIGTERM);
    CHECK(service.wait() == 0);
  }
  Service service(scratch, options);
  service.write(std::string(header) + "3,2018-04-01T02:00:30Z,7,4,20.00,false\n");
  service.end_input();
  CHECK(service.wait() == 0);
  CHECK(read_file(decisions) == std::string(two_decisions) + "3,3,approve,100,two_terminals\n");
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--retention"}, {"--snapshot-every", "soon"}, {"--snapshot-every", "1s", "--keep-time", "long"}}) {
    Service refused(scratch, wrong);
    CHECK(refused.wait() == 64);
  }
}

namespace {

struct Payment {
  std::int64_t id;
  pawl::Time at;
  std::int64_t customer, terminal;
  pawl::Money amount;
  bool fraud;
};
PAWL_EVENT(Payment, id, at, customer, terminal, amount, fraud);

template <class Done>
bool soon(Done done) {
  for (int i = 0; i < 60'000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return done();
}

// The service's journal after months of payments, with retention. The sequence of its oldest snapshot.
pawl::Sequence write_retired_journal(const std::string& journal) {
  pawl::EngineOptions options;
  options.directory = journal;
  options.pipeline = std::string(PAWL_SOURCE_DIR) + "/apps/fraud/payments.pawl";
  options.durability = pawl::Durability::os;
  options.segment_bytes = std::uint64_t{4} << 20;
  options.snapshots.every_inputs = pawl::limits::digest_interval;
  options.snapshots.retention.enabled = true;
  options.snapshots.pages = false;  // all memory of a state this large takes long under sanitizers
  auto engine = pawl::DurableEngine::open(options);
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  (*engine)->on_decision([](const pawl::Decision&) {});
  auto lane = (*engine)->lane("payments");
  REQUIRE(lane.ok());
  std::int64_t id = 0;
  for (int part = 1; part <= 8 && (*engine)->snapshots().retired_segments == 0; ++part) {
    for (; id < part * 66'000; ++id) {
      const Payment payment{id, 1'522'540'800 * pawl::one_second + id * 120 * pawl::one_second, id % 300, id % 70, pawl::Money{1'000}, false};
      while (!(*lane)->publish(payment).accepted()) {
      }
    }
    const bool taken = soon([&] { return (*engine)->snapshots().last_sequence >= part * pawl::limits::digest_interval - 1; });
    REQUIRE_MESSAGE(taken, "part ", part, ", durable ", (*engine)->status().durable, ": ", (*engine)->snapshot_error().value_or("no error"));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // for retention
  }
  REQUIRE((*engine)->snapshots().retired_segments > 0);
  REQUIRE((*engine)->close().ok());
  const auto disk = pawl::io::make_real_disk();
  return pawl::journal::list_snapshots(**disk, journal)->back().sequence;
}

}  // namespace

TEST_CASE("a decisions file that was cut below what retention has left: the service starts, and declares the gap") {
  const Scratch scratch;
  const std::string decisions = scratch / "decisions.csv";
  const pawl::Sequence oldest = write_retired_journal(scratch / "journal");
  const std::string next = std::to_string(oldest + 1);
  const auto start = [&](const std::string& content) {
    std::ofstream(decisions, std::ios::binary | std::ios::trunc) << content;
    Service service(scratch, {"--decisions", decisions});
    service.write(header);
    service.end_input();
    CHECK(service.wait() == 0);
    return service.err();
  };
  // A new file, as after a rotation; one that a power cut took the end of; and one that reaches the snapshot.
  const std::string fresh = start("");
  CHECK_MESSAGE(fresh.find("a gap in the decisions: those of sequences 0 to " + std::to_string(oldest) + " are missing in " + decisions + " and stay so. The file holds none") != std::string::npos, fresh);
  CHECK(read_file(decisions).starts_with("sequence,id,decision,score,rules\n" + next + ","));
  const std::string cut = start("sequence,id,decision,score,rules\n7,7,approve,0,\n");
  CHECK_MESSAGE(cut.find("those of sequences 8 to " + std::to_string(oldest) + " are missing") != std::string::npos, cut);
  CHECK(read_file(decisions).starts_with("sequence,id,decision,score,rules\n7,7,approve,0,\n" + next + ","));
  const std::string enough = start("sequence,id,decision,score,rules\n" + std::to_string(oldest) + ",7,approve,0,\n");
  CHECK_MESSAGE(enough.find("a gap") == std::string::npos, enough);
  CHECK(read_file(decisions).starts_with("sequence,id,decision,score,rules\n" + std::to_string(oldest) + ",7,approve,0,\n" + next + ","));
}

TEST_CASE("a signal before the first byte ends it as cleanly") {
  const Scratch scratch;
  Service service(scratch, {"--decisions", scratch / "decisions.csv"});
  CHECK(appears(scratch / "decisions.csv", "sequence,id,decision,score,rules\n"));
  service.signal(SIGTERM);
  CHECK(service.wait() == 0);
}

TEST_CASE("bad rows are reported and skipped; what is wrong with the command line has the contract's exit status") {
  const Scratch scratch;
  {
    Service service(scratch, {"--decisions", scratch / "decisions.csv"});
    service.write(std::string(header) + "x,2018-04-01T00:00:00Z,7,3,10.00,false\n" + two_rows);
    service.end_input();
    CHECK(service.wait() == 0);
    CHECK(service.err().find("standard input:2: column id: `x` is not a whole number") != std::string::npos);
    CHECK(read_file(scratch / "decisions.csv") == two_decisions);
  }
  const auto status = [&](const std::vector<std::string>& more) {
    Service service(scratch, more);
    service.end_input();
    const int ended = service.wait();
    CHECK(service.err().find("pawl: error: ") != std::string::npos);
    return ended;
  };
  CHECK(status({"--nonsense"}) == 64);
  CHECK(status({"--event", "Refund"}) == 64);
  CHECK(status({"--max-future", "soon"}) == 64);
  CHECK(status({"--input", scratch / "absent.csv"}) == 74);
}
