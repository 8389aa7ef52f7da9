#include "micro/operations.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <memory>

#include "default_pipeline.hpp"
#include "micro/logic.hpp"
#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/base/histogram.hpp"
#include "pawl/core/ring/byte_ring.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/core/ring/writer.hpp"
#include "pawl/core/state/key_table.hpp"
#include "pawl/journal/block.hpp"

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
  return {.name = name, .item = "key", .run = [table] {
            const std::uint64_t key = table->keys[++table->next % table->keys.size()];
            if (table->table.find(Table::hash(key), reinterpret_cast<const std::byte*>(&key)) == state::KeyTable::none) fail("micro: a key is lost");
          }};
}

// --- windows and rules ---

constexpr const char* event = "event Payment { id: int, at: time, customer: int, terminal: int, amount: money, fraud: bool }\n";

std::string pipeline_of(const std::string& name) {
  if (name.rfind("windows/aggregate/", 0) == 0) {
    const std::string kind = name.substr(name.rfind('/') + 1);
    const std::string call = kind == "count" ? "count(per customer, 1d)" : kind == "share" ? "share(fraud per customer, 1d)"
                             : kind == "distinct" ? "distinct(terminal per customer, 1d)" : kind == "last" ? "prior last(amount per customer, since start)"
                                                                                                          : fmt::format("{}(amount per customer, 1d)", kind);
    return fmt::format("pipeline \"micro\" version 1\n{}let a = {}\nrule r {{ on Payment when a is missing then score 1 }}\n", event, call);
  }
  if (name.rfind("decide/predicate/", 0) == 0) {
    const std::string kind = name.substr(name.rfind('/') + 1);
    const std::string when = kind == "threshold" ? "amount > 220.00" : kind == "fields" ? "customer > terminal" : kind == "list" ? "customer in (1, 5, 7, 11)"
                             : kind == "arithmetic" ? "customer + 2 * terminal > 9000" : "customer = 17";
    return fmt::format("pipeline \"micro\" version 1\n{}rule r {{ on Payment when {} then score 1 }}\n", event, when);
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
    journal::Hasher hasher{};
    journal::Hash chain{};
  };
  const auto bytes = static_cast<std::size_t>(argument_of(name));
  const auto state = std::make_shared<State>(State{.memory = map_pages(bytes)});
  state->header.total_bytes = static_cast<std::uint32_t>(bytes);
  state->header.body_bytes = static_cast<std::uint32_t>(bytes - journal::block_header_bytes);
  state->header.body_hash_algorithm = journal::BodyHash::xxh3_128;
  return {.name = name, .items = argument_of(name), .item = "byte", .run = [state, bytes] {
            state->chain = journal::seal_block(state->memory.bytes().first(bytes), state->header, state->chain, state->hasher);
          }};
}

// Walking the records of a block and checking the CRC of each.
Operation check_records(const std::string& name) {
  constexpr std::size_t payload = 24, count = 64;
  const auto body = std::make_shared<std::vector<std::byte>>(count * record_bytes(payload));
  for (std::size_t i = 0; i < count; ++i) {
    std::byte* const record = body->data() + i * record_bytes(payload);
    journal::RecordHeader header{};
    header.type = first_event_type;
    header.length = payload;
    std::memcpy(record, &header, sizeof header);
    const std::uint32_t crc = crc32c({record + record_crc_offset, record_header_bytes - record_crc_offset + payload});
    std::memcpy(record, &crc, sizeof crc);
  }
  return {.name = name, .items = count, .item = "record", .run = [body] {
            if (journal::find_damaged_record(*body) != nullptr) fail("micro: a sound record looks damaged");
          }};
}

Operation record_latency(const std::string& name) {
  const auto histogram = std::make_shared<Histogram>();
  const auto value = std::make_shared<std::int64_t>(1);
  return {.name = name, .item = "value", .run = [histogram, value] { histogram->record(*value = (*value * 5 + 3) & 0xFFFFF); }};
}

}  // namespace

const std::vector<OperationMaker>& operations() {
  static const std::vector<OperationMaker> makers{
      {"ring/batch/1", &ring_batch},          {"ring/batch/16", &ring_batch},         {"ring/batch/512", &ring_batch},
      {"crc32c/80", &checksum},               {"crc32c/262144", &checksum},           {"crc32c_of_four/80", &checksum_of_four},
      {"key_table/look_up", &key_look_up},    {"windows/default", &windows_tile},     {"windows/aggregate/count", &windows_tile},
      {"windows/aggregate/sum", &windows_tile}, {"windows/aggregate/avg", &windows_tile}, {"windows/aggregate/share", &windows_tile},
      {"windows/aggregate/last", &windows_tile}, {"windows/aggregate/distinct", &windows_tile}, {"decide/default", &decide_tile},
      {"decide/predicate/threshold", &decide_tile}, {"decide/predicate/fields", &decide_tile}, {"decide/predicate/list", &decide_tile},
      {"decide/predicate/arithmetic", &decide_tile}, {"decide/predicate/equality", &decide_tile}, {"block/seal/4096", &seal_block},
      {"block/seal/262144", &seal_block},     {"block/check_records", &check_records}, {"histogram/record", &record_latency},
  };
  return makers;
}

}  // namespace pawl::bench
