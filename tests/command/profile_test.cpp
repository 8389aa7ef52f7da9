// `pawl rules profile`: what is measured, of what, and who shares it.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "run_command.hpp"

namespace profile_test {
namespace {

using nlohmann::json;
using pawl::test::has;
using pawl::test::pawl_command;
using pawl::test::Scratch;

constexpr const char* cards = R"(pipeline "cards" version 1
event Payment { id: int, at: time, customer: int, terminal: int, amount: money }
list seen of int
let usual = prior avg(amount per customer, 30d)
let often = prior count(per customer, 30d)
rule spike   { on Payment when amount > 3 * usual then decline }
rule spike_2 { on Payment when amount > 3 * usual and often > 2 then alert }
rule crowd   { on Payment when distinct(customer per terminal, 1d) >= 3 then add customer to seen }
rule plain   { on Payment when amount > 90.00 then alert }
rule quiet   { on Payment when amount > 1.00 then alert mode off }
)";

std::string payments(int count) {
  std::string csv = "id,at,customer,terminal,amount\n";
  for (int i = 0; i < count; ++i) {
    const int minute = i % 60, hour = i / 60 % 24, day = 1 + i / 1440;
    char row[96];
    std::snprintf(row, sizeof row, "%d,2026-01-%02dT%02d:%02d:00Z,%d,%d,%d.%02d\n", i, day, hour, minute, i * 7 % 40, i * 11 % 25, i * 13 % 100, i % 100);
    csv += row;
  }
  return csv;
}

const json* named(const json& list, const char* key, const std::string& name) {
  for (const json& entry : list) {
    if (entry.at(key) == name) return &entry;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("rules profile --json says of each window and rule what is saved without it, and who reads it") {
  const Scratch scratch;
  const std::string file = scratch.write("cards.pawl", cards), input = scratch.write("p.csv", payments(3000));
  const auto run = pawl_command("rules profile " + file + " --input " + input + " --passes 2 --json");
  CHECK(run.err == "");
  REQUIRE(run.status == 0);
  const json profile = json::parse(run.out);
  CHECK(profile["events"] == 3000);
  CHECK(profile["refused"] == 0);
  CHECK(profile["whole"]["windows_ns"] > 0);
  CHECK(profile["whole"]["decide_ns"] > 0);
  REQUIRE(profile["groups"].size() == 2);
  const json& customers = profile["groups"][0];
  CHECK(customers["key"] == "per customer of Payment");
  CHECK(customers["keys"] == 40);
  CHECK(customers["events_held"] == 3000);
  CHECK(customers["cost"]["windows_bytes"] >= 3000 * 16);
  REQUIRE(customers["windows"].size() == 2);
  CHECK(customers["windows"][0]["text"] == "prior avg(amount per customer, 30d)");
  CHECK(customers["windows"][0]["users"] == json{"let usual"});
  CHECK(profile["groups"][1]["windows"][0]["users"] == json{"rule crowd"});
  // Its window goes with it, and so does its list; those that others read stay.
  const json* const crowd = named(profile["rules"], "rule", "crowd");
  REQUIRE(crowd != nullptr);
  CHECK((*crowd)["fired"] > 0);
  CHECK((*crowd)["saved"]["windows_bytes"] == profile["groups"][1]["cost"]["windows_bytes"]);
  CHECK((*crowd)["saved"]["decide_bytes"] > 0);
  for (const char* rule : {"spike", "spike_2", "plain"}) {
    const json* const found = named(profile["rules"], "rule", rule);
    REQUIRE(found != nullptr);
    CHECK((*found)["evaluated"] == true);
    CHECK((*found)["saved"]["windows_bytes"] == 0);
  }
  CHECK((*named(profile["rules"], "rule", "quiet"))["evaluated"] == false);
  // The whole comparison, and not its parts again.
  CHECK(profile["shared"] == json::parse(R"([{"text":"amount > 3 * usual","users":["rule spike","rule spike_2"]}])"));
}

TEST_CASE("rules profile for people, of the first events of the input") {
  const Scratch scratch;
  const std::string file = scratch.write("cards.pawl", cards), input = scratch.write("p.csv", payments(500));
  const auto run = pawl_command("rules profile " + file + " --input " + input + " --events 100 --passes 1");
  REQUIRE(run.status == 0);
  CHECK(has(run.out, "cards.pawl: 100 events, 64 at a time on one thread, of each batch the fastest of 1 passes\n"));
  CHECK(has(run.out, "  per terminal of Payment: 25 keys, 100 events held\n"));
  CHECK(has(run.out, "    distinct(customer per terminal, 1d): used by rule crowd\n"));
  CHECK(has(run.out, "  quiet: off, or not evaluated by this release\n"));
  CHECK(has(run.out, "\nComputed once for several\n  amount > 3 * usual: rule spike, rule spike_2\n"));
  CHECK_FALSE(has(run.err, "reorder"));
}

TEST_CASE("rules profile says that it puts no events in order") {
  const Scratch scratch;
  std::string text = cards;
  const std::string file = scratch.write("cards.pawl", text.insert(text.find(" { id"), " reorder up to 2s"));
  const auto run = pawl_command("rules profile " + file + " --passes 1 --input " + scratch.write("p.csv", payments(100)));
  REQUIRE(run.status == 0);
  CHECK(has(run.err, "events are measured in the order of the input: `reorder`"));
}

TEST_CASE("rules profile says what is wrong with its input before it measures") {
  const Scratch scratch;
  const std::string file = scratch.write("cards.pawl", cards), input = scratch.write("p.csv", payments(3));
  CHECK(pawl_command("rules profile " + file + " --input " + scratch / "gone.csv").status == 74);
  CHECK(has(pawl_command("rules profile " + file + " --event Paymnt --input " + input).err, "no event `Paymnt` (--event). Did you mean `Payment`?"));
  CHECK(pawl_command("rules profile " + file + " --input " + scratch.write("empty.csv", "id,at\n")).status == 65);
  CHECK(pawl_command("rules profile " + file + " --input " + scratch.write("bad.csv", "id,at\n1,yesterday\n")).status == 65);
  CHECK(pawl_command("rules profile " + file + " --events 0 --input " + input).status == 64);
  CHECK(pawl_command("rules profile " + scratch.write("bad.pawl", "pipeline") + " --input " + input).status == 65);
}

}  // namespace profile_test
