// Memory of coroutine frames, connections and exchanges: per thread, by size class, reused last in
// first out, so that a warm connection allocates nothing. What is small lies in huge pages
// (block_pool.h).
#pragma once

#include <cstddef>

namespace guarita::net {

// Any thread; memory is given back with the size it was taken with. Under
// AddressSanitizer every call goes to the heap, so that a use after free is seen.
void* recycled_new(std::size_t bytes);
void recycled_delete(void* memory, std::size_t bytes) noexcept;
// Gives small blocks back that this thread had no use for since the last call; from the loop's
// tick.
void trim_recycled() noexcept;

// Base of classes made and destroyed often on one thread.
struct Recycled {
  static void* operator new(std::size_t bytes) { return recycled_new(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    recycled_delete(memory, bytes);
  }
};

}  // namespace guarita::net
