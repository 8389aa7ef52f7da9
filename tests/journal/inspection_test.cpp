// info and verify: every defect with its place, and no defect where there is none.
#include "hooked_disk.hpp"
#include "pawl/journal/control.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/journal/repair.hpp"
#include "world.hpp"

namespace inspection_test {

using namespace pawl;
using namespace pawl::world;

namespace {

struct Written {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  Options options = small_options(disk, clock);

  explicit Written(std::uint64_t inputs = 2'000, bool clean = true) {
    Journal journal = create_and_open(options);
    REQUIRE(journal.writer().annotate_source(0, "gateway"));
    REQUIRE(append_inputs(journal, clock, 0, inputs));
    REQUIRE(all_durable(journal, clock));
    if (clean) REQUIRE(journal.close().ok());
  }
  journal::Verification verified() {
    auto verification = journal::verify(directory, disk);
    REQUIRE_MESSAGE(verification.ok(), (verification ? "" : verification.error().text));
    return std::move(*verification);
  }
};

}  // namespace

TEST_CASE("info of a journal, closed or not") {
  for (const bool clean : {true, false}) {
    Written written(2'000, clean);
    auto info = journal::inspect(directory, written.disk);
    REQUIRE_MESSAGE(info.ok(), (info ? "" : info.error().text));
    CHECK(info->label == Label::end);
    CHECK(info->clean == clean);
    CHECK(info->last_sequence == 1'999);
    CHECK(info->epochs == 1);
    CHECK(info->segments.size() > 3);
    CHECK(info->segments.front().sealed);
    CHECK(info->sources.size() == 1);
    CHECK(info->sources[0].last_ticket == 667);
  }
}

TEST_CASE("verify finds nothing in a whole journal, and counts it") {
  for (const bool clean : {true, false}) {
    Written written(2'000, clean);
    const auto verification = written.verified();
    CHECK(verification.whole());
    CHECK(verification.findings.empty());
    CHECK(verification.inputs == 2'000);
    CHECK(verification.blocks == verification.end.block);
    CHECK(verification.end.next_sequence == 2'000);
  }
}

TEST_CASE("verify reports three defects in three segments, each with its sequences, and goes on") {
  Written written;
  for (const std::uint64_t segment : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{4}}) {
    written.disk.flip_bit(journal::segment_path(directory, segment), 20'000, 3);
  }
  const auto verification = written.verified();
  CHECK_FALSE(verification.whole());
  REQUIRE(verification.findings.size() == 3);
  std::uint64_t lost = 0;
  for (const auto& finding : verification.findings) {
    CHECK(finding.label == Label::corrupt);
    CHECK(finding.first_sequence <= finding.last_sequence);
    CHECK(finding.first_block == finding.last_block);
    lost += static_cast<std::uint64_t>(finding.last_sequence - finding.first_sequence + 1);
  }
  CHECK(verification.findings[2].path == journal::segment_path(directory, 4));
  CHECK(verification.inputs + lost == 2'000);
}

TEST_CASE("verify reports damage at the end beside damage before it, and all that it cost") {
  // The blocks of a segment from a page on are damaged in their bodies alone, so their headers still speak.
  const auto damage_from = [](Written& written, const std::string& path, std::uint64_t from) {
    auto file = written.disk.open(path, {.access = io::Access::read});
    REQUIRE(file.ok());
    journal::AlignedBytes page(journal::page_bytes);
    std::vector<std::uint64_t> written_pages;
    for (std::uint64_t at = from; (*file)->read(page.span(), at) == static_cast<std::int64_t>(journal::page_bytes); at += journal::page_bytes) {
      if (!journal::all_zero(page.span())) written_pages.push_back(at);
    }
    file->reset();
    REQUIRE(written_pages.size() >= 2);
    for (const std::uint64_t at : written_pages) written.disk.flip_bit(path, at + 4000, 1);
  };
  for (const bool clean : {true, false}) {
    for (const std::uint64_t earlier : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}}) {  // nowhere, in another segment, in the same one
      CAPTURE(clean);
      CAPTURE(earlier);
      Written written(2'000, clean);
      auto info = journal::inspect(directory, written.disk);
      REQUIRE(info.ok());
      std::string last;
      for (const auto& segment : info->segments) {
        if (!segment.sealed && last.empty()) last = journal::segment_path(directory, segment.number);
      }
      REQUIRE_FALSE(last.empty());
      if (earlier == 1) written.disk.flip_bit(journal::segment_path(directory, 1), 20'000, 3);
      if (earlier == 2) written.disk.flip_bit(last, journal::page_bytes + 4000, 1);
      damage_from(written, last, 5 * journal::page_bytes);
      const auto verification = written.verified();
      CHECK_FALSE(verification.whole());
      REQUIRE(verification.findings.size() == (earlier == 0 ? 1 : 2));
      const auto& end = verification.findings.back();
      CHECK(end.is_damage);
      CHECK(end.path == last);
      CHECK(end.first_block <= end.last_block);
      std::uint64_t lost = 0;
      for (const auto& finding : verification.findings) {
        if (finding.last_sequence >= finding.first_sequence) lost += static_cast<std::uint64_t>(finding.last_sequence - finding.first_sequence + 1);
      }
      if (clean) CHECK(verification.inputs + lost == 2'000);
      CHECK(verification.inputs + lost <= 2'000);
    }
  }
}

TEST_CASE("verify names missing, swapped and shortened segments") {
  Written written;
  SUBCASE("missing") {
    REQUIRE(written.disk.remove(journal::segment_path(directory, 2)).ok());
    const auto verification = written.verified();
    REQUIRE(verification.findings.size() == 1);
    CHECK(verification.findings[0].label == Label::missing);
  }
  SUBCASE("swapped") {
    const std::string a = journal::segment_path(directory, 2);
    const std::string b = journal::segment_path(directory, 3);
    REQUIRE(written.disk.rename(a, "data/x").ok());
    REQUIRE(written.disk.rename(b, a).ok());
    REQUIRE(written.disk.rename("data/x", b).ok());
    CHECK_FALSE(written.verified().whole());
    auto opened = Journal::open(written.options);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().text.find("MISDIRECTED") != std::string::npos);
  }
  SUBCASE("shortened") {
    auto file = written.disk.open(journal::segment_path(directory, 3), {.access = io::Access::read_write});
    REQUIRE(file.ok());
    REQUIRE((*file)->truncate(40'960) == 0);
    file->reset();
    CHECK_FALSE(written.verified().whole());
    CHECK_FALSE(Journal::open(written.options).ok());
  }
  SUBCASE("last segment gone") {
    auto info = journal::inspect(directory, written.disk);
    REQUIRE(info.ok());
    for (const auto& segment : info->segments) {
      if (!segment.sealed) REQUIRE(written.disk.remove(journal::segment_path(directory, segment.number)).ok());
    }
    CHECK_FALSE(written.verified().whole());
    auto opened = Journal::open(written.options);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code == ErrorCode::missing);
  }
}

namespace {

// CONTROL says that the journal begins with the segment, then those before it go: what an engine's retention does.
void retire_before(io::SimulatedDisk& disk, std::uint64_t oldest) {
  const auto found = journal::read_control(disk, directory);
  auto control = journal::ControlFile::open(disk, directory, found->slot);
  journal::ControlSlot next = control->current();
  next.oldest_segment = oldest;
  REQUIRE(control->publish(next, 1).ok());
  for (std::uint64_t segment = found->slot.oldest_segment; segment < oldest; ++segment) (void)disk.remove(journal::segment_path(directory, segment));
}

// What a tool finds wrong.
std::string wrong_by_verify(io::Disk& disk) {
  const auto verified = journal::verify(directory, disk);
  return !verified.ok() ? verified.error().text : verified->whole() ? std::string() : verified->findings.front().text;
}
std::string wrong_by_info(io::Disk& disk) {
  const auto info = journal::inspect(directory, disk);
  return !info.ok() ? info.error().text : info->text;
}

}  // namespace

TEST_CASE("verify and info beside an engine that retires segments at any moment find no damage") {
  Written written(4'000);
  REQUIRE(JournalReader::open(directory, written.disk)->segments()->size() >= 7);
  for (const auto wrong : {&wrong_by_verify, &wrong_by_info}) {
    for (std::uint64_t step = 1; step <= 2; ++step) {
      std::uint64_t moments = 0;
      for (std::uint64_t moment = 0; moment <= moments; ++moment) {
        const auto disk = written.disk.after_process_death();
        HookedDisk hooked(*disk);
        std::uint64_t calls = 0;
        // One step at that moment, the next three operations later.
        hooked.set_hook([&](io::Operation, const std::string&) {
          if (calls == moment) retire_before(*disk, 1 + step);
          if (calls == moment + 3) retire_before(*disk, 1 + 2 * step);
          ++calls;
        });
        const std::string text = wrong(hooked);
        CHECK_MESSAGE(text.empty(), "retired at operation " << moment << ": " << text);
        moments = std::max(moments, calls);
      }
      CHECK(moments > 6);
    }
  }
}

// A block that was never acked is torn by a power cut; the next start drops it.
TEST_CASE("verify holds what is in quarantine against what the journal says was dropped") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  std::unique_ptr<io::SimulatedDisk> torn;
  for (std::uint64_t seed = 0; seed < 64 && torn == nullptr; ++seed) {
    io::SimulatedDisk fresh;
    Journal journal = create_and_open(small_options(fresh, clock));
    REQUIRE(append_inputs(journal, clock, 0, 100));
    REQUIRE(all_durable(journal, clock));
    for (std::uint64_t i = 100; i < 104; ++i) REQUIRE(journal.writer().append(make_input(i, 1'000)));
    journal.writer().poll();
    auto cut = fresh.after_power_cut({.policy = io::PowerCut::Policy::torn, .seed = seed});
    Journal again = reopen(small_options(*cut, clock));
    if (again.recovery().label == Label::torn) torn = std::move(cut);
    REQUIRE(append_inputs(again, clock, static_cast<std::uint64_t>(again.recovery().last_sequence + 1), 200));
    REQUIRE(all_durable(again, clock));
    REQUIRE(again.close().ok());
  }
  REQUIRE(torn != nullptr);
  const auto verified = [&] {
    auto verification = journal::verify(directory, *torn);
    REQUIRE_MESSAGE(verification.ok(), (verification ? "" : verification.error().text));
    return *std::move(verification);
  };
  CHECK(verified().whole());
  const std::string place = std::string(directory) + "/quarantine";
  const auto names = torn->list(place);
  REQUIRE(names.ok());
  REQUIRE(names->size() == 1);
  const std::string path = place + "/" + names->front();
  torn->flip_bit(path, 77, 3);
  const auto damaged = verified();
  REQUIRE(damaged.findings.size() == 1);
  CHECK(damaged.findings[0].path == path);
  CHECK(damaged.findings[0].text.find("nothing that was acked is lost") != std::string::npos);
  CHECK(damaged.log_whole());
  const auto repaired = journal::repair(directory, "repaired", *torn, clock);
  REQUIRE_FALSE(repaired.ok());
  CHECK(repaired.error().text.find("is whole") != std::string::npos);
  CHECK(Journal::open(small_options(*torn, clock)).ok());
  torn->flip_bit(path, 77, 3);
  torn->add_fault({.operation = io::Operation::open, .path_part = path, .error_number = EACCES});
  const auto unreadable = verified();
  REQUIRE(unreadable.findings.size() == 1);
  CHECK(unreadable.findings[0].text.find("EACCES") != std::string::npos);
  CHECK(unreadable.log_whole());
  CHECK(verified().whole());
  // Shorter, it is not what was dropped either; gone, nobody asks for it; another name says nothing.
  auto file = torn->open(path, {.access = io::Access::read_write});
  REQUIRE(file.ok());
  REQUIRE((*file)->truncate(100) == 0);
  file->reset();
  CHECK_FALSE(verified().whole());
  REQUIRE(torn->rename(path, place + "/note.txt").ok());
  CHECK(verified().whole());
}

}  // namespace inspection_test
