#include "net/deadlines.h"

#include <algorithm>

namespace guarita::net {

DeadlineWheel::DeadlineWheel(std::int64_t now_ms) : next_slot_(now_ms / kSlotMs) {
  for (DeadlineLink& head : heads_) head.next_ = head.previous_ = &head;
}

DeadlineWheel::~DeadlineWheel() {
  for (DeadlineLink& head : heads_) {
    while (head.next_ != &head) head.next_->unlink();
    head.next_ = head.previous_ = nullptr;
  }
}

void DeadlineWheel::file(Deadline& deadline, std::int64_t slot) {
  deadline.unlink();
  DeadlineLink& head = heads_[static_cast<std::size_t>(slot % kSlots)];
  deadline.filed_slot_ = slot;
  deadline.previous_ = head.previous_;
  deadline.next_ = &head;
  head.previous_->next_ = &deadline;
  head.previous_ = &deadline;
}

void DeadlineWheel::arm(Deadline& deadline, std::int64_t due_ms) {
  deadline.due_ms_ = due_ms;
  const std::int64_t slot = std::clamp(due_ms / kSlotMs, next_slot_, next_slot_ + kSlots - 1);
  // Filed earlier than due is found in time and moved then.
  if (deadline.next_ != nullptr && deadline.filed_slot_ <= slot) return;
  file(deadline, slot);
}

void DeadlineWheel::expire_slot(std::int64_t slot, std::int64_t now_ms) {
  // Taken off into a list of its own first: what `expired` arms anew may land in this very slot.
  DeadlineLink& head = heads_[static_cast<std::size_t>(slot % kSlots)];
  if (head.next_ == &head) return;
  DeadlineLink batch;
  batch.next_ = head.next_;
  batch.previous_ = head.previous_;
  batch.next_->previous_ = batch.previous_->next_ = &batch;
  head.next_ = head.previous_ = &head;

  while (batch.next_ != &batch) {
    auto& deadline = static_cast<Deadline&>(*batch.next_);
    deadline.unlink();
    if (deadline.due_ms_ == Deadline::kNever) continue;
    if (deadline.due_ms_ <= now_ms) {
      deadline.due_ms_ = Deadline::kNever;
      deadline.expired_(deadline.context_);
      continue;
    }
    // Never back under the slot being emptied while there is a later one to wait in.
    const std::int64_t due_slot = deadline.due_ms_ / kSlotMs;
    file(deadline, std::clamp(due_slot, slot, slot + kSlots - 1));
  }
  batch.next_ = batch.previous_ = nullptr;
}

void DeadlineWheel::expire(std::int64_t now_ms) {
  // The slot that `now` is in is looked at again next time: it may hold later milliseconds.
  const std::int64_t last = now_ms / kSlotMs;
  // A wheel that stood still longer than a turn empties each slot once.
  next_slot_ = std::max(next_slot_, last - kSlots + 1);
  for (std::int64_t slot = next_slot_; slot <= last; ++slot) {
    next_slot_ = slot;
    expire_slot(slot, now_ms);
  }
}

}  // namespace guarita::net
