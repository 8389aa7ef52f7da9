// pawl-bench peers: who can be measured here.
#include <fmt/format.h>

#include "commands.hpp"
#include "peers/choice.hpp"
#include "peers/external.hpp"

namespace pawl::bench {

void add_peers(CLI::App& app, Action& action) {
  CLI::App& command = *app.add_subcommand("peers", "Which peers can run here, and which can't and why");
  command.callback([&action] {
    action = [] {
      fmt::print("{}\n\nprograms of their own; those marked * are built with this one and run with --peers, the others with --peers all:\n", native_versions());
      for (const ExternalPeer& peer : external_peers()) {
        const std::string reason = why_not(peer);
        fmt::print("  {:<10} {} {:<20} {}\n", peer.subcommand, peer.native ? '*' : ' ', peer.name, reason.empty() ? "ready" : reason);
      }
      return 0;
    };
  });
}

}  // namespace pawl::bench
