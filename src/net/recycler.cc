#include "net/recycler.h"

#include <array>
#include <bit>
#include <new>

namespace guarita::net {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kRecycle = false;
#else
constexpr bool kRecycle = true;
#endif
#else
constexpr bool kRecycle = true;
#endif

// Classes of 64, 128 … 1,024 bytes, then doubling to 65,536. What is bigger is rare and goes to the
// heap. The steps are small where an idle connection's memory lies.
constexpr std::size_t kStep = 64;
constexpr unsigned kSteps = 16;
constexpr unsigned kClasses = kSteps + 6;
constexpr unsigned kKeptMax = 512;  // blocks per class: beyond it memory goes back to the heap

struct Block {
  Block* next;
};
struct Shelf {
  Block* first = nullptr;
  unsigned count = 0;
};
struct Shelves {
  std::array<Shelf, kClasses> by_class;
  ~Shelves() {
    for (Shelf& shelf : by_class) {
      while (shelf.first != nullptr) {
        Block* block = shelf.first;
        shelf.first = block->next;
        ::operator delete(block);
      }
    }
  }
};
thread_local Shelves shelves;

unsigned class_of(std::size_t bytes) {
  if (bytes <= kStep * kSteps) return static_cast<unsigned>((bytes - 1) / kStep);
  constexpr unsigned kLargestStepLog = std::bit_width(kStep * kSteps - 1);
  return kSteps - 1 + static_cast<unsigned>(std::bit_width(bytes - 1)) - kLargestStepLog;
}

std::size_t bytes_of(unsigned index) {
  if (index < kSteps) return kStep * (index + 1);
  return kStep * kSteps << (index - kSteps + 1);
}

}  // namespace

void* recycled_new(std::size_t bytes) {
  if (!kRecycle || bytes == 0) return ::operator new(bytes);
  const unsigned index = class_of(bytes);
  if (index >= kClasses) return ::operator new(bytes);
  Shelf& shelf = shelves.by_class[index];
  if (shelf.first == nullptr) return ::operator new(bytes_of(index));
  Block* block = shelf.first;
  shelf.first = block->next;
  --shelf.count;
  return block;
}

void recycled_delete(void* memory, std::size_t bytes) noexcept {
  const unsigned index = bytes == 0 ? kClasses : class_of(bytes);
  if (!kRecycle || index >= kClasses) {
    ::operator delete(memory);
    return;
  }
  Shelf& shelf = shelves.by_class[index];
  if (shelf.count >= kKeptMax) {
    ::operator delete(memory);
    return;
  }
  auto* block = static_cast<Block*>(memory);
  block->next = shelf.first;
  shelf.first = block;
  ++shelf.count;
}

}  // namespace guarita::net
