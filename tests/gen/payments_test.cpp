#include "gen/payments.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "csv/source.hpp"
#include "pawl/core/base/crc32c.hpp"

using namespace pawl;
using gen::Payment;
using gen::PaymentGenerator;
using gen::PaymentOptions;
using gen::PaymentSource;

namespace {

constexpr Duration day_ns = 86'400 * one_second;

std::vector<Payment> days(const PaymentOptions& options, int count) {
  auto generator = PaymentGenerator::make(options);
  REQUIRE(generator.ok());
  std::vector<Payment> all;
  for (int day = 0; day < count; ++day) {
    const auto payments = generator->next_day();
    all.insert(all.end(), payments.begin(), payments.end());
  }
  return all;
}

class File {
 public:
  explicit File(const std::string& suffix) {
    std::string name = std::filesystem::temp_directory_path() / "pawl-gen-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/p" + suffix;
  }
  ~File() { std::filesystem::remove_all(folder_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string content() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string folder_, path_;
};

std::uint32_t crc_of(const std::string& text) { return crc32c(std::as_bytes(std::span(text))); }

std::string written(const PaymentOptions& options, std::int64_t events) {
  const File file(".csv");
  REQUIRE(gen::write_payments(options, events, file.path()).ok());
  return file.content();
}

struct SlotSink {
  alignas(64) std::array<std::byte, 128> slot{};
  std::vector<Payment> payments;
  std::size_t room = SIZE_MAX;
  std::byte* claim() { return payments.size() < room ? slot.data() : nullptr; }
  void publish() { payments.push_back(decode<Payment>(slot.data())); }
};

}  // namespace

TEST_CASE("a seed gives the same file on every machine") {
  const std::string text = written({}, 20'000);
  CHECK(text.starts_with("id,at,customer,terminal,amount,fraud\n0,2018-04-01T00:"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 20'001);
  CHECK(crc_of(text) == 1'283'076'119);
  CHECK(crc_of(written({.seed = 2}, 20'000)) == 238'495'099);
}

TEST_CASE("fewer payments are the start of more") {
  const std::string few = written({}, 100);
  CHECK(written({}, 15'000).substr(0, few.size()) == few);
}

TEST_CASE("payments are ordered, numbered, and within bounds") {
  const std::vector<Payment> payments = days({}, 60);
  std::set<std::int64_t> customers, terminals;
  for (std::size_t i = 0; i < payments.size(); ++i) {
    const Payment& p = payments[i];
    REQUIRE(p.id == static_cast<std::int64_t>(i));
    if (i > 0) REQUIRE(payments[i - 1].at <= p.at);
    REQUIRE(p.amount.minor > 0);
    REQUIRE((p.fraud || p.amount.minor <= 22'000));
    customers.insert(p.customer);
    terminals.insert(p.terminal);
  }
  CHECK(payments.front().at >= PaymentOptions{}.start);
  CHECK(payments.back().at < PaymentOptions{}.start + 60 * day_ns);
  CHECK(*customers.rbegin() < 5'000);
  CHECK(customers.size() > 4'900);
  CHECK(*terminals.rbegin() < 10'000);
  CHECK(terminals.size() > 9'000);
  const std::size_t per_day = payments.size() / 60;
  CHECK(per_day > 9'300);
  CHECK(per_day < 9'900);
}

TEST_CASE("amounts, times of day and frauds are those of the handbook's simulator") {
  const std::vector<Payment> payments = days({}, 122);
  std::int64_t cents = 0, daytime = 0, frauds = 0, large = 0;
  std::map<std::int64_t, std::int64_t> frauds_by_terminal;
  for (const Payment& p : payments) {
    cents += p.amount.minor;
    const Duration in_day = (p.at - PaymentOptions{}.start) % day_ns;
    daytime += in_day >= 6 * 3'600 * one_second && in_day < 18 * 3'600 * one_second ? 1 : 0;
    frauds += p.fraud ? 1 : 0;
    large += p.amount.minor > 22'000 ? 1 : 0;
    if (p.fraud) ++frauds_by_terminal[p.terminal];
  }
  const auto count = static_cast<std::int64_t>(payments.size());
  MESSAGE(count, " payments, mean ", cents / count, " cents, frauds ", frauds, ", over 220: ", large);
  CHECK(cents / count > 5'000);  // the handbook's: 53.62
  CHECK(cents / count < 5'700);
  CHECK(daytime * 100 / count > 68);  // a normal distribution's within 1.08 deviations, of those within 2.16
  CHECK(daytime * 100 / count < 78);
  CHECK(frauds * 10'000 / count > 60);  // the handbook's: 81 of 10,000
  CHECK(frauds * 10'000 / count < 110);
  CHECK(large * 10'000 / count > 5);
  CHECK(large * 10'000 / count < 40);
  const auto most = std::max_element(frauds_by_terminal.begin(), frauds_by_terminal.end(), [](auto& a, auto& b) { return a.second < b.second; });
  CHECK(most->second > 25);  // a compromised terminal
}

TEST_CASE("the generator and its source refuse what they cannot do") {
  CHECK(PaymentGenerator::make({.customers = 0}).error().text == "gen: customers, terminals and payments a day are 1 to 1000000 each");
  CHECK(PaymentGenerator::make({.payments_per_day = 1'000, .customers = 10}).error().code == ErrorCode::usage);
  Field at, amount;
  at.name = "at";
  at.type = {.kind = Kind::time};
  amount.name = "amount";
  amount.type = {.kind = Kind::integer};
  const auto source = PaymentSource::make(*EventSchema::make("Payment", {at, amount}, 16), {}, 10);
  REQUIRE_FALSE(source.ok());
  CHECK(source.error().text == "event Payment: generated payments have a field `amount: money`, the pipeline declares another type for it");
}

TEST_CASE("few customers, few terminals and quiet days work") {
  auto source = PaymentSource::make(schema_of<Payment>(), {.payments_per_day = 1, .customers = 1, .terminals = 1}, 50);
  REQUIRE(source.ok());
  SlotSink sink;
  CHECK(source->poll(sink, 1'000) == 50);
  CHECK(source->at_end());
}

TEST_CASE("the source hands out the generator's payments, prepared or not, in any portions") {
  const std::vector<Payment> expected = days({}, 3);
  const auto count = static_cast<std::int64_t>(expected.size()) - 5;
  for (const std::int64_t prepared : {std::int64_t{0}, std::int64_t{10'000}, count}) {
    auto source = PaymentSource::make(schema_of<Payment>(), {}, count);
    REQUIRE(source.ok());
    source->prepare(prepared);
    SlotSink sink;
    sink.room = 100;
    CHECK(source->poll(sink, 1'000) == 100);
    sink.room = SIZE_MAX;
    while (source->poll(sink, 777) > 0) {}
    CHECK(source->at_end());
    CHECK(std::equal(sink.payments.begin(), sink.payments.end(), expected.begin(), expected.end() - 5));
  }
}

TEST_CASE("an event declared otherwise gets the fields that it names") {
  std::vector<Field> fields(schema_of<Payment>().fields.rbegin(), schema_of<Payment>().fields.rend() - 1);  // reversed, without id
  Field device;
  device.name = "device";
  device.type = {.kind = Kind::text, .text_bytes = 8};
  fields.push_back(device);
  const EventSchema declared = *EventSchema::make("Card", fields, 20);
  auto source = PaymentSource::make(declared, {}, 1);
  REQUIRE(source.ok());
  alignas(64) std::array<std::byte, 192> slot{};
  source->next(slot.data());
  const Payment first = days({}, 1).front();
  CHECK(read_number(declared, slot.data(), 1) == first.amount.minor);
  CHECK(read_number(declared, slot.data(), 3) == first.customer);
  CHECK(is_missing(declared, slot.data(), 5));
  CHECK(reinterpret_cast<const EventHeader*>(slot.data())->type == 20);
}

TEST_CASE("written payments are read back") {
  const std::vector<Payment> expected = days({}, 2);
  for (const std::string suffix : {".csv", ".csv.zst"}) {
    const File file(suffix);
    REQUIRE(gen::write_payments({}, static_cast<std::int64_t>(expected.size()), file.path()).ok());
    auto source = csv::Source::open(schema_of<Payment>(), {.path = file.path(), .read_ahead = false});
    REQUIRE(source.ok());
    struct Sink : SlotSink { void bad_row(const std::string&) {} } rows;
    CHECK(source->poll(rows, 1'000'000).last == csv::Source::Next::end);
    CHECK(rows.payments == expected);
  }
}
