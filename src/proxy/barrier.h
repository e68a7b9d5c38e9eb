// A barrier under way: filled by the data-plane threads, waited for by the control plane.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/time.h"
#include "proxy/data_plane.h"

namespace guarita::proxy {

class BarrierTicket {
 public:
  BarrierTicket(unsigned threads, const Clock& clock)
      : clock_(clock), threads_(threads), began_(std::chrono::steady_clock::now()) {}

  // Once per thread.
  void passed(unsigned streams_closed, unsigned left_to_finish);

  void wait(Millis timeout);
  BarrierReport report() const;

 private:
  const Clock& clock_;
  const unsigned threads_;
  const Instant began_;

  mutable std::mutex mutex_;
  std::condition_variable all_passed_;
  unsigned passed_ = 0;
  unsigned streams_closed_ = 0;
  unsigned left_to_finish_ = 0;
  Time at_{};
  Instant passed_at_{};
};

}  // namespace guarita::proxy
