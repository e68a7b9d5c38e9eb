// Counts what code takes from the heap: in a test binary that links allocations.cc every call of
// malloc and its like is counted, those of operator new and of the C libraries included.
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

// Takings so far, on this thread and on all the others.
std::uint64_t allocations();
std::uint64_t allocations_elsewhere();

}  // namespace guarita::testing
