// Coroutines that are to go on, but not from within what found it out: a session in the middle of
// its bytes, a deadline, a walk over a list. They are resumed together, from the loop.
#pragma once

#include <coroutine>
#include <utility>

namespace guarita::net {

// Who waits; lives in what is waited for. Destroyed or unlinked it is not resumed any more.
struct H2Wake {
  H2Wake() = default;
  H2Wake(const H2Wake&) = delete;
  H2Wake& operator=(const H2Wake&) = delete;
  ~H2Wake() { unlink(); }
  void unlink() {
    if (next == nullptr) return;
    previous->next = next;
    next->previous = previous;
    next = previous = nullptr;
  }

  std::coroutine_handle<> waiting;
  H2Wake* next = nullptr;
  H2Wake* previous = nullptr;
};

class H2Wakes {
 public:
  // `needed` is called when there is one to resume: resume_all() is to be called soon.
  H2Wakes(void (*needed)(void*) noexcept, void* context) : needed_(needed), context_(context) {
    head_.next = head_.previous = &head_;
  }
  H2Wakes(const H2Wakes&) = delete;
  H2Wakes& operator=(const H2Wakes&) = delete;
  ~H2Wakes() {
    while (head_.next != &head_) head_.next->unlink();
    head_.next = nullptr;
  }

  // Nobody waits, or it is listed already: nothing happens.
  void add(H2Wake& wake) {
    if (!wake.waiting || wake.next != nullptr) return;
    wake.previous = head_.previous;
    wake.next = &head_;
    head_.previous->next = &wake;
    head_.previous = &wake;
    needed_(context_);
  }
  void resume_all() {
    while (head_.next != &head_) {
      H2Wake& wake = *head_.next;
      wake.unlink();
      std::exchange(wake.waiting, nullptr).resume();
    }
  }

 private:
  H2Wake head_;
  void (*needed_)(void*) noexcept;
  void* context_;
};

}  // namespace guarita::net
