#include "policy/allocations_testing.h"

#include <cstdlib>
#include <new>

namespace guarita::policy::testing {
namespace {
thread_local std::uint64_t count = 0;
}

std::uint64_t allocations() {
  return count;
}

static void* counted(std::size_t bytes) {
  ++count;
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  std::abort();
}
}  // namespace guarita::policy::testing

// The forms for arrays and for nothrow call these.
void* operator new(std::size_t bytes) {
  return guarita::policy::testing::counted(bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
