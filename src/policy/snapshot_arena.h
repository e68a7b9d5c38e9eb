// The snapshot's memory: one reserved stretch of address space, used from its start, named by
// offsets. Nothing in it is a pointer, so it can be mapped from a file at another address.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "policy/snapshot_books.h"

namespace guarita::policy {

// In units of 8 bytes from the arena's start. 0 is the header, so 0 also says "none". The bit above
// kOffsetBits is free for whoever keeps one.
using Offset = std::uint32_t;
inline constexpr unsigned kOffsetBits = 31;
inline constexpr std::uint64_t kOffsetUnit = 8;

struct Block {
  Offset offset = 0;
  std::uint32_t bytes = 0;
};

// Used by one thread, the writer; readers only turn offsets into addresses.
//
// Up to kSmallMax bytes: exact size classes, cut from slabs, freed into a list per size.
// Above: runs, merged with free neighbours.
//
// Behind the first huge page, the arena asks for huge pages: a lookup at random then misses the
// TLB no more than the cache. Giving a run back to the system splits one and makes every thread's
// TLB forget it, so what churn frees is kept, up to a part of what is used. What tables leave
// behind that grow a little at a time is more, and goes back.
class Arena {
 public:
  static constexpr std::uint32_t kSmallMax = 1024;
  static constexpr std::uint32_t kRunUnit = 256;
  static constexpr std::uint32_t kPage = 4096;
  static constexpr std::uint32_t kHugePage = 2U << 20;
  static constexpr std::uint32_t kSlab = 16 * kPage;

  // Aborts when the system refuses even kReserveMin bytes of address space.
  Arena(std::uint64_t reserve_bytes, std::uint32_t header_bytes);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  void* at(Offset offset) const noexcept { return base_ + kOffsetUnit * offset; }
  template <class T>
  T* as(Offset offset) const noexcept {
    return static_cast<T*>(at(offset));
  }

  // The arena's own bookkeeping, to be put beside a copy of used_parts().
  void save(BookWriter& books) const;
  // False: these are no books of an arena, or of one larger than the reserve. REQUIRES: nothing
  // was allocated but the header. The memory is as it was.
  bool restore(BookReader& books);
  // All memory but the free pages.
  std::vector<std::span<std::byte>> used_parts() const;

  // What a request for `bytes` really gets: the next multiple of 8, or of kRunUnit.
  static std::uint32_t rounded(std::uint32_t bytes);

  // 8-byte aligned; over kSmallMax zeroed, else not. Aborts when the reserve is used up.
  Block allocate(std::uint32_t bytes);
  // `bytes` as asked for or as given. REQUIRES: no reader can still hold the block.
  void free(Block block);

  // Memory taken from the system: header, slabs, runs, free ones that were not given back, and what
  // keeps track of free runs. The last huge page may reach up to 2 MiB further.
  std::uint64_t bytes_used() const noexcept {
    return used_ + kept_ + free_runs_.size() * 2 * kMapNodeBytes;
  }
  std::uint64_t bytes_reserved() const noexcept { return reserved_; }

 private:
  static constexpr std::uint64_t kMapNodeBytes = 64;
  static constexpr std::uint64_t kKeptPart = 128;  // 1/128 of the memory used
  static constexpr std::uint64_t kReserveMax = kOffsetUnit << kOffsetBits;
  static constexpr std::uint64_t kReserveMin = 64ULL << 20;

  std::uint64_t take_run(std::uint64_t bytes);
  void free_run(std::uint64_t start, std::uint64_t bytes);
  struct Stretch {
    std::uint64_t start;  // bytes from base_
    std::uint64_t bytes;
  };
  struct FreeRun {
    std::uint64_t bytes;
    std::uint64_t kept;  // how many of them are still memory, about
  };
  std::uint64_t give_back(Stretch block, Stretch run);
  void add_run(std::uint64_t start, FreeRun run);
  FreeRun remove_run(std::map<std::uint64_t, FreeRun>::iterator run);

  std::byte* mapping_ = nullptr;
  std::byte* base_ = nullptr;  // in the mapping, at a huge page's start
  std::uint64_t reserved_ = 0;
  std::uint64_t top_ = 0;   // bytes from base_: never used above
  std::uint64_t used_ = 0;  // bytes
  std::uint64_t kept_ = 0;  // bytes of free runs that are still memory
  std::uint64_t slab_at_ = 0;
  std::uint64_t slab_end_ = 0;
  std::array<Offset, kSmallMax / kOffsetUnit + 1> free_small_{};  // by size / 8; linked in place
  std::map<std::uint64_t, FreeRun> free_runs_;                    // by start
  std::multimap<std::uint64_t, std::uint64_t> runs_by_size_;      // bytes -> start
};

}  // namespace guarita::policy
