#include "proxy/barrier.h"

namespace guarita::proxy {

void BarrierTicket::passed(unsigned streams_closed, unsigned left_to_finish) {
  {
    const std::scoped_lock lock(mutex_);
    ++passed_;
    streams_closed_ += streams_closed;
    left_to_finish_ += left_to_finish;
    if (passed_ < threads_) return;
    at_ = clock_.now();
    passed_at_ = clock_.instant();
  }
  all_passed_.notify_all();
}

void BarrierTicket::wait(Millis timeout) {
  std::unique_lock lock(mutex_);
  all_passed_.wait_until(lock, began_ + timeout, [this] { return passed_ >= threads_; });
}

BarrierReport BarrierTicket::report() const {
  const std::scoped_lock lock(mutex_);
  BarrierReport report;
  report.complete = passed_ >= threads_;
  const bool by_threads = report.complete && threads_ > 0;
  report.at = by_threads ? at_ : clock_.now();
  report.passed = by_threads ? passed_at_ : clock_.instant();
  report.threads = passed_;
  report.threads_of = threads_;
  report.streams_closed = streams_closed_;
  report.left_to_finish = left_to_finish_;
  return report;
}

}  // namespace guarita::proxy
