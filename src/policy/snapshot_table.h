// A hash table in the arena, from 128-bit keyed hashes to 32-bit values: one writer, readers
// without locks.
//
// A fixed number of segments, each an open-addressing array of 16-byte slots of any capacity.
// A full segment is rebuilt alone, a little larger, and swapped in by its 8-byte descriptor: the
// work per change is bounded by a segment. Only 96 bits of a hash are stored; the segment is chosen
// by the other 32. Two keys that agree in all of them would be one: 2^-64 for 2^32 entries, and
// the hash is keyed, so nobody can look for such a pair.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "crypto/crypto.h"
#include "policy/function_ref.h"
#include "policy/snapshot_arena.h"

namespace guarita::policy {

class SlotTable {
 public:
  static constexpr std::uint32_t kEmpty = 0;
  static constexpr std::uint32_t kDead = 0xffffffff;

  // Writer and reader look at no more than this many slots from a key's home: the writer rebuilds
  // a segment rather than put a key further out.
  static constexpr std::uint32_t kProbeMax = 512;

  // In tables with several values to a hash: more would be a run that no capacity spreads.
  static constexpr std::uint32_t kSameHashMax = 64;

  using Keep = FunctionRef<bool(std::uint32_t value)>;
  using Retire = FunctionRef<void(Block)>;

  // Room for `expected` entries without a rebuild. The descriptors and first segments are
  // allocated here; the table's own fields are the writer's.
  SlotTable(Arena& arena, std::uint64_t expected);

  // No table yet: restore() makes it one.
  explicit SlotTable(Arena& arena) : arena_(&arena) {}

  void save(BookWriter& books) const;
  // False: these are no books of a table.
  bool restore(BookReader& books);

  // ---- any thread ---------------------------------------------------------------------------

  // The value under this hash, or kEmpty. For tables with one value per hash.
  std::uint32_t find(const crypto::Hash128& hash) const noexcept;
  // Every value under this hash, for tables with several.
  template <class F>
  void find_all(const crypto::Hash128& hash, F&& each) const noexcept;
  void prefetch(const crypto::Hash128& hash) const noexcept;

  // ---- the writer ---------------------------------------------------------------------------
  // Values are neither kEmpty nor kDead. `keep` is asked, when a segment is rebuilt, whether an
  // entry is still wanted; `retire` receives the old segment.

  // False, nothing changed: kSameHashMax values are under this hash already.
  bool insert(const crypto::Hash128& hash, std::uint32_t value, Keep keep, Retire retire);
  // False: `from` is not under this hash.
  bool replace(const crypto::Hash128& hash, std::uint32_t from, std::uint32_t to) noexcept;
  bool erase(const crypto::Hash128& hash, std::uint32_t value) noexcept;

  // each(hash without the bits that no slot holds, value)
  template <class F>
  void for_each(F&& each) const;

  std::uint64_t live() const noexcept { return live_; }
  std::uint64_t bookkeeping_bytes() const noexcept { return counts_.size() * sizeof(Count); }

  // Where the table stands in the arena, for the arena's header.
  struct Root {
    std::uint32_t segments;
    Offset descriptors;
    bool operator==(const Root&) const = default;
  };
  Root root() const noexcept { return {segments_, descriptors_}; }

 private:
  struct Slot {
    std::uint64_t high;
    std::uint32_t low;
    std::uint32_t value;  // written last: what it says of the other two words is true
  };
  static_assert(sizeof(Slot) == 16);

  struct Segment {
    Slot* slots;
    std::uint32_t capacity;
  };
  struct Count {
    std::uint32_t live = 0;
    std::uint32_t taken = 0;  // live and dead
  };

  std::uint32_t segment_of(const crypto::Hash128& hash) const noexcept;
  std::atomic_ref<std::uint64_t> descriptor(std::uint32_t segment) const noexcept;
  Segment load(std::uint32_t segment) const noexcept;
  static std::uint32_t home(std::uint64_t high, std::uint32_t capacity) noexcept;
  static bool place(Segment segment, const Slot& entry) noexcept;
  Slot* find_slot(const crypto::Hash128& hash, std::uint32_t value) const noexcept;
  struct Seen {  // of one key
    std::uint32_t values = 0;
    Slot* dead = nullptr;  // where one was erased
  };
  static Seen look(Segment segment, const crypto::Hash128& hash) noexcept;
  Block make_segment(std::uint32_t capacity);
  void publish(std::uint32_t segment, Block block) noexcept;
  void rebuild(std::uint32_t segment, std::uint32_t capacity_min, Keep keep, Retire retire);

  Arena* arena_;
  std::uint32_t segments_ = 0;
  Offset descriptors_ = 0;  // segments_ × u64: offset in the upper half, capacity in the lower
  std::vector<Count> counts_;
  std::uint64_t live_ = 0;
};

// ---- inline: the read path ------------------------------------------------------------------

inline std::uint32_t SlotTable::segment_of(const crypto::Hash128& hash) const noexcept {
  return static_cast<std::uint32_t>(((hash.low >> 32) * segments_) >> 32);
}

inline std::atomic_ref<std::uint64_t> SlotTable::descriptor(std::uint32_t segment) const noexcept {
  return std::atomic_ref(arena_->as<std::uint64_t>(descriptors_)[segment]);
}

inline SlotTable::Segment SlotTable::load(std::uint32_t segment) const noexcept {
  const std::uint64_t word = descriptor(segment).load(std::memory_order_acquire);
  return {arena_->as<Slot>(static_cast<Offset>(word >> 32)), static_cast<std::uint32_t>(word)};
}

inline std::uint32_t SlotTable::home(std::uint64_t high, std::uint32_t capacity) noexcept {
  return static_cast<std::uint32_t>(((high >> 32) * capacity) >> 32);
}

template <class F>
void SlotTable::find_all(const crypto::Hash128& hash, F&& each) const noexcept {
  const Segment segment = load(segment_of(hash));
  std::uint32_t i = home(hash.high, segment.capacity);
  const std::uint32_t bound = segment.capacity < kProbeMax ? segment.capacity : kProbeMax;
  for (std::uint32_t n = 0; n < bound; ++n) {
    Slot& slot = segment.slots[i];
    const std::uint32_t value = std::atomic_ref(slot.value).load(std::memory_order_acquire);
    if (value == kEmpty) return;
    // The key's words never change once the value is not empty.
    if (std::atomic_ref(slot.high).load(std::memory_order_acquire) == hash.high &&
        std::atomic_ref(slot.low).load(std::memory_order_acquire) ==
            static_cast<std::uint32_t>(hash.low) &&
        value != kDead) {
      if (each(value)) return;
    }
    if (++i == segment.capacity) i = 0;
  }
}

inline std::uint32_t SlotTable::find(const crypto::Hash128& hash) const noexcept {
  std::uint32_t found = kEmpty;
  find_all(hash, [&](std::uint32_t value) {
    found = value;
    return true;
  });
  return found;
}

inline void SlotTable::prefetch(const crypto::Hash128& hash) const noexcept {
  const Segment segment = load(segment_of(hash));
  __builtin_prefetch(&segment.slots[home(hash.high, segment.capacity)]);
}

template <class F>
void SlotTable::for_each(F&& each) const {
  for (std::uint32_t s = 0; s < segments_; ++s) {
    const Segment segment = load(s);
    for (std::uint32_t i = 0; i < segment.capacity; ++i) {
      const Slot& slot = segment.slots[i];
      if (slot.value != kEmpty && slot.value != kDead) {
        each(crypto::Hash128{.low = slot.low, .high = slot.high}, slot.value);
      }
    }
  }
}

}  // namespace guarita::policy
