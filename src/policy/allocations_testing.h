// Counts what a piece of code takes from the heap. For tests: the whole test binary's operator
// new counts.
#pragma once

#include <cstdint>

namespace guarita::policy::testing {

// Calls of operator new on this thread so far.
std::uint64_t allocations();

}  // namespace guarita::policy::testing
