// Damage to durable data: the same contents, repaired and said so, or a declared error; never silently different. Every bit, every sector in
// several ways, every pair of sectors and pages, every file, over a directory of three segments. PAWL_DAMAGE_STRIDE: each so-many-th bit
// alone (1, but under sanitizers).
#include <malloc.h>

#include <array>
#include <cstdlib>

#include "directory.hpp"

using namespace pawl;
using damage::Directory;
using damage::Outcome;

namespace {

#ifdef PAWL_SANITIZED
constexpr std::uint64_t default_stride = 211;
#else
constexpr std::uint64_t default_stride = 1;
#endif

std::uint64_t stride() {
  const char* text = std::getenv("PAWL_DAMAGE_STRIDE");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : default_stride;
}

constexpr std::uint64_t sector_bytes = 512;
constexpr std::uint64_t page_bytes = 4096;

// The states of one sweep, by outcome.
class Sweep {
 public:
  explicit Sweep(const Directory& directory) : directory_(directory) {}

  template <class Damage, class What>
  void run(const std::string& file, Damage damage, What what, bool with_witness = false) {
    auto copy = directory_.copy();
    damage(*copy);
    const Outcome outcome = file == directory_.snapshot() ? directory_.judge_snapshot(*copy) : directory_.judge(*copy, with_witness);
    ++counts_[static_cast<std::size_t>(outcome)];
    if (outcome == Outcome::silent && counts_[3] <= 5) FAIL_CHECK("silently different: " << what());
  }
  void print(const std::string& name) const {
    MESSAGE(name << ": " << counts_[0] + counts_[1] + counts_[2] + counts_[3] << " states, " << counts_[0] << " identical, " << counts_[1] << " repaired, " << counts_[2]
                 << " declared, " << counts_[3] << " silent");
    CHECK(counts_[3] == 0);
    CHECK(counts_[2] > 0);
  }
  [[nodiscard]] std::uint64_t declared() const noexcept { return counts_[2]; }

 private:
  const Directory& directory_;
  std::array<std::uint64_t, 4> counts_{};
};

std::vector<std::string> with_snapshot(const Directory& directory) {
  std::vector<std::string> files = directory.files();
  files.push_back(directory.snapshot());
  return files;
}

std::string at(const std::string& file, std::uint64_t offset) { return file + " at " + std::to_string(offset); }

// A piece of a file.
struct Piece {
  std::string file;
  std::uint64_t offset;
  std::vector<std::byte> bytes;
};

std::vector<Piece> pieces_of(const Directory& directory, std::uint64_t piece_bytes) {
  std::vector<Piece> pieces;
  for (const std::string& file : directory.files()) {
    const auto content = directory.content(file);
    for (std::size_t offset = 0; offset + piece_bytes <= content.size(); offset += piece_bytes) {
      const auto from = content.begin() + static_cast<std::ptrdiff_t>(offset);
      pieces.push_back({file, offset, {from, from + static_cast<std::ptrdiff_t>(piece_bytes)}});
    }
  }
  return pieces;
}

// Each piece over each other one (a misdirected write), and each pair exchanged. `every`: of the pairs.
void exchange_all(const Directory& directory, std::uint64_t piece_bytes, std::uint64_t every, const std::string& name) {
  Sweep sweep(directory);
  const std::vector<Piece> pieces = pieces_of(directory, piece_bytes);
  std::uint64_t pairs = 0;
  for (std::size_t a = 0; a < pieces.size(); ++a) {
    for (std::size_t b = 0; b < pieces.size(); ++b) {
      if (pieces[a].bytes == pieces[b].bytes || ++pairs % every != 0) continue;
      const auto what = [&] { return at(pieces[a].file, pieces[a].offset) + " over " + at(pieces[b].file, pieces[b].offset); };
      sweep.run(pieces[b].file, [&](io::SimulatedDisk& disk) { disk.overwrite(pieces[b].file, pieces[b].offset, pieces[a].bytes); }, what);
      if (a > b) continue;
      const bool with_witness = directory.is_last_block(pieces[a].file, pieces[a].offset) && directory.is_seal(pieces[b].file, pieces[b].offset);
      sweep.run(pieces[b].file, [&](io::SimulatedDisk& disk) {
        disk.overwrite(pieces[b].file, pieces[b].offset, pieces[a].bytes);
        disk.overwrite(pieces[a].file, pieces[a].offset, pieces[b].bytes);
      }, [&] { return "exchanged: " + what(); }, with_witness);
    }
  }
  sweep.print(name);
}

void resize(io::SimulatedDisk& disk, const std::string& file, std::uint64_t bytes) {
  auto opened = disk.open(file, {.access = io::Access::read_write});
  REQUIRE((*opened)->truncate(bytes) == 0);
}

}  // namespace

// A million states: memory that one has given back is kept for the next.
TEST_CASE("damage: every bit of CONTROL, of three segments and of a snapshot, flipped") {
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that glibc takes
  for (const bool clean : {false, true}) {
    const Directory directory(clean);
    Sweep sweep(directory);
    const std::uint64_t step = clean ? stride() * 31 : stride();  // a clean end differs in CONTROL and the last block alone
    std::uint64_t bit = 0;
    for (const std::string& file : with_snapshot(directory)) {
      for (const std::uint64_t end = directory.content(file).size() * 8; bit < end; bit += step) {
        sweep.run(file, [&](io::SimulatedDisk& disk) { disk.flip_bit(file, bit / 8, bit % 8); }, [&] { return at(file, bit / 8) + " bit " + std::to_string(bit % 8); });
      }
      bit = 0;
    }
    sweep.print(clean ? "flipped bits, closed journal" : "flipped bits, killed journal");
  }
}

TEST_CASE("damage: every sector zeroed, filled, made garbage, unreadable") {
  for (const bool clean : {false, true}) {
    const Directory directory(clean);
    Sweep sweep(directory);
    io::Random random(11);
    for (const std::string& file : with_snapshot(directory)) {
      const std::uint64_t size = directory.content(file).size();
      for (std::uint64_t offset = 0; offset < size; offset += sector_bytes) {
        std::vector<std::byte> garbage(sector_bytes);
        for (std::byte& byte : garbage) byte = static_cast<std::byte>(random.next());
        for (const auto& bytes : {std::vector<std::byte>(sector_bytes), std::vector<std::byte>(sector_bytes, std::byte{0xFF}), garbage}) {
          sweep.run(file, [&](io::SimulatedDisk& disk) { disk.overwrite(file, offset, bytes); }, [&] { return at(file, offset); });
        }
        sweep.run(file, [&](io::SimulatedDisk& disk) { disk.make_unreadable(file, offset, sector_bytes); }, [&] { return "unreadable " + at(file, offset); });
      }
    }
    sweep.print(clean ? "sectors, closed journal" : "sectors, killed journal");
  }
}

TEST_CASE("damage: every sector over every other, and every pair exchanged") { exchange_all(Directory(false), sector_bytes, stride(), "pairs of sectors"); }

TEST_CASE("damage: every page over every other, and every pair exchanged") {
  for (const bool clean : {false, true}) exchange_all(Directory(clean), page_bytes, 1, "pairs of pages");
}

TEST_CASE("damage: every file deleted, cut at every sector, lengthened, renamed, exchanged") {
  for (const bool clean : {false, true}) {
    const Directory directory(clean);
    Sweep sweep(directory);
    for (const std::string& file : with_snapshot(directory)) {
      const auto named = [&](const char* what) { return [&file, what] { return file + ' ' + what; }; };
      sweep.run(file, [&](io::SimulatedDisk& disk) { REQUIRE(disk.remove(file).ok()); }, named("deleted"));
      const std::uint64_t size = directory.content(file).size();
      for (std::uint64_t bytes = 0; bytes < size; bytes += sector_bytes) sweep.run(file, [&](io::SimulatedDisk& disk) { resize(disk, file, bytes); }, named("cut"));
      for (const std::uint64_t more : {sector_bytes, page_bytes, 8 * page_bytes}) sweep.run(file, [&](io::SimulatedDisk& disk) { resize(disk, file, size + more); }, named("lengthened"));
      sweep.run(file, [&](io::SimulatedDisk& disk) { REQUIRE(disk.rename(file, "data/wal/0000000000000007.seg").ok()); }, named("renamed to segment 7"));
      sweep.run(file, [&](io::SimulatedDisk& disk) { REQUIRE(disk.rename(file, file + ".old").ok()); }, named("renamed"));
      for (const std::string& other : directory.files()) {
        if (other != file) sweep.run(file, [&](io::SimulatedDisk& disk) { REQUIRE(disk.rename(other, file).ok()); }, named("replaced by another"));
      }
    }
    sweep.print(clean ? "files, closed journal" : "files, killed journal");
  }
}

// What was dropped before is kept for people: no start reads it.
TEST_CASE("damage: quarantine and a lost snapshot change nothing") {
  const Directory directory(false);
  const std::uint64_t size = directory.content(directory.quarantined()).size();
  for (std::uint64_t offset = 0; offset < size; offset += sector_bytes) {
    auto copy = directory.copy();
    copy->flip_bit(directory.quarantined(), offset, 3);
    CHECK(directory.judge(*copy) == Outcome::identical);
  }
  for (const std::string& file : {directory.quarantined(), directory.snapshot()}) {
    auto copy = directory.copy();
    REQUIRE(copy->remove(file).ok());
    CHECK(directory.judge(*copy) == Outcome::identical);
  }
}
