// A binary file of decisions with records of any bytes under a right check: each is printed as CSV and as JSON lines, or refused.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "input.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/decision_files.hpp"

using namespace pawl;

namespace {

constexpr std::array<const char*, 3> texts{
    R"(pipeline "all" version 3
event Payment { id: int, at: time, customer: int, amount: money, rate: decimal(4), place: text(12), kind: enum(card, cash), flag: bool, wait: duration, odds: float }
event Proof { at: time, customer: int, place: text(12) }
rule large { on Payment when amount > 5.00 or rate > 1.5 then score 7 cooldown 1m per customer
  reason L001 "{amount} {rate} {place} {kind} {flag} {wait} {odds} {at} {avg(amount per customer, 1d)} {share(amount > 3.00 per customer, 1d)}" }
rule dark { on Payment, Proof when place = "there" then decline mode shadow }
rule unproved { pattern p: Payment(amount > 100.00) then no Proof(place = "x") within 10s per customer then score 20 reason U001 "{p.amount} {p.kind}" }
policy { decline at score 700  review at score 10 }
)",
    R"(pipeline "text" version 1
event Click { id: text(9), at: time, page: text(3) }
rule odd { on Click when page = "odd" then alert high, review queue "odd", challenge "otp" reason O001 "{page} of {id}" }
)",
    R"(pipeline "none" version 1
event Quote { at: time, price: float }
rule high { on Quote when price > 5 then score 1 }
)"};

struct NoFiles final : language::ModelFiles {
  Result<language::ModelFile> load(const std::string& path, const std::string&) override { return Error{ErrorCode::not_found, path}; }
  Result<std::string> bytes(const std::string& path, const std::string&) override { return Error{ErrorCode::not_found, path}; }
};

// Pipelines with their headers and the size of their records.
struct Known {
  language::Checked checked;
  csv::FileForm form;
};

const std::array<Known, texts.size()>& known() {
  const auto make = [](const char* text) {
    auto checked = language::check(text, "decisions");
    fuzz::require(checked.pipeline != nullptr);
    auto form = tools::DecisionForm(*checked.pipeline).file();
    return Known{std::move(checked), std::move(form)};
  };
  static const std::array<Known, texts.size()> all{make(texts[0]), make(texts[1]), make(texts[2])};
  return all;
}

void print_all(const std::string& path, bool json_lines) {
  NoFiles models;
  const auto reader = tools::DecisionReader::open(path, models);
  if (!reader.ok()) return;
  auto files = tools::DecisionFiles::open((*reader)->pipeline(), {.decisions = "/dev/null", .features = {}, .json_lines = json_lines});
  fuzz::require(files.ok());
  (void)(*reader)->each([&](const rules::Decision& decision) { return files->on_decision(decision); });
  fuzz::require(files->close().ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto flags = input.take<std::uint8_t>();
  const Known& pipeline = known()[flags % texts.size()];
  std::string file = pipeline.form.header;
  while (!input.empty()) {
    std::string record(pipeline.form.record_bytes, '\0');
    const std::size_t checked = record.size() - csv::FileForm::check_bytes;
    fuzz::put(std::as_writable_bytes(std::span(record)).first(checked), input.take(checked));
    const std::uint32_t crc = crc32c(std::as_bytes(std::span(record)).first(checked));
    std::memcpy(record.data() + checked, &crc, sizeof crc);
    file += record;
  }
  const int memory = ::memfd_create("fuzz", 0);
  fuzz::require(memory >= 0);
  fuzz::require(::write(memory, file.data(), file.size()) == static_cast<ssize_t>(file.size()));
  for (const bool json_lines : {false, true}) print_all("/proc/self/fd/" + std::to_string(memory), json_lines);
  ::close(memory);
  return 0;
}
