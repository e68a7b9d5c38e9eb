#include "policy/snapshot_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

namespace guarita::policy {
namespace {

constexpr std::uint64_t round_up(std::uint64_t bytes, std::uint64_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

Offset offset_of(std::uint64_t byte) {
  return static_cast<Offset>(byte / kOffsetUnit);
}

}  // namespace

Arena::Arena(std::uint64_t reserve_bytes, std::uint32_t header_bytes) {
  std::uint64_t want = reserve_bytes == 0 ? kReserveMax : reserve_bytes;
  want = std::clamp(round_up(want, kPage), kReserveMin, kReserveMax);
  // A limit on address space (RLIMIT_AS, strict overcommit) may refuse the whole: take what it
  // grants.
  for (; want >= kReserveMin; want = round_up(want / 2, kPage)) {
    void* const at = mmap(nullptr, want, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) continue;
    base_ = static_cast<std::byte*>(at);
    reserved_ = want;
    break;
  }
  if (base_ == nullptr) std::abort();
  take_run(round_up(header_bytes, kRunUnit));
}

Arena::~Arena() {
  munmap(base_, reserved_);
}

std::uint32_t Arena::rounded(std::uint32_t bytes) {
  const std::uint64_t unit = bytes <= kSmallMax ? kOffsetUnit : kRunUnit;
  return static_cast<std::uint32_t>(round_up(std::max<std::uint32_t>(bytes, 1), unit));
}

Block Arena::allocate(std::uint32_t bytes) {
  const std::uint32_t size = rounded(bytes);
  if (size > kSmallMax) return {offset_of(take_run(size)), size};
  Offset& head = free_small_[size / kOffsetUnit];
  if (head != 0) {
    const Offset block = head;
    std::memcpy(&head, at(block), sizeof head);
    return {block, size};
  }
  if (slab_end_ - slab_at_ < size) {
    // The slab's rest is itself a small block.
    if (const auto rest = static_cast<std::uint32_t>(slab_end_ - slab_at_); rest != 0) {
      free({offset_of(slab_at_), rest});
    }
    slab_at_ = take_run(kSlab);
    slab_end_ = slab_at_ + kSlab;
  }
  const Block block{offset_of(slab_at_), size};
  slab_at_ += size;
  return block;
}

void Arena::free(Block block) {
  const std::uint32_t size = rounded(block.bytes);
  if (size > kSmallMax) {
    free_run(kOffsetUnit * block.offset, size);
    return;
  }
  Offset& head = free_small_[size / kOffsetUnit];
  std::memcpy(at(block.offset), &head, sizeof head);
  head = block.offset;
}

// Best fit: the smallest free run that holds it, else fresh addresses. Always zeroed memory.
std::uint64_t Arena::take_run(std::uint64_t bytes) {
  used_ += bytes;
  const auto fit = runs_by_size_.lower_bound(bytes);
  if (fit == runs_by_size_.end()) {
    if (reserved_ - top_ < bytes) std::abort();
    top_ += bytes;
    return top_ - bytes;
  }
  const auto [size, start] = *fit;
  runs_by_size_.erase(fit);
  free_runs_.erase(start);
  if (size > bytes) {
    free_runs_.emplace(start + bytes, size - bytes);
    runs_by_size_.emplace(size - bytes, start + bytes);
  }
  return start;
}

void Arena::forget_run(std::uint64_t start, std::uint64_t bytes) {
  free_runs_.erase(start);
  const auto [first, last] = runs_by_size_.equal_range(bytes);
  runs_by_size_.erase(
      std::find_if(first, last, [&](const auto& run) { return run.second == start; }));
}

// Anonymous pages given back read as zero.
void Arena::clear(std::uint64_t start, std::uint64_t bytes) {
  const std::uint64_t end = start + bytes;
  const std::uint64_t first_page = round_up(start, kPage);
  const std::uint64_t last_page = end / kPage * kPage;
  if (first_page >= last_page ||
      madvise(base_ + first_page, last_page - first_page, MADV_DONTNEED) != 0) {
    std::memset(base_ + start, 0, bytes);
    return;
  }
  std::memset(base_ + start, 0, first_page - start);
  std::memset(base_ + last_page, 0, end - last_page);
}

void Arena::free_run(std::uint64_t start, std::uint64_t bytes) {
  used_ -= bytes;
  clear(start, bytes);
  const auto after = free_runs_.find(start + bytes);
  if (after != free_runs_.end()) {
    const std::uint64_t after_bytes = after->second;
    forget_run(start + bytes, after_bytes);
    bytes += after_bytes;
  }
  const auto next = free_runs_.lower_bound(start);
  if (next != free_runs_.begin()) {
    const auto [before, before_bytes] = *std::prev(next);
    if (before + before_bytes == start) {
      forget_run(before, before_bytes);
      start = before;
      bytes += before_bytes;
    }
  }
  free_runs_.emplace(start, bytes);
  runs_by_size_.emplace(bytes, start);
}

}  // namespace guarita::policy
