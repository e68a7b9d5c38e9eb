#include "net/descriptor.h"

#include <unistd.h>

#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <new>

#include "net/loop_impl.h"

namespace guarita::net {
namespace {

using Reactor = boost::asio::detail::epoll_reactor;
using boost::asio::detail::reactor_op;

Reactor& reactor_of(Loop& loop) {
  return boost::asio::use_service<Reactor>(detail::LoopAccess::context(loop));
}

}  // namespace

struct Descriptor::Operation : reactor_op {
  Operation(Descriptor* owner_in, Direction direction_in)
      : reactor_op(boost::system::error_code(), &Operation::perform, &Operation::complete),
        owner(owner_in),
        direction(direction_in) {}

  static status perform(reactor_op* base) {
    auto* self = static_cast<Operation*>(base);
    Slot& slot = self->owner->slot(self->direction);
    if (slot.skip_first) return not_done;
    if (slot.waiter.attempt == nullptr) {
      slot.seen_event = true;
      return not_done;
    }
    if (!slot.waiter.attempt(slot.waiter.context)) return not_done;
    slot.completing = true;
    return done;
  }

  // `context_owner` null: the io_context is being destroyed, nobody is to be called.
  static void complete(void* context_owner, boost::asio::detail::scheduler_operation* base,
                       const boost::system::error_code&, std::size_t) {
    auto* self = static_cast<Operation*>(base);
    Descriptor* owner = self->owner;
    Slot& slot = owner->slot(self->direction);
    const bool done = slot.completing;
    slot.armed = slot.completing = false;
    if (owner->orphan_ || context_owner == nullptr) {
      owner->free_if_idle();
      return;
    }
    if (slot.waiter.completed == nullptr) return;
    if (!done && !slot.cancelled) {  // attached after the event that ended its predecessor
      owner->arm(self->direction);
      return;
    }
    const Waiter waiter = slot.waiter;
    slot.waiter = {};
    waiter.completed(waiter.context, done ? Wake::Done : Wake::Cancelled);
  }

  Descriptor* owner;
  Direction direction;
};

namespace {
Reactor::per_descriptor_data& data_of(void*& slot) {
  return reinterpret_cast<Reactor::per_descriptor_data&>(slot);
}
int op_type_of(Direction direction) {
  return direction == Direction::Read ? Reactor::read_op : Reactor::write_op;
}
}  // namespace

Descriptor::Ptr Descriptor::adopt(Loop& loop, int fd) {
  auto* made = new Descriptor(loop, fd);
  if (reactor_of(loop).register_descriptor(fd, data_of(made->reactor_data_)) != 0) {
    made->orphan_ = true;
    ::close(fd);
    reactor_of(loop).cleanup_descriptor_data(data_of(made->reactor_data_));
    made->free_if_idle();
    return nullptr;
  }
  return Ptr(made);
}

void Descriptor::wait(Direction direction, const Waiter& waiter, First first) {
  Slot& target = slot(direction);
  target.waiter = waiter;
  target.seen_event = target.cancelled = false;
  if (target.armed) return;
  target.skip_first = first == First::Skip;
  arm(direction);
  target.skip_first = false;
}

void Descriptor::arm(Direction direction) {
  static_assert(sizeof(Operation) <= kOperationBytes);
  Slot& target = slot(direction);
  target.armed = true;
  auto* memory = operations_[static_cast<std::size_t>(direction)].data();
  auto* operation = new (memory) Operation(this, direction);
  reactor_of(loop_).start_op(op_type_of(direction), fd_, data_of(reactor_data_), operation,
                             /*is_continuation=*/false, /*allow_speculative=*/true);
}

void Descriptor::detach(Direction direction) {
  Slot& target = slot(direction);
  target.waiter = {};
  if (target.completing) target.seen_event = true;
  target.completing = false;
}

void Descriptor::cancel() {
  for (Slot& each : slots_) {
    each.seen_event = true;
    each.cancelled = each.waiter.completed != nullptr;
  }
  reactor_of(loop_).cancel_ops(fd_, data_of(reactor_data_));
}

void Descriptor::release() noexcept {
  orphan_ = true;
  for (Slot& each : slots_) each.waiter = {};
  reactor_of(loop_).deregister_descriptor(fd_, data_of(reactor_data_), /*closing=*/true);
  ::close(fd_);
  fd_ = -1;
  reactor_of(loop_).cleanup_descriptor_data(data_of(reactor_data_));
  free_if_idle();
}

void Descriptor::free_if_idle() noexcept {
  if (orphan_ && !slots_[0].armed && !slots_[1].armed) delete this;
}

}  // namespace guarita::net
