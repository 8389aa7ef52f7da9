// Which peers run beside ours.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "harness/outcome.hpp"

namespace pawl::bench {

// native: linked into this program. all: also those of other runtimes, each a program of its own (external.hpp).
enum class Peers { none, native, all };

// --peers [native|all]; without a word: native.
void add_peers_option(CLI::App& command, Peers& peers);

// Names and versions of the native peers, as one note.
[[nodiscard]] std::string native_versions();

// Makes the best peer of each group, by its median, the base of our figures in it; and of the other peers.
void compare_with_best_peer(Outcome& outcome);

}  // namespace pawl::bench
