#include "gen/payments.hpp"

#include <algorithm>

#include "csv/output.hpp"
#include "pawl/core/base/assert.hpp"

namespace pawl::gen {
namespace {

// Streams of random numbers, one for each purpose; those of a day add its number.
constexpr std::uint64_t customers_stream = 1, terminals_stream = 2, days_stream = 1 << 20;

constexpr std::int32_t side = 100'000;   // of the square
constexpr std::int32_t reach = 5'000;    // of a customer
constexpr std::int32_t cells = side / reach;

constexpr std::int64_t mean_cents_min = 500, mean_cents_max = 10'000;
constexpr std::int64_t day_seconds = 86'400, noon_seconds = day_seconds / 2, spread_seconds = 20'000;
constexpr std::uint64_t kept_per_mille = 969;  // of the times of day drawn; the others lie outside the day and are dropped

constexpr std::int64_t fraud_amount_cents = 22'000;
constexpr int terminals_a_day = 2, customers_a_day = 3;
constexpr std::int64_t terminal_days = 28, customer_days = 14, amount_factor = 5;

constexpr std::uint32_t count_max = 1'000'000;
constexpr std::size_t reachable_max = 160;  // of a customer; more than any has by default, and a bound for dense squares
constexpr std::uint32_t payments_per_customer_max = 100;

std::size_t cell_of(std::int32_t x, std::int32_t y) {
  return static_cast<std::size_t>(y / reach) * static_cast<std::size_t>(cells) + static_cast<std::size_t>(x / reach);
}

std::int64_t square_distance(std::int64_t ax, std::int64_t ay, std::int64_t bx, std::int64_t by) {
  return (ax - bx) * (ax - bx) + (ay - by) * (ay - by);
}

std::int32_t coordinate(Random& random) { return static_cast<std::int32_t>(random.below(side)); }

}  // namespace

Result<PaymentGenerator> PaymentGenerator::make(const PaymentOptions& options) {
  const auto wrong = [](std::uint32_t count) { return count == 0 || count > count_max; };
  if (wrong(options.customers) || wrong(options.terminals) || wrong(options.payments_per_day))
    return Error{ErrorCode::usage, "gen: customers, terminals and payments a day are 1 to 1000000 each"};
  if (options.payments_per_day / options.customers >= payments_per_customer_max)
    return Error{ErrorCode::usage, "gen: more than 100 payments a day for each customer; ask for more customers"};
  return PaymentGenerator(options);
}

PaymentGenerator::PaymentGenerator(const PaymentOptions& options) : options_(options) {
  // The mean of a customer's payments a day is uniform between 0 and this, in 2^-16; four trials for each keep it near Poisson.
  const std::uint64_t mean_max = 2 * (std::uint64_t{options.payments_per_day} << 16) * 1000 / (kept_per_mille * options.customers);
  trial_fours_ = static_cast<std::uint32_t>((mean_max >> 16) + 1);
  rate_max_ = static_cast<std::uint32_t>(mean_max / (trial_fours_ * std::uint64_t{4}));
  place_terminals();
  place_customers();
}

void PaymentGenerator::place_terminals() {
  Random random(options_.seed, terminals_stream);
  terminals_.resize(options_.terminals);
  for (Spot& spot : terminals_) {
    spot.x = coordinate(random);
    spot.y = coordinate(random);
  }
  terminal_compromised_until_.resize(options_.terminals);
}

void PaymentGenerator::place_customers() {
  std::vector<std::vector<std::uint32_t>> grid(static_cast<std::size_t>(cells) * static_cast<std::size_t>(cells));
  for (std::uint32_t i = 0; i < terminals_.size(); ++i) grid[cell_of(terminals_[i].x, terminals_[i].y)].push_back(i);
  Random random(options_.seed, customers_stream);
  customers_.resize(options_.customers);
  for (Customer& customer : customers_) {
    customer.x = coordinate(random);
    customer.y = coordinate(random);
    customer.mean_cents = mean_cents_min + static_cast<std::int64_t>(random.below(mean_cents_max - mean_cents_min + 1));
    customer.rate = static_cast<std::uint32_t>(1 + random.below(std::max(1U, rate_max_)));
    find_reachable(customer, grid);
  }
}

void PaymentGenerator::find_reachable(Customer& customer, const std::vector<std::vector<std::uint32_t>>& grid) {
  const auto distance = [&](std::uint32_t i) { return square_distance(customer.x, customer.y, terminals_[i].x, terminals_[i].y); };
  customer.first_reachable = static_cast<std::uint32_t>(reachable_.size());
  const std::int32_t cell_x = customer.x / reach, cell_y = customer.y / reach;
  for (std::int32_t y = std::max(0, cell_y - 1); y <= std::min(cells - 1, cell_y + 1); ++y) {
    for (std::int32_t x = std::max(0, cell_x - 1); x <= std::min(cells - 1, cell_x + 1); ++x) {
      for (const std::uint32_t terminal : grid[cell_of(x * reach, y * reach)]) {
        if (reachable_.size() - customer.first_reachable == reachable_max) break;
        if (distance(terminal) < std::int64_t{reach} * reach) reachable_.push_back(terminal);
      }
    }
  }
  if (reachable_.size() == customer.first_reachable) {  // few terminals: the nearest one, wherever it is
    std::uint32_t nearest = 0;
    for (std::uint32_t i = 1; i < terminals_.size(); ++i) nearest = distance(i) < distance(nearest) ? i : nearest;
    reachable_.push_back(nearest);
  }
  customer.reachable_count = static_cast<std::uint32_t>(reachable_.size()) - customer.first_reachable;
}

std::span<const Payment> PaymentGenerator::next_day() {
  Random random(options_.seed, days_stream + static_cast<std::uint64_t>(day_));
  compromise(random);
  unordered_.clear();
  for (std::uint32_t i = 0; i < customers_.size(); ++i) {
    const std::uint32_t payments = random.binomial(trial_fours_, customers_[i].rate);
    for (std::uint32_t k = 0; k < payments; ++k) add_payment(random, i);
  }
  order_day();
  ++day_;
  return day_payments_;
}

void PaymentGenerator::compromise(Random& random) {
  for (int i = 0; i < terminals_a_day; ++i) terminal_compromised_until_[random.below(terminals_.size())] = day_ + terminal_days;
  for (int i = 0; i < customers_a_day; ++i) customers_[random.below(customers_.size())].compromised_until = day_ + customer_days;
}

void PaymentGenerator::add_payment(Random& random, std::uint32_t index) {
  const Customer& customer = customers_[index];
  const std::int64_t second = noon_seconds + (random.normal() * spread_seconds) / 65'536;
  std::int64_t cents = customer.mean_cents + random.normal() * customer.mean_cents / (2 * 65'536);
  if (cents <= 0) cents = 1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(2 * customer.mean_cents)));
  const std::uint32_t terminal = reachable_[customer.first_reachable + random.below(customer.reachable_count)];
  const bool card_stolen = customer.compromised_until > day_ && random.below(3) == 0;
  if (second < 0 || second >= day_seconds) return;
  if (card_stolen) cents *= amount_factor;
  const bool fraud = card_stolen || cents > fraud_amount_cents || terminal_compromised_until_[terminal] > day_;
  unordered_.push_back({0, options_.start + (day_ * day_seconds + second) * one_second, index, terminal, {cents}, fraud});
}

// By time, then in the order of customers: keys are unique, so that the order does not depend on the sort.
void PaymentGenerator::order_day() {
  const Time midnight = options_.start + day_ * day_seconds * one_second;
  order_.clear();
  for (std::size_t i = 0; i < unordered_.size(); ++i)
    order_.push_back(static_cast<std::uint64_t>((unordered_[i].at - midnight) / one_second) << 32 | i);
  std::sort(order_.begin(), order_.end());
  day_payments_.clear();
  for (const std::uint64_t key : order_) {
    day_payments_.push_back(unordered_[key & 0xFFFF'FFFF]);
    day_payments_.back().id = next_id_++;
  }
}

Result<PaymentSource> PaymentSource::make(const EventSchema& declared, const PaymentOptions& options, std::int64_t events) {
  PAWL_ASSERT(events >= 0);
  auto generator = PaymentGenerator::make(options);
  if (!generator) return std::move(generator).error();
  for (const Field& field : schema_of<Payment>().fields) {
    const int found = declared.find(field.name);
    if (found >= 0 && declared.fields[static_cast<std::size_t>(found)].type != field.type) {
      return Error{ErrorCode::bad_pipeline, "event " + declared.name + ": generated payments have a field `" + field.name + ": " + to_string(field.type) +
                                                "`, the pipeline declares another type for it"};
    }
  }
  return PaymentSource(declared, *std::move(generator), events);
}

PaymentSource::PaymentSource(const EventSchema& declared, PaymentGenerator generator, std::int64_t events)
    : declared_(declared), generator_(std::move(generator)), events_(events),
      same_layout_(declared.layout_hash == schema_of<Payment>().layout_hash) {}

void PaymentSource::generate() {
  if (next_ == ready_.size()) {
    ready_.clear();
    next_ = 0;
  }
  for (std::span<const Payment> day; day.empty();) {  // with few customers a day can be without payments
    day = generator_.next_day();
    ready_.insert(ready_.end(), day.begin(), day.end());
  }
}

void PaymentSource::prepare(std::int64_t count) {
  const auto wanted = static_cast<std::size_t>(std::min(count, events_ - handed_out_));
  ready_.reserve(wanted + wanted / 16);
  while (ready_.size() - next_ < wanted) generate();
}

void PaymentSource::encode_by_name(const Payment& payment, std::byte* slot) const noexcept {
  begin_event(declared_, slot);
  const auto set = [&](std::string_view name, std::int64_t value) {
    const int field = declared_.find(name);
    if (field >= 0) write_number(declared_, slot, static_cast<std::size_t>(field), value);
  };
  set("id", payment.id);
  set("at", payment.at);
  set("customer", payment.customer);
  set("terminal", payment.terminal);
  set("amount", payment.amount.minor);
  set("fraud", payment.fraud ? 1 : 0);
}

Result<void> write_payments(const PaymentOptions& options, std::int64_t events, const std::string& path) {
  auto generator = PaymentGenerator::make(options);
  if (!generator) return std::move(generator).error();
  auto writer = csv::Writer::open({.path = path}, payments_header);
  if (!writer) return std::move(writer).error();
  const Type time{.kind = Kind::time}, money{.kind = Kind::money, .scale = 2}, boolean{.kind = Kind::boolean};
  for (std::int64_t written = 0; written < events;) {
    for (const Payment& payment : generator->next_day()) {
      if (written++ == events) break;
      writer->integer(payment.id);
      writer->number(time, payment.at);
      writer->integer(payment.customer);
      writer->integer(payment.terminal);
      writer->number(money, payment.amount.minor);
      writer->number(boolean, payment.fraud ? 1 : 0);
      writer->end_row();
    }
    if (auto healthy = writer->state(); !healthy) return healthy;
  }
  return writer->close();
}

}  // namespace pawl::gen
