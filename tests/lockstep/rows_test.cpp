// State as rows: written at any sequence, read under another number of shards, and gone on with, it is the state it would have been.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>

#include "pawl/core/window/group_rows.hpp"
#include "product.hpp"
#include "tests/twin/adversarial.hpp"

using namespace pawl;
using namespace pawl::lockstep_test;
namespace adversarial = twin::adversarial;

namespace {

using Parts = std::vector<std::vector<std::byte>>;
struct Saved {
  Time te = 0;
  std::map<std::uint32_t, Parts> groups;  // by first column
  std::map<std::uint32_t, std::string> schemas;
  friend bool operator==(const Saved&, const Saved&) = default;
};

Saved save(Product& product) {
  Saved saved;
  for (window::Windows& windows : product.windows()) {
    saved.te = windows.effective_time();
    for (std::size_t group = 0; group < windows.groups(); ++group) {
      window::GroupSaver saver(windows.group(group));
      Parts& parts = saved.groups[windows.first_column(group)];
      saved.schemas[windows.first_column(group)] = window::GroupSaver::schema(windows.group(group));
      for (std::size_t part = 0; part < saver.parts(); ++part) saver.write(part, parts.emplace_back());
    }
  }
  return saved;
}

Result<void> load(Product& product, const Saved& saved) {
  for (window::Windows& windows : product.windows()) {
    windows.set_effective_time(saved.te);
    for (std::size_t group = 0; group < windows.groups(); ++group) {
      window::GroupLoader loader(windows.group(group), saved.te);
      for (const auto& part : saved.groups.at(windows.first_column(group))) {
        if (auto read = loader.read(part); !read.ok()) return read;
      }
      if (auto whole = loader.finish(); !whole.ok()) return whole;
    }
  }
  return {};
}

using Cells = std::vector<twin::Datum>;

// Windows alone: decide goes on only where a digest interval ends.
void run_windows(Product& product, const twin::Log& log, Sequence first, Sequence last, std::vector<Cells>& out) {
  product.feed_windows(log, first, last, [&](Sequence s) {
    Cells& cells = out.emplace_back();
    for (const window::FeatureSpec& spec : product.plan().features) cells.push_back(product.feature(spec, s));
  });
}

void go_on_from_rows(const language::Pipeline& pipeline, const twin::Log& log, const window::StateLimits& limits, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Cells> whole, tail;
  Product straight(pipeline, log.slot_bytes(), 1, limits);
  run_windows(straight, log, 0, log.last(), whole);
  const Saved at_end = save(straight);
  for (const std::size_t shards : {1U, 2U, 4U}) {
    const auto cut = static_cast<Sequence>(random() % static_cast<std::uint64_t>(log.last()));
    CAPTURE(shards);
    CAPTURE(cut);
    tail.clear();
    Product before(pipeline, log.slot_bytes(), shards % 4 + 1, limits), after(pipeline, log.slot_bytes(), shards, limits);
    run_windows(before, log, 0, cut, tail);
    const Saved saved = save(before);
    const auto loaded = load(after, saved);
    REQUIRE_MESSAGE(loaded.ok(), (loaded.ok() ? "" : loaded.error().text));
    REQUIRE(save(after) == saved);
    run_windows(after, log, cut + 1, log.last(), tail);
    for (std::size_t s = 0; s < whole.size(); ++s) {
      CAPTURE(s);
      REQUIRE(tail[s] == whole[s]);
    }
    REQUIRE(save(after) == at_end);
  }
}

}  // namespace

TEST_CASE("state from rows goes on as if nothing had happened") {
  std::uint64_t seed = 1;
  for (const std::string_view name : adversarial::pipeline_names) {
    const auto pipeline = adversarial::load(name);
    for (const std::int64_t keys : {3, 40}) {
      adversarial::Options options{.seed = ++seed, .inputs = 1500, .keys = keys};
      options.extreme_numbers = name == "extremes";
      options.extreme_times = seed % 3 == 0;
      CAPTURE(name);
      CAPTURE(seed);
      go_on_from_rows(*pipeline, adversarial::generate(*pipeline, options), Product::ample, seed);
    }
  }
}

TEST_CASE("what bounds refuse does not depend on whether the state came from rows") {
  std::uint64_t seed = 100;
  std::uint64_t refused = 0;
  for (const window::StateLimits& limits : {window::StateLimits{.keys_max = 16, .entries_max = 1 << 16, .distinct_max = 1 << 10},
                                            window::StateLimits{.keys_max = 4096, .entries_max = 60, .distinct_max = 1 << 10},
                                            window::StateLimits{.keys_max = 4096, .entries_max = 1 << 16, .distinct_max = 5}}) {
    for (const std::string_view name : adversarial::pipeline_names) {
      const auto pipeline = adversarial::load(name);
      adversarial::Options options{.seed = ++seed, .inputs = 4000, .keys = 3000};
      options.hot_percent = limits.distinct_max == 5 ? 60 : 20;
      const twin::Log log = adversarial::generate(*pipeline, options);
      CAPTURE(name);
      CAPTURE(seed);
      go_on_from_rows(*pipeline, log, limits, seed);
      Product product(*pipeline, log.slot_bytes(), 1, limits);
      std::vector<Cells> cells;
      run_windows(product, log, 0, log.last(), cells);
      refused += product.refused();
    }
  }
  CHECK(refused > 1000);  // else the bounds were none
}

TEST_CASE("rows that are cut short, lengthened or of another group are refused") {
  const auto pipeline = adversarial::load("edges");
  const twin::Log log = adversarial::generate(*pipeline, {.seed = 7, .inputs = 300});
  Product product(*pipeline, log.slot_bytes(), 1);
  std::vector<Cells> cells;
  run_windows(product, log, 0, log.last(), cells);
  const Saved saved = save(product);
  std::size_t cases = 0;
  for (const auto& [column, parts] : saved.groups) {
    for (std::size_t part = 0; part < parts.size(); ++part) {
      for (const int change : {-1, 1}) {
        Saved changed = saved;
        auto& bytes = changed.groups[column][part];
        bytes.resize(bytes.size() + static_cast<std::size_t>(change));
        if (change < 0 && parts[part].size() == 4 && ++cases % 64 != 0) continue;  // empty partitions are all alike
        Product other(*pipeline, log.slot_bytes(), 1);
        CHECK_FALSE(load(other, changed).ok());
      }
    }
    Saved changed = saved;
    changed.groups[column].pop_back();
    Product other(*pipeline, log.slot_bytes(), 1);
    CHECK_FALSE(load(other, changed).ok());
  }
}
