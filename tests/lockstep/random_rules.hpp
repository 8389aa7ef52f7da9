// Random pipelines of rules that remember: a seed gives the same program on every machine. All that they say is evaluated.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace pawl::lockstep_test {

class RandomRules {
 public:
  explicit RandomRules(std::uint64_t seed) : random_(seed) {}

  std::string program() {
    std::string text = "pipeline \"random\" version 1\n"
                       "event Payment { id: int, at: time, customer: int, terminal: int, device: text(4), amount: money, flag: bool, lat: decimal(4), lon: float }\n"
                       "event Login { at: time, customer: int, device: text(4), flag: bool }\n";
    for (const char* list : {"customers of int", "terminals of int", "devices of text(3)", "amounts of money"}) text.append("list ").append(list).append(expiry()).append("\n");
    text += "map weight from int to int { 1 = 5, 2 = -3, 3 = 0 } otherwise 2\nmap known from text(4) to bool { \"a\" = true, \"ab\" = false, \"\" = true }\n"
            "map price from money to money { 1.00 = 2.50, 100.00 = 0.10 }\nmap share from bool to float { true = 0.5 } otherwise 1.5\n"
            "map named from text(4) to text(4) { \"a\" = \"AB\", \"x\" = \"ab\", \"\" = \"abc\" } otherwise \"A\"\nmap coded from int to text(3) { 1 = \"a\", 2 = \"AB\" }\nlist reals of float\n";
    for (int i = 0; i < 6; ++i) text += "let n" + std::to_string(i) + " = " + let(i) + "\n";
    const int rules = 4 + below(9);
    for (int i = 0; i < rules; ++i) text += rule(i);
    const int patterns = 1 + below(2);
    for (int i = 0; i < patterns; ++i) text += pattern(rules + i);
    if (!one_in(3)) text += policy();
    return text;
  }

 protected:
  int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint64_t>(bound)); }
  bool one_in(int n) { return below(n) == 0; }
  std::string one_of(const std::vector<std::string>& texts) { return texts[static_cast<std::size_t>(below(static_cast<int>(texts.size())))]; }

 private:
  std::string duration() { return std::to_string(1 + below(9)) + "s"; }
  std::string expiry() { return one_in(3) ? "" : " expires after " + duration(); }

  std::string let(int number) {
    switch (number) {
      case 0: return "if terminal in terminals then amount else amount * 2";
      case 1: return "sum(amount per customer, " + duration() + (one_in(2) ? ")" : " where device matches \"^a|Y\" or flag)");
      case 2: return "n0 / n1 otherwise 0";
      case 3: return "customer in customers or device in devices";
      case 4: return "(price[amount] otherwise 3.00) * weight[terminal]";  // at a payment alone
      default: return one_of({"device", "if flag then device else \"ab\"", "device otherwise \"abc\"", "if customer in customers then min2(device, \"ab\") else \"a\"", "lower(device)", "named[lower(device)]", "coded[customer] otherwise lower(named[device])",
                               "if customer in customers then lower(device) else named[device]"});
    }
  }

  std::string condition(bool payment, int depth) {
    if (depth == 0 && one_in(4)) return text_condition();
    if (depth == 0) {
      if (!payment) return one_of({"flag", "device in devices", "customer in customers", "device is missing", "\"ab\" in devices"});
      return one_of({"flag", "terminal in terminals", "customer in customers", "device in devices", "amount in amounts", "amount > 100.00", "amount < 1.00", "n0 > 150.00",
                     "n1 >= 200.00", "n2 > 50%", "n3", "n3 is missing", "known[device]", "not (known[n5])", "weight[customer] + weight[terminal] > 3", "share[flag] < 1.0", "n4 > 1.00", "price[amount] is missing", "count(per terminal, " + duration() + ") > 2", "\"ab\" in devices", "5.00 in amounts",
                     "round(lat) = floor(lat)", "round(n1 / 3) > 40.00", "floor(n2) = 0", "km(lat, lon, 1, 1) < 600.0", "km(lat, lon, 0.5, 0.5) is missing", "count(per customer, " + duration() + " where km(lat, lon, 1, 1) < 600.0) > 1",
                     "max(lon * 2.0 per customer, " + duration() + ") > lon", "count(per customer, " + duration() + " on Payment where lower(device) = \"x\" or len(device) > 1) > 1", "lon in reals", "coded[customer] = lower(device)"});
    }
    if (one_in(4)) return "not (" + condition(payment, depth - 1) + ")";
    // One after the other: in one expression each compiler would draw in an order of its own.
    std::string text = "(" + condition(payment, depth - 1);
    text += one_of({" and ", " or "});
    text += condition(payment, depth - 1);
    return text + ")";
  }

  // Of texts that are chosen.
  std::string text_condition() {
    return one_of({"n5 = \"ab\"", "n5 != device", "n5 in devices", "n5 is missing", "n5 starts with \"a\"", "(device otherwise \"ab\") in devices", "(device otherwise n5) >= \"ab\"",
                   "(if customer in customers then device else \"abc\") = \"abc\"", "max2(device, \"ab\") = device", "min2(n5, device) in (\"a\", \"abc\", \"b\")",
                   "(if flag then n5 else device) in (\"ab\", \"abc\")", "device matches \"^[ab]+$\"", "n5 matches \"b|z{2}\"", "not ((device otherwise \"xbc\") matches \"b.\")", "lower(device) = n5", "named[device] in devices", "lower(named[n5]) in (\"a\", \"ab\")",
                   "len(n5) > 1", "len(named[device]) = len(device)", "lower(n5) >= \"ab\"", "coded[customer] is missing", "lower(coded[customer] otherwise device) matches \"^a\""});
  }

  std::string edit(bool payment) {
    if (one_in(5)) {
      const std::string text = "add " + one_of({"n5", "(device otherwise \"abc\")", "max2(device, \"ab\")", "(if customer in customers then device else \"a\")", "lower(device)", "named[n5]", "lower(coded[customer])"}) + " to devices";
      return one_in(2) ? text + " for " + duration() : text;
    }
    const std::string value = payment ? one_of({"customer|customers", "terminal|terminals", "device|devices", "amount|amounts", "amount * 2|amounts", "\"ab\"|devices", "lon|reals", "km(lat, lon, 1, 1)|reals", "lower(device)|devices"})
                                      : one_of({"customer|customers", "device|devices", "\"abc\"|devices"});
    const auto bar = value.find('|');
    const std::string what = value.substr(0, bar), list = value.substr(bar + 1);
    if (one_in(3)) return "remove " + what + " from " + list;
    return "add " + what + " to " + list + (one_in(2) ? " for " + duration() : "");
  }

  std::string policy() {
    std::string text = "policy { ";
    if (!one_in(3)) text += "order " + one_of({"allow > decline > challenge > review > approve", "approve > reject", "review > decline > allow", "challenge > review > reject > decline > approve > allow"}) + " ";
    if (one_in(2)) text += "decline at score " + std::to_string(below(120)) + " ";
    if (one_in(2)) text += "review at score " + std::to_string(below(60)) + " ";
    if (one_in(2)) text += "cap " + std::to_string(below(100)) + " ";
    if (one_in(2)) text += "default " + one_of({"approve", "review", "challenge"}) + " ";
    return text + "}\n";
  }

  // What has not to come at the end of a pattern.
  std::string absence() {
    const bool payment = one_in(2);
    std::string text = std::string(one_in(4) ? " then immediately no " : " then no ") + (payment ? "Payment" : "Login");
    if (!one_in(6)) text += "(" + condition(payment, 0) + " and " + (payment ? "amount > 100.00" : "device = \"abc\"") + ")";
    if (one_in(2)) text += " for " + std::to_string(1 + below(2)) + "s";
    return text;
  }

  // A pattern that asks lists about its steps, and may change them.
  std::string pattern(int number) {
    const bool payment = one_in(2);
    const bool timed = one_in(2);
    std::string text = "rule r" + std::to_string(number) + " { pattern a: Payment(" + condition(true, below(2)) + ")";
    text += one_of({" then ", " then ", " then immediately ", " then immediately no Login(flag) then ", " then no Payment(amount > 100.00) for 1s then "});
    text += std::string("b: ") + (payment ? "Payment(" : "Login(") + condition(payment, 0) + " and ";
    text += one_of({"a.terminal in terminals", "not (a.customer in customers)", "a.amount in amounts", "a.device in devices", "min2(a.device, device) = device", "(a.device otherwise n5) in devices",
                    "a.customer in (1, 2, 3, 4)", "a.device matches \"^.?b\"", "weight[a.terminal] > 1", "known[a.device]", "known[min2(a.device, device)] otherwise true", "price[a.amount] > 1.00", "km(a.lat, a.lon, 1, 1) < 600.0", "a.lon in reals", "named[lower(a.device)] = device", "lower(a.device) in devices", "a.lon * 2.0 > 0.5", "coded[a.customer] in devices", "(a.device otherwise n5) matches \"c$|^a\"", "(if a.flag then a.device else \"ab\") = n5"}) + ")";
    if (timed && one_in(3) && text.find(" for 1s then ") == std::string::npos) text += "?";
    if (timed) text += absence();
    text += " within " + duration();
    text += one_in(3) ? " per customer + device" : " per customer";
    if (one_in(3)) text += " where " + one_of({"a.terminal in terminals", "not (b.device in devices)", "a.device in (\"a\", \"ab\") or b.flag", "max2(a.device, b.device) in devices", "\"ab\" in devices or a.lon > 0.5", "1 in terminals", "lower(b.device) in devices"});
    if (one_in(3)) text += " after match skip to next";
    if (one_in(3)) text += " limit 2";
    text += " then score " + one_of({"5", "if a.terminal in terminals then 3 else 8", "if b.device in devices then 1 else 2", "weight[a.terminal]", "if known[b.device] otherwise false then 4 else 6", "round(a.lat)", "len(b.device)", "if 1 in terminals then 2 else 3"});
    if (one_in(3)) text += ", " + one_of({"decline", "review", "alert high", "allow"});
    for (int edits = below(3); edits > 0; --edits) {
      text += ", " + one_of({"add a.terminal to terminals", "remove a.terminal from terminals", "add b.customer to customers", "add a.amount to amounts", timed ? "add \"ab\" to devices" : "add n5 to devices", "add b.device to devices", "add lower(a.device) to devices", "add named[a.device] to devices", "add a.lon to reals"});
    }
    if (one_in(3)) text += " cooldown " + duration() + " per customer";
    if (timed && one_in(3)) text += " mode " + one_of({"shadow", "live 50% by customer"});
    if (one_in(4)) text += " if missing fire";
    return text + " }\n";
  }

  std::string rule(int number) {
    const bool payment = !one_in(4), both = one_in(6);
    std::string text = "rule r" + std::to_string(number) + " { on " + (both ? "Payment, Login" : payment ? "Payment" : "Login");
    const bool wide = payment && !both;
    const int depth = below(3);
    text += " when " + condition(wide, depth);
    text += std::string(" then score ") + (wide && one_in(3) ? one_of({"if n3 then 5 else 7", "if terminal in terminals then -3 else 2"}) : std::to_string(below(50)));
    if (one_in(2)) text += ", " + one_of({"decline", "review queue \"q\"", "allow", "reject", "challenge \"otp\"", "approve", "alert high", "tag odd, review"});
    for (int edits = below(3); edits > 0; --edits) text += ", " + edit(wide);
    if (one_in(2)) text += " cooldown " + duration() + " per " + (wide ? one_of({"customer", "terminal", "customer + device", "amount"}) : one_of({"customer", "flag"}));
    if (one_in(5)) text += " mode shadow";
    else if (one_in(4)) {
      text += " mode live " + std::to_string(10 + below(80)) + "% by ";
      text += wide ? one_of({"customer", "terminal", "device"}) : std::string("customer");
    }
    if (one_in(4)) text += " if missing fire";
    return text + " }\n";
  }

  std::mt19937_64 random_;
};

}  // namespace pawl::lockstep_test
