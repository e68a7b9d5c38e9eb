// Coroutines of one thread: Task<T>, awaited once; Joinable, a second flow beside the awaiting one;
// spawn(), the root of a connection. A level costs one recycled frame and no trip through the
// event loop: control goes from coroutine to coroutine by symmetric transfer.
//
// Rules: named functions, never capturing lambdas; parameters by value, or references to what the
// connection owns; at most two levels on the per-read path.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

#include "net/recycler.h"

namespace guarita::net {

namespace detail {

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::exception_ptr thrown;

  static void* operator new(std::size_t bytes) { return recycled_new(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    recycled_delete(memory, bytes);
  }

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) const noexcept {
      return self.promise().continuation;
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  void return_value(T v) { value.emplace(std::move(v)); }
  T take() {
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*value);
  }
};
template <>
struct Promise<void> : PromiseBase {
  void return_void() const noexcept {}
  void take() const {
    if (thrown) std::rethrow_exception(thrown);
  }
};

}  // namespace detail

// Starts when awaited; the awaiting coroutine owns it. Not awaited: destroyed unstarted.
template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::Promise<T> {
    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    std::coroutine_handle<promise_type> handle;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
      handle.promise().continuation = awaiting;
      return handle;
    }
    T await_resume() const { return handle.promise().take(); }
  };
  Awaiter operator co_await() && noexcept { return Awaiter{handle_}; }

 private:
  friend class Joinable;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

// Runs a task beside the coroutine that owns this object, which must join it before it leaves
// the scope (a frame that is destroyed under a pending socket operation is undefined).
class [[nodiscard]] Joinable {
 public:
  // Runs until the task first suspends.
  explicit Joinable(Task<void> task) : task_(std::move(task)) { task_.handle_.resume(); }
  Joinable(const Joinable&) = delete;
  Joinable& operator=(const Joinable&) = delete;

  bool finished() const { return task_.handle_.done(); }

  struct Awaiter {
    std::coroutine_handle<Task<void>::promise_type> handle;
    bool await_ready() const noexcept { return handle.done(); }
    void await_suspend(std::coroutine_handle<> awaiting) const noexcept {
      handle.promise().continuation = awaiting;
    }
    void await_resume() const { handle.promise().take(); }
  };
  Awaiter join() { return Awaiter{task_.handle_}; }

 private:
  Task<void> task_;
};

// Runs `task` to its first suspension and owns it from then on. When it has ended `ended(context)`
// is called, on the same thread. An escaped exception is logged under `what` and goes no further.
using Ended = void (*)(void* context) noexcept;
void spawn(Task<void> task, std::string_view what, Ended ended, void* context);

}  // namespace guarita::net
