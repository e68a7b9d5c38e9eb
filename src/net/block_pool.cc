#include "net/block_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <new>
#include <tuple>

namespace guarita::net {

// Mapped twice as large, then cut to what is aligned.
BlockPool::Page* BlockPool::map_page() {
  void* const mapped =
      ::mmap(nullptr, 2 * kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<char*>(mapped);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(begin) % kPageBytes;
  if (before > 0) ::munmap(begin, before);
  ::munmap(begin + before + kPageBytes, kPageBytes - before);
  // A kernel without huge pages refuses; all works as well, only slower.
  std::ignore = ::madvise(begin + before, kPageBytes, MADV_HUGEPAGE);
  return new (begin + before) Page;
}

char* BlockPool::begin_of(Page& page, std::size_t index) {
  constexpr std::size_t kHeader = (sizeof(Page) + 63) / 64 * 64;
  auto* const begin = reinterpret_cast<char*>(&page);
  return index == 0 ? begin + kHeader : begin + index * kSlabBytes;
}

void BlockPool::link(Slab& slab) {
  Slab*& first = open_[slab.size];
  slab.next = first;
  if (first != nullptr) first->at = &slab.next;
  slab.at = &first;
  first = &slab;
}

void BlockPool::unlink(Slab& slab) {
  *slab.at = slab.next;
  if (slab.next != nullptr) slab.next->at = slab.at;
  slab.next = nullptr;
  slab.at = nullptr;
}

std::size_t BlockPool::pages() {
  const std::scoped_lock lock(mutex_);
  return pages_count_;
}

BlockPool::Slab& BlockPool::open_slab(unsigned size, std::size_t bytes) {
  Page* page = pages_;
  while (page != nullptr && page->unused == 0) page = page->next;
  if (page == nullptr) {
    page = map_page();
    page->next = pages_;
    if (pages_ != nullptr) pages_->at = &page->next;
    page->at = &pages_;
    pages_ = page;
    ++pages_count_;
    ++empty_pages_;
  }
  if (page->unused == ~std::uint32_t{0}) --empty_pages_;
  const unsigned index = 31U - static_cast<unsigned>(std::countl_zero(page->unused));
  page->unused &= ~(1U << index);
  Slab& slab = page->slabs[index];
  slab = {};
  slab.fresh = begin_of(*page, index);
  slab.end = reinterpret_cast<char*>(page) + (index + 1) * kSlabBytes;
  slab.bytes = static_cast<std::uint32_t>(bytes);
  slab.size = size;
  link(slab);
  return slab;
}

void BlockPool::close_slab(Page& page, Slab& slab) {
  unlink(slab);
  page.unused |= 1U << (&slab - page.slabs.data());
  if (page.unused != ~std::uint32_t{0} || ++empty_pages_ <= 1) return;
  --empty_pages_;
  --pages_count_;
  *page.at = page.next;
  if (page.next != nullptr) page.next->at = page.at;
  ::munmap(&page, kPageBytes);
}

FreeBlock* BlockPool::take(unsigned size, std::size_t bytes, unsigned count) {
  const std::scoped_lock lock(mutex_);
  Slab& slab = open_[size] != nullptr ? *open_[size] : open_slab(size, bytes);
  FreeBlock* taken = nullptr;
  for (; count > 0; --count) {
    FreeBlock* block = slab.free;
    if (block != nullptr) {
      slab.free = block->next;
    } else if (slab.end - slab.fresh >= static_cast<std::ptrdiff_t>(bytes)) {
      block = new (slab.fresh) FreeBlock;
      slab.fresh += bytes;
    } else {
      break;
    }
    block->next = taken;
    taken = block;
    ++slab.out;
  }
  if (slab.free == nullptr && slab.end - slab.fresh < static_cast<std::ptrdiff_t>(bytes)) {
    unlink(slab);
  }
  return taken;
}

void BlockPool::give_back(FreeBlock* list) {
  const std::scoped_lock lock(mutex_);
  while (list != nullptr) {
    FreeBlock* const block = list;
    list = block->next;
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    Page& page = *reinterpret_cast<Page*>(address & ~(kPageBytes - 1));
    Slab& slab = page.slabs[address % kPageBytes / kSlabBytes];
    block->next = slab.free;
    slab.free = block;
    if (slab.at == nullptr) link(slab);
    if (--slab.out == 0) close_slab(page, slab);
  }
}

}  // namespace guarita::net
