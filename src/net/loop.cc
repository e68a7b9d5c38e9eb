#include "net/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

#include "net/recycler.h"

namespace guarita::net {
namespace {

constexpr int kEventsMax = 256;

// Without the three of them there is no loop: out of files at the start.
int opened(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

void drain(int fd) noexcept {
  std::uint64_t count = 0;
  (void)!::read(fd, &count, sizeof count);
}

}  // namespace

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

// ---- deferred work -----------------------------------------------------------------------------

void Deferred::drop() {
  if (at_ == nullptr) return;
  *at_ = next_;
  (next_ != nullptr ? next_->at_ : queue_->end) = at_;
  next_ = nullptr;
  at_ = nullptr;
}

void Loop::put(DeferredQueue& queue, Deferred& work) {
  if (work.queued()) return;
  work.queue_ = &queue;
  work.at_ = queue.end;
  work.next_ = nullptr;
  *queue.end = &work;
  queue.end = &work.next_;
}

void Loop::run(DeferredQueue& queue, unsigned most) {
  // A mark in the queue: what comes behind it has time until the next turn.
  Deferred mark([](void*) noexcept {}, nullptr);
  if (queue.first == nullptr) return;
  put(queue, mark);
  for (; most > 0 && queue.first != &mark; --most) {
    Deferred& work = *queue.first;
    work.drop();
    work.run_(work.context_);
  }
}

// ---- events ------------------------------------------------------------------------------------

Loop::Loop()
    : epoll_(opened(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(opened(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      timer_(
          opened(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")) {
  refresh_now();
  for (int* fd : {&wake_, &timer_}) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = fd}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, *fd, &event) != 0) opened(-1, "epoll_ctl");
  }
}

Loop::~Loop() {
  unbury();
  for (const int fd : {timer_, wake_, epoll_}) ::close(fd);
}

bool Loop::watch(int fd, std::uint32_t events, EventSink& sink) {
  epoll_event event{.events = events | EPOLLET, .data = {.ptr = &sink}};
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool Loop::change_watch(int fd, std::uint32_t events, EventSink& sink) {
  epoll_event event{.events = events | EPOLLET, .data = {.ptr = &sink}};
  return ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0;
}

void Loop::bury(void* object, void (*remove)(void* object) noexcept) {
  buried_.push_back({object, remove});
}

void Loop::unbury() {
  while (!buried_.empty()) {
    const Buried each = buried_.back();
    buried_.pop_back();
    each.remove(each.object);
  }
}

void Loop::turn() {
  std::array<epoll_event, kEventsMax> events;
  const bool may_sleep = deferred_.first == nullptr && new_.first == nullptr;
  const int count = ::epoll_wait(epoll_, events.data(), kEventsMax, may_sleep ? -1 : 0);
  bool woken = false;
  bool ticking = false;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == &wake_) {
      woken = true;
    } else if (event.data.ptr == &timer_) {
      ticking = true;
    } else {
      static_cast<EventSink*>(event.data.ptr)->on_events(event.events);
    }
  }
  run(new_, kNewPerTurn);
  run(deferred_, UINT_MAX);
  if (woken) run_jobs();
  if (ticking) tick();
  unbury();
}

void Loop::run() {
  refresh_now();
  constexpr auto kNanoseconds = std::chrono::nanoseconds(kTick).count();
  const itimerspec every{.it_interval = {.tv_sec = 0, .tv_nsec = kNanoseconds},
                         .it_value = {.tv_sec = 0, .tv_nsec = kNanoseconds}};
  ::timerfd_settime(timer_, 0, &every, nullptr);
  while (!stopped_.load(std::memory_order_acquire)) turn();
}

// ---- jobs and the tick -------------------------------------------------------------------------

void Loop::post(std::move_only_function<void()> job) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    first = jobs_.empty();
    jobs_.push_back(std::move(job));
  }
  const std::uint64_t one = 1;
  if (first) (void)!::write(wake_, &one, sizeof one);
}

void Loop::stop() {
  stopped_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof one);
}

void Loop::run_jobs() {
  drain(wake_);
  std::vector<std::move_only_function<void()>> jobs;
  {
    const std::scoped_lock lock(mutex_);
    jobs.swap(jobs_);
  }
  for (auto& job : jobs) {
    if (stopped_.load(std::memory_order_acquire)) return;
    job();
  }
}

void Loop::set_tick(void (*tick)(void*), void* context) {
  tick_ = tick;
  tick_context_ = context;
}

void Loop::refresh_now() {
  now_ms_ = steady_us() / 1000;
}

void Loop::tick() {
  drain(timer_);
  refresh_now();
  if (tick_ != nullptr) tick_(tick_context_);
  trim_recycled();
}

}  // namespace guarita::net
