// A loop on a thread of its own, for tests.
#pragma once

#include <future>
#include <thread>

#include "net/loop.h"
#include "net/task.h"

namespace guarita::net::testing {

// A loop on a thread of its own; run() executes there and waits.
class LoopThread {
 public:
  LoopThread() {
    thread_ = std::thread([this] { loop.run(); });
  }
  ~LoopThread() {
    loop.stop();
    thread_.join();
  }
  template <class F>
  void run(F f) {
    std::promise<void> done;
    loop.post([&] {
      f();
      done.set_value();
    });
    done.get_future().wait();
  }
  // Runs a coroutine on the loop to its end. `meanwhile` runs once it first waits.
  void complete(Task<void> task, std::move_only_function<void()> meanwhile = {}) {
    std::promise<void> done;
    loop.post([&done, &meanwhile, task = std::move(task)]() mutable {
      spawn(
          std::move(task), "test",
          [](void* promise) noexcept { static_cast<std::promise<void>*>(promise)->set_value(); },
          &done);
      if (meanwhile) meanwhile();
    });
    done.get_future().wait();
    run([] {});  // `meanwhile` has ended too
  }

  Loop loop;

 private:
  std::thread thread_;
};

}  // namespace guarita::net::testing
