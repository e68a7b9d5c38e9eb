// The watchdog's heart: deadlines of one thread on a coarse wheel, sans I/O and clock. No timer,
// no system call and no allocation per deadline: moving one later writes one number.
#pragma once

#include <array>
#include <cstdint>

namespace guarita::net {

struct DeadlineLink {
  DeadlineLink* next_ = nullptr;
  DeadlineLink* previous_ = nullptr;
  void unlink() {
    if (next_ == nullptr) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }
};

// Lives in what it watches. Not to be moved while armed.
class Deadline : private DeadlineLink {
 public:
  // `expired` is called once; the deadline is disarmed before.
  Deadline(void (*expired)(void*), void* context) : expired_(expired), context_(context) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { unlink(); }

  bool armed() const { return due_ms_ != kNever; }

 private:
  friend class DeadlineWheel;
  static constexpr std::int64_t kNever = INT64_MAX;
  std::int64_t due_ms_ = kNever;
  std::int64_t filed_slot_ = 0;  // which turn of the wheel it stands under; never later than due
  void (*expired_)(void*) = nullptr;
  void* context_ = nullptr;
};

// Times are milliseconds of any steady clock. A deadline expires at the first expire() whose `now`
// has reached it. Outlives its deadlines, or expires none of them any more.
class DeadlineWheel {
 public:
  explicit DeadlineWheel(std::int64_t now_ms);
  ~DeadlineWheel();
  DeadlineWheel(const DeadlineWheel&) = delete;
  DeadlineWheel& operator=(const DeadlineWheel&) = delete;

  void arm(Deadline& deadline, std::int64_t due_ms);
  void disarm(Deadline& deadline) { deadline.due_ms_ = Deadline::kNever; }
  void expire(std::int64_t now_ms);

 private:
  static constexpr std::int64_t kSlotMs = 100;
  static constexpr std::int64_t kSlots = 1024;
  void file(Deadline& deadline, std::int64_t slot);
  void expire_slot(std::int64_t slot, std::int64_t now_ms);

  std::array<DeadlineLink, kSlots> heads_;
  std::int64_t next_slot_;  // the first that expire() has not finished
};

}  // namespace guarita::net
