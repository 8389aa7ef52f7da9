#include "micro/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "default_pipeline.hpp"
#include "micro/logic.hpp"
#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/base/histogram.hpp"
#include "pawl/core/ring/byte_ring.hpp"
#include "pawl/core/ring/lane.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/core/ring/writer.hpp"
#include "pawl/core/state/key_table.hpp"
#include "pawl/journal/block_buffer.hpp"

namespace pawl::bench {
namespace {

// The number behind the last slash of "name/16".
std::int64_t argument_of(const std::string& name) { return std::stoll(name.substr(name.rfind('/') + 1)); }

// Keeps what was computed from being thrown away as unused.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// One batch claimed and published, polled and released by the same thread: the ring's own instructions, no transfer between cores.
Operation ring_batch(const std::string& name) {
  struct State {
    io::Region memory = map_pages(4096 * 128);
    ring::ByteRing ring{memory.bytes(), 128};
    ring::Writer<ring::ByteRing> writer{ring};
    ring::Reader<ring::ByteRing> reader{writer};
  };
  const auto state = std::make_shared<State>();
  state->writer.gate_on(state->reader.consumed());
  const std::int64_t batch = argument_of(name);
  return {.name = name, .items = batch, .run = [state, batch] {
            state->writer.publish(state->writer.claim(batch).last);
            const ring::Batch taken = state->reader.poll(batch);
            if (taken.size() != batch) fail("micro: a batch came short");
            state->reader.release(taken.last);
          }};
}

// A batch published into a lane and drained by the same thread.
Operation lane_batch(const std::string& name) {
  struct Cell {
    std::array<std::uint64_t, 8> words{};
  };
  struct State {
    ring::Lane<Cell> lane{4096};
    std::array<Cell, 16> cells{};
  };
  const auto state = std::make_shared<State>();
  const std::int64_t batch = argument_of(name);
  return {.name = name, .items = batch, .run = [state, batch] {
            const std::span<const Cell> cells(state->cells.data(), static_cast<std::size_t>(batch));
            const std::int64_t published = batch == 1 ? (state->lane.publish(cells.front()).accepted() ? 1 : 0) : state->lane.publish(cells).count;
            std::uint64_t seen = 0;
            const std::int64_t drained = state->lane.drain(batch, [&](Ticket, const Cell& cell) { seen += cell.words[0]; });
            keep(seen);
            if (published != batch || drained != batch) fail("micro: a lane lost a cell");
          }};
}

Operation checksum(const std::string& name) {
  const auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(argument_of(name)), std::byte{7});
  return {.name = name, .items = argument_of(name), .item = "byte", .run = [bytes] { keep(crc32c(*bytes)); }};
}

// Four records of one length side by side, as the sequence and decide stages take them.
Operation checksum_of_four(const std::string& name) {
  const auto bytes = static_cast<std::size_t>(argument_of(name));
  const auto memory = std::make_shared<std::vector<std::byte>>(4 * bytes, std::byte{7});
  return {.name = name, .items = 4, .run = [memory, bytes] {
            const std::byte* const base = memory->data();
            const std::byte* const pieces[4] = {base, base + bytes, base + 2 * bytes, base + 3 * bytes};
            std::uint32_t crcs[4];
            crc32c_4(pieces, bytes, crcs);
            keep(crcs);
          }};
}

constexpr state::KeyTableShape key_shape{.record_bytes = 64, .key_offset = 16, .key_bytes = 8, .keys_max = 4096};

std::size_t key_table_bytes() {
  state::Arena measuring;
  const state::KeyTable table(key_shape, measuring);
  return measuring.used_bytes();
}

Operation key_look_up(const std::string& name) {
  struct Table {
    io::Region memory = map_pages(key_table_bytes());
    state::Arena arena{memory.bytes()};
    state::KeyTable table{key_shape, arena};
    std::array<std::uint64_t, 1024> keys{};
    std::size_t next = 0;
    static std::uint64_t hash(std::uint64_t key) { return (key + 1) * 0x9E37'79B9'7F4A'7C15; }
  };
  const auto table = std::make_shared<Table>();
  for (std::size_t i = 0; i < table->keys.size(); ++i) {
    table->keys[i] = i * 977;
    if (table->table.insert(Table::hash(table->keys[i]), reinterpret_cast<const std::byte*>(&table->keys[i])) == state::KeyTable::none) fail("micro: no room for a key");
  }
  const auto find = [](Table& in, std::uint64_t key) { return in.table.find(Table::hash(key), reinterpret_cast<const std::byte*>(&key)); };
  if (name.ends_with("of_none")) {
    return {.name = name, .item = "key", .run = [table, find] {
              const std::uint64_t absent = table->keys[++table->next % table->keys.size()] + 1;  // keys are multiples of 977
              if (find(*table, absent) != state::KeyTable::none) fail("micro: a key is found that never was there");
            }};
  }
  return {.name = name, .item = "key", .run = [table, find] {
            if (find(*table, table->keys[++table->next % table->keys.size()]) == state::KeyTable::none) fail("micro: a key is lost");
          }};
}

// --- windows and rules ---

constexpr const char* event = "event Payment { id: int, at: time, customer: int, terminal: int, amount: money, fraud: bool }\n";

struct Kind {
  std::string_view name, text;
};

// Every aggregate that this release evaluates, and what changes the work of each.
constexpr std::array aggregates{Kind{"count", "count(per customer, 1d)"},
                                Kind{"sum", "sum(amount per customer, 1d)"},
                                Kind{"avg", "avg(amount per customer, 1d)"},
                                Kind{"share", "share(fraud per customer, 1d)"},
                                Kind{"last", "prior last(amount per customer, since start)"},
                                Kind{"distinct", "distinct(terminal per customer, 1d)"},
                                Kind{"last_n", "sum(amount per customer, last 10)"},
                                Kind{"where", "count(per customer, 1d where amount < 2.00)"},
                                Kind{"delayed", "count(per terminal, 7d delayed 7d)"}};

// Every predicate that it evaluates over numbers and times.
constexpr std::array predicates{Kind{"threshold", "amount > 220.00"},
                                Kind{"fields", "customer > terminal"},
                                Kind{"list", "customer in (1, 5, 7, 11)"},
                                Kind{"arithmetic", "customer + 2 * terminal > 9000"},
                                Kind{"equality", "customer = 17"},
                                Kind{"between", "amount between 5.00 and 20.00"},
                                Kind{"missing", "amount is missing"},
                                Kind{"logic", "(customer > 17 or amount > 220.00) and not fraud"},
                                Kind{"division", "amount / 3 > 20.00"},
                                Kind{"calendar", "hour_of(at) < 6"}};

std::string pipeline_of(const std::string& name) {
  const std::string kind = name.substr(name.rfind('/') + 1);
  const auto text_in = [&](const auto& kinds) {
    const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& one) { return one.name == kind; });
    if (found == kinds.end()) fail("micro: no operation " + name);
    return found->text;
  };
  if (name.starts_with("windows/aggregate/")) {
    return fmt::format("pipeline \"micro\" version 1\n{}let a = {}\nrule r {{ on Payment when a is missing then score 1 }}\n", event, text_in(aggregates));
  }
  if (name.starts_with("decide/predicate/")) {
    return fmt::format("pipeline \"micro\" version 1\n{}rule r {{ on Payment when {} then score 1 }}\n", event, text_in(predicates));
  }
  return std::string(tools::default_pipeline);
}

Operation windows_tile(const std::string& name) {
  const auto logic = std::make_shared<Logic>(pipeline_of(name));
  return {.name = name, .items = Logic::tile, .prepare = [logic] { logic->write_tile(); }, .run = [logic] { logic->windows(); }};
}

Operation decide_tile(const std::string& name) {
  const auto logic = std::make_shared<Logic>(pipeline_of(name));
  return {.name = name, .items = Logic::tile,
          .prepare = [logic] {
            logic->write_tile();
            logic->windows();
          },
          .run = [logic] {
            if (logic->decide() != limits::tile_events) fail("micro: a decision is missing");
          }};
}

// --- journal ---

// CRC, body hash, chain and header of one block, as before it is written.
Operation seal_block(const std::string& name) {
  struct State {
    io::Region memory;
    journal::BlockHeader header{};
    journal::BodySum sum{journal::BodyHash::xxh3_128};
    journal::Hasher hasher{};
    journal::Hash chain{};
  };
  const auto bytes = static_cast<std::size_t>(argument_of(name));
  const auto state = std::make_shared<State>(State{.memory = map_pages(bytes)});
  state->header.total_bytes = static_cast<std::uint32_t>(bytes);
  state->header.body_bytes = static_cast<std::uint32_t>(bytes - journal::block_header_bytes);
  state->header.body_hash_algorithm = journal::BodyHash::xxh3_128;
  return {.name = name, .items = argument_of(name), .item = "byte", .run = [state, bytes] {
            const auto block = state->memory.bytes().first(bytes);
            state->sum.clear();
            state->sum.add(block.subspan(journal::block_header_bytes));
            state->header.body_crc = state->sum.crc();
            state->header.body_hash = state->sum.hash();
            state->chain = journal::seal_header(block, state->header, state->chain, state->hasher);
          }};
}

constexpr std::size_t record_payload = 24, record_count = 64;

// Records as the sequence stage leaves them.
std::vector<std::byte> make_records() {
  std::vector<std::byte> records(record_count * record_bytes(record_payload));
  for (std::size_t i = 0; i < record_count; ++i) {
    std::byte* const record = records.data() + i * record_bytes(record_payload);
    journal::RecordHeader header{};
    header.type = first_event_type;
    header.length = record_payload;
    std::memcpy(record, &header, sizeof header);
    const std::uint32_t crc = crc32c({record + record_crc_offset, record_header_bytes - record_crc_offset + record_payload});
    std::memcpy(record, &crc, sizeof crc);
  }
  return records;
}

// Walking the records of a block and checking the CRC of each.
Operation check_records(const std::string& name) {
  const auto body = std::make_shared<std::vector<std::byte>>(make_records());
  return {.name = name, .items = record_count, .item = "record", .run = [body] {
            if (journal::find_damaged_record(*body) != nullptr) fail("micro: a sound record looks damaged");
          }};
}

// A block of records: filled and sealed, as the writer does it; or checked from its first byte on and walked, as a reader does.
struct Block {
  static constexpr std::size_t bytes = 8192;

  void fill() {
    buffer.clear();
    for (std::size_t at = 0; at < records.size(); at += record_bytes(record_payload)) buffer.append(std::span(records).subspan(at, record_bytes(record_payload)));
    header.magic = journal::block_magic;
    header.version = journal::format_version;
    header.kind = journal::BlockKind::data;
    header.body_hash_algorithm = journal::BodyHash::xxh3_128;
    header.nonce = checker.identity().nonce(1, checker.hasher());
    header.block = header.epoch = 1;
    if (!buffer.finish(header) || header.total_bytes != bytes || header.inputs != record_count) fail("micro: a sound block cannot be filled");
    static_cast<void>(journal::seal_header(block(), header, {}, checker.hasher()));
  }
  void read() {
    using journal::BlockFault;
    std::size_t walked = 0;
    const bool whole = checker.check_header(block().first(journal::page_bytes), 0, 0) == BlockFault::none && checker.check_body(block()) == BlockFault::none &&
                       checker.check_order(block(), {.epoch = 1}) == BlockFault::none && checker.check_records(block(), true) == BlockFault::none;
    for (const journal::Record record : journal::Records(block().subspan(journal::block_header_bytes, header.body_bytes))) walked += record.is_input() ? 1U : 0U;
    if (!whole || walked != record_count) fail("micro: a sound block looks damaged");
  }
  std::span<std::byte> block() { return memory.bytes().first(bytes); }

  std::vector<std::byte> records = make_records();
  io::Region memory = map_pages(bytes);
  journal::BlockBuffer buffer{memory.bytes(), journal::BodyHash::xxh3_128, true};
  journal::BlockChecker checker{journal::Identity({}, {}), limits::block_bytes_max};
  journal::BlockHeader header{};
};

Operation encode_block(const std::string& name) {
  const auto block = std::make_shared<Block>();
  return {.name = name, .items = record_count, .item = "record", .run = [block] { block->fill(); }};
}
Operation decode_block(const std::string& name) {
  const auto block = std::make_shared<Block>();
  block->fill();
  return {.name = name, .items = record_count, .item = "record", .run = [block] { block->read(); }};
}

Operation record_latency(const std::string& name) {
  const auto histogram = std::make_shared<Histogram>();
  const auto value = std::make_shared<std::int64_t>(1);
  return {.name = name, .item = "value", .run = [histogram, value] { histogram->record(*value = (*value * 5 + 3) & 0xFFFFF); }};
}

}  // namespace

const std::vector<OperationMaker>& operations() {
  static const std::vector<OperationMaker> makers = [] {
    std::vector<OperationMaker> all{{"ring/batch/1", &ring_batch}, {"ring/batch/16", &ring_batch}, {"ring/batch/512", &ring_batch},
                                    {"ring/lane/1", &lane_batch}, {"ring/lane/16", &lane_batch},
                                    {"crc32c/80", &checksum}, {"crc32c/262144", &checksum}, {"crc32c_of_four/80", &checksum_of_four},
                                    {"key_table/look_up", &key_look_up}, {"key_table/look_up_of_none", &key_look_up},
                                    {"windows/default", &windows_tile}, {"decide/default", &decide_tile},
                                    {"block/seal/4096", &seal_block}, {"block/seal/262144", &seal_block}, {"block/check_records", &check_records},
                                    {"block/encode", &encode_block}, {"block/decode", &decode_block}, {"histogram/record", &record_latency}};
    for (const Kind& kind : aggregates) all.push_back({fmt::format("windows/aggregate/{}", kind.name), &windows_tile});
    for (const Kind& kind : predicates) all.push_back({fmt::format("decide/predicate/{}", kind.name), &decide_tile});
    return all;
  }();
  return makers;
}

}  // namespace pawl::bench
