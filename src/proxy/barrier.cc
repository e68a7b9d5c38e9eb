#include "proxy/barrier.h"

namespace guarita::proxy {
namespace {

Millis since(std::chrono::steady_clock::time_point began) {
  return std::chrono::ceil<Millis>(std::chrono::steady_clock::now() - began);
}

}  // namespace

void BarrierTicket::passed(unsigned streams_closed, unsigned left_to_finish) {
  {
    const std::scoped_lock lock(mutex_);
    ++passed_;
    streams_closed_ += streams_closed;
    left_to_finish_ += left_to_finish;
    if (passed_ < threads_) return;
    at_ = clock_.now();
    took_ = since(began_);
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
  report.at = report.complete && threads_ > 0 ? at_ : clock_.now();
  report.took = report.complete && threads_ > 0 ? took_ : since(began_);
  report.threads = passed_;
  report.threads_of = threads_;
  report.streams_closed = streams_closed_;
  report.left_to_finish = left_to_finish_;
  return report;
}

}  // namespace guarita::proxy
