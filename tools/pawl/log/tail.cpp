// pawl journal tail: the last inputs, then those that come, as soon as they are durable.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <limits>

#include "pawl/io/parker.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/log/commands.hpp"
#include "pawl/log/record_text.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct TailOptions {
  std::string directory;
  std::int64_t count = 10;
  bool follow = false, annotations = false, json = false;
};

// Set by the signal handler, read by the loop of this thread.
volatile std::sig_atomic_t stop_asked = 0;
void ask_to_stop(int) { stop_asked = 1; }

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = ask_to_stop;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  stop_printing_on(stop_asked);
}

// Whoever read the other end of the pipe has gone: nobody would notice while no records come.
bool reader_has_gone() {
  pollfd out{STDOUT_FILENO, 0, 0};
  return ::poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

// One past the last durable input.
Result<Sequence> end_of(const std::string& directory) {
  auto log = LogReader::open(directory, std::numeric_limits<Sequence>::max());
  if (!log) return std::move(log).error();
  (void)for_each(*log, [](const Entry&) { return true; });  // damage is reported by whoever shows what stands before it
  return log->next_sequence();
}

// An end that does not move may be damage: a lost write leaves zeros, and bytes that are no block may be one that is being written.
class EndWatch {
 public:
  explicit EndWatch(const LogReader& log) : log_(log) {}

  Result<void> look() {
    constexpr Duration patience = one_second;
    const std::int64_t now_ns = clock_.monotonic_ns();
    if (log_.last_block() != block_) {
      block_ = log_.last_block();
      since_ns_ = now_ns;
      is_judged_ = false;
    }
    if (now_ns - since_ns_ < patience || (is_judged_ && !log_.stands_before_bytes())) return {};
    since_ns_ = now_ns;
    is_judged_ = true;
    return log_.check_end();
  }

 private:
  const LogReader& log_;
  io::SystemClock clock_;
  std::uint64_t block_ = 0;
  std::int64_t since_ns_ = 0;
  bool is_judged_ = false;
};

int follow(LogReader& log, const TailOptions& options) {
  constexpr Duration patience = 20'000'000;
  EndWatch watch(log);
  LinePrinter printer(options.json);
  while (stop_asked == 0) {
    auto entry = log.next();
    if (!entry) {
      if (const int printed = printer.finish(); printed != exit_fine) return printed;
      return fail(entry.error());
    }
    if (*entry) {
      const bool is_shown = (*entry)->is_input() || options.annotations;
      if (is_shown && !printer.show(**entry, log.decoder())) return printer.finish();
      continue;
    }
    if (reader_has_gone()) return exit_fine;
    if (const int printed = printer.finish(); printed != exit_fine) return printed;
    if (auto whole = watch.look(); !whole) return fail(whole.error());
    io::nap(patience);
  }
  return printer.finish();
}

int show_last(LogReader& log, const TailOptions& options) {
  LinePrinter printer(options.json);
  const auto done = for_each(log, [&](const Entry& entry) {
    return (!entry.is_input() && !options.annotations) || printer.show(entry, log.decoder());
  });
  if (const int printed = printer.finish(); printed != exit_fine) return printed;
  return done ? exit_fine : fail(done.error());
}

int tail(const TailOptions& options) {
  if (options.follow) handle_signals();
  const auto end = end_of(options.directory);
  if (!end) return fail(end.error());
  auto log = LogReader::open(options.directory, std::max<Sequence>(0, *end - options.count));
  if (!log) return fail(log.error());
  return options.follow ? follow(*log, options) : show_last(*log, options);
}

}  // namespace

void add_journal_tail(Command& journal, Action& action) {
  const auto options = std::make_shared<TailOptions>();
  Command command = add_journal_command(journal, action, "tail", "Its last inputs, and with -f those that come", options, &tail);
  add_directory(command, options->directory);
  command.option("-n", options->count, "So many inputs").at_least_zero().shows_default();
  command.flag("-f,--follow", options->follow, "Go on with what comes, once it is durable, over restarts of the engine, until SIGINT, SIGTERM or the end of the pipe");
  command.flag("--annotations", options->annotations, "Also what stands between the inputs");
  command.flag("--json", options->json, "One JSON object per record");
}

}  // namespace pawl::tools
