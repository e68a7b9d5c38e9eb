// Data-plane threads: one loop each.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/loop.h"

namespace guarita::net {

// Threads get every signal blocked: signals are the main thread's.
class ThreadGroup {
 public:
  explicit ThreadGroup(unsigned threads);
  ~ThreadGroup();  // stop() and join()
  ThreadGroup(const ThreadGroup&) = delete;
  ThreadGroup& operator=(const ThreadGroup&) = delete;

  std::size_t size() const { return loops_.size(); }
  Loop& loop(std::size_t index) { return *loops_[index]; }

  // Before it, loops may be prepared by the calling thread.
  void start(const std::string& name);
  // Ends every loop after what is being run; joins. Idempotent.
  void stop();

 private:
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
};

}  // namespace guarita::net
