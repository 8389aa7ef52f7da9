#include "csv/source.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/event/layout.hpp"
#include "pawl/core/language/problems.hpp"

namespace pawl::csv {
namespace {

constexpr std::size_t shown_bytes_max = 60;    // of a value, in a report
constexpr std::uint64_t clock_interval = 256;  // rows between two looks at the clock

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

std::string shown(std::string_view value) {
  std::string text = "`";
  for (const char c : value.substr(0, shown_bytes_max)) text += static_cast<unsigned char>(c) < ' ' ? '?' : c;
  return text + (value.size() > shown_bytes_max ? "...`" : "`");
}

std::string suggestion(const EventSchema& schema, std::string_view name) {
  std::vector<std::string> names;
  for (const Field& field : schema.fields) names.push_back(field.name);
  const std::string hint = language::suggestion(name, names);
  return hint.empty() ? hint : '.' + hint;
}

std::string count_of(std::size_t n, const char* noun) { return joined({std::to_string(n), " ", noun, n == 1 ? "" : "s"}); }

}  // namespace

Result<Source> Source::open(const EventSchema& schema, SourceOptions options) {
  PAWL_ASSERT(options.max_future == 0 || options.clock != nullptr);
  auto input = BlockReader::open(options.path, options.read_ahead);
  if (!input) return std::move(input).error();
  Source source(schema, std::move(options), *std::move(input));
  while (!source.options_.header_later) {
    auto header = source.read_header();
    if (!header) return std::move(header).error();
    if (*header) break;
    source.rows_.wait();
  }
  return source;
}

Source::Source(const EventSchema& schema, SourceOptions options, std::unique_ptr<BlockReader> input)
    : schema_(schema), options_(std::move(options)), rows_(std::move(input)) {
  empty_event_.resize(slot_bytes(schema_.payload_bytes) / sizeof(std::uint64_t));
  begin_event(schema_, reinterpret_cast<std::byte*>(empty_event_.data()));
}

std::string Source::place() const {
  return joined({options_.path == "-" ? "standard input" : std::string_view(options_.path), ":", std::to_string(rows_.line()), ": "});
}

// False: not yet.
Result<bool> Source::read_header() {
  switch (rows_.next()) {
    case Rows::Next::row: break;
    case Rows::Next::bad: return Error{ErrorCode::bad_data, place() + rows_.problem()};
    case Rows::Next::not_yet: return false;
    case Rows::Next::end: return Error{ErrorCode::bad_data, options_.path + ": is empty; the first row must name the columns, `at` among them"};
    case Rows::Next::failed: return rows_.error();
  }
  if (auto bound = bind(rows_.fields()); !bound) return std::move(bound).error();
  has_header_ = true;
  return true;
}

Result<void> Source::bind(const std::vector<std::string_view>& names) {
  std::string problems;
  const auto add = [&](const std::string& text) { problems += joined({problems.empty() ? "" : "\n", place(), text}); };
  for (const std::string_view name : names) {
    const Column column{std::string(name), schema_.find(name)};
    const bool twice = std::any_of(columns_.begin(), columns_.end(), [&](const Column& other) { return other.name == name; });
    if (twice && column.field >= 0) add(joined({"column ", shown(name), " stands there twice"}));
    if (column.field < 0 && options_.ignore_unknown) notes_.push_back(joined({"column ", shown(name), " is ignored"}));
    if (column.field < 0 && !options_.ignore_unknown)
      add(joined({"unknown column ", shown(name), ": event ", schema_.name, " has no such field", suggestion(schema_, name),
                  " (--ignore-unknown reads on without it)"}));
    columns_.push_back(column);
    plan(columns_.back());
  }
  const int at = schema_.find("at");
  if (std::none_of(columns_.begin(), columns_.end(), [at](const Column& column) { return column.field == at; }))
    add("there is no column `at`; every event needs its time");
  if (!problems.empty()) return Error{ErrorCode::bad_data, std::move(problems)};
  note_absent_fields();
  return {};
}

// Numbers of 8 bytes are stored without a look at the schema: they are most of what there is.
void Source::plan(Column& column) const {
  if (column.field < 0) return;
  const Field& field = schema_.fields[static_cast<std::size_t>(column.field)];
  column.kind = field.type.kind;
  column.scale = field.type.scale;
  column.offset = field.is_event_time ? offsetof(EventHeader, at) : sizeof(EventHeader) + field.offset;
  column.direct = stored_bytes(field.type) == 8 && field.type.kind != Kind::text && field.type.kind != Kind::floating &&
                  (field.is_event_time || field.missing_bit < header_missing_bits);
  column.present = field.is_event_time || !column.direct ? 0 : std::uint32_t{1} << field.missing_bit;
}

void Source::note_absent_fields() {
  for (std::size_t i = 0; i < schema_.fields.size(); ++i) {
    const bool present =
        std::any_of(columns_.begin(), columns_.end(), [i](const Column& column) { return column.field == static_cast<int>(i); });
    if (!present) notes_.push_back(joined({"no column `", schema_.fields[i].name, "`: that field is missing in every event"}));
  }
}

Source::Next Source::next(std::byte* slot) {
  if (failed_) return Next::failed;
  if (!has_header_) {
    auto header = read_header();
    if (!header) return fail(std::move(header).error());
    if (!*header) return Next::not_yet;
  }
  switch (rows_.next()) {
    case Rows::Next::row:
      if (!parse_row(slot)) return bad();
      ++good_;
      return Next::row;
    case Rows::Next::bad: problem_ = rows_.problem(); return bad();
    case Rows::Next::not_yet: return Next::not_yet;
    case Rows::Next::end: return Next::end;
    case Rows::Next::failed: break;
  }
  return fail(rows_.error());
}

Source::Next Source::fail(Error error) {
  failed_ = true;
  error_ = std::move(error);
  return Next::failed;
}

Source::Next Source::bad() {
  ++bad_;
  report_ = place() + problem_;
  if (options_.skip_bad_rows) return Next::bad_row;
  return fail({ErrorCode::bad_data, report_ + " (--skip-bad-rows counts such rows and goes on)"});
}

bool Source::parse_row(std::byte* slot) {
  const std::vector<std::string_view>& values = rows_.fields();
  if (values.size() != columns_.size()) {
    problem_ = values.size() == 1 && values[0].empty()
                   ? "the row is empty"
                   : joined({"the row has ", count_of(values.size(), "value"), ", the header ", count_of(columns_.size(), "column")});
    return false;
  }
  constexpr std::size_t after_stamp = sizeof(EventHeader::stamp);
  std::memcpy(slot + after_stamp, reinterpret_cast<const std::byte*>(empty_event_.data()) + after_stamp,
              sizeof(EventHeader) - after_stamp + schema_.payload_bytes);
  std::uint32_t present = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Column& column = columns_[i];
    if (column.field < 0) continue;
    const ParseError error = column.direct ? parse_direct(slot, column, values[i], present)
                                           : parse_into(schema_, slot, static_cast<std::size_t>(column.field), values[i]);
    if (error != ParseError::none) return bad_value(column, values[i], error);
  }
  EventHeader* const header = reinterpret_cast<EventHeader*>(slot);
  header->missing &= ~present;
  return options_.max_future == 0 || in_time(header->at);
}

ParseError Source::parse_direct(std::byte* slot, const Column& column, std::string_view text, std::uint32_t& present) {
  if (text.empty()) return column.present == 0 ? ParseError::malformed : ParseError::none;
  std::int64_t number = 0;
  ParseError error = ParseError::none;
  switch (column.kind) {
    case Kind::time: error = parse_time(text, number); break;
    case Kind::duration: error = parse_duration(text, number); break;
    default: error = parse_scaled(text, column.scale, number);
  }
  std::memcpy(slot + column.offset, &number, sizeof number);
  present |= column.present;
  return error;
}

bool Source::bad_value(const Column& column, std::string_view text, ParseError error) {
  const Field& field = schema_.fields[static_cast<std::size_t>(column.field)];
  if (field.type.kind == Kind::integer && error == ParseError::too_many_digits) error = ParseError::malformed;
  problem_ = text.empty() ? joined({"column ", column.name, " is empty; every event needs its time"})
                          : joined({"column ", column.name, ": ", shown(text), " ", explain(error, field)});
  return false;
}

bool Source::in_time(Time at) {
  if ((good_ + bad_) % clock_interval == 0) latest_ = options_.clock->now() + options_.max_future;
  if (at <= latest_) return true;
  latest_ = options_.clock->now() + options_.max_future;  // it may have got later since
  if (at <= latest_) return true;
  problem_ = joined({"column at: ", shown(to_string(Type{.kind = Kind::time}, Value::of(at))), " is in the future; at most ",
                     to_string(Type{.kind = Kind::duration}, Value::of(options_.max_future)), " past the clock is accepted (--max-future)"});
  return false;
}

}  // namespace pawl::csv
