#include "net/thread_group.h"

#include <pthread.h>
#include <signal.h>

namespace guarita::net {

ThreadGroup::ThreadGroup(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) loops_.push_back(std::make_unique<Loop>());
}

ThreadGroup::~ThreadGroup() {
  stop();
}

void ThreadGroup::start(const std::string& name) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  for (const auto& loop : loops_) {
    threads_.emplace_back([held = loop.get()] { held->run(); });
    const std::string own = name.substr(0, 12) + std::to_string(threads_.size());
    pthread_setname_np(threads_.back().native_handle(), own.c_str());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void ThreadGroup::stop() {
  for (const auto& loop : loops_) loop->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace guarita::net
