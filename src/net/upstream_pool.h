// One thread's connections to upstreams: borrowed for an exchange, given back when they may carry
// another, watched while idle (any event discards), newest first.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/deadlines.h"
#include "net/h2_pool.h"
#include "net/idle_shelf.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "net/task.h"
#include "net/upstream_url.h"

namespace guarita::net {

class Upstream;
class UpstreamPool;

// Its owner may use `stream` at will; destroying it closes.
class UpstreamConnection : public Recycled, private IdleNode {
 public:
  ~UpstreamConnection();
  UpstreamConnection(const UpstreamConnection&) = delete;
  UpstreamConnection& operator=(const UpstreamConnection&) = delete;

  Stream& stream() { return *stream_; }
  const Stream& stream() const { return *stream_; }
  Upstream& upstream() { return upstream_; }
  bool reused() const { return reused_; }

 private:
  friend class UpstreamPool;
  UpstreamConnection(UpstreamPool& pool, Upstream& upstream);
  static void over(void* self) noexcept;

  UpstreamPool& pool_;
  Upstream& upstream_;
  std::unique_ptr<Stream> stream_;
  Deadline idle_deadline_;
  bool reused_ = false;
  bool was_open_ = false;
};
using UpstreamConnectionPtr = std::unique_ptr<UpstreamConnection>;

// One upstream as this thread knows it. Kept while anybody holds it by UpstreamPool::hold().
class Upstream {
 public:
  const UpstreamUrl& url() const { return url_; }

 private:
  friend class UpstreamPool;
  friend class UpstreamConnection;
  friend class H2Pool;
  struct Waiter;
  struct WaitAwaiter;

  explicit Upstream(UpstreamUrl url) : url_(std::move(url)) {}

  UpstreamUrl url_;
  std::string text_;
  Addresses addresses_;  // null: never resolved
  bool fixed_ = false;   // an address or a path: nothing to resolve
  bool resolving_ = false;
  std::int64_t resolved_ms_ = 0;
  NetError failure_ = NetError::NotFound;
  Waiter* waiters_ = nullptr;
  std::size_t next_address_ = 0;
  IdleShelf idle_;
  H2Upstream h2_;
  std::size_t open_ = 0;  // connections, idle or busy or being made
  std::size_t holders_ = 0;
  std::int64_t last_held_ms_ = 0;
};

struct PoolOptions {
  std::int64_t connect_ms = 5'000;  // per address
  std::size_t connections_max = 4'096;
  std::size_t idle_max = 256;
  std::int64_t idle_ms = 4'000;  // of an HTTP/2 connection without streams
};
// For counters; called on the pool's thread.
struct PoolHooks {
  void (*opened)(void* context) noexcept = nullptr;
  void (*closed)(void* context) noexcept = nullptr;
  void* context = nullptr;
};

class UpstreamPool {
 public:
  UpstreamPool(Loop& loop, DeadlineWheel& wheel, Resolver& resolver, PoolHooks hooks);
  ~UpstreamPool();  // REQUIRES: nothing borrowed
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  void set_options(const PoolOptions& options) { options_ = options; }

  // The upstream of this text; `id` is a number that stands for the text for ever (0: none, the
  // text is compared). Null: the text is no upstream URL. Release what was held.
  Upstream* hold(std::uint32_t id, std::string_view text);
  void release(Upstream& upstream) { --upstream.holders_; }

  // Newest idle connection, or null.
  UpstreamConnectionPtr take_idle(Upstream& upstream);
  // A new connection: each address in turn, beginning with another one each time, until one
  // answers. REQUIRES: `upstream` is held until the end.
  Task<Result<UpstreamConnectionPtr, NetError>> connect(Upstream& upstream);
  // REQUIRES: the exchange is over on both sides and no byte too many came. `keep_ms` from
  // idle_keep_ms(); the connection is closed instead where it may not be kept.
  void give_back(UpstreamConnectionPtr connection, std::int64_t keep_ms);

  // From the loop's tick: forgets upstreams that nobody used for minutes.
  void sweep();
  void close_idle();
  // Closes idle connections, ends connects under way with Cancelled, keeps nothing from now on.
  void stop();

  // For upstreams that speak HTTP/2.
  H2Pool& h2() { return h2_; }

  std::size_t idle_connections() const { return idle_total_; }

 private:
  friend class UpstreamConnection;
  friend class H2Pool;
  friend class H2Connection;
  struct Connecting;

  Upstream* find(std::uint32_t id, std::string_view text);
  Upstream* make(std::string_view text);
  void start_resolving(Upstream& upstream);
  void on_resolved(Upstream& upstream, const Resolved& resolved);
  void wake_waiters(Upstream& upstream);
  void discard_idle(UpstreamConnection& connection);
  Task<Result<std::unique_ptr<Stream>, NetError>> connect_to(Endpoint endpoint);

  Loop& loop_;
  DeadlineWheel& wheel_;
  Resolver& resolver_;
  PoolHooks hooks_;
  PoolOptions options_;
  std::unordered_map<std::uint32_t, Upstream*> by_id_;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, std::unique_ptr<Upstream>, TextHash, std::equal_to<>> by_text_;
  Connecting* connecting_ = nullptr;
  std::size_t idle_total_ = 0;
  std::int64_t next_sweep_ms_ = 0;
  bool stopped_ = false;
  H2Pool h2_;
  std::shared_ptr<UpstreamPool*> self_;  // a late answer from the resolver finds nobody
};

}  // namespace guarita::net
