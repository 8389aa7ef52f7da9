// Maps from files: beside the pipeline, kept in the journal's directory, and never another one than the log's.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "pawl/journal/model/files.hpp"
#include "pawl/journal/replay.hpp"
#include "pipeline_folder.hpp"
#include "temporary_directory.hpp"

namespace maps_test {

namespace {

using pawl::test::write_file;

struct Payment {
  pawl::Time at;
  std::int64_t shop;
};
PAWL_EVENT(Payment, at, shop);

constexpr const char* rows = "key,value\n1,5\n\"2\",-7\r\n3,0\n";

std::string pipeline_for(const std::string& bytes, const std::string& from = "int", const std::string& to = "int") {
  return R"(pipeline "mapped" version 1
event Payment { at: time, shop: int }
map risk from )" + from + " to " + to + " from \"risk.csv\" sha256 \"" + pawl::journal::sha256_hex(bytes) + "\" otherwise 1\n" + R"(rule risky { on Payment when shop > 0 then score risk[shop] }
)";
}

struct Files : pawl::test::PipelineFolder {
  explicit Files(const std::string& directory) : PipelineFolder(directory, pipeline_for(rows)) { write_file(folder + "/risk.csv", rows); }
};

class Scores final : public pawl::DecisionSink {
 public:
  pawl::Result<void> on_decision(const pawl::Decision& decision) override {
    scores.push_back(decision.score());
    return {};
  }
  pawl::Result<void> flush() override { return {}; }
  std::vector<std::int64_t> scores;
};

std::string error_of(const pawl::EngineOptions& options) {
  auto engine = pawl::DurableEngine::open(options);
  return engine.ok() ? std::string() : engine.error().text;
}

}  // namespace

TEST_CASE("a journal holds its maps: it is replayed without their files, with the same decisions") {
  const pawl::test::TemporaryDirectory directory;
  const Files files(directory.path());
  std::string digest;
  {
    auto engine = pawl::DurableEngine::open(files.options());
    REQUIRE_MESSAGE(engine.ok(), engine.error().text);
    auto lane = (*engine)->lane("payments");
    REQUIRE(lane.ok());
    for (const std::int64_t shop : {1, 2, 3, 4}) REQUIRE(static_cast<bool>((*lane)->publish(Payment{1'522'540'800 * pawl::one_second, shop})));
    auto report = (*engine)->close();
    REQUIRE(report.ok());
    digest = pawl::rules::to_hex(report->digest);
  }
  std::filesystem::remove(files.folder + "/risk.csv");
  pawl::ReplayOptions replaying;
  replaying.directory = files.journal;
  auto replay = pawl::Replay::open(replaying);
  REQUIRE_MESSAGE(replay.ok(), replay.error().text);
  Scores sink;
  const auto report = (*replay)->run(sink);
  REQUIRE(report.ok());
  CHECK(pawl::rules::to_hex(report->digest) == digest);
  CHECK(sink.scores == std::vector<std::int64_t>{5, -7, 0, 1});
  write_file(pawl::journal::kept_model_path(files.journal, pawl::journal::sha256_hex(rows)), "key,value\n1,9\n");
  CHECK(pawl::Replay::open(replaying).ok() == false);
}

TEST_CASE("a file of a map may begin with one byte order mark") {
  const pawl::test::TemporaryDirectory directory;
  const Files files(directory.path());
  const auto error_with = [&](const std::string& bytes) {
    write_file(files.folder + "/risk.csv", bytes);
    write_file(files.pipeline, pipeline_for(bytes));
    return error_of(files.options());
  };
  CHECK(error_with("\xEF\xBB\xBF\xEF\xBB\xBFkey,value\n1,5\n").find("does not begin with the line `key,value`") != std::string::npos);
  CHECK(error_with("\xEF\xBB\xBFkey,value\nx,5\n").find("line 2: the key `x` is to be int, but is none") != std::string::npos);
  CHECK(error_with(std::string("\xEF\xBB\xBF") + rows) == "");
}

TEST_CASE("a pipe in a map's or a pipeline's place is refused at once, and not waited for") {
  const pawl::test::TemporaryDirectory directory;
  const Files files(directory.path());
  const auto make_pipe = [](const std::string& path) {
    std::filesystem::remove(path);
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  };
  make_pipe(files.folder + "/risk.csv");
  CHECK(error_of(files.options()).find("error E143: map `risk`: cannot open " + files.folder + "/risk.csv: it is a pipe, and is read as a file: write what comes out of it into one, and name that") != std::string::npos);
  make_pipe(files.pipeline);
  CHECK(error_of(files.options()).find("cards.pawl: it is a pipe") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(files.journal));
}

TEST_CASE("another file, none, and rows that are wrong are errors with their place") {
  const pawl::test::TemporaryDirectory directory;
  const Files files(directory.path());
  const auto error_with = [&](const std::string& bytes, const std::string& from = "int", const std::string& to = "int") {
    write_file(files.folder + "/risk.csv", bytes);
    write_file(files.pipeline, pipeline_for(bytes, from, to));
    return error_of(files.options());
  };
  const auto says = [](const std::string& error, const std::string& words) { CHECK_MESSAGE(error.find(words) != std::string::npos, words, " in ", error); };
  write_file(files.folder + "/risk.csv", "key,value\n1,6\n");
  says(error_of(files.options()), "cards.pawl:3:31: error E143: map `risk`:");
  says(error_of(files.options()), "not the one that the pipeline names: it is another file");
  std::filesystem::remove(files.folder + "/risk.csv");
  says(error_of(files.options()), "error E143: map `risk`:");
  says(error_with("1,5\n"), "risk.csv does not begin with the line `key,value`");
  says(error_with("key,value\n1,5\n1,6\n"), "line 3: the key `1` comes a second time; keep one");
  says(error_with("key,value\nx,5\n"), "line 2: the key `x` is to be int, but is none");
  says(error_with("key,value\n1,5.5\n"), "line 2: the value `5.5` is to be int, but");
  says(error_with("key,value\n1,\n"), "line 2: the value `` is to be int, but is none");
  says(error_with("key,value\n1\n"), "line 2: a row has two columns");
  says(error_with("key,value\n1,2,3\n"), "line 2: a row has two columns");
  says(error_with("key,value\n1,\"2\n"), "line 2: a cell's quotes are not closed");
  says(error_with("key,value\nabc,2\n", "text(2)"), "line 2: the key `abc` is to be text(2), but is longer than 2 bytes");
  CHECK_FALSE(std::filesystem::exists(files.journal));
}

}  // namespace maps_test
