#include "policy/snapshot_table.h"

#include <algorithm>
#include <cstring>

namespace guarita::policy {
namespace {

constexpr std::uint64_t kSegmentsMin = 64;
constexpr std::uint64_t kSegmentsMax = 65'536;
constexpr std::uint64_t kEntriesPerSegment = 2048;  // a rebuild takes about 20 microseconds
constexpr std::uint32_t kCapacityMin = 16;
constexpr std::uint32_t kCapacityStep = 8;

// Full at 25/32: a miss then looks at 11 slots on average, three neighbouring cache lines.
constexpr std::uint32_t entries_max(std::uint32_t capacity) {
  return capacity / 32 * 25 + capacity % 32 * 25 / 32;
}
constexpr std::uint64_t capacity_for(std::uint64_t entries) {
  return entries * 32 / 25;
}

// Segments grow by different parts, 2/64 to 5/64, so that they do not all become full, or sit
// emptiest, at the same time. A change then costs about 20 moved entries on average.
std::uint64_t grown(std::uint64_t entries, std::uint32_t segment) {
  const std::uint64_t sixty_fourths = 2 + (segment * 2'654'435'761U >> 30);
  return entries + entries * sixty_fourths / 64;
}

}  // namespace

SlotTable::SlotTable(Arena& arena, std::uint64_t expected)
    : arena_(&arena),
      segments_(static_cast<std::uint32_t>(
          std::clamp(expected / kEntriesPerSegment, kSegmentsMin, kSegmentsMax))),
      descriptors_(arena.allocate(segments_ * 8).offset),
      counts_(segments_) {
  const std::uint64_t each = expected / segments_;
  const auto capacity = static_cast<std::uint32_t>(capacity_for(each) + each / 32);
  for (std::uint32_t s = 0; s < segments_; ++s) {
    publish(s, make_segment(std::max(capacity, kCapacityMin)));
  }
}

void SlotTable::save(BookWriter& books) const {
  books.put(segments_);
  books.put(descriptors_);
  books.put(live_);
  for (const Count& count : counts_) books.put(count);
}

bool SlotTable::restore(BookReader& books) {
  if (!books.get(segments_) || !books.get(descriptors_) || !books.get(live_)) return false;
  if (segments_ < kSegmentsMin || segments_ > kSegmentsMax) return false;
  counts_.resize(segments_);
  return std::ranges::all_of(counts_, [&](Count& count) { return books.get(count); });
}

// As many slots as the block really has room for.
Block SlotTable::make_segment(std::uint32_t capacity) {
  const Block block = arena_->allocate(capacity * static_cast<std::uint32_t>(sizeof(Slot)));
  if (block.bytes <= Arena::kSmallMax) std::memset(arena_->at(block.offset), 0, block.bytes);
  return block;
}

void SlotTable::publish(std::uint32_t segment, Block block) noexcept {
  const std::uint64_t word = std::uint64_t{block.offset} << 32 | block.bytes / sizeof(Slot);
  descriptor(segment).store(word, std::memory_order_release);
}

bool SlotTable::place(Segment segment, const Slot& entry) noexcept {
  std::uint32_t i = home(entry.high, segment.capacity);
  const std::uint32_t bound = std::min(segment.capacity, kProbeMax);
  for (std::uint32_t n = 0; n < bound; ++n) {
    Slot& slot = segment.slots[i];
    if (slot.value == kEmpty) {
      std::atomic_ref(slot.high).store(entry.high, std::memory_order_release);
      std::atomic_ref(slot.low).store(entry.low, std::memory_order_release);
      std::atomic_ref(slot.value).store(entry.value, std::memory_order_release);
      return true;
    }
    if (++i == segment.capacity) i = 0;
  }
  return false;
}

// The slot with this key and this value, kDead included.
SlotTable::Slot* SlotTable::find_slot(const crypto::Hash128& hash,
                                      std::uint32_t value) const noexcept {
  const Segment segment = load(segment_of(hash));
  std::uint32_t i = home(hash.high, segment.capacity);
  const std::uint32_t bound = std::min(segment.capacity, kProbeMax);
  for (std::uint32_t n = 0; n < bound; ++n) {
    Slot& slot = segment.slots[i];
    if (slot.value == kEmpty) return nullptr;
    if (slot.value == value && slot.high == hash.high &&
        slot.low == static_cast<std::uint32_t>(hash.low)) {
      return &slot;
    }
    if (++i == segment.capacity) i = 0;
  }
  return nullptr;
}

SlotTable::Seen SlotTable::look(Segment segment, const crypto::Hash128& hash) noexcept {
  Seen seen;
  std::uint32_t i = home(hash.high, segment.capacity);
  const std::uint32_t bound = std::min(segment.capacity, kProbeMax);
  for (std::uint32_t n = 0; n < bound && segment.slots[i].value != kEmpty; ++n) {
    Slot& slot = segment.slots[i];
    if (slot.high == hash.high && slot.low == static_cast<std::uint32_t>(hash.low)) {
      if (slot.value == kDead) {
        seen.dead = &slot;
      } else {
        ++seen.values;
      }
    }
    if (++i == segment.capacity) i = 0;
  }
  return seen;
}

bool SlotTable::insert(const crypto::Hash128& hash, std::uint32_t value, Keep keep, Retire retire) {
  const std::uint32_t s = segment_of(hash);
  const Seen seen = look(load(s), hash);
  if (seen.values >= kSameHashMax) return false;
  if (seen.dead != nullptr) {
    std::atomic_ref(seen.dead->value).store(value, std::memory_order_release);
  } else {
    if (counts_[s].taken + 1 > entries_max(load(s).capacity)) rebuild(s, 0, keep, retire);
    const Slot entry{hash.high, static_cast<std::uint32_t>(hash.low), value};
    while (!place(load(s), entry)) rebuild(s, load(s).capacity / 4 * 5, keep, retire);
    ++counts_[s].taken;
  }
  ++counts_[s].live;
  ++live_;
  return true;
}

bool SlotTable::replace(const crypto::Hash128& hash, std::uint32_t from,
                        std::uint32_t to) noexcept {
  Slot* const slot = find_slot(hash, from);
  if (slot == nullptr) return false;
  std::atomic_ref(slot->value).store(to, std::memory_order_release);
  return true;
}

// The key stays, so that no reader walking past takes it for another; the slot serves the same key
// again, and is empty after the next rebuild.
bool SlotTable::erase(const crypto::Hash128& hash, std::uint32_t value) noexcept {
  if (!replace(hash, value, kDead)) return false;
  --counts_[segment_of(hash)].live;
  --live_;
  return true;
}

void SlotTable::rebuild(std::uint32_t segment, std::uint32_t capacity_min, Keep keep,
                        Retire retire) {
  const Segment old = load(segment);
  std::vector<Slot> entries;
  entries.reserve(counts_[segment].live);
  for (std::uint32_t i = 0; i < old.capacity; ++i) {
    const Slot& slot = old.slots[i];
    if (slot.value != kEmpty && slot.value != kDead && keep(slot.value)) entries.push_back(slot);
  }
  live_ -= counts_[segment].live - entries.size();
  counts_[segment].live = counts_[segment].taken = static_cast<std::uint32_t>(entries.size());

  auto capacity = static_cast<std::uint32_t>(capacity_for(grown(entries.size() + 1, segment)));
  capacity = std::max({capacity + kCapacityStep, capacity_min, kCapacityMin});
  for (;; capacity = capacity / 4 * 5) {
    const Block block = make_segment(capacity);
    const Segment fresh{arena_->as<Slot>(block.offset),
                        block.bytes / static_cast<std::uint32_t>(sizeof(Slot))};
    if (std::ranges::all_of(entries, [&](const Slot& slot) { return place(fresh, slot); })) {
      publish(segment, block);
      break;
    }
    arena_->free(block);  // no reader has seen it
  }
  retire({static_cast<Offset>(
              (reinterpret_cast<std::byte*>(old.slots) - static_cast<std::byte*>(arena_->at(0))) /
              static_cast<std::ptrdiff_t>(kOffsetUnit)),
          old.capacity * static_cast<std::uint32_t>(sizeof(Slot))});
}

}  // namespace guarita::policy
