#include "snapshot/shadow.hpp"

#include <chrono>

#include "harness/fail.hpp"
#include "pawl/journal/snapshot/take.hpp"

namespace pawl::bench {
namespace {

bool is_too_early(ErrorCode code) {
  return code == ErrorCode::usage || code == ErrorCode::not_found || code == ErrorCode::not_initialised || code == ErrorCode::bad_data;
}

}  // namespace

Shadow::Shadow(std::string directory, int threads)
    : directory_(std::move(directory)), threads_(threads), disk_(or_fail(io::make_real_disk(io::Backend::buffered))), thread_([this] { run(); }) {}

Shadow::~Shadow() {
  stop_.store(true);
  if (thread_.joinable()) thread_.join();
}

void Shadow::stop() {
  stop_.store(true);
  thread_.join();
  if (!error_.empty()) fail("shadow: " + error_);
}

void Shadow::run() {
  while (!stop_.load() && error_.empty()) take_one();
}

void Shadow::take_one() {
  const auto there = disk_->exists(directory_ + "/CONTROL");
  if (there.ok() && *there) {
    auto taken = journal::take_snapshot({directory_, threads_, disk_.get(), &clock_});
    if (!taken.ok() && !is_too_early(taken.error().code)) error_ = taken.error().text;
    if (taken.ok() && !taken->was_there) {
      ++taken_;
      bytes_ = taken->bytes;
      return;
    }
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

}  // namespace pawl::bench
