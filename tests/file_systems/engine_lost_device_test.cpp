// A device that goes away, or a file system that makes itself read-only, under a running engine: FAILED at once, nothing acked after it,
// and what was acked is there again.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <thread>

#include "accounted_engine.hpp"
#include "loop_mount.hpp"

using namespace pawl::test;

namespace {

struct Loss {
  std::string type;
  void (LoopMount::*happens)() const;
  std::string error;
  std::string cure;
};

const Loss losses[] = {
    {"ext4", &LoopMount::pull_the_device, "Input/output error (EIO)", "the device failed: see 'dmesg'"},
    {"xfs", &LoopMount::pull_the_device, "Input/output error (EIO)", "the device failed: see 'dmesg'"},
    {"ext4", &LoopMount::find_an_error, "Read-only file system (EROFS)", "then remount it read-write"},
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Offers events until the engine has failed. When that was, after the loss began and after it was complete: the kernel takes a while over it.
std::string run_into(AccountedEngine& run, const LoopMount& mount, const Loss& loss) {
  Clock::time_point began, complete;
  std::thread accident([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    began = Clock::now();
    (mount.*loss.happens)();
    complete = Clock::now();
  });
  while (!run.engine->status().failed) (void)run.offer();
  const auto failed = Clock::now();
  accident.join();
  const auto ms = [&](Clock::time_point since) { return std::chrono::duration<double, std::milli>(failed - since).count(); };
  return fmt::format("FAILED {:.2f} ms after the loss began, {:.2f} after it was complete", ms(began), ms(complete));
}

}  // namespace

TEST_CASE("a device that is lost under a running engine: FAILED at once, no ack after it, and all that was acked is recovered") {
  for (const Loss& loss : losses) {
    CAPTURE(loss.type);
    CAPTURE(loss.error);
    auto mount = LoopMount::make(loss.type, 128 * MiB);
    if (!mount.ok()) {
      MESSAGE("SKIPPED: device lost, ", loss.type, ": ", mount.error().text);
      continue;
    }
    AccountedEngine run(*mount / "journal", pawl::EngineOptions::as_recorded);
    const std::string failed = run_into(run, *mount, loss);
    const pawl::Sequence durable = run.engine->status().durable;
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    CHECK(run.engine->status().durable == durable);
    CHECK(run.engine->status().journal == pawl::journal::WriterState::failed);
    CHECK(run.offer() == Refusal::failed);
    const auto closed = run.engine->close();
    REQUIRE_FALSE(closed.ok());
    CHECK(closed.error().code == pawl::ErrorCode::io);
    CHECK(pawl::exit_status(closed.error().code) == 74);
    for (const std::string& part : {loss.error, loss.cure, *mount / "journal/wal/"}) CHECK_MESSAGE(has(closed.error().text, part), closed.error().text);
    CHECK(run.has_decided_each_once());
    CHECK(static_cast<pawl::Sequence>(run.decided.size()) <= durable);
    run.engine.reset();
    mount->mount_again();

    AccountedEngine again(*mount / "journal", pawl::EngineOptions::replay_all);
    const pawl::Sequence recovered = again.engine->recovery().last_sequence;
    CHECK(recovered >= durable);
    CHECK(recovered <= run.accepted);
    CHECK(again.lane->next_ticket() == static_cast<pawl::Ticket>(recovered + 1));
    REQUIRE(again.engine->close().ok());
    CHECK(again.has_decided_each_once());
    CHECK(static_cast<pawl::Sequence>(again.decided.size()) == recovered);
    MESSAGE(loss.type, ", ", loss.error, ": ", failed, "; ", run.decided.size(), " acked, ", recovered, " recovered of ", run.accepted, " accepted");
  }
}
