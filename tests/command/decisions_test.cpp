// Decisions in files: the CSV column of a policy, and JSON lines with reasons, values and everything else of the record; continued like CSV.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/journal/model/files.hpp"
#include "run_command.hpp"

namespace decisions_test {

using pawl::test::pawl_command;
using pawl::test::read_file;
using pawl::test::Scratch;

namespace {

constexpr const char* pipeline = R"(pipeline "cards" version 14
event Payment { id: int, at: time, customer: int, amount: money, device: text(8), risky: bool }
list devices of text(8) expires after 1h
let usual = prior avg(amount per customer, 30d)
rule spike  { on Payment when amount > 3 * usual or amount > 300.00 then score 600, review queue "spikes", tag odd, add device to devices
  reason S001 "amount {amount}, usual {usual}" reason S002 "{device} {amount - usual} {risky} {count(per customer, 1d)}" }
rule listed { on Payment when device in devices then score 100, alert medium, challenge "otp" cooldown 1m per customer reason L001 "device {device}, known {device in devices}" }
rule dark   { on Payment when risky then decline reason D001 "risky" mode shadow }
policy { decline at score 700 }
)";

constexpr const char* rows =
    "id,at,customer,amount,device,risky\n"
    "1,2018-08-08T10:00:00Z,7,10.00,a,0\n"
    "2,2018-08-08T10:00:01Z,7,15.01,a,0\n"
    "3,2018-08-08T10:00:02Z,7,150.00,\"b \"\"c\",1\n"
    "4,2018-08-08T10:00:03Z,7,1.00,\"b \"\"c\",\n"
    "5,2018-08-08T10:00:04Z,7,900.00,\"b \"\"c\",0\n";

struct Scored {
  Scratch scratch;
  std::string pipeline_file = scratch.write("cards.pawl", pipeline), input = scratch.write("rows.csv", rows);

  std::string score(const std::string& file, const std::string& more = "") const {
    const auto run = pawl_command("score --pipeline " + pipeline_file + " --event Payment --input " + input + " --decisions " + (scratch / file) + " " + more);
    CHECK_MESSAGE(run.status == 0, run.err);
    CHECK(run.err.find("not evaluated") == std::string::npos);
    return read_file(scratch / file);
  }
};

std::string line_of(const std::string& text, int number) {
  std::size_t at = 0;
  for (int i = 1; i < number; ++i) at = text.find('\n', at) + 1;
  return text.substr(at, text.find('\n', at) - at);
}

}  // namespace

TEST_CASE("a policy's decisions stand in the CSV") {
  const Scored scored;
  CHECK(scored.score("d.csv") == "sequence,id,decision,score,rules\n1,1,approve,0,\n2,2,approve,0,\n3,3,review,600,spike\n4,4,challenge,100,listed\n5,5,review,600,spike\n");
}

TEST_CASE("files that cannot be right are refused: both outputs one, either of another journal") {
  const Scored scored;
  const std::string score = "score --pipeline " + scored.pipeline_file + " --event Payment --input " + scored.input;
  const auto one = pawl_command(score + " --decisions " + (scored.scratch / "one.csv") + " --features " + (scored.scratch / "./one.csv"));
  CHECK(one.status == 64);
  CHECK(one.err.find("two outputs are one file") != std::string::npos);
  CHECK(pawl_command(score + " --decisions /dev/null --features /dev/null").status == 0);

  REQUIRE(pawl_command(score + " --journal " + (scored.scratch / "longer") + " --decisions " + (scored.scratch / "d.csv")).status == 0);
  REQUIRE(pawl_command(score + " --append --journal " + (scored.scratch / "longer") + " --decisions " + (scored.scratch / "d.csv")).status == 0);
  REQUIRE(pawl_command(score + " --journal " + (scored.scratch / "j")).status == 0);
  const std::string before = read_file(scored.scratch / "d.csv");
  const auto foreign = pawl_command(score + " --append --journal " + (scored.scratch / "j") + " --decisions " + (scored.scratch / "d.csv") + " --features " + (scored.scratch / "new.csv"));
  CHECK(foreign.status == 64);
  CHECK(foreign.err.find("d.csv ends with the decision of sequence ") != std::string::npos);
  CHECK(read_file(scored.scratch / "d.csv") == before);
}

TEST_CASE("an output overwrites neither what is read nor the journal") {
  const Scored scored;
  const std::string journal = scored.scratch / "journal", score = "score --pipeline " + scored.pipeline_file + " --event Payment --input " + scored.input + " --journal " + journal;
  const std::string pipeline_text = read_file(scored.pipeline_file), input_text = read_file(scored.input);
  for (const std::string& output : {scored.pipeline_file, scored.input, journal + "/CONTROL"}) {
    const auto refused = pawl_command(score + " --decisions " + output);
    CHECK_MESSAGE(refused.status == 64, output);
  }
  CHECK(read_file(scored.pipeline_file) == pipeline_text);
  CHECK(read_file(scored.input) == input_text);
  REQUIRE(pawl_command(score).status == 0);
  CHECK(pawl_command("replay --journal " + journal + " --decisions " + journal + "/CONTROL").status == 64);
  CHECK(pawl_command("journal verify " + journal).status == 0);
}

TEST_CASE("a slip in the command leaves no journal behind") {
  const Scored scored;
  const std::string journal = scored.scratch / "journal", good = "score --pipeline " + scored.pipeline_file + " --journal " + journal;
  CHECK(pawl_command(good + " --event Payment --input " + (scored.scratch / "none.csv")).status == 74);
  CHECK(pawl_command(good + " --event Payment --input " + scored.input + " --decisions " + (scored.scratch / "nowhere/d.csv")).status == 74);
  CHECK(pawl_command(good + " --event Paiment --input " + scored.input).status == 64);
  CHECK(pawl_command(good + " --event Payment --input " + scored.input).status == 0);
}

TEST_CASE("pawl run looks at pipeline, event and input before it makes a journal or touches a file") {
  const Scored scored;
  const std::string journal = scored.scratch / "journal", precious = scored.scratch.write("precious.csv", "precious"), run = "run --journal " + journal + " --decisions " + precious;
  const std::string no_events = scored.scratch.write("none.pawl", "pipeline \"p\" version 1\n");
  CHECK(pawl_command(run + " --pipeline " + scored.pipeline_file + " --input " + (scored.scratch / "none.csv")).status == 74);
  CHECK(pawl_command(run + " --pipeline " + scored.pipeline_file + " --input " + precious).status == 64);
  const auto empty = pawl_command(run + " --pipeline " + no_events + " --events 5");
  CHECK(empty.status == 65);
  CHECK(empty.err.find("error E118: a pipeline without events has nothing to decide") != std::string::npos);
  CHECK(read_file(precious) == "precious");
  CHECK_FALSE(std::filesystem::exists(journal));
}

TEST_CASE("outputs are the same file, the journal, a model or a map by whatever name: relative, by links, not there yet") {
  const Scored scored;
  const std::string model = R"({"format": "pawl-logistic", "version": 1, "intercept": -100, "terms": [{"name": "amount", "weight": 1}]})";
  scored.scratch.write("risk.json", model);
  const std::string journal = scored.scratch / "journal";
  const std::string with_model = scored.scratch.write("model.pawl", std::string(pipeline) + "model risk from \"risk.json\" sha256 \"" + pawl::journal::sha256_hex(model) + "\" inputs (amount)\n");
  const std::string score = "score --event Payment --input " + scored.input + " --pipeline ", plain = score + scored.pipeline_file;
  CHECK(pawl_command(score + with_model + " --decisions " + (scored.scratch / "risk.json")).status == 64);
  CHECK(read_file(scored.scratch / "risk.json") == model);
  const std::string map = "key,value\na,7\n";
  scored.scratch.write("known.csv", map);
  const std::string with_map = scored.scratch.write("map.pawl", std::string(pipeline) + "map known from text(8) to int from \"known.csv\" sha256 \"" + pawl::journal::sha256_hex(map) + "\"\n");
  for (const std::string output : {"--decisions ", "--features "}) CHECK(pawl_command(score + with_map + " " + output + (scored.scratch / "known.csv")).status == 64);
  CHECK(read_file(scored.scratch / "known.csv") == map);
  const auto in_folder = [&](const std::string& arguments) {
    return WEXITSTATUS(std::system(("cd " + (scored.scratch / "") + " && " + PAWL_COMMAND + " " + arguments + " >out 2>err").c_str()));
  };
  CHECK(in_folder(plain + " --decisions x.csv --features " + (scored.scratch / "x.csv")) == 64);
  CHECK(in_folder(plain + " --journal new --decisions new/CONTROL") == 64);
  std::filesystem::create_symlink("journal/CONTROL", scored.scratch / "link");
  CHECK(pawl_command(plain + " --journal " + journal + " --decisions " + (scored.scratch / "link")).status == 64);
  CHECK_FALSE(std::filesystem::exists(journal));
  REQUIRE(pawl_command(plain + " --journal " + journal).status == 0);
  CHECK(pawl_command("journal export " + journal + " --csv --output " + journal + "/CONTROL").status == 64);
  CHECK(WEXITSTATUS(std::system(("cd " + journal + " && " + PAWL_COMMAND + " replay --journal . --decisions CONTROL >/dev/null 2>&1").c_str())) == 64);
  CHECK(pawl_command("journal verify " + journal).status == 0);
}

TEST_CASE("JSON lines: reasons in words, values behind each rule, what asked for what, shadow, suppressed and missing") {
  const Scored scored;
  const std::string lines = scored.score("d.jsonl");
  REQUIRE(std::count(lines.begin(), lines.end(), '\n') == 5);
  const std::string hash = line_of(lines, 1).substr(line_of(lines, 1).find("\"hash\":"), 73);
  const auto head = [&](int number) {
    const std::string n = std::to_string(number);
    return "{\"sequence\":" + n + ",\"id\":\"" + n + "\",\"event\":\"Payment\",\"source\":1,\"ticket\":" + n + ",\"pipeline\":\"cards\",\"version\":14," + hash;
  };
  CHECK(line_of(lines, 1) == head(1) + ",\"decision\":\"approve\",\"score\":0,\"fired\":[],\"missing\":[\"spike\"]}");
  CHECK(line_of(lines, 2) == head(2) + ",\"decision\":\"approve\",\"score\":0,\"fired\":[]}");
  CHECK(line_of(lines, 3) == head(3) + R"(,"decision":"review","score":600,"fired":[{"rule":"spike","reasons":[{"code":"S001","text":"amount 150.00, usual 12.51"},)"
        R"({"code":"S002","text":"b \"c 137.50 true 3"}],"values":{"amount":"150.00","usual":"12.505"}}],"queues":["spikes"],"tags":["odd"],)"
        R"("shadow":[{"rule":"dark","reasons":[{"code":"D001","text":"risky"}],"values":{"risky":true}}]})");
  CHECK(line_of(lines, 4) == head(4) + R"(,"decision":"challenge","score":100,"fired":[{"rule":"listed","reasons":[{"code":"L001","text":"device b \"c, known true"}],)"
        R"("values":{"device":"b \"c"}}],"alert":"medium","challenges":["otp"],"missing":["dark"]})");
  CHECK(line_of(lines, 5).find("\"fired\":[{\"rule\":\"spike\"") != std::string::npos);
  CHECK(line_of(lines, 5).ends_with("\"suppressed\":[\"listed\"]}"));
}

TEST_CASE("an enumeration shows its own labels, whatever it is computed by and whoever else has one of its name; patterns say their values") {
  const Scratch scratch;
  const std::string file = scratch.write("cards.pawl", R"(pipeline "cards" version 1
event Login   { at: time, customer: int, channel: enum(web, app) }
event Payment { id: int, at: time, customer: int, amount: money, channel: enum(chip, online), device: text(8) }
let before = prior last(channel per customer, 1h on Payment)
let from = device otherwise "shop"
rule login { on Login when channel = "app" then score 1 reason A001 "logged in by {channel}" }
rule paid { on Payment when channel = "online" then score 1 reason A001 "paid by {channel}, {if amount > 5.00 then channel else \"chip\"}, {before otherwise channel}, {prior last(channel per customer, 1h)}" }
rule twice { pattern a: Payment(amount < 5.00)+ then b: Payment(amount > sum(a.amount)) within 1h per customer then score 1
  reason A002 "{first(a.channel)}, {b.channel}, from {from}" }
let large = amount > 50.00
)");
  const std::string input = scratch.write("rows.csv", "id,at,customer,amount,channel,device\n1,2018-08-08T10:00:00Z,7,1.00,online,a\n2,2018-08-08T10:00:01Z,7,101.00,chip,\n3,2018-08-08T10:00:02Z,7,6.00,online,\n");
  const auto run = pawl_command("score --pipeline " + file + " --event Payment --input " + input + " --decisions " + (scratch / "d.jsonl") + " --features " + (scratch / "f.csv"));
  REQUIRE_MESSAGE(run.status == 0, run.err);
  const std::string lines = read_file(scratch / "d.jsonl");
  CHECK(line_of(lines, 1).find("\"text\":\"paid by online, chip, online, missing\"") != std::string::npos);
  CHECK(line_of(lines, 3).find("\"text\":\"paid by online, online, chip, chip\"") != std::string::npos);
  CHECK(line_of(lines, 2).find("\"text\":\"online, chip, from shop\"") != std::string::npos);
  CHECK(line_of(lines, 2).find("\"values\":{\"sum(a.amount)\":\"1.00\",\"amount\":\"101.00\"}") != std::string::npos);
  CHECK(read_file(scratch / "f.csv").find("\n1,1,,a,0\n2,2,online,shop,1\n3,3,chip,shop,0\n") != std::string::npos);
}

TEST_CASE("texts of steps, in lower case and looked up, and floats stand in reasons, of a match by an event and by a deadline") {
  const Scratch scratch;
  const std::string file = scratch.write("cards.pawl", R"(pipeline "cards" version 1
event Payment { id: int, at: time, customer: int, amount: money, device: text(8), weight: float }
map place from text(8) to text(12) { "ab" = "A long place" } otherwise "?"
list seen of text(8)
rule twice { pattern a: Payment(amount < 5.00 and device != "x") then b: Payment(amount > 5.00 and weight > a.weight) within 1h per customer then score 1, add lower(a.device) to seen
  reason A001 "{a.device} is {lower(a.device)}, {len(a.device)} long, at {place[lower(a.device)]}; {b.weight - a.weight} more, at {place[b.device]}" }
rule alone { pattern c: Payment(device in seen) then no Payment(amount < 5.00) within 1m per customer then score 2 reason A002 "{c.device} at {place[c.device]}, {\"ab\" in seen}" }
)");
  const std::string input = scratch.write("rows.csv", "id,at,customer,amount,device,weight\n1,2018-08-08T10:00:00Z,7,1.00,Ab,0.5\n2,2018-08-08T10:00:01Z,7,6.00,b,0.75\n3,2018-08-08T10:00:02Z,7,6.00,ab,\n4,2018-08-08T10:30:00Z,8,6.00,z,1\n");
  const auto run = pawl_command("score --pipeline " + file + " --event Payment --input " + input + " --decisions " + (scratch / "d.jsonl"));
  REQUIRE_MESSAGE(run.status == 0, run.err);
  const std::string lines = read_file(scratch / "d.jsonl");
  CHECK_MESSAGE(lines.find("\"text\":\"Ab is ab, 2 long, at A long place; 0.25 more, at ?\"") != std::string::npos, lines);
  CHECK_MESSAGE(lines.find("\"text\":\"ab at A long place, true\"") != std::string::npos, lines);
}

TEST_CASE("the page of a run knows the label of what a deadline fires: its first input's") {
  const Scratch scratch;
  const std::string file = scratch.write("cards.pawl", R"(pipeline "cards" version 1
event Payment { id: int, at: time, customer: int, fraud: bool }
rule quiet { pattern p: Payment(id < 3) then no Payment within 10s per customer then score 7 }
)");
  const std::string input = scratch.write("rows.csv", "id,at,customer,fraud\n1,2018-08-08T10:00:00Z,1,1\n2,2018-08-08T10:00:00Z,2,0\n3,2018-08-08T10:00:20Z,3,0\n");
  const auto run = pawl_command("run --tick-interval off --pipeline " + file + " --input " + input + " --journal " + (scratch / "journal"));
  REQUIRE_MESSAGE(run.status == 0, run.err);
  const std::size_t at = run.out.find("quiet");
  REQUIRE(at != std::string::npos);
  const std::string line = run.out.substr(at, run.out.find('\n', at) - at);
  CHECK_MESSAGE(line.find(" 2 ") != std::string::npos, line);
  CHECK_MESSAGE(line.find(" 1 ") != std::string::npos, line);
  CHECK_MESSAGE(line.find("50.0%") != std::string::npos, line);
}

TEST_CASE("the page of a run counts the frauds of its own source alone") {
  const Scratch scratch;
  const std::string file = scratch.write("cards.pawl", "pipeline \"cards\" version 1\nevent Payment { id: int, at: time, fraud: bool }\nrule every { on Payment when id > 0 then score 7 }\n");
  const std::string start = "id,at,fraud\n", good = start + "1,2018-08-08T10:00:00Z,0\n2,2018-08-08T10:00:00Z,0\n", bad = start + "3,2018-08-08T10:00:00Z,1\n4,2018-08-08T10:00:00Z,1\n";
  const std::string more = " --pipeline " + file + " --journal " + (scratch / "journal") + " --input ";
  REQUIRE(pawl_command("score --event Payment" + more + scratch.write("good.csv", good)).status == 0);
  const auto run = pawl_command("run --append" + more + scratch.write("bad.csv", bad));
  REQUIRE_MESSAGE(run.status == 0, run.err);
  CHECK_MESSAGE(run.out.find("50.0%") != std::string::npos, run.out);
}

TEST_CASE("JSON lines are continued without a torn or doubled line, as they are replayed") {
  const Scored scored;
  const std::string journal = scored.scratch / "journal", file = scored.scratch / "d.jsonl";
  const std::string whole = scored.score("d.jsonl", "--journal " + journal);
  const auto replay = pawl_command("replay --journal " + journal + " --decisions " + (scored.scratch / "r.jsonl"));
  CHECK(replay.status == 0);
  CHECK(read_file(scored.scratch / "r.jsonl") == whole);
  for (const std::size_t cut : {std::size_t{0}, std::size_t{5}, whole.size() / 2, whole.size() - 1}) {
    CAPTURE(cut);
    scored.scratch.write("d.jsonl", whole.substr(0, cut));
    const Scratch other;
    const auto run = pawl_command("score --pipeline " + scored.pipeline_file + " --event Payment --input " + other.write("none.csv", "id,at,customer,amount,device,risky\n") +
                                  " --journal " + journal + " --append --decisions " + file);
    CHECK_MESSAGE(run.status == 0, run.err);
    CHECK(read_file(file) == whole);
  }
  scored.scratch.write("d.jsonl", "something else\n");
  const auto refused = pawl_command("score --pipeline " + scored.pipeline_file + " --event Payment --input " + scored.input + " --journal " + journal + " --append --decisions " + file);
  CHECK(refused.status == 65);
}

namespace {

// Places of the second half at which a file may be cut: of each line the beginning, the first byte, the middle and the end without its line feed; of binary
// records, which differ in length, each 97th. Which byte of a torn line is its last makes no difference to what is left of the file.
std::vector<std::size_t> cuts_of(const std::string& whole, bool binary) {
  std::vector<std::size_t> cuts;
  if (binary) {
    for (std::size_t cut = whole.size() / 2; cut < whole.size(); cut += 97) cuts.push_back(cut);
    return cuts;
  }
  for (std::size_t start = whole.find('\n', whole.size() / 2) + 1; start < whole.size();) {
    const std::size_t end = whole.find('\n', start);
    cuts.insert(cuts.end(), {start, start + 1, (start + end) / 2, end});
    start = end + 1;
  }
  return cuts;
}

}  // namespace

TEST_CASE("what a deadline fires has rows of its own, behind that of the input that fires it, wherever the file was cut") {
  const Scratch scratch;
  const std::string file = scratch.write("cards.pawl", R"(pipeline "cards" version 1
event Payment { id: int, at: time, customer: int, amount: money }
let twice = amount * 2
rule unproved { pattern p: Payment(amount > 100.00) then no Payment(amount < 1.00) within 10s per customer then score 20, review queue "calls" reason U001 "{p.amount} and no proof" }
rule quiet    { pattern p: Payment(amount > 160.00) then no Payment(amount < 1.00) within 10s per customer then score 7 mode shadow }
policy { review at score 900  default approve }
)");
  const std::string header = "id,at,customer,amount\n";
  const std::string input = scratch.write("rows.csv", header + "11,2018-08-08T10:00:00Z,7,150.00\n12,2018-08-08T10:00:00Z,8,160.00\n13,2018-08-08T10:00:05Z,8,0.50\n"
                                                             "14,2018-08-08T10:00:05Z,9,170.00\n15,2018-08-08T10:00:20Z,7,5.00\n");
  const std::string none = scratch.write("none.csv", header);
  for (const std::string form : {"csv", "jsonl", "decisions"}) {
    CAPTURE(form);
    const std::string journal = scratch / ("journal-" + form), decisions = scratch / ("d." + form);
    const auto score = [&](const std::string& events, const std::string& more) {
      return pawl_command("score --pipeline " + file + " --event Payment --input " + events + " --journal " + journal + " --decisions " + decisions + " --features " + (scratch / "f.csv") + more);
    };
    const auto run = score(input, "");
    REQUIRE_MESSAGE(run.status == 0, run.err);
    const std::string whole = read_file(decisions);
    if (form == "csv") {
      CHECK(whole == "sequence,id,decision,score,rules\n1,11,approve,0,\n2,12,approve,0,\n3,13,approve,0,\n4,14,approve,0,\n5,15,approve,0,\n"
                     "5,11,review,20,unproved\n5,14,review,20,unproved\n5,14,approve,0,\n");
    } else if (form == "decisions") {
      CHECK(pawl_command("decisions " + decisions).out == read_file(scratch / "d.csv"));
      CHECK(pawl_command("decisions --json " + decisions).out == read_file(scratch / "d.jsonl"));
    } else {
      CHECK(line_of(whole, 5).starts_with("{\"sequence\":5,\"id\":\"15\",\"event\":\"Payment\",\"source\":1,\"ticket\":5,"));
      CHECK(line_of(whole, 6).starts_with("{\"sequence\":5,\"output\":1,\"first\":1,\"key\":{\"customer\":\"7\"},\"id\":\"11\",\"event\":\"Payment\",\"source\":0,\"ticket\":0,"));
      CHECK(line_of(whole, 6).ends_with(R"("decision":"review","score":20,"fired":[{"rule":"unproved","reasons":[{"code":"U001","text":"150.00 and no proof"}]}],"queues":["calls"]})"));
      CHECK(line_of(whole, 8).starts_with("{\"sequence\":5,\"output\":3,\"first\":4,\"key\":{\"customer\":\"9\"},"));
      CHECK(line_of(whole, 8).ends_with(R"("fired":[],"shadow":[{"rule":"quiet"}]})"));
    }
    const std::string features = read_file(scratch / "f.csv");
    CHECK(std::count(features.begin(), features.end(), '\n') == 6);  // of events alone
    const auto replay = pawl_command("replay --journal " + journal + " --decisions " + (scratch / ("r." + form)));
    CHECK(replay.status == 0);
    CHECK(read_file(scratch / ("r." + form)) == whole);
    for (const std::size_t cut : cuts_of(whole, form == "decisions")) {
      CAPTURE(cut);
      scratch.write("d." + form, whole.substr(0, cut));
      const auto again = score(none, " --append");
      CHECK_MESSAGE(again.status == 0, again.err);
      CHECK(read_file(decisions) == whole);
      CHECK(read_file(scratch / "f.csv") == features);
    }
  }
}

TEST_CASE("binary decisions say what CSV and JSON lines say, and are the same bytes from a replay, with features or without, and continued") {
  const Scored scored;
  const std::string journal = scored.scratch / "journal", file = scored.scratch / "d.decisions";
  const std::string csv = scored.score("d.csv"), json = scored.score("d.jsonl"), whole = scored.score("d.decisions", "--journal " + journal);
  CHECK(pawl_command("decisions " + file).out == csv);
  CHECK(pawl_command("decisions --json " + file).out == json);
  CHECK(scored.score("e.decisions", "--features " + (scored.scratch / "f.csv")) == whole);
  scored.score("d.decisions.zst");
  CHECK(pawl_command("decisions --json " + (scored.scratch / "d.decisions.zst")).out == json);
  CHECK(pawl_command("replay --journal " + journal + " --decisions " + (scored.scratch / "r.decisions")).status == 0);
  CHECK(read_file(scored.scratch / "r.decisions") == whole);
  const std::string none = scored.scratch.write("none.csv", "id,at,customer,amount,device,risky\n");
  const auto go_on = [&](const std::string& name) {
    return pawl_command("score --pipeline " + scored.pipeline_file + " --event Payment --input " + none + " --journal " + journal + " --append --decisions " + (scored.scratch / name));
  };
  for (const std::size_t cut : {std::size_t{0}, std::size_t{11}, whole.size() / 2, whole.size() - 1}) {
    CAPTURE(cut);
    scored.scratch.write("d.decisions", whole.substr(0, cut));
    const auto run = go_on("d.decisions");
    CHECK_MESSAGE(run.status == 0, run.err);
    CHECK(read_file(file) == whole);
  }
}

namespace {

std::uint32_t word_at(const std::string& bytes, std::size_t offset) {
  std::uint32_t word;
  std::memcpy(&word, bytes.data() + offset, sizeof word);
  return word;
}

}  // namespace

TEST_CASE("the header of binary decisions holds the pipeline and says where each value stands") {
  const Scratch scratch;
  const std::string source = "pipeline \"p\" version 1\nevent Payment { id: int, at: time, amount: money }\nrule large { on Payment when amount > 5.00 then score 7 cooldown 1m per id }\n";
  const std::string input = scratch.write("rows.csv", "id,at,amount\n4,2018-08-08T10:00:00Z,6.00\n");
  const std::string file = scratch / "d.decisions";
  REQUIRE(pawl_command("score --event Payment --pipeline " + scratch.write("p.pawl", source) + " --input " + input + " --decisions " + file).status == 0);
  const std::string bytes = read_file(file);
  REQUIRE(bytes.size() > 64);
  CHECK(bytes.starts_with("PAWLDECS"));
  CHECK(word_at(bytes, 8) == 1);
  const std::uint32_t header_bytes = word_at(bytes, 12), record_bytes = word_at(bytes, 16), source_bytes = word_at(bytes, 20), layout_bytes = word_at(bytes, 24);
  CHECK(bytes.size() == header_bytes + record_bytes);
  CHECK(bytes.substr(64, source_bytes) == source);
  CHECK(bytes.substr(64 + source_bytes, layout_bytes) ==
        "0 int64 sequence\n16 int64 ticket\n24 int64 score\n32 int64 id\n40 uint16 source\n42 uint16 event\n44 uint8 decision\n45 uint8 has_id\n"
        "48 bits fired, by rule\n56 bits missing, by rule\n64 bits suppressed, by rule\n72 bits present, by value\n80 8 bytes value 0 money amount\n"
        "decision 0 approve\ndecision 1 allow\ndecision 2 decline\ndecision 3 reject\ndecision 4 review\ndecision 5 challenge\nevent 0 Payment\nrule 0 large\n");
  std::int64_t record[16];
  std::memcpy(record, bytes.data() + header_bytes, sizeof record);
  CHECK(record[0] == 1);       // sequence
  CHECK(record[1] == 0);       // no time of the machine
  CHECK(record[3] == 7);       // score
  CHECK(record[4] == 4);       // id
  CHECK(record[6] == 1);       // fired: rule 0
  CHECK(record[9] == 1);       // present: value 0
  CHECK(record[10] == 600);    // amount
}

TEST_CASE("binary decisions are printed when a map's file is another one or gone: a directory of files by their hashes serves, as a journal keeps them") {
  const Scored scored;
  const std::string map = "key,value\na,7\n", hash = pawl::journal::sha256_hex(map);
  scored.scratch.write("known.csv", map);
  scored.scratch.write("cards.pawl", std::string(pipeline) + "map known from text(8) to int from \"known.csv\" sha256 \"" + hash + "\" otherwise 0\nrule told { on Payment when known[device] > 5 then score 3 reason K001 \"{known[device]}\" }\n");
  const std::string journal = scored.scratch / "journal", lines = scored.score("d.jsonl");
  CHECK(scored.score("d.decisions", "--journal " + journal).find("known[device]") != std::string::npos);
  const std::string print = "decisions --json " + (scored.scratch / "d.decisions");
  CHECK(pawl_command(print + " --models " + (scored.scratch / "")).out == lines);
  for (const bool gone : {false, true}) {
    CAPTURE(gone);
    if (gone) std::filesystem::remove(scored.scratch / "known.csv");
    else scored.scratch.write("known.csv", "key,value\na,8\n");
    const auto refused = pawl_command(print + " --models " + (scored.scratch / ""));
    CHECK(refused.status == 65);
    CHECK_MESSAGE(refused.err.find("whose models or maps are not there (--models)") != std::string::npos, refused.err);
    CHECK_MESSAGE(refused.err.find("known.csv") != std::string::npos, refused.err);
    const auto printed = pawl_command(print + " --models " + journal + "/models");
    CHECK_MESSAGE(printed.status == 0, printed.err);
    CHECK(printed.out == lines);
  }
  scored.scratch.write("journal/models/" + hash, "key,value\na,8\n");
  CHECK(pawl_command(print + " --models " + journal + "/models").status == 65);
}

TEST_CASE("what is no whole file of binary decisions is said, behind what could be read") {
  const Scored scored;
  const std::string csv = scored.score("d.csv"), whole = scored.score("d.decisions");
  const std::uint32_t header_bytes = word_at(whole, 12), record_bytes = word_at(whole, 16);
  const auto read = [&](std::string bytes) { return pawl_command("decisions " + scored.scratch.write("x.decisions", bytes)); };
  const auto torn = read(whole.substr(0, whole.size() - 3));
  CHECK(torn.status == 65);
  CHECK(torn.err.find("is cut short behind 4 decisions") != std::string::npos);
  CHECK(torn.out == csv.substr(0, csv.rfind('\n', csv.size() - 2) + 1));
  std::string damaged = whole;
  damaged[header_bytes + 2 * record_bytes + 30] ^= 1;
  CHECK(read(damaged).err.find("is damaged behind 2 decisions") != std::string::npos);
  for (const std::size_t at : {std::size_t{13}, std::size_t{40}, std::size_t{100}, header_bytes - std::size_t{1}}) {
    CAPTURE(at);
    std::string other = whole;
    other[at] ^= 1;
    CHECK(read(other).status == 65);
  }
  // What its pipeline does not have, under a right check.
  const std::string no_id = scored.scratch.write("p.pawl", "pipeline \"p\" version 1\nevent Payment { at: time, amount: money }\nrule large { on Payment when amount > 5.00 then score 7 }\n");
  const std::string input = scored.scratch.write("p.csv", "at,amount\n2018-08-08T10:00:00Z,6.00\n"), file = scored.scratch / "p.decisions";
  REQUIRE(pawl_command("score --event Payment --pipeline " + no_id + " --input " + input + " --decisions " + file).status == 0);
  const std::string fine = read_file(file);
  const std::size_t record = word_at(fine, 12), checked = word_at(fine, 16) - 8;
  CHECK(read(fine).status == 0);
  for (const std::size_t at : {std::size_t{43}, std::size_t{44}, std::size_t{45}}) {  // the event, the decision, that there is an id
    CAPTURE(at);
    std::string other = fine;
    other[record + at] = 9;
    const std::uint32_t check = pawl::crc32c(std::as_bytes(std::span(other).subspan(record, checked)));
    std::memcpy(other.data() + record + checked, &check, sizeof check);
    const auto refused = read(other);
    CHECK(refused.status == 65);
    CHECK(refused.err.find("that its pipeline does not have, behind 0 decisions") != std::string::npos);
  }
  // A fraction whose denominator is 0, likewise.
  const std::string shares = scored.scratch.write("s.pawl", "pipeline \"s\" version 1\nevent Payment { at: time, amount: money }\nrule large { on Payment when amount > 5.00 then score 7 reason A001 \"{amount / 3}\" }\n");
  REQUIRE(pawl_command("score --event Payment --pipeline " + shares + " --input " + input + " --decisions " + file).status == 0);
  std::string over_zero = read_file(file);
  const std::size_t layout = over_zero.find(" ratio of money amount / 3");
  REQUIRE(layout != std::string::npos);
  const std::size_t begin = word_at(over_zero, 12), value = std::stoul(over_zero.substr(over_zero.rfind('\n', layout) + 1)), bytes = word_at(over_zero, 16) - 8;
  CHECK(read(over_zero).status == 0);
  over_zero.replace(begin + value + 16, 16, 16, '\0');
  const std::uint32_t check = pawl::crc32c(std::as_bytes(std::span(over_zero).subspan(begin, bytes)));
  std::memcpy(over_zero.data() + begin + bytes, &check, sizeof check);
  CHECK(read(over_zero).err.find("shows a fraction over zero, behind 0 decisions") != std::string::npos);
  CHECK(read(csv).err.find("is no binary file of decisions") != std::string::npos);
  CHECK(read("").status == 65);
  CHECK(pawl_command("decisions " + (scored.scratch / "gone.decisions")).status == 74);
}

}  // namespace decisions_test
