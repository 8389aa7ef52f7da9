// A program with an aggregate of its own: markov DIRECTORY PIPELINE
#include <cstdio>
#include <string>

#include "misses.hpp"
#include "pawl/journal/durable_engine.hpp"

struct Transaction {
  pawl::Time at;
  std::int64_t card, state;
};
PAWL_EVENT(Transaction, at, card, state);

// Thread: the engine's.
void show(const pawl::Decision& decision) {
  std::printf("ticket %llu: %s\n", static_cast<unsigned long long>(decision.ticket()), decision.fired(0) ? "unusual" : "as ever");
}

int run(const std::string& directory, const std::string& pipeline) {
  auto engine = pawl::DurableEngine::open({.directory = directory, .pipeline = pipeline, .operators = pawl::Operators::of<markov::Misses>()});
  if (!engine) return std::fprintf(stderr, "%s\n", engine.error().text.c_str()), 1;
  auto lane = (*engine)->lane("terminal");
  if (!lane) return std::fprintf(stderr, "%s\n", lane.error().text.c_str()), 1;
  (*engine)->on_decision(show);

  pawl::Time at = 1'522'540'800 * pawl::one_second;
  for (const std::int64_t state : {4, 4, 5, 4, 5, 17, 0, 16, 1}) {
    const auto accepted = (*lane)->publish(Transaction{.at = at, .card = 7, .state = state});
    if (!accepted) std::fprintf(stderr, "refused: %s\n", std::string(to_text(accepted.refusal())).c_str());
    at += pawl::one_second;
  }
  auto report = (*engine)->close();
  return report ? 0 : 1;
}

int main(int argc, char** argv) {
  if (argc == 3) return run(argv[1], argv[2]);
  std::fputs("usage: markov DIRECTORY PIPELINE\n", stderr);
  return 64;
}
