#include "net/task.h"

#include "base/log.h"

namespace guarita::net {
namespace {

struct Detached {
  struct promise_type {
    static void* operator new(std::size_t bytes) { return recycled_new(bytes); }
    static void operator delete(void* memory, std::size_t bytes) noexcept {
      recycled_delete(memory, bytes);
    }
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }  // run() lets none out
  };
};

Detached run(Task<void> task, std::string_view what, Ended ended, void* context) {
  try {
    co_await std::move(task);
  } catch (const std::exception& e) {
    log::error("net", "exception escaped a coroutine", {{"what", what}, {"text", e.what()}});
  } catch (...) {
    log::error("net", "exception escaped a coroutine", {{"what", what}});
  }
  if (ended != nullptr) ended(context);
}

}  // namespace

void spawn(Task<void> task, std::string_view what, Ended ended, void* context) {
  run(std::move(task), what, ended, context);
}

}  // namespace guarita::net
