// Models from files: beside the pipeline, kept in the journal's directory, and never another one than the log's.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "pawl/io/real_disk.hpp"
#include "pawl/journal/model/files.hpp"
#include "pawl/journal/replay.hpp"
#include "pipeline_folder.hpp"
#include "temporary_directory.hpp"

namespace models_test {

namespace {

using pawl::test::write_file;

struct Payment {
  pawl::Time at;
  std::int64_t amount;
};
PAWL_EVENT(Payment, at, amount);

// 1 / (1 + e^-(amount - 100))
constexpr const char* model = R"({"format": "pawl-logistic", "version": 1, "intercept": -100, "terms": [{"name": "amount", "weight": 1}]})";

std::string pipeline_for(const std::string& bytes, const std::string& inputs = "amount") {
  return R"(pipeline "scored" version 1
event Payment { at: time, amount: int }
model risk from "risk.json" sha256 ")" + pawl::journal::sha256_hex(bytes) + "\" inputs (" + inputs + R"()
let score = risk
rule likely { on Payment when risk > 0.5 then score 9 }
)";
}

struct Files : pawl::test::PipelineFolder {
  explicit Files(const std::string& directory) : PipelineFolder(directory, pipeline_for(model)) { write_file(folder + "/risk.json", model); }
};

class CountingSink final : public pawl::DecisionSink {
 public:
  pawl::Result<void> on_decision(const pawl::Decision& decision) override {
    scores += decision.score();
    return {};
  }
  pawl::Result<void> flush() override { return {}; }
  std::int64_t scores = 0;
};

// The digest after these payments.
std::string run(const pawl::EngineOptions& options, std::initializer_list<std::int64_t> amounts) {
  auto engine = pawl::DurableEngine::open(options);
  REQUIRE_MESSAGE(engine.ok(), engine.error().text);
  auto lane = (*engine)->lane("payments");
  REQUIRE(lane.ok());
  for (const std::int64_t amount : amounts) REQUIRE(static_cast<bool>((*lane)->publish(Payment{1'522'540'800 * pawl::one_second, amount})));
  auto report = (*engine)->close();
  REQUIRE_MESSAGE(report.ok(), report.error().text);
  return pawl::rules::to_hex(report->digest);
}

std::string error_of(const pawl::EngineOptions& options) {
  auto engine = pawl::DurableEngine::open(options);
  return engine.ok() ? std::string() : engine.error().text;
}

}  // namespace

TEST_CASE("a journal holds its models: it is continued and replayed without their files") {
  const pawl::test::TemporaryDirectory directory;
  const Files files(directory.path());
  const std::string digest = run(files.options(), {50, 150, 100});
  CHECK(digest != run([&] { auto other = files.options(); other.directory += "2"; return other; }(), {50, 150, 101}));
  std::filesystem::remove(files.folder + "/risk.json");
  pawl::ReplayOptions replaying;
  replaying.directory = files.journal;
  auto replay = pawl::Replay::open(replaying);
  REQUIRE_MESSAGE(replay.ok(), replay.error().text);
  CountingSink sink;
  const auto report = (*replay)->run(sink);
  REQUIRE(report.ok());
  CHECK(pawl::rules::to_hex(report->digest) == digest);
  CHECK(sink.scores == 9);
  auto again = files.options();
  again.pipeline.clear();
  CHECK(run(again, {200}) != digest);
}

TEST_CASE("a model whose bytes are others is refused, before a journal is made") {
  const pawl::test::TemporaryDirectory directory;
  const Files files(directory.path());
  std::string other = model;
  other.replace(other.find("-100"), 4, "-101");
  write_file(files.folder + "/risk.json", other);
  const std::string error = error_of(files.options());
  CHECK(error.find("cards.pawl:3:17: error E192: model `risk`:") != std::string::npos);
  CHECK(error.find("has the SHA-256 " + pawl::journal::sha256_hex(other) + ", not the one that the pipeline names") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(files.journal));
}

TEST_CASE("all problems at once: of models and of rules") {
  const pawl::test::TemporaryDirectory directory;
  const Files files(directory.path());
  write_file(files.pipeline, pipeline_for(model, "amuont, amount") + "rule odd { on Payment when amout > 1 then alert }\n");
  const std::string misspelled = error_of(files.options());
  CHECK(misspelled.find("E103") != std::string::npos);
  CHECK(misspelled.find("E193") != std::string::npos);
  write_file(files.pipeline, pipeline_for(model, "amount + 1") + "let total = amount\nmodel other from \"none.json\" sha256 \"12\" inputs (at, risk)\nmodel third from \"none.json\" sha256 \"" +
                            std::string(64, '0') + "\" inputs (total)\nmodel fourth from \"risk.json\" sha256 \"" + pawl::journal::sha256_hex(model) + "\" inputs (total)\n");
  const std::string error = error_of(files.options());
  for (const char* expected : {"E190: a model's inputs name no models; write `let x = risk` and give it `x`", "E191: a model's input is a number", "E194: a SHA-256 has 64 hexadecimal digits",
                               "E192: model `third`:", "E193: input 1 of model `fourth` is `total`, but its file has `amount` there. Its features, in order: amount"}) {
    CHECK_MESSAGE(error.find(expected) != std::string::npos, expected, " in ", error);
  }
}

TEST_CASE("a damaged copy in the journal is made anew from the file, and refused without it") {
  const pawl::test::TemporaryDirectory directory;
  const Files files(directory.path());
  run(files.options(), {150});
  const std::string copy = pawl::journal::kept_model_path(files.journal, pawl::journal::sha256_hex(model));
  REQUIRE(std::filesystem::exists(copy));
  write_file(copy, "not it");
  run(files.options(), {160});
  CHECK(std::filesystem::file_size(copy) == std::string(model).size());
  write_file(copy, "not it");
  std::filesystem::remove(files.folder + "/risk.json");
  CHECK(error_of(files.options()).find("has no sound copy of it either") != std::string::npos);
}

TEST_CASE("a repaired copy of a journal gets its models, not what a cut-off start left of one") {
  const pawl::test::TemporaryDirectory directory;
  const Files files(directory.path());
  run(files.options(), {150});
  const std::string name = pawl::journal::sha256_hex(model);
  const std::string to = files.folder + "/copy";
  write_file(pawl::journal::kept_model_path(files.journal, name) + ".tmp", "half of");
  std::filesystem::create_directory(to);
  const auto disk = pawl::io::make_real_disk(pawl::io::Backend::buffered);
  REQUIRE(disk.ok());
  REQUIRE(pawl::journal::copy_models(**disk, files.journal, to).ok());
  CHECK(std::filesystem::file_size(pawl::journal::kept_model_path(to, name)) == std::string(model).size());
  CHECK_FALSE(std::filesystem::exists(pawl::journal::kept_model_path(to, name) + ".tmp"));
  CHECK(pawl::journal::copy_models(**disk, to, files.folder + "/nowhere").ok() == false);
}

}  // namespace models_test
