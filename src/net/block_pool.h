// Where the threads' recyclers get their blocks: huge pages cut into slabs, each of one size. What
// a request touches lies in a few pages that way, and misses of the TLB are what a gate with a
// thousand connections would pay for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace guarita::net {

// A free block, by its first bytes.
struct FreeBlock {
  FreeBlock* next;
};

// Any thread: locked, and asked for many blocks at a time. A slab whose blocks are all back serves
// any size again; a huge page whose slabs are all back goes to the kernel, but for one.
class BlockPool {
 public:
  static constexpr std::size_t kBlockBytesMax = 8 * 1024;
  static constexpr unsigned kSizesMax = 24;

  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // At least one, at most `count` blocks of the size number `size`, which has `bytes` (a multiple
  // of 64). Throws bad_alloc.
  FreeBlock* take(unsigned size, std::size_t bytes, unsigned count);
  // All of the list, of whatever sizes.
  void give_back(FreeBlock* list);
  // Huge pages that are held now.
  std::size_t pages();

 private:
  static constexpr std::size_t kPageBytes = 2 * 1024 * 1024;
  static constexpr std::size_t kSlabBytes = 64 * 1024;
  static constexpr unsigned kSlabs = kPageBytes / kSlabBytes;

  struct Slab {
    FreeBlock* free = nullptr;
    char* fresh = nullptr;  // from here on never handed out
    char* end = nullptr;
    std::uint32_t bytes = 0;  // of a block
    std::uint32_t out = 0;    // blocks handed out
    unsigned size = 0;
    Slab* next = nullptr;  // of its size, with something to give
    Slab** at = nullptr;
  };
  // Stands at the beginning of its memory, in the first slab's place.
  struct Page {
    std::array<Slab, kSlabs> slabs;
    std::uint32_t unused = ~std::uint32_t{0};  // a bit for each slab
    Page* next = nullptr;
    Page** at = nullptr;
  };
  static_assert(kSlabs == 32, "a bit for each");

  static Page* map_page();
  Slab& open_slab(unsigned size, std::size_t bytes);
  void close_slab(Page& page, Slab& slab);
  void link(Slab& slab);
  static void unlink(Slab& slab);
  static char* begin_of(Page& page, std::size_t index);

  std::mutex mutex_;
  std::array<Slab*, kSizesMax> open_{};
  Page* pages_ = nullptr;
  std::size_t pages_count_ = 0;
  std::size_t empty_pages_ = 0;
};

}  // namespace guarita::net
