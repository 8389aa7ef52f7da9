// Rows of the decisions and features files as the command contract says, by code that the product does not share.
#pragma once

#include <string>

#include "tests/twin/engine.hpp"

namespace pawl::twin {

// Each line ends with a line feed.
[[nodiscard]] std::string decisions_header();
[[nodiscard]] std::string decisions_row(const language::Pipeline& pipeline, const Outcome& outcome);
[[nodiscard]] std::string features_header(const language::Pipeline& pipeline);
[[nodiscard]] std::string features_row(const language::Pipeline& pipeline, const Outcome& outcome);

// A cell of a CSV file, RFC 4180: quoted only where it must be.
[[nodiscard]] std::string csv_cell(const std::string& text);

}  // namespace pawl::twin
