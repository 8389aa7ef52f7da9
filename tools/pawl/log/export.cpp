// pawl journal export: the events of one type as CSV, which `pawl score` reads back to the same decisions, but for what it warns of: ticks of the engine's, and
// events that `reorder` could not put in order.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "csv/output.hpp"
#include "pawl/core/language/problems.hpp"
#include "pawl/log/commands.hpp"
#include "pawl/log/log_reader.hpp"
#include "pawl/report.hpp"
#include "pawl/run_support.hpp"

namespace pawl::tools {
namespace {

struct ExportOptions {
  std::string directory, event, output = "-", until;
  std::vector<std::string> with;
  bool csv = false;
  Sequence from = 0;
};

constexpr std::array columns = {"sequence", "source", "ticket", "ingest"};

Result<const EventSchema*> exported_event(const language::Pipeline* pipeline, const std::string& name) {
  if (pipeline == nullptr) return Error{ErrorCode::usage, "the journal holds no pipeline, so it has no events to export"};
  const auto found = find_event(*pipeline, name);
  if (!found.ok()) return found.error();
  return &pipeline->events[*found];
}

Result<void> check_columns(const EventSchema& event, const std::vector<std::string>& with) {
  for (const std::string& column : with) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      return Error{ErrorCode::usage, fmt::format("--with `{}`: there are {}", column, language::quoted_list({columns.begin(), columns.end()}))};
    }
    if (event.find(column) >= 0) return Error{ErrorCode::usage, fmt::format("--with {}: the event {} has a field of that name", column, event.name)};
  }
  return {};
}

// Rows of one event type. Opened when the pipeline has come by.
class Table {
 public:
  static Result<Table> open(const EventSchema& event, const ExportOptions& options) {
    if (auto checked = check_columns(event, options.with); !checked) return checked.error();
    std::string header;
    for (const std::string& column : options.with) header += column + ",";
    for (const Field& field : event.fields) header += field.name + (&field == &event.fields.back() ? "" : ",");
    auto file = csv::Writer::open({.path = options.output}, header);
    if (!file) return std::move(file).error();
    return Table(event, options.with, *std::move(file));
  }

  void add(const Entry& entry, Decoder& decoder) {
    const journal::RecordHeader& header = entry.record.header();
    for (const std::string& column : with_) {
      if (column == "sequence") file_.integer(entry.sequence);
      if (column == "source") file_.text(decoder.source_name(header.source));
      if (column == "ticket") file_.integer(static_cast<std::int64_t>(header.ticket));
      if (column == "ingest") file_.number({.kind = Kind::time}, header.ingest);
    }
    const std::byte* slot = decoder.slot_of(entry.record);
    for (std::size_t i = 0; i < event_->fields.size(); ++i) {
      const Field& field = event_->fields[i];
      if (is_missing(*event_, slot, i)) {
        file_.missing();
      } else if (field.type.kind == Kind::text) {
        file_.text(read_text(*event_, slot, i));
      } else {
        file_.number(field.type, read_number(*event_, slot, i), field.labels);
      }
    }
    file_.end_row();
  }

  [[nodiscard]] const EventSchema& event() const noexcept { return *event_; }
  [[nodiscard]] csv::Writer& file() noexcept { return file_; }

 private:
  Table(const EventSchema& event, const std::vector<std::string>& with, csv::Writer file) : event_(&event), with_(with), file_(std::move(file)) {}

  const EventSchema* event_;
  std::vector<std::string> with_;
  csv::Writer file_;
};

struct Left {
  std::uint64_t events = 0, unknown = 0;  // of other types; of none that this release knows
  std::uint64_t ticks = 0;                // of the engine
  std::uint64_t back = 0;                 // rows, of events that declare `reorder`, older than one before them
};

void report(const ExportOptions& options, const Table& table, std::uint64_t rows, const Left& left) {
  tell(fmt::format("{} rows of {}{}\n", rows, table.event().name, options.output == "-" ? "" : " in " + options.output));
  if (left.events > 0) warn(fmt::format("{} events of other types are not among them; export each by --event", left.events));
  if (left.ticks > 0) warn(fmt::format("{} ticks, with which deadlines fired between events, are not among them: `pawl score` fires those later, and may decide otherwise", left.ticks));
  if (left.back > 0) warn(fmt::format("{} rows are older than one before them although their event declares `reorder`: `pawl score` puts them in order, and may decide otherwise. Take `reorder` out of its pipeline", left.back));
  if (left.unknown > 0) warn(fmt::format("{} inputs fit no event of the journal's pipeline and were left out", left.unknown));
}

int export_events(const ExportOptions& options) {
  journal::Until until;
  if (!options.until.empty()) {
    const auto parsed = parse_until(options.until);
    if (!parsed) return fail(parsed.error());
    until = *parsed;
  }
  if (auto sound = check_outputs({options.output}, {}, options.directory); !sound) return fail(sound.error());
  auto log = LogReader::open(options.directory, options.from);
  if (!log) return fail(log.error());
  log->warn_of_retired();
  std::optional<Table> table;
  std::optional<Error> error;
  Left left;
  Time youngest = INT64_MIN;
  const auto done = for_each(*log, [&](const Entry& entry) {
    if (!entry.is_input()) return true;
    const journal::RecordHeader& header = entry.record.header();
    if (until.ends_before(entry.sequence, header)) return false;
    if (!table) {
      const auto event = exported_event(log->decoder().pipeline(), options.event);
      auto opened = event ? Table::open(**event, options) : Result<Table>(event.error());
      if (opened) table.emplace(*std::move(opened)); else error = opened.error();
      if (!table) return false;
    }
    const EventSchema* schema = log->decoder().schema(entry.record);
    if (schema == &table->event()) {
      table->add(entry, log->decoder());
      const bool in_order = log->decoder().pipeline()->reorder[header.type - first_event_type] != 0;
      left.back += in_order && header.at < youngest;
      youngest = std::max(youngest, header.at);
    }
    left.events += schema != nullptr && schema != &table->event();
    left.ticks += header.source == 0 && header.type == static_cast<std::uint16_t>(InputType::tick);
    left.unknown += schema == nullptr && is_event(header.type);
    return table->file().state().ok();
  });
  if (error) return fail(*error);
  const auto rows = table ? table->file().rows() : 0;
  if (table) {
    if (auto closed = table->file().close(); !closed) return fail(closed.error());
  }
  if (!done) return fail(done.error());
  if (!table) return fail({ErrorCode::usage, fmt::format("{} has no inputs from sequence {} on: there is nothing to export", options.directory, options.from)});
  report(options, *table, rows, left);
  return exit_fine;
}

}  // namespace

void add_journal_export(Command& journal, Action& action) {
  const auto options = std::make_shared<ExportOptions>();
  Command command = add_journal_command(journal, action, "export", "Its events of one type as CSV", options, &export_events);
  add_directory(command, options->directory);
  command.flag("--csv", options->csv, "RFC 4180, columns by the fields' names: the only form so far, and the default");
  command.option("--event", options->event, "Which event; needed if the pipeline has several");
  command.option("--output", options->output, "File, .zst is compressed; - is standard output").shows_default();
  command.option("--with", options->with, "Also these columns, before the fields: sequence, source, ticket, ingest").by_commas();
  command.option("--from", options->from, "Start with this sequence").at_least_zero();
  command.option("--until", options->until, "Stop after this sequence, or before the first input later than this time");
}

}  // namespace pawl::tools
