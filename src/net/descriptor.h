// A file descriptor in a loop's reactor: two slots, one per direction, each for one waiting
// attempt. The primitive under Stream and Listener; no allocation per operation.
//
// A slot goes on Asio's epoll reactor as an operation of our own: Asio's async_wait re-arms with
// an epoll_ctl per wait, and async_read_some allocates and posts.
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

// `attempt` is called inside the reactor when the descriptor may be ready: it tries its system
// call and says whether the wait is over. It must not touch the reactor. `completed` is called
// from the loop afterwards, or with Cancelled.
struct Waiter {
  bool (*attempt)(void* context) noexcept = nullptr;
  void (*completed)(void* context, Wake wake) noexcept = nullptr;
  void* context = nullptr;
};

// Made by adopt(), ended by release(), which closes the file at once; the object itself goes when
// the reactor has let go of its slots.
class Descriptor : public Recycled {
 public:
  struct Releaser {
    void operator()(Descriptor* descriptor) const noexcept { descriptor->release(); }
  };
  using Ptr = std::unique_ptr<Descriptor, Releaser>;

  // Takes over `fd` (non-blocking); null when the reactor refuses it, and then it is closed.
  static Ptr adopt(Loop& loop, int fd);

  int fd() const { return fd_; }
  Loop& loop() const { return loop_; }

  // REQUIRES: no waiter in that direction. Skip: the caller has just seen EAGAIN, so `attempt` is
  // not made at once; an event from then on reaches it. Attempt: it is made, and `completed` comes
  // from the loop even then: other connections get their turn.
  enum class First : std::uint8_t { Skip, Attempt };
  void wait(Direction direction, const Waiter& waiter, First first = First::Skip);
  // Detaches the waiter without a word to it; the slot stays in the reactor and remembers an
  // event (see seen_event). No system call.
  void detach(Direction direction);
  // Ends both waits with Cancelled, from the loop.
  void cancel();

  // The reactor holds the slot's operation: a wait() attaches to it and attempts nothing.
  bool armed(Direction direction) const { return slot(direction).armed; }
  // An armed slot saw no event since its waiter was detached: a read would find nothing.
  bool known_empty() const { return slots_[0].armed && !slots_[0].seen_event; }

 private:
  struct Operation;
  struct Slot {
    Waiter waiter;
    bool armed = false;       // the reactor, or its queue of completions, holds the operation
    bool completing = false;  // completed in the reactor, not yet called
    bool seen_event = false;
    bool cancelled = false;  // the waiter attached now is to be told so
    bool skip_first = false;
  };

  Descriptor(Loop& loop, int fd) : loop_(loop), fd_(fd) {}
  ~Descriptor() = default;
  void release() noexcept;
  void arm(Direction direction);
  void free_if_idle() noexcept;
  Slot& slot(Direction direction) { return slots_[static_cast<std::size_t>(direction)]; }
  const Slot& slot(Direction direction) const {
    return slots_[static_cast<std::size_t>(direction)];
  }

  Loop& loop_;
  int fd_;
  bool orphan_ = false;
  void* reactor_data_ = nullptr;
  std::array<Slot, 2> slots_;
  static constexpr std::size_t kOperationBytes = 96;
  alignas(16) std::array<std::array<std::byte, kOperationBytes>, 2> operations_;
};

}  // namespace guarita::net
