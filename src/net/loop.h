// One thread's event loop: an Asio io_context behind a header without Asio.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/time.h"

namespace guarita::net {

namespace detail {
struct LoopAccess;
}

// Everything but post() and stop() belongs to the thread that runs it (before run(): to the one
// that made it).
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(). Calls `tick` every kTick and refreshes now_ms() before.
  void run();

  // Any thread. Runs `job` on the loop's thread, in the order of posting. A job left over when the
  // loop stops is destroyed unrun.
  void post(std::move_only_function<void()> job);
  void stop();  // any thread

  static constexpr Millis kTick{100};
  void set_tick(void (*tick)(void*), void* context);

  // Milliseconds since an arbitrary start, never going back; up to kTick behind. No system call.
  std::int64_t now_ms() const { return now_ms_; }

 private:
  friend struct detail::LoopAccess;
  void arm_tick();
  void refresh_now();

  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::int64_t now_ms_ = 0;
  void (*tick_)(void*) = nullptr;
  void* tick_context_ = nullptr;
};

// Steady time in microseconds: for durations of requests. About 25 ns.
std::int64_t steady_us();
std::int64_t steady_ns();  // of the same clock: a decision takes less than a microsecond

}  // namespace guarita::net
