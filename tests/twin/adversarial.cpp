#include "tests/twin/adversarial.hpp"

#include <algorithm>
#include <bit>
#include <fstream>
#include <functional>
#include <iterator>
#include <queue>
#include <random>
#include <set>
#include <vector>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/language/check.hpp"
#include "tests/twin/own.hpp"

namespace pawl::twin::adversarial {
namespace {

using language::Expr;
using language::Pipeline;

constexpr Time start = 1'533'722'400 * one_second;  // 2018-08-08T10:00:00Z
constexpr Duration day = 86'400 * one_second;
constexpr int huge_gaps_max = 20;                   // of at most 400 days, so that times stay within their 64 bits

// What the generator aims at: the distances in time, and the fields that are keys.
struct Targets {
  std::set<Duration> edges;
  std::set<std::string> keys;

  void collect(const Expr& expr) {
    if (expr.op == language::Op::literal && expr.type.kind == Kind::duration && expr.value.number > 0) edges.insert(expr.value.number);
    for (const auto& arg : expr.args) collect(*arg);
    if (!expr.aggregate) return;
    const language::Aggregate& aggregate = *expr.aggregate;
    edges.insert(aggregate.delay);
    edges.insert(aggregate.delay + aggregate.width);
    if (aggregate.pane != 0) edges.insert(aggregate.pane);
    keys.insert(aggregate.key.begin(), aggregate.key.end());
  }
  void collect(const language::Pattern& pattern) {
    edges.insert(pattern.within);
    keys.insert(pattern.key.begin(), pattern.key.end());
    for (const language::Step& step : pattern.steps) {
      if (step.condition) collect(*step.condition);
    }
    if (pattern.where) collect(*pattern.where);
  }
  explicit Targets(const Pipeline& pipeline) {
    edges.insert(one_second);
    for (const language::Let& let : pipeline.lets) collect(*let.expr);
    for (const language::Rule& rule : pipeline.rules) {
      if (rule.when) collect(*rule.when);
      keys.insert(rule.cooldown_key.begin(), rule.cooldown_key.end());
      if (!rule.live_by.empty()) keys.insert(rule.live_by);
      if (rule.cooldown != 0) edges.insert(rule.cooldown);
      if (rule.pattern) collect(*rule.pattern);
      for (const language::Action& action : rule.actions) {
        if (action.ttl != 0) edges.insert(action.ttl);
        if (action.expr && action.kind != language::ActionKind::score && action.expr->op == language::Op::field) keys.insert(action.expr->name);
      }
    }
    for (const language::List& list : pipeline.lists) {
      if (list.expires_after != 0) edges.insert(list.expires_after);
    }
  }
};

class Generator {
 public:
  Generator(const Pipeline& pipeline, const Options& options)
      : pipeline_(pipeline), options_(options), targets_(pipeline), random_(options.seed), log_(pipeline) {
    edges_.assign(targets_.edges.begin(), targets_.edges.end());
  }

  Log run() {
    while (log_.last() < options_.inputs) {
      if (!options_.for_csv && percent(options_.tick_percent)) {
        log_.append_tick(next_time());
      } else if (percent(1)) {
        burst();
      } else {
        event(next_time());
      }
    }
    return std::move(log_);
  }

 private:
  // Not std's distributions, whose results differ by library.
  std::int64_t below(std::int64_t bound) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound)); }
  bool percent(unsigned chance) { return below(100) < static_cast<std::int64_t>(chance); }
  template <class T, std::size_t N>
  T one_of(const T (&values)[N]) { return values[static_cast<std::size_t>(below(static_cast<std::int64_t>(N)))]; }
  Duration edge() { return edges_[static_cast<std::size_t>(below(static_cast<std::int64_t>(edges_.size())))]; }
  // One draw after the other: in one expression their order is the compiler's.
  Duration beside_edge() {
    const Duration on = edge();
    return on + below(3) - 1;
  }

  // --- time ---

  Time next_time() {
    if (options_.extreme_times && percent(2)) return one_of({INT64_MAX - 1, -day, Time{0}, INT64_MIN + 1, start + 200 * 365 * day});
    if (percent(options_.late_percent)) return now_ - std::min(one_of({Time{1}, one_second, edge(), edge() + 1, 3 * day}), distance_to_floor());
    const std::int64_t choice = below(1000);
    if (choice < 460) return due();
    if (choice < 500) return jump();
    if (choice < 700) return now_;
    if (choice < 850) return advanced(1 + below(one_second));
    if (choice < 995) return advanced(below(20) * one_second);
    if (huge_gaps_ == huge_gaps_max) return now_;
    ++huge_gaps_;
    return advanced(below(400) * day);
  }
  Time advanced(Duration by) const { return now_ > INT64_MAX - by ? now_ : now_ + by; }
  Duration distance_to_floor() const { return now_ < 0 ? now_ - INT64_MIN : INT64_MAX; }

  // The next moment at which an event of the past stands on an edge, or a nanosecond beside it.
  Time due() {
    while (!due_.empty() && due_.top() < now_) due_.pop();
    if (due_.empty()) return now_;
    const Time at = due_.top();
    due_.pop();
    return at;
  }
  // To an edge of one of the latest events, however far: long windows would else never see theirs.
  Time jump() {
    if (recent_.empty()) return now_;
    const Time from = recent_[static_cast<std::size_t>(below(static_cast<std::int64_t>(recent_.size())))];
    const Duration by = beside_edge();
    return std::max(now_, from > INT64_MAX - std::max<Duration>(by, 0) ? now_ : from + by);
  }
  void remember(Time at) {
    now_ = std::max(now_, at);
    if (recent_.size() < 32) recent_.push_back(now_);
    recent_[static_cast<std::size_t>(log_.last()) % recent_.size()] = now_;
    for (int i = 0; i < 2; ++i) {
      const Duration by = beside_edge();
      if (now_ <= INT64_MAX - std::max<Duration>(by, 0)) due_.push(now_ + by);
    }
  }

  // --- values ---

  std::int64_t key() {
    if (options_.extreme_numbers && percent(10)) return one_of({INT64_MIN, INT64_MAX, std::int64_t{0}, std::int64_t{-1}});
    return percent(options_.hot_percent) ? 1 : 1 + below(options_.keys);
  }
  std::int64_t extreme() {
    return one_of({INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1, std::int64_t{3'037'000'499}, std::int64_t{3'037'000'500},
                   std::int64_t{-3'037'000'500}, std::int64_t{1} << 32, std::int64_t{1} << 62, -(std::int64_t{1} << 62), INT64_MAX / 3});
  }
  std::int64_t integer() {
    return one_of<std::int64_t>({0, 1, 1, 2, 3, 5, 6, 7, 10, 11, 12, -1, -3, 100, below(1000)});
  }
  std::int64_t amount() {
    return one_of<std::int64_t>({0, 1, 50, 100, 100, 199, 200, 201, 300, 300, 900, 5000, 10'000, 10'001, 15'000, 22'000, 22'001, 30'000, 66'000, -100,
                                 below(100'000)});
  }
  std::string text(std::size_t bytes_max, bool is_key) {
    const char* values[] = {"a", "ab", "abc", "X", "YY", "q\" ,", " a ", "\xC3\xA9", "l\nm", "ab0", "", ""};
    std::string value = values[below(is_key ? 4 : 12)];
    if (percent(5)) value = std::string(bytes_max, 'z');
    if (options_.for_csv && value.empty()) value = "-";
    return value.size() <= bytes_max ? value : "a";
  }

  std::int64_t number(const Field& field, Time at) {
    if (targets_.keys.contains(field.name) && field.type.kind == Kind::integer) return key();
    switch (field.type.kind) {
      case Kind::boolean: return percent(55) ? 1 : 0;
      case Kind::enumeration: return below(static_cast<std::int64_t>(field.labels.size()));
      case Kind::floating: return std::bit_cast<std::int64_t>(static_cast<double>(integer()) / 8);
      default: break;
    }
    if (options_.extreme_numbers && percent(25)) return extreme();
    switch (field.type.kind) {
      case Kind::money:
      case Kind::decimal: return amount();
      case Kind::duration: return beside_edge();
      case Kind::time: return at + std::min(edge(), INT64_MAX - std::max<Time>(at, 0));
      default: return integer();
    }
  }

  void write(const Field& field, const EventSchema& schema, std::byte* slot, std::size_t index, Time at) {
    if (field.type.kind == Kind::text) {
      const bool is_id = field.name == "id";
      const std::string value = is_id ? std::string("t").append(std::to_string(log_.last())) : text(field.type.text_bytes, targets_.keys.contains(field.name));
      const bool fits = write_text(schema, slot, index, value);
      PAWL_ASSERT(fits);
    } else {
      write_number(schema, slot, index, field.name == "id" ? log_.last() : number(field, at));
    }
  }

  std::byte* event(Time at) {
    const auto types = static_cast<std::int64_t>(pipeline_.events.size());
    // The first type is as frequent as all others together: most windows are over it.
    const std::int64_t type = options_.only_event >= 0 ? options_.only_event : percent(40) ? 0 : below(types);
    const EventSchema& schema = pipeline_.events[static_cast<std::size_t>(type)];
    std::byte* slot = log_.append(static_cast<std::size_t>(type), at);
    for (std::size_t i = 0; i < schema.fields.size(); ++i) {
      if (!schema.fields[i].is_event_time && !percent(options_.missing_percent)) write(schema.fields[i], schema, slot, i, at);
    }
    remember(at);
    return slot;
  }

  // 20 events at one time with a key of their own, of which 11, 10, 5 or 12 have each truth, then some on edges after them: shares of
  // exactly 55, 50, 25 and 60 %, just reached and just left.
  void burst() {
    const Time at = next_time();
    const std::int64_t trues = one_of<std::int64_t>({11, 11, 10, 5, 12});
    const std::int64_t offset = below(20);
    ++bursts_;
    for (std::int64_t i = 0; i < 20; ++i) give_key(event(at), (i * 7 + offset) % 20 < trues);
    Duration after[] = {edge(), edge(), edge()};
    std::sort(std::begin(after), std::end(after));
    for (const Duration by : after) {
      if (at > INT64_MAX - by) continue;
      std::byte* const slot = event(at + by);
      give_key(slot, percent(50));
    }
  }
  void give_key(std::byte* slot, bool truth) {
    const EventSchema& schema = pipeline_.events[reinterpret_cast<const EventHeader*>(slot)->type - first_event_type];
    for (std::size_t f = 0; f < schema.fields.size(); ++f) {
      const Field& field = schema.fields[f];
      const bool is_key = targets_.keys.contains(field.name);
      if (field.type.kind == Kind::boolean) write_number(schema, slot, f, truth ? 1 : 0);
      if (is_key && field.type.kind == Kind::integer) write_number(schema, slot, f, 1000 + bursts_);
      if (is_key && field.type.kind == Kind::text) PAWL_ASSERT(write_text(schema, slot, f, std::string("b").append(std::to_string(bursts_))));
    }
  }

  const Pipeline& pipeline_;
  const Options& options_;
  Targets targets_;
  std::vector<Duration> edges_;
  std::mt19937_64 random_;
  std::priority_queue<Time, std::vector<Time>, std::greater<>> due_;
  std::vector<Time> recent_;
  Time now_ = start;
  int huge_gaps_ = 0;
  std::int64_t bursts_ = 0;
  Log log_;
};

}  // namespace

std::string pipeline_path(std::string_view name) {
  return std::string(PAWL_SOURCE_DIR).append("/tests/twin/pipelines/").append(name).append(".pawl");
}

std::string pipeline_source(std::string_view name) {
  std::ifstream file(pipeline_path(name), std::ios::binary);
  PAWL_ASSERT(file.is_open());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::unique_ptr<const Pipeline> load(std::string_view name) {
  const Operators operators = own_operators();
  language::Checked checked = language::check(pipeline_source(name), pipeline_path(name), nullptr, &operators);
  PAWL_ASSERT(checked.pipeline != nullptr);
  return std::move(checked.pipeline);
}

Log generate(const Pipeline& pipeline, const Options& options) { return Generator(pipeline, options).run(); }

}  // namespace pawl::twin::adversarial
