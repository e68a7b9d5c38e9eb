#include "net/recycler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <new>
#include <utility>

#include "net/block_pool.h"

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
constexpr unsigned kKeptMax = 512;         // blocks per class: beyond it half is given back
constexpr std::size_t kTakeBytes = 16384;  // of the pool at a time

// Buffers, which are larger, are the heap's: of most only the first page is ever touched.
constinit BlockPool pool;
constexpr unsigned kPooledClasses = kSteps + 3;
static_assert(kStep * kSteps << (kPooledClasses - kSteps) == BlockPool::kBlockBytesMax);

struct Shelf {
  FreeBlock* first = nullptr;
  unsigned count = 0;
  unsigned unneeded = 0;  // the fewest there were since the last trim

  // The newest stay.
  void keep(unsigned blocks, bool pooled) {
    FreeBlock** end = &first;
    for (unsigned i = 0; i < blocks; ++i) end = &(*end)->next;
    FreeBlock* list = std::exchange(*end, nullptr);
    count = blocks;
    unneeded = std::min(unneeded, blocks);
    if (pooled) {
      pool.give_back(list);
    } else {
      while (list != nullptr) ::operator delete(std::exchange(list, list->next));
    }
  }
};
struct Shelves {
  std::array<Shelf, kClasses> by_class;
  ~Shelves() {
    for (unsigned i = 0; i < kClasses; ++i) by_class[i].keep(0, i < kPooledClasses);
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

void fill(Shelf& shelf, unsigned index) {
  const std::size_t bytes = bytes_of(index);
  if (index >= kPooledClasses) {
    shelf.first = new (::operator new(bytes)) FreeBlock{nullptr};
    shelf.count = 1;
    return;
  }
  shelf.first = pool.take(index, bytes, static_cast<unsigned>(std::max(kTakeBytes / bytes, 1UL)));
  for (const FreeBlock* block = shelf.first; block != nullptr; block = block->next) ++shelf.count;
}

}  // namespace

void* recycled_new(std::size_t bytes) {
  if (!kRecycle || bytes == 0) return ::operator new(bytes);
  const unsigned index = class_of(bytes);
  if (index >= kClasses) return ::operator new(bytes);
  Shelf& shelf = shelves.by_class[index];
  if (shelf.first == nullptr) fill(shelf, index);
  FreeBlock* block = shelf.first;
  shelf.first = block->next;
  shelf.unneeded = std::min(shelf.unneeded, --shelf.count);
  return block;
}

void recycled_delete(void* memory, std::size_t bytes) noexcept {
  const unsigned index = bytes == 0 ? kClasses : class_of(bytes);
  if (!kRecycle || index >= kClasses) {
    ::operator delete(memory);
    return;
  }
  Shelf& shelf = shelves.by_class[index];
  auto* block = static_cast<FreeBlock*>(memory);
  block->next = shelf.first;
  shelf.first = block;
  if (++shelf.count > kKeptMax) shelf.keep(kKeptMax / 2, index < kPooledClasses);
}

void trim_recycled() noexcept {
  for (unsigned i = 0; i < kPooledClasses; ++i) {
    Shelf& shelf = shelves.by_class[i];
    if (shelf.unneeded > 0) shelf.keep(shelf.count - shelf.unneeded, true);
    shelf.unneeded = shelf.count;
  }
}

}  // namespace guarita::net
