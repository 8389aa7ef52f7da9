// Every row of the recovery table, made by a real directory: the label, and the very text that a start gives. golden/errors.txt is what an
// operator reads: code, file, offset, sequences, what is lost, what to do.
#include <cstring>
#include <set>

#include "pawl/journal/control.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/recovery.hpp"
#include "golden.hpp"
#include "world.hpp"

using namespace pawl;
using namespace pawl::world;

namespace {

const std::string first = "data/wal/0000000000000001.seg";
constexpr std::uint64_t data_block = 8192;  // the first of one page each, behind OPEN and EPOCH

// Six inputs in six blocks, killed behind the idle seal.
struct World {
  io::SimulatedClock clock;
  std::unique_ptr<io::SimulatedDisk> disk = std::make_unique<io::SimulatedDisk>();
  Options options = small_options(*disk, clock);

  explicit World(Durability durability = Durability::disk) {
    options.durability = durability;
    REQUIRE(Journal::create(options).ok());
    append(0, 6);
  }
  void append(std::uint64_t from, std::uint64_t to, std::size_t payload_bytes = 0) {
    Journal journal = reopen(options);
    for (std::uint64_t i = from; i < to; ++i) {
      REQUIRE(append_inputs(journal, clock, i, i + 1, payload_bytes));
      REQUIRE(all_durable(journal, clock));
    }
    turn_until(journal, clock, [] { return false; }, 300);
  }
  void append_segments() { append(6, 60, 1'500); }
  [[nodiscard]] std::vector<std::byte> page(const std::string& file, std::uint64_t offset) const {
    const auto bytes = disk->content(file);
    return {bytes.begin() + static_cast<std::ptrdiff_t>(offset), bytes.begin() + static_cast<std::ptrdiff_t>(offset + 4096)};
  }
  void zero(std::uint64_t offset, std::uint64_t bytes = 4096) { disk->overwrite(first, offset, std::vector<std::byte>(bytes)); }
  // Everything from the block of input `i` on as if it had not reached the device, but its first sector.
  void tear(std::uint64_t i) {
    const std::uint64_t at = data_block + i * 4096;
    zero(at + 512, 65'536 - at - 512);
    disk->flip_bit(first, at + 20, 1);
  }
  [[nodiscard]] std::string said() {
    options.disk = disk.get();
    auto opened = Journal::open(options);
    return opened ? opened->recovery().summary() : std::string(name_of(opened.error().code)) + ": " + opened.error().text;
  }
  static std::string_view name_of(ErrorCode code) {
    switch (code) {
      case ErrorCode::not_initialised: return "not_initialised";
      case ErrorCode::in_use: return "in_use";
      case ErrorCode::foreign: return "foreign";
      case ErrorCode::newer_format: return "newer_format";
      case ErrorCode::corrupt: return "corrupt";
      case ErrorCode::missing: return "missing";
      default: return "another code";
    }
  }
  // The row that a survey of the directory comes to; null: it was refused before the journal was read.
  [[nodiscard]] const journal::RecoveryRow* row() const {
    auto control = journal::read_control(*disk, directory);
    if (!control || control->state != journal::ControlState::valid) return nullptr;
    auto found = journal::survey(*disk, directory, control->slot);
    REQUIRE(found.ok());
    return &journal::classify(found->seen);
  }
};

void fix_header(std::vector<std::byte>& page, auto change) {
  journal::BlockHeader header = journal::load_header(page);
  change(header);
  std::memcpy(page.data(), &header, sizeof header);
  header.header_crc = crc32c(std::span<const std::byte>(page).subspan(journal::header_crc_from, journal::block_header_bytes - journal::header_crc_from));
  std::memcpy(page.data(), &header, sizeof header);
}

class Book {
 public:
  template <class Make>
  void tell(const std::string& what, Make make) { tell_of(what, Durability::disk, make); }
  template <class Make>
  void tell_of(const std::string& what, Durability durability, Make make) {
    World world(durability);
    make(world);
    if (const journal::RecoveryRow* row = world.row()) rows_.insert(row);
    text_ += "# " + what + "\n" + world.said() + "\n\n";
  }
  void add(const std::string& what, const std::string& said) { text_ += "# " + what + "\n" + said + "\n\n"; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::set<const journal::RecoveryRow*>& rows() const { return rows_; }

 private:
  std::string text_;
  std::set<const journal::RecoveryRow*> rows_;
};

void tell_of_directories(Book& book) {
  World world;
  {
    const Journal holder = reopen(world.options);
    book.add("another process", world.said());
  }
  io::SimulatedClock clock;
  io::SimulatedDisk empty;
  auto opened = Journal::open(small_options(empty, clock));
  REQUIRE_FALSE(opened.ok());
  book.add("no directory", std::string(World::name_of(opened.error().code)) + ": " + opened.error().text);
  REQUIRE(empty.make_directory("data").ok());
  REQUIRE(empty.open("data/notes.txt", {.access = io::Access::create_new}).ok());
  opened = Journal::open(small_options(empty, clock));
  REQUIRE_FALSE(opened.ok());
  book.add("another directory", std::string(World::name_of(opened.error().code)) + ": " + opened.error().text);
}

void tell_of_control(Book& book) {
  book.tell("CONTROL zeroed", [](World& world) { world.disk->overwrite("data/CONTROL", 0, std::vector<std::byte>(16'384)); });
  book.tell("CONTROL gone", [](World& world) { REQUIRE(world.disk->remove("data/CONTROL").ok()); });
  book.tell("CONTROL of a newer release", [](World& world) {
    for (std::uint64_t slot = 0; slot < 4; ++slot) {
      auto page = world.page("data/CONTROL", slot * 4096);
      journal::ControlSlot control;
      std::memcpy(&control, page.data(), sizeof control);
      control.version = 2;
      std::memcpy(page.data(), &control, sizeof control);
      control.crc = crc32c(std::span<const std::byte>(page).subspan(8));
      std::memcpy(page.data(), &control, sizeof control);
      world.disk->overwrite("data/CONTROL", slot * 4096, page);
    }
  });
  book.tell("CONTROL of an earlier time", [](World& world) {
    const auto earlier = world.disk->content("data/CONTROL");
    world.append(6, 8);
    world.disk->overwrite("data/CONTROL", 0, earlier);
  });
}

void tell_of_files(Book& book) {
  book.tell("a segment gone", [](World& world) {
    world.append_segments();
    REQUIRE(world.disk->remove(first).ok());
  });
  book.tell("a segment cut", [](World& world) {
    world.append_segments();
    auto file = world.disk->open(first, {.access = io::Access::read_write});
    REQUIRE((*file)->truncate(40'000) == 0);
  });
  book.tell("segments of an earlier time", [](World& world) {
    const auto earlier = world.disk->content(first);
    world.append(6, 7);
    world.append(7, 8);
    world.disk->overwrite(first, 0, earlier);
  });
  book.tell("the first of two segments of an earlier time", [](World& world) {
    const auto earlier = world.disk->content(first);
    world.append(6, 8);
    world.append(8, 9);
    world.disk->overwrite(first, 0, earlier);
  });
}

void tell_of_blocks(Book& book) {
  book.tell("a block over another", [](World& world) { world.disk->overwrite(first, data_block, world.page(first, data_block + 4096)); });
  book.tell("a block of a forked history", [](World& world) {
    auto fork = world.disk->after_process_death();
    world.append(6, 8, 100);
    World other;
    other.disk = std::move(fork);
    other.options.disk = other.disk.get();
    other.append(6, 8, 90);
    const std::uint64_t place = data_block + 8 * 4096;  // behind six inputs, their idle seal and the second start's EPOCH
    world.disk->overwrite(first, place, other.page(first, place));
  });
  book.tell("a block of another journal", [](World& world) {
    auto page = world.page(first, data_block + 2 * 4096);
    fix_header(page, [](journal::BlockHeader& header) { header.database[0] ^= std::byte{1}; });
    world.disk->overwrite(first, data_block + 2 * 4096, page);
  });
  book.tell("a block of a newer release", [](World& world) {
    auto page = world.page(first, data_block + 2 * 4096);
    fix_header(page, [](journal::BlockHeader& header) { header.version = 2; });
    world.disk->overwrite(first, data_block + 2 * 4096, page);
  });
  book.tell("a rotten block", [](World& world) { world.disk->flip_bit(first, data_block + 2 * 4096 + 230, 1); });
  book.tell("a rotten block, and bytes that are none behind it", [](World& world) {
    world.zero(data_block + 2 * 4096, 65'536 - data_block - 2 * 4096);
    world.disk->overwrite(first, data_block + 2 * 4096, std::vector<std::byte>(100, std::byte{0xEE}));
    world.disk->overwrite(first, 40'000, std::vector<std::byte>(100, std::byte{0xEE}));
  });
  book.tell("a rotten block that CONTROL knows", [](World& world) {
    world.append(6, 7);
    world.append(7, 8);
    world.disk->flip_bit(first, data_block + 5 * 4096 + 230, 1);
  });
  book.tell("a lost block that CONTROL knows", [](World& world) {
    world.append(6, 7);
    world.append(7, 8);
    world.zero(data_block + 5 * 4096);
  });
  book.tell("zeros before bytes that are no block", [](World& world) {
    world.zero(data_block + 2 * 4096, 65'536 - data_block - 2 * 4096);
    world.disk->overwrite(first, 40'000, std::vector<std::byte>(100, std::byte{0xEE}));
  });
}

void tell_of_starts(Book& book) {
  book.tell("killed", [](World&) {});
  book.tell("a torn block", [](World& world) { world.tear(4); });
  book.tell_of("zeros before later data, written without sync", Durability::os, [](World& world) {
    world.zero(data_block + 2 * 4096, 65'536 - data_block - 2 * 4096);
    world.disk->overwrite(first, 40'000, std::vector<std::byte>(100, std::byte{0xEE}));
  });
  book.tell_of("a torn block before later data, written without sync", Durability::os, [](World& world) {
    world.zero(data_block + 2 * 4096, 65'536 - data_block - 2 * 4096);
    world.disk->overwrite(first, data_block + 2 * 4096, std::vector<std::byte>(100, std::byte{0xEE}));
    world.disk->overwrite(first, 40'000, std::vector<std::byte>(100, std::byte{0xEE}));
  });
}

}  // namespace

TEST_CASE("golden: what a start says of every row of the recovery table") {
  Book book;
  tell_of_directories(book);
  tell_of_control(book);
  tell_of_files(book);
  tell_of_blocks(book);
  tell_of_starts(book);
  golden::check(std::string(PAWL_SOURCE_DIR) + "/tests/journal/golden/errors.txt", book.text());
  // The first five rows decide before a block is read; all others were reached by a survey.
  const auto rows = journal::recovery_rows();
  for (std::size_t i = 5; i < rows.size(); ++i) CHECK_MESSAGE(book.rows().contains(&rows[i]), journal::name(rows[i].label) << ": " << rows[i].why);
  for (const journal::RecoveryRow& row : rows) CHECK_MESSAGE(book.text().find(journal::name(row.label)) != std::string::npos, journal::name(row.label));
}
