#include "net/descriptor.h"

#include <sys/epoll.h>
#include <unistd.h>

namespace guarita::net {
namespace {

constexpr std::uint32_t kReading = EPOLLIN | EPOLLRDHUP;
constexpr std::uint32_t kEnds = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

}  // namespace

Descriptor::Descriptor(Loop& loop, int fd)
    : loop_(loop),
      fd_(fd),
      deferred_([](void* self) noexcept { static_cast<Descriptor*>(self)->run_deferred(); }, this),
      arrived_(
          [](void* self) noexcept { static_cast<Descriptor*>(self)->attempt(Direction::Read); },
          this) {}

Descriptor::Ptr Descriptor::adopt(Loop& loop, int fd) {
  Ptr made(new Descriptor(loop, fd));
  if (!loop.watch(fd, kReading, *made)) return nullptr;
  return made;
}

void Descriptor::on_events(std::uint32_t events) noexcept {
  if (released_) return;
  if ((events & kEnds) != 0) ended_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    slot(Direction::Write).ready = true;
    attempt(Direction::Write);
  }
  if (!released_ && (events & (kReading | EPOLLHUP | EPOLLERR)) != 0) {
    Slot& reading = slot(Direction::Read);
    reading.ready = true;
    if (reading.waiter.is_new) {
      loop_.defer_new(arrived_);
    } else {
      attempt(Direction::Read);
    }
  }
}

void Descriptor::attempt(Direction direction) noexcept {
  Slot& target = slot(direction);
  if (target.waiter.attempt == nullptr) return;
  const bool cancelled = target.cancelled;
  if (!cancelled && !target.waiter.attempt(target.waiter.context)) {
    await_event(direction);
    return;
  }
  const Waiter waiter = std::exchange(target.waiter, {});
  target.cancelled = false;
  waiter.completed(waiter.context, cancelled ? Wake::Cancelled : Wake::Done);
}

void Descriptor::wait(Direction direction, const Waiter& waiter) {
  Slot& target = slot(direction);
  target.waiter = waiter;
  target.cancelled = false;
  if (target.ready) {
    waiter.is_new ? loop_.defer_new(arrived_) : loop_.defer(deferred_);
  } else {
    await_event(direction);
  }
}

void Descriptor::await_event(Direction direction) noexcept {
  if (direction == Direction::Read || watching_writes_) return;
  // Reports at once when it has become writable in the meantime. Refused (out of memory): the
  // deadline of whoever waits ends it.
  watching_writes_ = loop_.change_watch(fd_, kReading | EPOLLOUT, *this);
}

void Descriptor::detach(Direction direction) {
  slot(direction).waiter = {};
}

void Descriptor::cancel() {
  for (Slot& each : slots_) each.cancelled = each.waiter.completed != nullptr;
  loop_.defer(deferred_);
}

void Descriptor::run_deferred() noexcept {
  for (const Direction direction : {Direction::Write, Direction::Read}) {
    if (released_) return;
    const Slot& each = slot(direction);
    if (each.cancelled || (each.ready && !each.waiter.is_new)) attempt(direction);
  }
}

void Descriptor::release() noexcept {
  released_ = true;
  for (Slot& each : slots_) each = {};
  deferred_.drop();
  arrived_.drop();
  ::close(fd_);
  fd_ = -1;
  loop_.bury(this, [](void* self) noexcept { delete static_cast<Descriptor*>(self); });
}

}  // namespace guarita::net
