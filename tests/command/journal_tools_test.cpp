// `pawl journal ls, grep, tail, export, stats, diff, repair`: what each prints, its exit status, and what it says to bad input.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "run_command.hpp"
#include "written_journal.hpp"

using pawl::test::first_segment;
using pawl::test::flip_byte;
using pawl::test::has;
using pawl::test::Outcome;
using pawl::test::pawl_command;
using pawl::test::read_file;
using pawl::test::Scratch;
using pawl::test::write_journal;

namespace {

std::size_t lines(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

// Two types of events, every type of field, missing values, texts with commas, quotes and line feeds.
constexpr const char* orders_pipeline =
    "pipeline \"shop\" version 1\n"
    "event Order { at: time, id: int, amount: money(2), price: decimal(4), side: enum(buy, sell), vip: bool, wait: duration, rate: float, note: text(16) }\n"
    "event Label { at: time, id: int, fraud: bool }\n"
    "let spent = sum(amount per id, 1h)\n"
    "rule big { on Order when amount > 100.00 then score 7 }\n"
    "rule often { on Order when count(per id, 1h) >= 2 then score 5 }\n";

constexpr const char* orders =
    "at,id,amount,price,side,vip,wait,rate,note\n"
    "2018-08-08T10:00:00Z,1,12.50,1.0001,buy,1,5s,0.1,plain\n"
    "2018-08-08T10:00:01.5Z,2,220.00,-2.5,sell,0,1h,1e300,\"comma, quote\"\"\"\n"
    "2018-08-08T10:00:02Z,1,,,,,,,\n"
    "2018-08-08T10:00:03Z,3,-0.05,0,buy,0,0s,-0,\"two\nlines\"\n";

// A journal of the orders above, scored.
struct Shop {
  Scratch scratch;
  std::string pipeline = scratch.write("shop.pawl", orders_pipeline);
  std::string journal = scratch / "journal";
  Outcome scored;

  explicit Shop(const std::string& rows = orders) { scored = score(scratch.write("orders.csv", rows), journal, "decisions.csv"); }
  [[nodiscard]] Outcome score(const std::string& input, const std::string& directory, const std::string& decisions) const {
    return pawl_command("score --event Order --pipeline " + pipeline + " --input " + input + " --journal " + directory + " --decisions " + scratch / decisions);
  }
  [[nodiscard]] Outcome grep(const std::string& conditions) const { return pawl_command("journal grep " + journal + " " + conditions); }
  // Ids of the orders found, in order.
  [[nodiscard]] std::string ids(const std::string& conditions) const {
    std::string ids;
    const Outcome found = grep(conditions);
    for (std::size_t at = 0; (at = found.out.find("id=", at)) != std::string::npos; ++at) ids += found.out.substr(at + 3, found.out.find(',', at) - at - 3) + " ";
    CHECK(found.status == (ids.empty() ? 1 : 0));
    CHECK_MESSAGE(found.err.empty(), found.err);
    return ids;
  }
};

}  // namespace

TEST_CASE("grep: each type of field, each comparison, missing values, several conditions") {
  const Shop shop;
  REQUIRE(shop.scored.status == 0);
  const std::map<std::string, std::string> found = {
      {"id=1", "1 1 "},
      {"id!=1", "2 3 "},
      {"amount=12.5", "1 "},
      {"'amount<0'", "3 "},
      {"'amount>=12.50'", "1 2 "},
      {"amount=missing", "1 "},
      {"amount!=missing", "1 2 3 "},
      {"amount!=12.50", "2 3 "},  // a missing one is neither equal nor unequal
      {"'price<=0'", "2 3 "},
      {"side=sell", "2 "},
      {"vip=true", "1 "},
      {"vip=0", "2 3 "},
      {"'wait>=1h'", "2 "},
      {"'rate>1'", "2 "},
      {"rate=0", "3 "},
      {"note=plain", "1 "},
      {"'note=comma, quote\"'", "2 "},
      {"'note=\"plain\"'", "1 "},
      {"'note<d'", "2 "},
      {"'at>2018-08-08T10:00:01Z'", "2 1 3 "},
      {"at=2018-08-08T10:00:01.5Z", "2 "},
      {"sequence=2", "2 "},
      {"'sequence>1' 'sequence<=3'", "2 1 "},
      {"ticket=4", "3 "},
      {"source=score type=Order", "1 2 1 3 "},
      {"source=nobody", ""},
      {"type=Label", ""},
      {"'id>=1' 'amount>0' side=buy", "1 "},
      {"fraud=1", ""},  // a field of Label alone
  };
  for (const auto& [conditions, ids] : found) {
    CAPTURE(conditions);
    CHECK(shop.ids(conditions) == ids);
  }
  CHECK(shop.grep("'amount>0' --count").out == "2\n");
  const auto none = shop.grep("id=77 --count");
  CHECK(none.out == "0\n");
  CHECK(none.status == 1);
  CHECK(lines(shop.grep("id=1 --limit 1").out) == 1);
  CHECK(has(shop.grep("id=2 --json").out, R"("fields": {"at": "2018-08-08T10:00:01.5Z", "id": "2", "amount": "220.00")"));
  CHECK(shop.grep("type=tick --count").out == "1\n");
  CHECK(shop.grep("type=activate --count").out == "1\n");
  // The directory may stand anywhere among the conditions.
  CHECK(pawl_command("journal grep id=2 " + shop.journal + " side=sell").out == shop.grep("id=2").out);
}

TEST_CASE("grep: conditions that mean nothing are status 64, with the reason") {
  const Shop shop;
  const std::map<std::string, std::string> bad = {
      {"amont=3", "`amont=3`: no event in this journal has a field `amont`. Did you mean `amount`?"},
      {"amount=abc", "`abc` is not an amount"},
      {"amount=1.234", "`1.234` has too many digits"},
      {"id=1.5", "`id=1.5`: `1.5`"},
      {"side=hold", "`side=hold`: `hold`"},
      {"'side<sell'", "has no order: write = or !="},
      {"'vip>0'", "has no order: write = or !="},
      {"at=yesterday", "`yesterday`"},
      {"sequence=first", "`sequence=first`: `first`"},
      {"'amount<missing'", "missing has no order"},
      {"'source>a'", "names have no order"},
      {"type=", "`type=`: a name is missing"},
      {"source=", "`source=`: a name is missing"},
      {"amont=3 'sequence>999'", "no event in this journal has a field `amont`"},  // though no input comes by
      {"amount=abc --limit 0", "`abc` is not an amount"},
      {"type=Ordr", "this journal has no inputs of type `Ordr`. Did you mean `Order`?"},
      {"id", "`id` is no condition"},
      {"", "no condition given"},
  };
  for (const auto& [conditions, reason] : bad) {
    CAPTURE(conditions);
    const auto run = shop.grep(conditions);
    CHECK(run.status == 64);
    CHECK(run.out.empty());
    CHECK_MESSAGE(has(run.err, reason), run.err);
  }
}

TEST_CASE("grep: a value longer than a path may be") {
  const Shop shop;
  const auto run = shop.grep("note=" + std::string(5'000, 'n'));
  CHECK(run.status == 1);
  CHECK(run.err.empty());
}

TEST_CASE("grep --count of a damaged journal: no number that passes for the whole, and the damage") {
  const Scratch scratch;
  write_journal(scratch / "journal", 300);
  const auto whole = pawl_command("journal grep --count " + scratch / "journal" + " 'id>=0'");
  CHECK(whole.out == "300\n");
  flip_byte(first_segment(scratch / "journal"), 20'000);
  const auto damaged = pawl_command("journal grep --count " + scratch / "journal" + " 'id>=0'");
  CHECK(damaged.status == 66);
  CHECK(damaged.out.empty());
  CHECK(has(damaged.err, "CORRUPT"));
  CHECK_MESSAGE(has(damaged.err, "Before it, "), damaged.err);
  CHECK(has(damaged.err, " inputs match"));
}

TEST_CASE("texts with line feeds, control characters and bytes that are no UTF-8: one record a line, nothing lost, JSON is JSON") {
  const Shop shop("at,id,amount,price,side,vip,wait,rate,note\n"
                  "2018-08-08T10:00:00Z,1,12.50,1,buy,1,5s,0.1,\"two\nlines\ttab\"\n"
                  "2018-08-08T10:00:01Z,2,12.50,1,buy,1,5s,0.1,back\\nslash\x1b\x7f\n"
                  "2018-08-08T10:00:02Z,3,12.50,1,buy,1,5s,0.1,b\xff\xc3(\xed\xa0\x80\n"
                  "2018-08-08T10:00:03Z,4,12.50,1,buy,1,5s,0.1,\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n");
  REQUIRE_MESSAGE(shop.scored.status == 0, shop.scored.err);
  const auto text = shop.grep("'id>=1'").out;
  CHECK(lines(text) == 4);
  CHECK(has(text, "note=two\\nlines\\ttab}"));
  CHECK(has(text, "note=back\\\\nslash\\x1b\\x7f}"));
  CHECK(has(text, "note=b\\xff\\xc3(\\xed\\xa0\\x80}"));
  CHECK(has(text, "note=\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80}"));
  const auto json = shop.grep("'id>=1' --json").out;
  CHECK(lines(json) == 4);
  CHECK(has(json, R"("note": "two\u000alines\u0009tab"})"));
  CHECK(has(json, R"("note": {"hex": "62ffc328eda080"}})"));
  CHECK(has(json, "\"note\": \"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}"));
  CHECK(lines(pawl_command("journal cat " + shop.journal).out) == lines(pawl_command("journal cat --json " + shop.journal).out));
  CHECK(shop.ids("'note=back\\nslash\x1b\x7f'") == "2 ");
}

TEST_CASE("tail: the last inputs, with what stands between them if asked for") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  write_journal(directory, 2000);
  const auto three = pawl_command("journal tail -n 3 " + directory);
  CHECK(three.status == 0);
  CHECK(lines(three.out) == 3);
  CHECK(three.out.starts_with("1997 Payment{id=1997"));
  const auto all = pawl_command("journal cat " + directory).out;
  CHECK(all.ends_with(three.out));
  CHECK(lines(pawl_command("journal tail " + directory).out) == 10);
  CHECK(pawl_command("journal tail -n 0 " + directory).out.empty());
  const auto everything = pawl_command("journal tail -n 99999 --annotations " + directory);
  CHECK(everything.out == all);
  CHECK(lines(pawl_command("journal tail -n 99999 " + directory).out) == 2000);
  CHECK(has(pawl_command("journal tail -n 1 --json " + directory).out, R"({"sequence": 1999, "event": "Payment")"));
  flip_byte(first_segment(directory), 20'000);  // the end is whole
  CHECK(pawl_command("journal tail -n 3 " + directory).out == three.out);
}

TEST_CASE("ls: a line per segment whose blocks and sequences add up, what is in quarantine, and CONTROL") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  write_journal(directory, 2000);
  std::ofstream(directory + "/quarantine/epoch-1-segment-1-offset-8192.bin") << "torn";
  const auto text = pawl_command("journal ls " + directory);
  CHECK(text.status == 0);
  CHECK(has(text.out, "sealed"));
  CHECK(has(text.out, "open"));
  CHECK(has(text.out, "prepared"));
  CHECK(has(text.out, "epoch-1-segment-1-offset-8192.bin"));
  CHECK(has(text.out, "CONTROL: epoch 1 at durability disk, closed cleanly\n"));
  const auto json = pawl_command("journal ls --json " + directory).out;
  CHECK(has(json, R"("first_sequence": 0, )"));
  CHECK(has(json, R"("last_sequence": 1999, )"));
  CHECK(has(json, R"(-offset-8192.bin", "bytes": 4, "state": "unknown"})"));
  std::uint64_t blocks = 0;
  for (std::size_t at = 0; (at = json.find("\"blocks\": ", at)) != std::string::npos; ++at) blocks += std::stoull(json.substr(at + 10));
  const auto info = pawl_command("journal info " + directory).out;
  CHECK(has(info, "last block    " + std::to_string(blocks) + ","));
  flip_byte(first_segment(directory), 10);
  const auto damaged = pawl_command("journal ls " + directory);
  CHECK(damaged.status == 66);
  CHECK(has(damaged.out, "damaged"));
  CHECK(has(damaged.err, "CORRUPT"));
}

TEST_CASE("export: what score reads back gives the same journal, decisions and digest") {
  const Shop shop;
  REQUIRE(shop.scored.status == 0);
  const std::string exported = shop.scratch / "exported.csv";
  const auto run = pawl_command("journal export --csv --event Order --output " + exported + " " + shop.journal);
  CHECK(run.status == 0);
  CHECK_MESSAGE(has(run.err, "4 rows of Order in "), run.err);
  const auto again = shop.score(exported, shop.scratch / "again", "again.csv");
  CHECK(again.status == 0);
  CHECK(again.out == shop.scored.out);  // the digest
  CHECK(read_file(shop.scratch / "again.csv") == read_file(shop.scratch / "decisions.csv"));
  const auto equal = pawl_command("journal diff " + shop.journal + " " + shop.scratch / "again");
  CHECK(equal.status == 0);
  CHECK(has(equal.out, "equal: 6 inputs, in the same order"));
  // Every value in its one text form.
  CHECK(read_file(exported) ==
        "at,id,amount,price,side,vip,wait,rate,note\n"
        "2018-08-08T10:00:00Z,1,12.50,1.0001,buy,1,5s,0.1,plain\n"
        "2018-08-08T10:00:01.5Z,2,220.00,-2.5000,sell,0,1h,1e+300,\"comma, quote\"\"\"\n"
        "2018-08-08T10:00:02Z,1,,,,,,,\n"
        "2018-08-08T10:00:03Z,3,-0.05,0.0000,buy,0,0s,-0,\"two\nlines\"\n");
}

TEST_CASE("export: further columns, ranges, compressed, and what it refuses") {
  const Shop shop;
  const std::string line = "journal export " + shop.journal + " --event Order ";
  const auto with = pawl_command(line + "--with sequence,source,ticket,ingest --from 2 --until 3");
  CHECK(with.status == 0);
  CHECK(with.out.starts_with("sequence,source,ticket,ingest,at,id,amount"));
  CHECK(has(with.out, "\n2,score,2,20"));
  CHECK(has(with.out, "\n3,score,3,20"));
  CHECK(lines(with.out) == 3);
  CHECK(lines(pawl_command(line + "--until 2018-08-08T10:00:01Z").out) == 2);
  const std::string packed = shop.scratch / "orders.csv.zst";
  CHECK(pawl_command(line + "--output " + packed).status == 0);
  CHECK(shop.score(packed, shop.scratch / "again", "again.csv").out == shop.scored.out);
  const auto several = pawl_command("journal export " + shop.journal);
  CHECK(several.status == 64);
  CHECK(has(several.err, "choose one with --event; there are `Order` and `Label`"));
  const auto unknown = pawl_command("journal export --event Ordr " + shop.journal);
  CHECK(unknown.status == 64);
  CHECK(has(unknown.err, "no event `Ordr` (--event). Did you mean `Order`?"));
  const auto column = pawl_command(line + "--with seq");
  CHECK(column.status == 64);
  CHECK(has(column.err, "--with `seq`"));
  CHECK(pawl_command(line + "--output " + shop.scratch / "gone/x.csv").status == 74);
  const auto beyond = pawl_command(line + "--from 100");
  CHECK(beyond.status == 64);
  CHECK(has(beyond.err, "nothing to export"));
}

TEST_CASE("stats: counts that add up to what the journal holds") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  write_journal(directory, 2000);
  const auto text = pawl_command("journal stats " + directory);
  CHECK(text.status == 0);
  CHECK(has(text.out, "2000 inputs, sequences 0 to 1999"));
  const auto json = pawl_command("journal stats --json " + directory).out;
  CHECK(has(json, R"({"inputs": 2000, "first_sequence": 0, "last_sequence": 1999)"));
  CHECK(has(json, R"("types": {"Payment": {"count": 2000, "bytes": 144000}})"));
  CHECK(has(json, R"("sources": {"gateway": 2000})"));
  CHECK(has(json, R"("sequenced_to_submitted": {"count": 2000)"));
  std::uint64_t bytes = 0;
  const std::size_t from = json.find("\"blocks\": {"), to = json.find("padding_bytes");
  for (std::size_t at = from; (at = json.find("\"bytes\": ", at)) < to; ++at) bytes += std::stoull(json.substr(at + 9));
  const std::string segments = pawl_command("journal ls --json " + directory).out;
  for (std::size_t at = 0; (at = segments.find("\"sealed\"", at)) != std::string::npos; ++at) bytes += 4096;
  CHECK(has(pawl_command("journal verify " + directory).out, "blocks of " + std::to_string(bytes) + " bytes"));
}

TEST_CASE("diff: equal, longer, other values, other order, other pipeline") {
  const Shop shop;
  const auto compare = [&](const std::string& rows, const std::string& name) {
    const std::string other = shop.scratch / name;
    REQUIRE(shop.score(shop.scratch.write("other.csv", rows), other, name + ".csv").status == 0);
    const auto run = pawl_command("journal diff " + shop.journal + " " + other);
    CHECK(run.err.empty());
    return run;
  };
  const std::string text = orders;
  const std::size_t second = text.find("2018-08-08T10:00:01.5Z"), third = text.find("2018-08-08T10:00:02Z"), fourth = text.find("2018-08-08T10:00:03Z");
  const auto equal = compare(text, "equal");
  CHECK(equal.status == 0);
  const auto other = compare(std::string(text).replace(text.find("220.00"), 6, "220.01"), "value");
  CHECK(other.status == 1);
  CHECK(has(other.out, "inputs differ at sequence 2\n< 2 Order{"));
  CHECK(has(other.out, "equal before that: 2 inputs"));
  const auto order = compare(text.substr(0, second) + text.substr(third, fourth - third) + text.substr(second, third - second) + text.substr(fourth), "order");
  CHECK(order.status == 1);
  CHECK(has(order.out, "another order: < comes as sequence 3"));
  const auto less = compare(text.substr(0, second) + text.substr(third), "less");
  CHECK(less.status == 1);
  CHECK(has(less.out, "inputs were put in before it, or left out of"));
  write_journal(shop.scratch / "cards", 3);
  write_journal(shop.scratch / "more", 5);
  const auto longer = pawl_command("journal diff " + shop.scratch / "cards" + " " + shop.scratch / "more");
  CHECK(longer.status == 1);
  CHECK(has(longer.out, "cards ends at sequence 2; " + shop.scratch / "more" + " goes on for 2 inputs"));
  const auto pipeline = pawl_command("journal diff " + shop.journal + " " + shop.scratch / "cards");
  CHECK(pipeline.status == 1);
  CHECK(has(pipeline.out, "the pipelines differ, from sequence 0 on"));
  CHECK(pawl_command("journal diff --ingest " + shop.journal + " " + shop.journal).status == 0);
  CHECK(pawl_command("journal diff " + shop.journal).status == 64);
}

TEST_CASE("repair: the beginning of a damaged journal replays to the same decisions; the damaged one stays as it is") {
  const Scratch scratch;
  const std::string directory = scratch / "journal", repaired = scratch / "repaired";
  REQUIRE(pawl_command("run --events 60000 --journal " + directory).status == 0);
  flip_byte(first_segment(directory), 1'500'000);
  const auto damaged = pawl_command("journal verify --json " + directory);
  CHECK(damaged.status == 66);
  const auto run = pawl_command("journal repair " + directory + " --to " + repaired);
  CHECK_MESSAGE(run.status == 0, run.err);
  CHECK(has(run.out, "cut:  CORRUPT: " + first_segment(directory)));
  CHECK(has(run.out, "lost: sequences "));
  CHECK(has(run.out, " to 60000 ("));
  CHECK(pawl_command("journal verify --json " + directory).out == damaged.out);
  CHECK(pawl_command("journal verify " + repaired).status == 0);
  CHECK(has(pawl_command("journal cat " + repaired).out, "\n# repair CORRUPT in segment 1 at offset "));
  const auto replay = pawl_command("replay --journal " + repaired + " --decisions " + scratch / "kept.csv");
  CHECK_MESSAGE(replay.status == 0, replay.err);
  REQUIRE(pawl_command("run --events 60000 --journal " + scratch / "again --decisions " + scratch / "all.csv").status == 0);
  const std::string kept = read_file(scratch / "kept.csv");
  CHECK(lines(kept) > 1000);
  CHECK(read_file(scratch / "all.csv").starts_with(kept));
  CHECK(pawl_command("run --append --events 100 --journal " + repaired).status == 0);
  CHECK(pawl_command("journal diff " + repaired + " " + scratch / "again").status == 1);
}

TEST_CASE("repair: what it refuses") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  write_journal(directory, 2000);
  const auto whole = pawl_command("journal repair " + directory + " --to " + scratch / "new");
  CHECK(whole.status == 64);
  CHECK(has(whole.err, "is whole: there is nothing to repair"));
  flip_byte(first_segment(directory), 20'000);
  scratch.write("file.txt", "x");
  CHECK(has(pawl_command("journal repair " + directory).err, "--to is required"));
  const auto inside = pawl_command("journal repair " + directory + " --to " + directory + "/new");
  CHECK(inside.status == 64);
  CHECK(has(inside.err, "must not change: name another place"));
  const auto used = pawl_command("journal repair " + directory + " --to " + scratch / "");
  CHECK(used.status == 64);
  CHECK(has(used.err, "is not empty"));
  CHECK(pawl_command("journal repair " + directory + " --to " + scratch / "file.txt").status == 74);
  CHECK_FALSE(std::filesystem::exists(scratch / "new"));
}

TEST_CASE("verify --json: a finding per line, with code, file, offset, sequences, loss and cure; the same with one thread and many") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  write_journal(directory, 3000);
  for (const char* segment : {"1", "3", "4"}) flip_byte(directory + "/wal/000000000000000" + segment + ".seg", 20'000);
  const auto one = pawl_command("journal verify --json --threads 1 " + directory);
  CHECK(one.status == 66);
  CHECK(lines(one.out) == 4);
  CHECK(one.out.starts_with(R"({"code": "CORRUPT", "damage": true, "file": ")" + first_segment(directory) + R"(", "offset": )"));
  for (const char* part : {R"("sequences": [)", R"("found": "damaged)", R"("lost": "lost: blocks )", "pawl journal repair", R"("damages": 3)"}) CHECK(has(one.out, part));
  const auto many = pawl_command("journal verify --json --threads 5 " + directory);
  CHECK(many.out == one.out);
}

TEST_CASE("verify --receipt: holds for ever in this journal; an earlier copy has lost what came since, and one that went on was altered") {
  const Scratch scratch;
  const std::string journal = scratch / "journal", copy = scratch / "copy";
  const auto receipt_of = [](const std::string& directory) {
    const std::string info = pawl_command("journal info " + directory).out;
    const std::size_t at = info.find("pawl1:");
    REQUIRE(at != std::string::npos);
    return info.substr(at, info.find('\n', at) - at);
  };
  REQUIRE(pawl_command("run --events 2000 --journal " + journal).status == 0);
  const std::string early = receipt_of(journal);
  std::filesystem::copy(journal, copy, std::filesystem::copy_options::recursive);
  REQUIRE(pawl_command("run --append --events 4000 --journal " + journal).status == 0);
  const std::string late = receipt_of(journal);
  const auto both = pawl_command("journal verify " + journal + " --receipt " + early + " --receipt " + late);
  CHECK_MESSAGE(both.status == 0, both.err);
  CHECK(has(both.out, "receipt HOLDS: up to sequence 2000 nothing was lost"));
  CHECK(has(both.out, "receipt HOLDS: up to sequence 4000 nothing was lost"));
  const auto lost = pawl_command("journal verify " + copy + " --receipt " + early + " --receipt " + late);
  CHECK(lost.status == 66);
  CHECK(has(lost.out, "receipt HOLDS: up to sequence 2000"));
  CHECK(has(lost.out, "receipt LOST: "));
  CHECK(has(lost.out, "sequence 4000, was acked: 2000 inputs are gone"));
  CHECK(has(lost.err, "is whole, but not what 1 of 2 receipts promise"));
  REQUIRE(pawl_command("run --append --seed 2 --events 6000 --journal " + copy).status == 0);
  const auto altered = pawl_command("journal verify --json " + copy + " --receipt " + late);
  CHECK(altered.status == 66);
  CHECK(has(altered.out, R"("verdict": "ALTERED")"));
  const auto slip = pawl_command("journal verify " + journal + " --receipt " + std::string(early).replace(20, 1, early[20] == '0' ? "1" : "0"));
  CHECK(slip.status == 65);
  CHECK(has(slip.err, "its checksum does not fit"));
  CHECK(pawl_command("journal verify " + journal + " --receipt hello").status == 65);
  write_journal(scratch / "other", 10);
  const auto foreign = pawl_command("journal verify " + scratch / "other" + " --receipt " + early);
  CHECK(foreign.status == 66);
  CHECK(has(foreign.out, "receipt FOREIGN: it is of journal "));
}

// CONTROL as a release to come would have written it: whole, with a format that this one does not know.
static void make_newer(const std::string& directory) {
  std::string control = read_file(directory + "/CONTROL");
  for (std::size_t slot = 0; slot + 4096 <= control.size(); slot += 4096) {
    control[slot + 8] = 2;
    const std::uint32_t crc = pawl::crc32c(std::as_bytes(std::span(control)).subspan(slot + 8, 4096 - 8));
    std::memcpy(control.data() + slot + 4, &crc, sizeof crc);
  }
  std::ofstream(directory + "/CONTROL", std::ios::binary) << control;
}

TEST_CASE("every tool names what is no journal, is damaged, is of a later format, or may not be") {
  const Scratch scratch, target;
  scratch.write("notes.txt", "hello");
  write_journal(scratch / "journal", 2000);
  flip_byte(first_segment(scratch / "journal"), 20'000);
  write_journal(scratch / "lost", 10);
  std::filesystem::resize_file(scratch / "lost/CONTROL", 0);
  write_journal(scratch / "newer", 10);
  make_newer(scratch / "newer");
  const std::map<std::string, std::string> tools = {{"ls ", ""}, {"grep ", " customer=7"}, {"tail ", ""}, {"export ", ""}, {"stats ", ""}, {"repair ", " --to " + target / "new"}};
  for (const auto& [tool, rest] : tools) {
    CAPTURE(tool);
    const auto run = [&](const std::string& name) { return pawl_command("journal " + tool + scratch / name + rest); };
    const auto foreign = run("");
    CHECK(foreign.status == 66);
    CHECK(has(foreign.err, "FOREIGN"));
    const auto absent = run("gone");
    CHECK(absent.status == 66);
    CHECK(has(absent.err, "NOT INITIALISED"));
    const auto file = run("notes.txt");
    CHECK(file.status == 74);
    CHECK(has(file.err, "Not a directory"));
    const auto lost = run("lost");
    CHECK(lost.status == 66);
    CHECK(has(lost.err, "CONTROL LOST"));
    const auto newer = run("newer");
    CHECK(newer.status == 66);
    CHECK(has(newer.err, "NEWER FORMAT"));
    CHECK(pawl_command("journal " + tool).status == 64);
    CHECK(pawl_command("journal " + tool + scratch / "journal" + rest + " --nonsense").status == 64);
  }
  for (const std::string& command : {"grep " + scratch / "journal" + " id=1999", "export " + scratch / "journal", "stats " + scratch / "journal",
                                    "diff " + scratch / "journal" + " " + scratch / "journal"}) {
    CAPTURE(command);
    const auto damaged = pawl_command("journal " + command);
    CHECK(damaged.status == 66);
    CHECK(has(damaged.err, "CORRUPT"));
    CHECK(has(damaged.err, "offset"));
  }
  CHECK(pawl_command("journal nonsense").status == 64);
}
