// One thread's event loop: an epoll set, jobs from other threads, and the tick.
//
// A turn: wait for events; hand each to its descriptor; then a share of the new work; then what was
// deferred to the turn's end (writes, so that many leave together); then jobs from other threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "base/time.h"

namespace guarita::net {

class Loop;
class Deferred;

// First in, first out.
struct DeferredQueue {
  Deferred* first = nullptr;
  Deferred** end = &first;
};

// Work for later in a turn, embedded in its owner: nothing is allocated. On at most one queue.
class Deferred {
 public:
  Deferred(void (*run)(void* context) noexcept, void* context) : run_(run), context_(context) {}
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;
  ~Deferred() { drop(); }

  void drop();
  bool queued() const { return at_ != nullptr; }

 private:
  friend class Loop;
  void (*run_)(void* context) noexcept;
  void* context_;
  Deferred* next_ = nullptr;
  Deferred** at_ = nullptr;  // what points here
  DeferredQueue* queue_ = nullptr;
};

// Gets the events of a file descriptor.
class EventSink {
 public:
  virtual void on_events(std::uint32_t events) noexcept = 0;  // EPOLLIN …

 protected:
  ~EventSink() = default;
};

// Everything but post() and stop() belongs to the thread that runs it (before run(): to the one
// that made it).
// A cache line to itself: its thread writes it all the time.
class alignas(64) Loop {
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

  // Runs once, at the end of this turn; what is deferred from there, at the end of the next. Does
  // nothing when it is queued already.
  void defer(Deferred& work) { put(deferred_, work); }
  // The same for work that nothing under way waits for: a share of it runs each turn. So what is
  // begun is mostly finished before more is begun, and few exchanges and upstream connections are
  // in use at a time: those that the caches hold.
  void defer_new(Deferred& work) { put(new_, work); }
  static constexpr unsigned kNewPerTurn = 64;

  // Edge-triggered, until the file is closed: a sink must not go before the turn's end, see bury().
  // False: errno says why.
  bool watch(int fd, std::uint32_t events, EventSink& sink);
  bool change_watch(int fd, std::uint32_t events, EventSink& sink);
  // Calls `remove(object)` when no event of this turn can reach it any more.
  void bury(void* object, void (*remove)(void* object) noexcept);

 private:
  friend class Deferred;
  struct Buried {
    void* object;
    void (*remove)(void*) noexcept;
  };

  void turn();
  static void put(DeferredQueue& queue, Deferred& work);
  static void run(DeferredQueue& queue, unsigned most);
  void run_jobs();
  void tick();
  void unbury();
  void refresh_now();

  int epoll_ = -1;
  int wake_ = -1;   // an eventfd
  int timer_ = -1;  // a timerfd
  std::int64_t now_ms_ = 0;
  void (*tick_)(void*) = nullptr;
  void* tick_context_ = nullptr;
  DeferredQueue deferred_;
  DeferredQueue new_;
  std::vector<Buried> buried_;

  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::vector<std::move_only_function<void()>> jobs_;
};

// Steady time in microseconds: for durations of requests. About 25 ns.
std::int64_t steady_us();
std::int64_t steady_ns();  // of the same clock: a decision takes less than a microsecond

}  // namespace guarita::net
