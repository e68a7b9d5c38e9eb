#include "support/allocations.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace guarita::testing {
namespace {

std::atomic<std::uint64_t> everywhere{0};
thread_local std::uint64_t here = 0;

[[maybe_unused]] void count_one() {
  ++here;
  everywhere.fetch_add(1, std::memory_order_relaxed);
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
// In place of glibc's, for the whole process: operator new and the C libraries call these.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);

void* malloc(std::size_t bytes) {
  guarita::testing::count_one();
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  guarita::testing::count_one();
  return __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
  guarita::testing::count_one();
  return __libc_realloc(memory, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  guarita::testing::count_one();
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  guarita::testing::count_one();
  *memory = __libc_memalign(alignment, bytes);
  return *memory == nullptr ? ENOMEM : 0;
}
}
#endif
