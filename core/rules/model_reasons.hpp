// The inputs that moved a model's score most, as a text: "amount +1.24, term_risk +0.31, age -0.2".
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace pawl::rules {

// A feature's name, cut to what reasons have room for. Set-up.
[[nodiscard]] std::string name_in_reasons(std::string name);
// Bytes of the longest text that there can be. Set-up.
[[nodiscard]] std::size_t longest_reasons(const std::vector<std::string>& names);

// The largest three by their amount, of equal ones the first; none that is 0; "nothing" if all are. In three significant digits, and all before the point below a million. Returns the text's bytes. No allocation.
// REQUIRES: as many names as contributions; room for longest_reasons(names).
std::size_t write_reasons(const std::vector<std::string>& names, std::span<const double> contributions, char* out) noexcept;

}  // namespace pawl::rules
