#include "csv/source.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <rapidcheck.h>
#include <string>
#include <thread>
#include <vector>

#include "files.hpp"
#include "csv/output.hpp"

using namespace pawl;
using csv::Source;
using csv::SourceOptions;

namespace {

Field field(std::string name, Type type, std::vector<std::string> labels = {}) {
  Field f;
  f.name = std::move(name);
  f.type = type;
  f.labels = std::move(labels);
  return f;
}

EventSchema payment() {
  return *EventSchema::make("Payment",
                            {field("id", {.kind = Kind::integer}), field("at", {.kind = Kind::time}), field("amount", {.kind = Kind::money, .scale = 2}),
                             field("fraud", {.kind = Kind::boolean}), field("device", {.kind = Kind::text, .text_bytes = 8}),
                             field("side", {.kind = Kind::enumeration}, {"buy", "sell"}), field("wait", {.kind = Kind::duration}),
                             field("weight", {.kind = Kind::floating})},
                            16);
}

struct Outcome {
  std::vector<std::string> events, reports;
  std::string error;
};

Outcome read_all(const EventSchema& schema, const SourceOptions& options) {
  Outcome outcome;
  auto source = Source::open(schema, options);
  if (!source) return {{}, {}, source.error().text};
  alignas(64) std::array<std::byte, 512> slot{};
  for (;;) {
    switch (source->next(slot.data())) {
      case Source::Next::row: outcome.events.push_back(to_string(schema, slot.data())); break;
      case Source::Next::bad_row: outcome.reports.push_back(source->report()); break;
      case Source::Next::not_yet: source->wait(); break;
      case Source::Next::end: CHECK(source->rows() == outcome.events.size()); return outcome;
      case Source::Next::failed: outcome.error = source->error().text; return outcome;
    }
  }
}

// Without the folder of the test.
std::string base_name(std::string text, const csv_test::Folder& folder) {
  for (auto at = text.find(folder.path()); at != std::string::npos; at = text.find(folder.path())) text.erase(at, folder.path().size() + 1);
  return text;
}

Outcome read_text(std::string_view text, bool skip = true, bool ignore = false, bool read_ahead = false) {
  const csv_test::Folder folder;
  SourceOptions options{.path = folder.file("t.csv", text), .ignore_unknown = ignore, .skip_bad_rows = skip, .read_ahead = read_ahead};
  Outcome outcome = read_all(payment(), options);
  for (std::string& report : outcome.reports) report = base_name(report, folder);
  outcome.error = base_name(outcome.error, folder);
  return outcome;
}

struct FixedClock : io::Clock {
  Time time = 0;
  Time now() override { return time; }
  std::int64_t monotonic_ns() override { return time; }
};

}  // namespace

TEST_CASE("columns go by name, in any order; empty values and absent columns are missing") {
  const Outcome outcome = read_text("amount,at,id\r\n12.5,2018-04-01T00:00:31Z,7\r\n,2018-04-01T00:00:32.5Z,\r\n");
  REQUIRE(outcome.events.size() == 2);
  CHECK(outcome.events[0] ==
        "Payment{id=7, at=2018-04-01T00:00:31Z, amount=12.50, fraud=missing, device=missing, side=missing, wait=missing, weight=missing}");
  CHECK(outcome.events[1].starts_with("Payment{id=missing, at=2018-04-01T00:00:32.5Z, amount=missing"));
  CHECK(outcome.error.empty());
}

TEST_CASE("quotes, doubled quotes, separators and line ends inside values") {
  const Outcome outcome = read_text(
      "\xEF\xBB\xBF\"at\",device,\"side\"\n"
      "2018-04-01T00:00:00Z,\"a,b\",buy\n"
      "2018-04-01T00:00:00Z,\"say \"\"x\",\"sell\"\r\n"
      "2018-04-01T00:00:00Z,\"a\r\nb\",\"\"\n"
      "\"2018-04-01T00:00:00Z\",\"\"\"\"\"\",buy");
  REQUIRE(outcome.reports.empty());
  REQUIRE(outcome.events.size() == 4);
  CHECK(outcome.events[0].find("device=a,b, side=buy") != std::string::npos);
  CHECK(outcome.events[1].find("device=say \"x, side=sell") != std::string::npos);
  CHECK(outcome.events[2].find("device=a\r\nb, side=missing") != std::string::npos);
  CHECK(outcome.events[3].find("device=\"\", side=buy") != std::string::npos);
}

TEST_CASE("every bad row is named by line, column, value and reason, and the rows around it are read") {
  const std::string good = "1,2018-04-01T00:00:00Z,1.00,0,d,buy,1s,0.5\n";
  struct Case {
    std::string row, report;
  };
  const std::string amount = "write digits with up to 2 after a point, such as 3.50";
  const std::string time = "write UTC with a Z, such as 2018-08-08T10:00:00Z or 2018-08-08T10:00:00.123456789Z";
  const std::string t = "2018-04-01T00:00:00Z";
  const std::vector<Case> cases{
      {"x," + t + ",,,,,,", "column id: `x` is not a whole number; write digits, such as 42 or -42"},
      {"1.5," + t + ",,,,,,", "column id: `1.5` is not a whole number; write digits, such as 42 or -42"},
      {"+1," + t + ",,,,,,", "column id: `+1` is not a whole number; write digits, such as 42 or -42"},
      {" 1," + t + ",,,,,,", "column id: ` 1` is not a whole number; write digits, such as 42 or -42"},
      {"9223372036854775808," + t + ",,,,,,", "column id: `9223372036854775808` is out of range; the largest is 9223372036854775807"},
      {"1,,,,,,,", "column at is empty; every event needs its time"},
      {"1,\"\",,,,,,", "column at is empty; every event needs its time"},
      {"1,2018-04-01,,,,,,", "column at: `2018-04-01` is not a time; " + time},
      {"1,2018-04-01T00:00:00,,,,,,", "column at: `2018-04-01T00:00:00` is not a time; " + time},
      {"1,2018-02-30T00:00:00Z,,,,,,", "column at: `2018-02-30T00:00:00Z` is no time of the calendar; " + time},
      {"1,2018-04-01T24:00:00Z,,,,,,", "column at: `2018-04-01T24:00:00Z` is no time of the calendar; " + time},
      {"1,3018-04-01T00:00:00Z,,,,,,",
       "column at: `3018-04-01T00:00:00Z` is out of range; times reach from 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z"},
      {"1,2018-04-01T00:00:00.1234567890Z,,,,,,",
       "column at: `2018-04-01T00:00:00.1234567890Z` has too many digits after the point; " + time},
      {"1," + t + ",1.005,,,,,", "column amount: `1.005` has too many digits after the point; " + amount},
      {"1," + t + ",1e5,,,,,", "column amount: `1e5` is not an amount; " + amount},
      {"1," + t + ",\"1,50\",,,,,", "column amount: `1,50` is not an amount; " + amount},
      {"1," + t + ",$5,,,,,", "column amount: `$5` is not an amount; " + amount},
      {"1," + t + ",92233720368547758.08,,,,,", "column amount: `92233720368547758.08` is out of range; the largest is 92233720368547758.07"},
      {"1," + t + ",,yes,,,,", "column fraud: `yes` is not a truth value; write 0, 1, true or false"},
      {"1," + t + ",,2,,,,", "column fraud: `2` is not a truth value; write 0, 1, true or false"},
      {"1," + t + ",,,123456789,,,", "column device: `123456789` is too long; write at most 8 bytes"},
      {"1," + t + ",,," + std::string("a\0b", 3) + ",,,", "column device: `a?b` holds a zero byte; a text cannot"},
      {"1," + t + ",,,,hold,,", "column side: `hold` is no label of this enum; write one of buy, sell"},
      {"1," + t + ",,,,,5,", "column wait: `5` is not a duration; write digits and one of ns us ms s m h d, such as 500ms"},
      {"1," + t + ",,,,,200000d,", "column wait: `200000d` is out of range; durations reach to 106751 days"},
      {"1," + t + ",,,,,,nan", "column weight: `nan` is not a number; write digits, such as 0.25 or 1e-3"},
      {"1," + t + ",,,,,,0x1p3", "column weight: `0x1p3` is not a number; write digits, such as 0.25 or 1e-3"},
      {"1," + t, "the row has 2 values, the header 8 columns"},
      {"1," + t + ",,,,,,,", "the row has 9 values, the header 8 columns"},
      {"", "the row is empty"},
      {"1," + t + ",,,a\"b,,,", "a quote stands inside a value that does not start with one"},
      {"1," + t + ",,,\"a\"b,,,", "text follows the closing quote of a value; double the quotes inside it"},
      {"1," + t + ",,,\"a\" ,,,", "text follows the closing quote of a value; double the quotes inside it"},
      {"1," + t + ",,,a\rb,,,", "a carriage return without a line feed; quote values that hold one"},
      {"1," + t + ",,," + std::string(70'000, 'x') + ",,,", "the row is longer than 64 KiB; is a quote not closed?"},
      {std::string(5'000, ','), "the row has more than 4096 values"},
      {std::string(80, '7') + "," + t + ",,,,,,", "column id: `" + std::string(60, '7') + "...` is out of range; the largest is 9223372036854775807"},
  };
  CHECK(cases.size() >= 30);
  for (const Case& c : cases) {
    CAPTURE(c.row.substr(0, 100));
    const std::string text = "id,at,amount,fraud,device,side,wait,weight\n" + good + c.row + "\n" + good;
    for (const bool read_ahead : {false, true}) {
      const Outcome skipped = read_text(text, true, false, read_ahead);
      REQUIRE(skipped.reports.size() == 1);
      CHECK(skipped.reports[0] == "t.csv:3: " + c.report);
      CHECK(skipped.events.size() == 2);
    }
    const Outcome stopped = read_text(text, false);
    CHECK(stopped.events.size() == 1);  // earlier rows stand
    CHECK(stopped.error == "t.csv:3: " + c.report + " (--skip-bad-rows counts such rows and goes on)");
  }
}

TEST_CASE("lines are counted as an editor counts them, across quoted line feeds and bad rows") {
  const std::string t = "2018-04-01T00:00:00Z";
  const Outcome outcome = read_text("at,device\n" + t + ",\"a\n\nb\"\nbad,\n" + t + ",\"x\n\"y\n" + t + ",z\nworse,\n");
  CHECK(outcome.events.size() == 2);
  REQUIRE(outcome.reports.size() == 3);
  CHECK(outcome.reports[0].starts_with("t.csv:5: column at: `bad` is not a time"));
  CHECK(outcome.reports[1] == "t.csv:6: text follows the closing quote of a value; double the quotes inside it");
  CHECK(outcome.reports[2].starts_with("t.csv:9: column at: `worse` is not a time"));
}

TEST_CASE("a quote that is never closed costs its own line, not the rest of the file") {
  const std::string t = "2018-04-01T00:00:00Z";
  const Outcome outcome = read_text("at,device\n" + t + ",\"a\n" + t + ",b\n" + t + ",c\n");
  REQUIRE(outcome.reports.size() == 1);
  CHECK(outcome.reports[0] == "t.csv:2: a quote is not closed");
  CHECK(outcome.events.size() == 2);

  std::string large = "at,device\n" + t + ",\"a\n";
  for (int i = 0; i < 20'000; ++i) large += t + ",b\n";
  const Outcome long_one = read_text(large);
  REQUIRE(long_one.reports.size() == 1);
  CHECK(long_one.reports[0] == "t.csv:2: the row is longer than 64 KiB; is a quote not closed?");
  CHECK(long_one.events.size() == 20'000);
}

TEST_CASE("header problems are all reported at once, with suggestions") {
  CHECK(read_text("id,ammount,Fraud,zip\n").error ==
        "t.csv:1: unknown column `ammount`: event Payment has no such field. Did you mean `amount`? (--ignore-unknown reads on without it)\n"
        "t.csv:1: unknown column `Fraud`: event Payment has no such field. Did you mean `fraud`? (--ignore-unknown reads on without it)\n"
        "t.csv:1: unknown column `zip`: event Payment has no such field (--ignore-unknown reads on without it)\n"
        "t.csv:1: there is no column `at`; every event needs its time");
  CHECK(read_text("at,id,at\n").error == "t.csv:1: column `at` stands there twice");
  CHECK(read_text("").error == "t.csv: is empty; the first row must name the columns, `at` among them");
  CHECK(read_text("\"at").error == "t.csv:1: a quote is not closed");
  CHECK(read_text("at,zip\n2018-04-01T00:00:00Z,12\n", false, true).events.size() == 1);
  CHECK(read_text("at\n").error.empty());
  CHECK(read_all(payment(), {.path = "/does/not/exist.csv"}).error.starts_with("cannot open /does/not/exist.csv: "));
}

TEST_CASE("notes tell what is ignored and what is missing throughout") {
  const csv_test::Folder folder;
  const auto source = Source::open(payment(), {.path = folder.file("t.csv", "at,zip,id,amount,fraud,device,side,wait\n"), .ignore_unknown = true});
  REQUIRE(source.ok());
  REQUIRE(source->notes().size() == 2);
  CHECK(source->notes()[0] == "column `zip` is ignored");
  CHECK(source->notes()[1] == "no column `weight`: that field is missing in every event");
}

TEST_CASE("a time too far in the future is a bad row, if a bound is asked for") {
  const csv_test::Folder folder;
  FixedClock clock;
  clock.time = 1'522'540'800'000'000'000;  // 2018-04-01
  const std::string path = folder.file("t.csv", "at\n2018-04-01T00:05:00Z\n2018-04-01T00:05:00.000000001Z\n2018-04-01T00:00:00Z\n");
  const Outcome bounded = read_all(payment(), {.path = path, .skip_bad_rows = true, .max_future = 300 * one_second, .clock = &clock});
  CHECK(bounded.events.size() == 2);
  REQUIRE(bounded.reports.size() == 1);
  CHECK(base_name(bounded.reports[0], folder) ==
        "t.csv:3: column at: `2018-04-01T00:05:00.000000001Z` is in the future; at most 5m past the clock is accepted (--max-future)");
  CHECK(read_all(payment(), {.path = path}).events.size() == 3);
}

TEST_CASE("poll stops at its budget and at a full writer, and loses nothing") {
  struct SlotSink {
    alignas(64) std::array<std::byte, 512> slot{};
    std::size_t room = 0, events = 0, bad = 0;
    std::byte* claim() { return room == 0 ? nullptr : slot.data(); }
    void publish() { ++events, --room; }
    void bad_row(const std::string&) { ++bad; }
  };
  const csv_test::Folder folder;
  std::string text = "at,id\n";
  for (int i = 0; i < 10; ++i) text += i == 4 ? "x,4\n" : "2018-04-01T00:00:00Z,1\n";
  auto source = Source::open(payment(), {.path = folder.file("t.csv", text), .skip_bad_rows = true, .read_ahead = false});
  REQUIRE(source.ok());
  SlotSink sink;
  CHECK(source->poll(sink, 100).rows == 0);
  sink.room = 3;
  CHECK(source->poll(sink, 2).rows == 2);
  CHECK(source->poll(sink, 100).rows == 1);
  sink.room = 100;
  const auto rest = source->poll(sink, 100);
  CHECK(rest.last == Source::Next::end);
  CHECK(sink.events == 9);
  CHECK(sink.bad == 1);
  CHECK(source->bad_rows() == 1);
}

TEST_CASE("any text, quoted as the writer does it, is read back, wherever blocks end") {
  CHECK(rc::check([] {
    const EventSchema schema = *EventSchema::make("T", {field("at", {.kind = Kind::time}), field("a", {.kind = Kind::text, .text_bytes = 1000})}, 16);
    const auto rows = *rc::gen::container<std::vector<std::string>>(rc::gen::container<std::string>(
        rc::gen::weightedOneOf<char>({{4, rc::gen::element(',', '"', '\n', '\r')}, {6, rc::gen::nonZero<char>()}})));
    const auto copies = *rc::gen::element(1, 2000);
    const csv_test::Folder folder;
    const std::string path = folder.path() + "/t.csv";
    auto writer = csv::Writer::open({.path = path}, "at,a");
    RC_ASSERT(writer.ok());
    for (int i = 0; i < copies; ++i) {
      for (const std::string& row : rows) {
        writer->number({.kind = Kind::time}, 0);
        writer->text(row.substr(0, 1000));
        writer->end_row();
      }
    }
    RC_ASSERT(writer->close().ok());
    auto source = Source::open(schema, {.path = path});
    RC_ASSERT(source.ok());
    alignas(64) std::array<std::byte, 2048> slot{};
    for (std::size_t i = 0; i < rows.size() * static_cast<std::size_t>(copies);) {
      const auto next = source->next(slot.data());
      if (next == Source::Next::not_yet) {
        source->wait();
        continue;
      }
      RC_ASSERT(next == Source::Next::row);
      RC_ASSERT(read_text(schema, slot.data(), 1) == rows[i % rows.size()].substr(0, 1000));
      ++i;
    }
    RC_ASSERT(source->next(slot.data()) == Source::Next::end || source->next(slot.data()) == Source::Next::not_yet);
  }));
}

TEST_CASE("rows of every length up to the bound are read, one byte more is refused, whatever block they fall into") {
  const std::string t = "2018-04-01T00:00:00Z,";
  for (const std::size_t before : {0UL, 1000UL, 66'000UL, 131'000UL, 200'000UL}) {
    for (const std::size_t extra : {0UL, 1UL}) {
      std::string text = "at,x\n";
      while (text.size() < before) text += t + "a\n";
      const std::size_t rows = (text.size() - 5) / (t.size() + 2);
      text += t + std::string(csv::row_bytes_max - t.size() - 1 + extra, 'x') + "\n" + t + "z\n";
      const Outcome outcome = read_text(text, true, true);
      CHECK(outcome.events.size() == rows + 2 - extra);
      CHECK(outcome.reports.size() == extra);
    }
  }
}

TEST_CASE("zstd: many frames, a damaged and a cut-off file") {
  const csv_test::Folder folder;
  std::string text = "at,id\n";
  for (int i = 0; i < 50'000; ++i) text += "2018-04-01T00:00:00Z," + std::to_string(i) + "\n";
  const std::string packed = csv_test::packed(text.substr(0, 1000)) + csv_test::packed(text.substr(1000));
  for (const bool read_ahead : {false, true}) {
    CHECK(read_all(payment(), {.path = folder.file("t.csv.zst", packed), .read_ahead = read_ahead}).events.size() == 50'000);
    const Outcome cut = read_all(payment(), {.path = folder.file("c.csv.zst", packed.substr(0, packed.size() - 100)), .read_ahead = read_ahead});
    CHECK(cut.error.ends_with("c.csv.zst: ends inside a zstd frame; the file was cut off"));
    std::string damaged = packed;
    damaged[packed.size() / 2] = static_cast<char>(damaged[packed.size() / 2] ^ 0x55);
    damaged[packed.size() / 2 + 1] = static_cast<char>(damaged[packed.size() / 2 + 1] ^ 0x55);
    CHECK(read_all(payment(), {.path = folder.file("d.csv.zst", damaged), .read_ahead = read_ahead}).error.find("damaged zstd data") != std::string::npos);
    CHECK(read_all(payment(), {.path = folder.file("n.csv.zst", text), .read_ahead = read_ahead}).error.find("damaged zstd data") != std::string::npos);
  }
}

TEST_CASE("a FIFO is open at once; its header comes later, and a mark of UTF-8 in pieces") {
  const csv_test::Folder folder;
  const std::string path = folder.path() + "/fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  auto source = Source::open(payment(), {.path = path, .header_later = true});
  REQUIRE(source.ok());
  alignas(64) std::array<std::byte, 512> slot{};
  CHECK(source->next(slot.data()) == Source::Next::not_yet);
  CHECK(source->notes().empty());
  {
    std::ofstream writer(path, std::ios::binary);
    for (const char* piece : {"\xEF", "\xBB", "\xBFid,at\n", "7,2018-04-01T00:00:00Z\n"}) {
      writer << piece << std::flush;
      for (int i = 0; i < 20; ++i) {
        CHECK((piece[0] == '7' || source->next(slot.data()) == Source::Next::not_yet));
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
  }
  auto next = source->next(slot.data());
  for (; next == Source::Next::not_yet; next = source->next(slot.data())) source->wait();
  REQUIRE_MESSAGE(next == Source::Next::row, source->error().text);
  CHECK(source->notes().size() == 6);  // fields without a column
  for (next = source->next(slot.data()); next == Source::Next::not_yet; next = source->next(slot.data())) source->wait();
  CHECK(next == Source::Next::end);

  const std::string wrong = folder.file("wrong.csv", "id,when\n");
  auto later = Source::open(payment(), {.path = wrong, .header_later = true});
  REQUIRE(later.ok());
  later->wait();
  CHECK(later->next(slot.data()) == Source::Next::failed);
  CHECK(later->error().text.find("unknown column `when`") != std::string::npos);
}

TEST_CASE("the handbook's payments: every row, and the sum of their amounts") {
  const std::string path = csv_test::shared_data("payments-2018-04-to-07.csv.zst");
  if (path.empty()) {
    MESSAGE("SKIPPED: csv of the handbook: the shared test data is not there (PAWL_SHARED_DATA)");
    return;
  }
  const EventSchema schema = *EventSchema::make("Payment",
                                                {field("id", {.kind = Kind::integer}), field("at", {.kind = Kind::time}), field("customer", {.kind = Kind::integer}),
                                                 field("terminal", {.kind = Kind::integer}), field("amount", {.kind = Kind::money, .scale = 2}),
                                                 field("fraud", {.kind = Kind::boolean})},
                                                16);
  auto source = Source::open(schema, {.path = path});
  REQUIRE(source.ok());
  alignas(64) std::array<std::byte, 128> slot{};
  std::int64_t rows = 0, cents = 0, frauds = 0, ids = 0;
  Time latest = 0;
  bool ordered = true;
  for (auto next = source->next(slot.data()); next != Source::Next::end; next = source->next(slot.data())) {
    if (next == Source::Next::not_yet) {
      source->wait();
      continue;
    }
    REQUIRE(next == Source::Next::row);
    ordered = ordered && read_number(schema, slot.data(), 1) >= latest;
    latest = read_number(schema, slot.data(), 1);
    ids += read_number(schema, slot.data(), 0);
    cents += read_number(schema, slot.data(), 4);
    frauds += read_number(schema, slot.data(), 5);
    ++rows;
  }
  CHECK(rows == 1'169'723);
  CHECK(ids == rows * (rows - 1) / 2);
  CHECK(cents == 6'272'175'659);
  CHECK(frauds == 9'465);
  CHECK(ordered);
}
