// Bad rows, pipelines and command lines through the real program: exit status, message, and what stands nevertheless.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "run_command.hpp"

using pawl::test::has;
using pawl::test::Outcome;
using pawl::test::pawl_command;
using pawl::test::read_file;
using pawl::test::Scratch;

namespace {

const std::string decisions_header = "sequence,id,decision,score,rules\n";
const std::string columns = "id,at,customer,amount,device\n";
const std::string good_row = "1,2018-08-08T10:00:00Z,7,1.50,a\n";

// A pipeline, and a file of events scored with it.
class Scoring {
 public:
  Outcome score(const std::string& rows, const std::string& options = "") {
    scratch_.write("rows.csv", rows);
    return pawl_command("score --pipeline " + pipeline_ + " --event Payment --input " + scratch_ / "rows.csv" + " --decisions " +
                        scratch_ / "decisions.csv" + " " + options);
  }
  [[nodiscard]] std::string decisions() const { return read_file(scratch_ / "decisions.csv"); }
  [[nodiscard]] std::string place(int line) const { return "pawl: error: " + scratch_ / "rows.csv" + ":" + std::to_string(line) + ": "; }
  [[nodiscard]] const std::string& pipeline() const { return pipeline_; }
  [[nodiscard]] const Scratch& scratch() const { return scratch_; }

 private:
  Scratch scratch_;
  std::string pipeline_ = scratch_.write("cards.pawl",
                                         "pipeline \"cards\" version 1\n"
                                         "event Payment { id: int, at: time, customer: int, amount: money, device: text(8) }\n"
                                         "rule big \"Big\" { on Payment when amount > 100.00 then score 900 }\n");
};

}  // namespace

TEST_CASE("the first bad row ends the input with its line, column and reason; the rows before it stand") {
  struct Bad {
    const char *row, *reason;
  };
  const Bad rows[] = {{"2,2018-08-08T10:00:01Z,7,x,a\n", "column amount: `x` is not an amount"},
                      {"2,2018-08-08T10:00:01Z,7,99999999999999999999.50,a\n", "is out of range; the largest is 92233720368547758.07"},
                      {"2,2018-08-08T10:00:01Z,7,1.555,a\n", "column amount: `1.555` has too many digits after the point"},
                      {"2,2018-08-08T10:00:01Z,7,1.50,abcdefghi\n", "column device: `abcdefghi` is too long; write at most 8 bytes"},
                      {"2,,7,1.50,a\n", "column at is empty; every event needs its time"}};
  for (const Bad& bad : rows) {
    CAPTURE(bad.row);
    Scoring scoring;
    const auto run = scoring.score(columns + good_row + bad.row + "3,2018-08-08T10:00:02Z,7,150.00,a\n");
    CHECK(run.status == 65);
    CHECK(run.out.empty());
    CHECK_MESSAGE(run.err.starts_with(scoring.place(3)), run.err);
    CHECK_MESSAGE(has(run.err, bad.reason), run.err);
    CHECK(has(run.err, "--skip-bad-rows"));
    CHECK(scoring.decisions() == decisions_header + "1,1,approve,0,\n");
  }
}

TEST_CASE("--skip-bad-rows reports each, counts them, and takes the others") {
  Scoring scoring;
  const auto run = scoring.score(columns + good_row + "2,2018-08-08T10:00:01Z,7,x,a\n3,2018-08-08T10:00:02Z,7,150.00,a\n", "--skip-bad-rows");
  CHECK(run.status == 0);
  CHECK(has(run.out, "digest "));
  CHECK(has(run.err, "rows.csv:3: column amount: `x`"));
  CHECK(has(run.err, "pawl: warning: 1 bad rows were skipped, 2 were taken"));
  CHECK(scoring.decisions() == decisions_header + "1,1,approve,0,\n2,3,approve,900,big\n");
}

TEST_CASE("an unknown column has a suggestion, and is ignored if asked for") {
  Scoring scoring;
  const std::string rows = "id,at,custmer,amount,device\n" + good_row;
  const auto refused = scoring.score(rows);
  CHECK(refused.status == 65);
  CHECK(has(refused.err, "unknown column `custmer`"));
  CHECK(has(refused.err, "Did you mean `customer`?"));
  CHECK(has(refused.err, "--ignore-unknown"));
  const auto ignored = scoring.score(rows, "--ignore-unknown");
  CHECK(ignored.status == 0);
  CHECK(has(ignored.err, "column `custmer` is ignored"));
  CHECK(has(ignored.err, "no column `customer`"));
  CHECK(scoring.decisions() == decisions_header + "1,1,approve,0,\n");
}

TEST_CASE("a time far in the future is refused if a bound is given") {
  Scoring scoring;
  const std::string rows = columns + "1,2218-08-08T10:00:00Z,7,1.50,a\n";
  const auto refused = scoring.score(rows, "--max-future 5m");
  CHECK(refused.status == 65);
  CHECK_MESSAGE(refused.err.starts_with(scoring.place(2)), refused.err);
  CHECK(has(refused.err, "is in the future; at most 5m past the clock"));
  CHECK(scoring.score(rows).status == 0);
  const auto usage = scoring.score(rows, "--max-future 5x");
  CHECK(usage.status == 64);
  CHECK(has(usage.err, "--max-future `5x` is not a duration"));
}

TEST_CASE("files without what every file needs") {
  Scoring scoring;
  const auto timeless = scoring.score("id,customer\n1,7\n");
  CHECK(timeless.status == 65);
  CHECK(has(timeless.err, "there is no column `at`"));
  const auto empty = scoring.score("");
  CHECK(empty.status == 65);
  CHECK(has(empty.err, "is empty; the first row must name the columns"));
  const std::string score = "score --event Payment --pipeline ";
  const auto absent = pawl_command(score + scoring.pipeline() + " --input " + scoring.scratch() / "gone.csv");
  CHECK(absent.status == 74);
  CHECK(has(absent.err, "gone.csv"));
  const auto directory = pawl_command(score + scoring.pipeline() + " --input " + scoring.scratch() / "");
  CHECK(directory.status == 74);
  CHECK(has(directory.err, "is a directory, not a file"));
  const auto pipeline = pawl_command(score + scoring.scratch() / "gone.pawl" + " --input " + scoring.scratch() / "rows.csv");
  CHECK(pipeline.status == 74);
  CHECK(has(pipeline.err, "gone.pawl"));
}

TEST_CASE("an event that the pipeline does not have, with those it has") {
  Scoring scoring;
  const auto run = scoring.score(columns + good_row, "--event Paymnt");
  CHECK(run.status == 64);
  const auto other = pawl_command("score --event Paymnt --pipeline " + scoring.pipeline() + " --input " + scoring.scratch() / "rows.csv");
  CHECK(other.status == 64);
  CHECK(has(other.err, "no event `Paymnt`"));
  CHECK(has(other.err, "It has `Payment`"));
}

TEST_CASE("all errors of a pipeline are shown, and no journal is made") {
  const Scratch scratch;
  scratch.write("bad.pawl",
                "pipeline \"x\" version 1\nevent P { id: int, at: time, a: money }\n"
                "rule r \"R\" { on P when b > 1 then score 1 }\nrule s \"S\" { on P when c > 1 then score 1 }\n");
  const auto run = pawl_command("run --events 10 --pipeline " + scratch / "bad.pawl" + " --journal " + scratch / "journal");
  CHECK(run.status == 65);
  CHECK(has(run.err, "bad.pawl:3:24: error"));
  CHECK(has(run.err, "bad.pawl:4:24: error"));
  CHECK_FALSE(std::filesystem::exists(scratch / "journal"));
}

TEST_CASE("wrong options are status 64 and name the option") {
  for (const std::string arguments : {"run --threads 99", "run --durability nonsense", "run --events 0", "run --seed -1", "replay", "score --input x.csv"}) {
    CAPTURE(arguments);
    const auto run = pawl_command(arguments);
    CHECK(run.status == 64);
    CHECK(run.out.empty());
    CHECK(run.err.starts_with("pawl: error: --"));
  }
}
