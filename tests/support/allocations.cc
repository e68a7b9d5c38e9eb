#include "support/allocations.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace guarita::testing {
namespace {

std::atomic<std::uint64_t> everywhere{0};
thread_local std::uint64_t here = 0;

[[maybe_unused]] void* counted(std::size_t bytes) {
  ++here;
  everywhere.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

std::uint64_t allocations() {
  return here;
}
std::uint64_t allocations_elsewhere() {
  return everywhere.load() - here;
}

}  // namespace guarita::testing

#ifndef GUARITA_UNCOUNTED_ALLOCATIONS
// The forms for arrays and for nothrow call these.
void* operator new(std::size_t bytes) {
  return guarita::testing::counted(bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
#endif
