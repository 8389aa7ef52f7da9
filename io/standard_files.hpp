// Descriptors 0, 1 and 2, which whoever starts a process may have closed.
#pragma once

namespace pawl::io {

// First thing of a program: each of the three that is closed becomes one on which reading (0) or writing (1, 2) fails. Else the next file
// that is opened takes its number, and what is meant for standard output is written into the journal.
void hold_standard_files() noexcept;

}  // namespace pawl::io
