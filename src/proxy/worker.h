// One data-plane thread: its loop, its listeners, its connections, and everything that they share
// without a lock. All members belong to the loop's thread once it runs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "net/deadlines.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls.h"
#include "net/upstream_pool.h"
#include "policy/snapshot.h"
#include "proxy/data_plane.h"
#include "proxy/exchange.h"
#include "telemetry/shard.h"

namespace guarita::proxy {

class Connection;

// Told when a draining worker has no connection left.
class EmptySignal {
 public:
  void notify() {
    {
      const std::scoped_lock lock(mutex_);
    }
    changed_.notify_all();
  }
  template <class Predicate>
  bool wait_for(Millis timeout, Predicate predicate) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, predicate);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

struct WorkerParts {
  net::Loop& loop;
  const policy::Snapshot& snapshot;
  telemetry::Shard& shard;
  const Clock& clock;
  net::Resolver& resolver;
  std::shared_ptr<const Rules> rules;
  std::shared_ptr<const net::TlsStore> tls;  // null: plain HTTP
  unsigned threads = 1;                      // among which the limits of the process are divided
  EmptySignal* empty = nullptr;
};

struct RedecideCounts {
  unsigned streams_closed = 0;
  unsigned left_to_finish = 0;
};

class Worker {
 public:
  explicit Worker(WorkerParts parts);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // ---- by DataPlane, on the loop's thread (or before it runs) --------------------------------
  void add_listener(std::unique_ptr<net::Listener> listener);
  void start();
  void set_rules(std::shared_ptr<const Rules> rules);
  RedecideCounts redecide(const Redecide& which);
  void begin_drain();
  // Ends every connection. The coroutines end themselves; connections() tells when all have.
  void cut_all();

  // ---- any thread ----------------------------------------------------------------------------
  std::size_t connections() const { return connections_.load(std::memory_order_acquire); }
  std::size_t open_exchanges() const { return open_count_.load(std::memory_order_relaxed); }

  // ---- by the phases -------------------------------------------------------------------------
  net::Loop& loop() { return parts_.loop; }
  const policy::Snapshot& snapshot() const { return parts_.snapshot; }
  telemetry::Shard& shard() { return parts_.shard; }
  const Clock& clock() const { return parts_.clock; }
  net::DeadlineWheel& wheel() { return wheel_; }
  net::UpstreamPool& pool() { return pool_; }
  BulkBuffers& bulk() { return bulk_; }
  http::HttpDate& date() { return date_; }
  RequestIds& request_ids() { return request_ids_; }
  const Rules& rules() const { return *pinned_->rules; }
  bool draining() const { return draining_; }

  Exchange* take_exchange(Connection& connection);
  void give_back(Exchange* exchange);
  void pin(Exchange& exchange);
  void unpin(Exchange& exchange);

  // From allowed to recorded.
  void enter_open(Exchange& exchange);
  void leave_open(Exchange& exchange);
  // It has just become a tunnel or an event stream.
  void became_stream(Exchange& exchange);

  // Where bytes go that nobody reads.
  std::span<char> sink() { return {sink_.get(), kSinkBytes}; }
  void enter_lingering(Connection& connection);
  void leave_lingering(Connection& connection);

  void connection_ended(Connection& connection) noexcept;

 private:
  static constexpr std::size_t kSinkBytes = 64 * 1024;
  static constexpr std::size_t kSpareExchangesMin = 64;

  void tick();
  void trim_spares();
  bool accepted(int fd, const net::Endpoint& peer);
  bool at_limit() const;
  bool would_be_refused(const Exchange& exchange, Time now) const;
  bool is_stream(const Exchange& exchange) const;
  void cut(Exchange& exchange);
  void cut_ripe();
  void apply_options();
  void drop_unpinned();

  WorkerParts parts_;
  net::DeadlineWheel wheel_;
  net::UpstreamPool pool_;
  BulkBuffers bulk_;
  http::HttpDate date_;
  RequestIds request_ids_;
  std::unique_ptr<char[]> sink_;

  PinnedRules* pinned_ = nullptr;  // the newest, last of all_rules_
  std::vector<std::unique_ptr<PinnedRules>> all_rules_;
  std::vector<std::unique_ptr<Exchange>> spare_exchanges_;
  std::size_t spares_unneeded_ = 0;  // the fewest there were since the last tick

  std::vector<std::unique_ptr<net::Listener>> listeners_;
  Connection* first_connection_ = nullptr;
  std::atomic<std::size_t> connections_{0};
  Exchange* first_open_ = nullptr;
  std::atomic<std::size_t> open_count_{0};
  std::size_t marked_ = 0;
  Connection* oldest_lingering_ = nullptr;
  Connection* newest_lingering_ = nullptr;
  std::size_t lingering_ = 0;
  bool draining_ = false;
};

}  // namespace guarita::proxy
