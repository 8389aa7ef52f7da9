// Pawl inside a program of its own: embed DIRECTORY PIPELINE
#include <cstdio>
#include <string>

#include "pawl/journal/durable_engine.hpp"

struct Payment {
  pawl::Time at;
  std::int64_t customer, terminal;
  pawl::Money amount;
};
PAWL_EVENT(Payment, at, customer, terminal, amount);

// Called when the decision's input is on the device. Thread: the engine's.
void show(const pawl::Decision& decision) {
  const auto& rules = decision.plan().pipeline->rules;
  std::string fired;
  for (std::size_t rule = 0; rule < rules.size(); ++rule) {
    if (decision.fired(rule)) fired += " " + rules[rule].name;
  }
  std::printf("ticket %llu:%s\n", static_cast<unsigned long long>(decision.ticket()), fired.empty() ? " nothing" : fired.c_str());
}

int run(const std::string& directory, const std::string& pipeline) {
  auto engine = pawl::DurableEngine::open({.directory = directory, .pipeline = pipeline, .durability = pawl::Durability::disk});
  if (!engine) return std::fprintf(stderr, "%s\n", engine.error().text.c_str()), 1;
  auto lane = (*engine)->lane("gateway-1");
  if (!lane) return std::fprintf(stderr, "%s\n", lane.error().text.c_str()), 1;
  (*engine)->on_decision(show);

  const pawl::Time start = 1'522'540'800 * pawl::one_second;
  for (const std::int64_t cents : {1000, 1200, 900, 5000, 25000}) {
    const auto accepted = (*lane)->publish(Payment{.at = start, .customer = 7, .terminal = 3, .amount = {cents}});
    if (!accepted) std::fprintf(stderr, "refused: %s\n", std::string(to_text(accepted.refusal())).c_str());
  }
  auto report = (*engine)->close();
  return report ? 0 : 1;
}

int main(int argc, char** argv) {
  if (argc == 3) return run(argv[1], argv[2]);
  std::fputs("usage: embed DIRECTORY PIPELINE\n", stderr);
  return 64;
}
