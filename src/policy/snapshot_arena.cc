#include "policy/snapshot_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <tuple>

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
    void* const at = mmap(nullptr, want + kHugePage, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) continue;
    mapping_ = static_cast<std::byte*>(at);
    const auto address = reinterpret_cast<std::uintptr_t>(mapping_);
    base_ = mapping_ + (round_up(address, kHugePage) - address);
    reserved_ = want;
    break;
  }
  if (base_ == nullptr) std::abort();
  // A small gate stays in its first 2 MiB and pays for what it uses. A kernel without huge pages
  // refuses; all works as well, only slower.
  std::ignore = madvise(base_ + kHugePage, reserved_ - kHugePage, MADV_HUGEPAGE);
  take_run(round_up(header_bytes, kRunUnit));
}

Arena::~Arena() {
  munmap(mapping_, reserved_ + kHugePage);
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
  const std::uint64_t start = fit->second;
  const FreeRun run = remove_run(free_runs_.find(start));
  if (run.bytes > bytes) {
    add_run(start + bytes, {run.bytes - bytes, run.kept - std::min(run.kept, bytes)});
  }
  return start;
}

void Arena::save(BookWriter& books) const {
  books.put(top_);
  books.put(used_);
  books.put(slab_at_);
  books.put(slab_end_);
  books.put(free_small_);
  books.put(std::uint64_t{free_runs_.size()});
  for (const auto& [start, run] : free_runs_) {
    books.put(start);
    books.put(run.bytes);
  }
}

bool Arena::restore(BookReader& books) {
  std::uint64_t runs = 0;
  if (!books.get(top_) || !books.get(used_) || !books.get(slab_at_) || !books.get(slab_end_) ||
      !books.get(free_small_) || !books.get(runs)) {
    return false;
  }
  if (top_ > reserved_ || used_ > top_ || slab_at_ > slab_end_ || slab_end_ > top_) return false;
  if (std::ranges::any_of(free_small_, [&](Offset o) { return kOffsetUnit * o >= top_; })) {
    return false;
  }
  std::uint64_t end = 0;  // of the run before
  for (std::uint64_t i = 0; i < runs; ++i) {
    std::uint64_t start = 0;
    std::uint64_t bytes = 0;
    if (!books.get(start) || !books.get(bytes)) return false;
    if (start < end || start > top_ || bytes > top_ - start) return false;
    end = start + bytes;
    add_run(start, {.bytes = bytes, .kept = 0});
  }
  return true;
}

std::vector<std::span<std::byte>> Arena::used_parts() const {
  std::vector<std::span<std::byte>> parts;
  std::uint64_t at = 0;
  for (const auto& [start, run] : free_runs_) {
    const std::uint64_t first = round_up(start, kPage);
    const std::uint64_t last = (start + run.bytes) / kPage * kPage;
    if (first >= last) continue;
    if (first > at) parts.emplace_back(base_ + at, first - at);
    at = last;
  }
  if (top_ > at) parts.emplace_back(base_ + at, top_ - at);
  return parts;
}

void Arena::add_run(std::uint64_t start, FreeRun run) {
  free_runs_.emplace(start, run);
  runs_by_size_.emplace(run.bytes, start);
  kept_ += run.kept;
}

Arena::FreeRun Arena::remove_run(std::map<std::uint64_t, FreeRun>::iterator run) {
  const auto [start, removed] = *run;
  const auto [first, last] = runs_by_size_.equal_range(removed.bytes);
  runs_by_size_.erase(
      std::find_if(first, last, [&](const auto& other) { return other.second == start; }));
  free_runs_.erase(run);
  kept_ -= removed.kept;
  return removed;
}

// Gives the pages back that `block` has, and those that it completed in the free run around it; the
// rest of it is zeroed, as pages given back read. How many bytes of the run are gone.
std::uint64_t Arena::give_back(Stretch block, Stretch run) {
  const std::uint64_t end = block.start + block.bytes;
  const std::uint64_t first = std::max(round_up(run.start, kPage), block.start / kPage * kPage);
  const std::uint64_t last =
      std::min((run.start + run.bytes) / kPage * kPage, round_up(end, kPage));
  if (first >= last || madvise(base_ + first, last - first, MADV_DONTNEED) != 0) {
    std::memset(base_ + block.start, 0, block.bytes);
    return 0;
  }
  if (block.start < first) std::memset(base_ + block.start, 0, first - block.start);
  if (last < end) std::memset(base_ + last, 0, end - last);
  return last - first;
}

void Arena::free_run(std::uint64_t start, std::uint64_t bytes) {
  used_ -= bytes;
  Stretch whole{start, bytes};
  std::uint64_t kept = bytes;
  const auto after = free_runs_.find(start + bytes);
  const auto next = free_runs_.lower_bound(start);
  const auto before = next == free_runs_.begin() ? free_runs_.end() : std::prev(next);
  if (after != free_runs_.end()) {
    const FreeRun joined = remove_run(after);
    whole.bytes += joined.bytes;
    kept += joined.kept;
  }
  if (before != free_runs_.end() && before->first + before->second.bytes == start) {
    whole.start = before->first;
    const FreeRun joined = remove_run(before);
    whole.bytes += joined.bytes;
    kept += joined.kept;
  }
  if (kept_ + kept > used_ / kKeptPart) {
    kept -= std::min(kept, give_back({start, bytes}, whole));
  } else {
    std::memset(base_ + start, 0, bytes);
  }
  add_run(whole.start, {.bytes = whole.bytes, .kept = kept});
}

}  // namespace guarita::policy
