// What producers offer: the event of a source and a ticket is made from the two alone, so that lost, doubled and changed ones are seen.
#pragma once

#include <cstdint>
#include <string>

#include "pawl/core/event/declare.hpp"
#include "pawl/io/random.hpp"

namespace pawl::simulation {

struct Payment {
  Time at;
  std::int64_t id, customer, terminal;
  Money amount;
};
PAWL_EVENT(Payment, at, id, customer, terminal, amount);

// Which of the simulator's pipelines.
struct Variant {
  bool timed = false;     // a pattern waits
  bool in_order = false;  // events are put in order of their times, as far as three of them go; those that are later than that go at once
  bool brief = false;     // windows so short that a seed outlives them, and its segments can be retired

  friend auto operator<=>(const Variant&, const Variant&) = default;
};

inline std::string pipeline_text(const Variant& variant) {
  std::string text = "pipeline \"simulated\" version 1\nevent Payment";
  if (variant.in_order) text += " reorder up to 4m";
  text += " { at: time, id: int, customer: int, terminal: int, amount: money }\n";
  text += variant.brief ? "let seen = count(per customer, 10m)\nlet spent = sum(amount per customer, 20m)\nlet busy = prior count(per terminal, 5m)\n"
                        : "let seen = count(per customer, 1h)\nlet spent = sum(amount per customer, 2h)\nlet busy = prior count(per terminal, 30m)\n";
  text += R"(rule often { on Payment when seen >= 3 then score 5 }
rule much  { on Payment when spent > 300.00 then score 7 }
rule rush  { on Payment when busy >= 4 then score 1 }
)";
  if (variant.timed) text += R"(rule alone { pattern p: Payment(amount > 50.00) then no Payment within 5ms per customer after match skip to next then score p.terminal + 1 }
)";
  return text;
}

inline constexpr Time start_time = 1'700'000'000 * one_second;

inline Payment payment(std::size_t source, Ticket ticket) {
  io::Random random(ticket * 64 + source);
  const Time late = random.below(5) == 0 ? static_cast<Time>(random.below(7'200)) * one_second : 0;
  return {start_time + static_cast<Time>(ticket) * 90 * one_second - late, static_cast<std::int64_t>(source * 1'000'000 + ticket), static_cast<std::int64_t>(random.below(6)),
          static_cast<std::int64_t>(random.below(4)), Money{static_cast<std::int64_t>(random.below(20'000))}};
}

}  // namespace pawl::simulation
