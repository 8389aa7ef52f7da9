#include "pawl/io/parker.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace pawl::io {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t), "the kernel looks at the bare word");

long futex(const std::atomic<std::uint32_t>& word, int operation, std::uint32_t value, const timespec* limit) {
  return ::syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, limit, nullptr, 0);
}

}  // namespace

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, Duration limit) {
  const timespec time{.tv_sec = limit / one_second, .tv_nsec = limit % one_second};
  // EAGAIN (the word has changed), ETIMEDOUT and EINTR are all one to the caller: it looks for work.
  futex(word, FUTEX_WAIT, expected, limit == no_limit ? nullptr : &time);
}

void futex_wake(const std::atomic<std::uint32_t>& word) { futex(word, FUTEX_WAKE, 1, nullptr); }

void nap(Duration duration) {
  const std::atomic<std::uint32_t> nobody{0};
  futex_wait(nobody, 0, duration);
}

}  // namespace pawl::io
