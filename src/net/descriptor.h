// A file descriptor in a loop: two slots, one per direction, each for one waiting attempt. The
// primitive under Stream and Listener; no allocation and no system call per operation.
//
// The descriptor knows what the kernel has said: a direction is ready until its owner has found it
// exhausted, and again with the next event. So nobody asks a socket for bytes that are not there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "net/loop.h"
#include "net/recycler.h"

namespace guarita::net {

enum class Direction : std::uint8_t { Read, Write };

// How a wait ended.
enum class Wake : std::uint8_t { Done, Cancelled };

// `attempt` is called when the descriptor may be ready: it tries its system call, tells
// exhausted(), and says whether the wait is over. Then `completed` is called, or with Cancelled.
// Neither is ever called from within wait() or cancel().
struct Waiter {
  bool (*attempt)(void* context) noexcept = nullptr;
  void (*completed)(void* context, Wake wake) noexcept = nullptr;
  void* context = nullptr;
  bool is_new = false;  // what comes is new work: its turn is Loop::defer_new()'s
};

// Made by adopt(), ended by release(), which closes the file at once; the object itself goes at
// the end of the loop's turn.
class Descriptor final : public Recycled, private EventSink {
 public:
  struct Releaser {
    void operator()(Descriptor* descriptor) const noexcept { descriptor->release(); }
  };
  using Ptr = std::unique_ptr<Descriptor, Releaser>;

  // Takes over `fd` (non-blocking); null when the loop cannot watch it, and then it is closed.
  static Ptr adopt(Loop& loop, int fd);

  int fd() const { return fd_; }
  Loop& loop() const { return loop_; }

  // REQUIRES: no waiter in that direction. A direction that is ready is attempted later in this
  // turn: other connections get their turn.
  void wait(Direction direction, const Waiter& waiter);
  // Detaches the waiter without a word to it. No system call.
  void detach(Direction direction);
  // Ends both waits with Cancelled, at the end of this turn.
  void cancel();

  // An attempt may find something.
  bool ready(Direction direction) const { return slot(direction).ready; }
  // The kernel had nothing more (EAGAIN): the next event makes the direction ready again.
  void exhausted(Direction direction) { slot(direction).ready = false; }
  // A read got less than it asked for: nothing more is there, unless the peer's end is.
  void read_short() {
    if (!ended_) exhausted(Direction::Read);
  }

 private:
  struct Slot {
    Waiter waiter;
    bool ready = true;
    bool cancelled = false;  // the waiter attached now is to be told so
  };

  Descriptor(Loop& loop, int fd);
  ~Descriptor() = default;
  void on_events(std::uint32_t events) noexcept override;
  void release() noexcept;
  void attempt(Direction direction) noexcept;
  void await_event(Direction direction) noexcept;
  void run_deferred() noexcept;
  Slot& slot(Direction direction) { return slots_[static_cast<std::size_t>(direction)]; }
  const Slot& slot(Direction direction) const {
    return slots_[static_cast<std::size_t>(direction)];
  }

  Loop& loop_;
  int fd_;
  bool released_ = false;
  bool ended_ = false;            // the peer's end, or an error, may be what a read finds
  bool watching_writes_ = false;  // only from the first that did not go: a Unix peer's every read
                                  // would be an event of ours
  std::array<Slot, 2> slots_;
  Deferred deferred_;
  Deferred arrived_;  // to a waiter for new work
};

}  // namespace guarita::net
