#include "net/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "net/loop_impl.h"

namespace guarita::net {

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  refresh_now();
}
Loop::~Loop() = default;

void Loop::refresh_now() {
  now_ms_ = steady_us() / 1000;
}

void Loop::set_tick(void (*tick)(void*), void* context) {
  tick_ = tick;
  tick_context_ = context;
}

void Loop::arm_tick() {
  impl_->timer.expires_after(kTick);
  impl_->timer.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    refresh_now();
    if (tick_ != nullptr) tick_(tick_context_);
    arm_tick();
  });
}

void Loop::run() {
  refresh_now();
  arm_tick();
  const auto guard = boost::asio::make_work_guard(impl_->context);
  impl_->context.run();
}

void Loop::post(std::move_only_function<void()> job) {
  boost::asio::post(impl_->context, std::move(job));
}

void Loop::stop() {
  impl_->context.stop();
}

}  // namespace guarita::net
