// The last receipts, so that an answer that was not complete in time can be asked for again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "control/barrier.h"
#include "control/outcome.h"

namespace guarita::control {

// Thread-safe. Bounded: the oldest is forgotten.
class Receipts {
 public:
  explicit Receipts(std::size_t max) : max_(max) {}

  // `mark`: of the snapshot, may be reclaimed once the barrier has passed. `pending`: null when
  // the receipt is complete.
  void add(const Receipt& receipt, std::uint64_t mark, Instant committed_at,
           std::shared_ptr<PendingBarrier> pending);

  // Looks at every incomplete one, without waiting. The highest mark that has passed by it; 0:
  // none.
  std::uint64_t refresh();

  std::optional<Receipt> find(store::Revision revision) const;
  std::size_t pending() const;
  std::optional<store::Revision> oldest_pending() const;

 private:
  struct Entry {
    Receipt receipt;
    std::uint64_t mark;
    Instant committed_at;
    std::shared_ptr<PendingBarrier> pending;
  };

  const std::size_t max_;
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;  // in the order of their barriers' begin
};

// What a report makes of a receipt.
void fill(Receipt& receipt, const BarrierReport& report, Instant committed_at);

}  // namespace guarita::control
