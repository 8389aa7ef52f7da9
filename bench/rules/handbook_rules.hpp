// The fraud-detection handbook's rules that look at features of a payment alone, twice: in our language, and as plain predicates to check by.
// bench/peers/jvm has them for other engines, by the same names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pawl/core/event/declare.hpp"

namespace pawl::bench {

// A payment with its features. `prior` leaves the payment itself out; a terminal's 7 days are 7 days late.
struct Scored {
  std::int64_t id;
  Time at;
  Money amount;
  std::int64_t terminal;
  std::int64_t previous_terminal;  // of the customer; -1 without one
  std::int64_t idle_seconds;       // since the customer's payment before; -1 without one
  std::int64_t customer_count_1h;
  Money customer_sum_1h;
  std::int64_t prior_count_30d;    // of the customer
  Money prior_sum_30d;
  std::int64_t prior_small_1h;     // amounts below 2.00
  std::int64_t terminal_count_7d;
  std::int64_t terminal_fraud_7d;
  std::int64_t terminal_customers_1h;
};
PAWL_EVENT(Scored, id, at, amount, terminal, previous_terminal, idle_seconds, customer_count_1h, customer_sum_1h, prior_count_30d, prior_sum_30d, prior_small_1h,
           terminal_count_7d, terminal_fraud_7d, terminal_customers_1h);

struct HandbookRule {
  const char* name;
  const char* condition;  // in our language
  bool (*fires)(const Scored& payment);
};
[[nodiscard]] const std::vector<HandbookRule>& handbook_rules();

// The event and all rules.
[[nodiscard]] std::string handbook_rules_pipeline();

// Generated payments (fifty_days), and what our windows say of each.
[[nodiscard]] std::vector<Scored> scored_payments(std::int64_t payments);

// One integer for each field but `at`, amounts in cents, with a header. Overwrites `path`, or fails.
void write_scored(const std::vector<Scored>& payments, const std::string& path);

}  // namespace pawl::bench
