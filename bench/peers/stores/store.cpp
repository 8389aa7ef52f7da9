#include "peers/stores/store.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <nlohmann/json.hpp>

#include "harness/clock.hpp"
#include "harness/fail.hpp"

namespace pawl::bench {

StoreRecords::StoreRecords(const StoreOptions& options) : events_(options.events), words_((options.payload_bytes + 39) / 8) {}

std::span<const char> StoreRecords::record(std::int64_t index) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] = static_cast<std::uint64_t>(index) + i;
  return {reinterpret_cast<const char*>(words_.data()), words_.size() * 8};
}

void StoreRecords::check(std::int64_t index, std::span<const char> record) {
  if (index != checked_ || record.size() != words_.size() * 8) fail(fmt::format("read back {} of {} bytes as record {}", index, record.size(), checked_));
  std::memcpy(words_.data(), record.data(), record.size());
  if (words_.front() != static_cast<std::uint64_t>(index)) fail(fmt::format("record {} begins with {}", index, words_.front()));
  for (const std::uint64_t word : words_) total_ += word;
  ++checked_;
}

void StoreRecords::check_end() const {
  if (checked_ != events_) fail(fmt::format("{} records came back of {}", checked_, events_));
  std::uint64_t expected = 0;
  for (std::int64_t i = 0; i < events_; ++i) expected += static_cast<std::uint64_t>(i) * words_.size() + words_.size() * (words_.size() - 1) / 2;
  if (total_ != expected) fail("the records that came back have another sum");
}

double events_per_second(const StoreRecords& records, const std::function<void()>& body) {
  const std::int64_t start = now_ns();
  body();
  return static_cast<double>(records.events()) / seconds_since(start);
}

namespace {

void print_figure(const std::string& group, const std::string& name, const std::string& version, double per_second) {
  const nlohmann::json figure = {{"group", group}, {"name", name}, {"unit", "M events/s"}, {"value", per_second * 1e-6}, {"verified", true}, {"version", version}};
  fmt::print("{}\n", figure.dump());
  std::fflush(stdout);
}

}  // namespace

int run_stores(int argc, char** argv, const std::string& name, const std::string& version, const std::vector<StoreLevel>& levels) {
  StoreOptions options;
  CLI::App app("A peer of the journal: bench/peers/external.hpp");
  app.add_option("--events", options.events, "To write and read back")->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 32))->capture_default_str();
  app.add_option("--payload", options.payload_bytes, "Bytes of an event")->check(CLI::Range(0, 4000))->capture_default_str();
  app.add_option("--batch", options.batch, "Events of one group commit")->check(CLI::Range(1, 1 << 24))->capture_default_str();
  app.add_option("--directory", options.directory, "For files")->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  for (const StoreLevel& level : levels) {
    const std::string path = options.directory + "/" + level.durability;
    StoreRecords records(options);
    const double written = level.write(path, records, options.batch);
    const double read = level.read(path, records);
    records.check_end();
    const std::string full = fmt::format("{} {}, {}, batches of {}", name, version, level.how, options.batch);
    print_figure("journal, events, " + level.durability, full, version, written);
    print_figure("journal, events read back", full + ", read", version, read);
  }
  return 0;
}

}  // namespace pawl::bench
