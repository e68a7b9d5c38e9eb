#include "control/receipts.h"

#include <algorithm>

namespace guarita::control {

void fill(Receipt& receipt, const BarrierReport& report, Instant committed_at) {
  receipt.complete = report.complete;
  receipt.streams_closed = report.streams_closed;
  receipt.nodes = report.complete ? receipt.of : 0;
  if (!report.complete) return;
  receipt.at = report.at;
  receipt.took = std::chrono::duration_cast<Micros>(report.passed - committed_at);
}

void Receipts::add(const Receipt& receipt, std::uint64_t mark, Instant committed_at,
                   std::shared_ptr<PendingBarrier> pending) {
  const std::scoped_lock lock(mutex_);
  entries_.push_back({receipt, mark, committed_at, std::move(pending)});
  if (entries_.size() > max_) entries_.pop_front();
}

std::uint64_t Receipts::refresh() {
  const std::scoped_lock lock(mutex_);
  std::uint64_t mark = 0;
  for (Entry& entry : entries_) {
    if (!entry.pending) continue;
    const BarrierReport report = entry.pending->look();
    fill(entry.receipt, report, entry.committed_at);
    if (!report.complete) continue;
    entry.pending.reset();
    mark = std::max(mark, entry.mark);
  }
  return mark;
}

std::optional<Receipt> Receipts::find(store::Revision revision) const {
  const std::scoped_lock lock(mutex_);
  const auto at = std::ranges::find_if(
      entries_, [&](const Entry& entry) { return entry.receipt.revision == revision; });
  if (at == entries_.end()) return std::nullopt;
  return at->receipt;
}

std::size_t Receipts::pending() const {
  const std::scoped_lock lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const Entry& entry) { return entry.pending != nullptr; }));
}

std::optional<store::Revision> Receipts::oldest_pending() const {
  const std::scoped_lock lock(mutex_);
  std::optional<store::Revision> oldest;
  for (const Entry& entry : entries_) {
    if (!entry.pending) continue;
    oldest = std::min(oldest.value_or(entry.receipt.revision), entry.receipt.revision);
  }
  return oldest;
}

}  // namespace guarita::control
