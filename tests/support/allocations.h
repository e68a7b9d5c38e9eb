// Counts what code takes from the heap: a test binary that links allocations.cc has its operator
// new counted.
#pragma once

#include <cstdint>

namespace guarita::testing {

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define GUARITA_UNCOUNTED_ALLOCATIONS
#endif
#endif

// Nothing is counted under the sanitizers: ThreadSanitizer has an operator new that cannot be
// replaced, and under AddressSanitizer net/recycler gives everything back, to find late uses.
#ifdef GUARITA_UNCOUNTED_ALLOCATIONS
inline constexpr bool kAllocationsCounted = false;
#else
inline constexpr bool kAllocationsCounted = true;
#endif

// Calls of operator new so far, on this thread and on all the others.
std::uint64_t allocations();
std::uint64_t allocations_elsewhere();

}  // namespace guarita::testing
