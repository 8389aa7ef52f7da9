// Card payments with three kinds of labelled fraud, after the simulator of the Fraud Detection Handbook (Le Borgne, Siblini,
// Lebichot, Bontempi, "Reproducible Machine Learning for Credit Card Fraud Detection", ch. 3):
//
// Customers and terminals stand at random in a square of side 100. A customer has a mean amount (5 to 100), a spread (half of it), a
// mean number of payments a day (0 to about 4), and pays at random at terminals within 5. Times of day are normal around noon.
//   1. An amount over 220 is a fraud.
//   2. Two terminals a day are compromised: for 28 days all their payments are frauds.
//   3. Three customers a day are compromised: in the next 14 days a third of their payments has five times the amount and is a fraud.
// Same options, same payments, on every machine: integers only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gen/random.hpp"
#include "pawl/core/base/result.hpp"
#include "pawl/core/event/declare.hpp"

namespace pawl::gen {

struct Payment {
  std::int64_t id;  // its rank, from 0
  Time at;
  std::int64_t customer;
  std::int64_t terminal;
  Money amount;
  bool fraud;

  friend bool operator==(const Payment&, const Payment&) = default;
};
PAWL_EVENT(Payment, id, at, customer, terminal, amount, fraud);

struct PaymentOptions {
  std::uint64_t seed = 1;
  std::uint32_t payments_per_day = 9'600;  // in the mean
  std::uint32_t customers = 5'000;
  std::uint32_t terminals = 10'000;
  Time start = 1'522'540'800 * one_second;  // 2018-04-01T00:00:00Z
};

// Thread: one at a time.
class PaymentGenerator {
 public:
  // Errors (usage): a count of 0 or over a million, more payments a day than 100 for each customer.
  static Result<PaymentGenerator> make(const PaymentOptions& options);

  // The payments of the next day, ordered by time, then id. Valid until the next call.
  [[nodiscard]] std::span<const Payment> next_day();

 private:
  struct Customer {
    std::int32_t x, y;             // thousandths of a unit: the square's side is 100,000
    std::int64_t mean_cents;
    std::uint32_t rate;            // of each trial of a day, of 2^16
    std::uint32_t first_reachable, reachable_count;
    std::int64_t compromised_until = 0;  // day, exclusive
  };
  struct Spot { std::int32_t x, y; };

  explicit PaymentGenerator(const PaymentOptions& options);
  void place_customers();
  void place_terminals();
  void find_reachable(Customer& customer, const std::vector<std::vector<std::uint32_t>>& grid);
  void compromise(Random& random);
  void add_payment(Random& random, std::uint32_t customer);
  void order_day();

  PaymentOptions options_;
  std::uint32_t trial_fours_ = 0;   // of a customer and day
  std::uint32_t rate_max_ = 0;      // of 2^16
  std::vector<Customer> customers_;
  std::vector<Spot> terminals_;
  std::vector<std::uint32_t> reachable_;                // terminals, customer after customer
  std::vector<std::int64_t> terminal_compromised_until_;  // day, exclusive
  std::int64_t day_ = 0;
  std::int64_t next_id_ = 0;
  std::vector<Payment> unordered_, day_payments_;
  std::vector<std::uint64_t> order_;
};

// Payments as a polled source of events: prepared in memory, then encoded straight into slots.
// Thread: one at a time.
class PaymentSource {
 public:
  // `declared`: the pipeline's event. Its fields are set by name where a payment has one of that name and type, else missing.
  // Errors: those of PaymentGenerator; bad_pipeline: a field of a payment's name but another type.
  static Result<PaymentSource> make(const EventSchema& declared, const PaymentOptions& options, std::int64_t events);

  // Generates up to `count` more payments ahead of those handed out; prepare(events) makes every poll a few stores. Otherwise poll
  // generates a day when it runs out.
  void prepare(std::int64_t count);

  // Encodes up to `budget` payments into the slots that `writer` claims (nullptr: full). Returns how many. See csv/source.hpp for the writer.
  template <class Writer>
  [[nodiscard]] std::size_t poll(Writer& writer, std::size_t budget) {
    std::size_t done = 0;
    for (; done < budget && !at_end(); ++done) {
      std::byte* const slot = writer.claim();
      if (slot == nullptr) break;
      next(slot);
      writer.publish();
    }
    return done;
  }

  // Header but the stamp, and payload. REQUIRES: !at_end().
  void next(std::byte* slot) {
    if (next_ == ready_.size()) generate();
    const Payment& payment = ready_[next_++];
    if (same_layout_) {
      encode(payment, declared_.type, slot);
    } else {
      encode_by_name(payment, slot);
    }
    ++handed_out_;
  }
  [[nodiscard]] bool at_end() const noexcept { return handed_out_ == events_; }

 private:
  PaymentSource(const EventSchema& declared, PaymentGenerator generator, std::int64_t events);
  void generate();
  void encode_by_name(const Payment& payment, std::byte* slot) const noexcept;

  EventSchema declared_;
  PaymentGenerator generator_;
  std::int64_t events_, handed_out_ = 0;
  bool same_layout_ = false;
  std::vector<Payment> ready_;
  std::size_t next_ = 0;  // index into ready_
};

inline constexpr std::string_view payments_header = "id,at,customer,terminal,amount,fraud";

// Writes `events` payments as CSV; "-" is standard output, "....zst" is compressed.
Result<void> write_payments(const PaymentOptions& options, std::int64_t events, const std::string& path);

}  // namespace pawl::gen
