// UpstreamPool: making connections, and the names they need.
#include "base/log.h"
#include "net/upstream_pool.h"

namespace guarita::net {
namespace {
constexpr std::size_t kAddressesTriedMax = 4;
}

// A coroutine that waits for a name to be resolved, at most for a while; in its frame.
struct Upstream::Waiter {
  Upstream& upstream;
  std::coroutine_handle<> handle;
  Waiter* next = nullptr;
  Deadline deadline;
  bool timed_out = false;

  explicit Waiter(Upstream& upstream_in) : upstream(upstream_in), deadline(&expired, this) {}
  static void expired(void* self) {
    auto* waiter = static_cast<Waiter*>(self);
    Waiter** at = &waiter->upstream.waiters_;
    while (*at != waiter) at = &(*at)->next;
    *at = waiter->next;
    waiter->timed_out = true;
    waiter->handle.resume();
  }
};
struct Upstream::WaitAwaiter {
  Waiter& waiter;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    waiter.handle = handle;
    waiter.next = std::exchange(waiter.upstream.waiters_, &waiter);
  }
  void await_resume() const noexcept {}
};

// A connect under way; in its coroutine's frame, on the pool's list.
struct UpstreamPool::Connecting {
  UpstreamPool& pool;
  Stream& stream;
  Deadline deadline;
  Connecting* next = nullptr;
  Connecting** at = nullptr;

  Connecting(UpstreamPool& pool_in, Stream& stream_in)
      : pool(pool_in),
        stream(stream_in),
        deadline([](void* s) { static_cast<Stream*>(s)->cancel(NetError::TimedOut); }, &stream_in) {
    next = pool.connecting_;
    if (next != nullptr) next->at = &next;
    at = &pool.connecting_;
    pool.connecting_ = this;
    pool.wheel_.arm(deadline, pool.loop_.now_ms() + pool.options_.connect_ms);
  }
  Connecting(const Connecting&) = delete;
  Connecting& operator=(const Connecting&) = delete;
  ~Connecting() {
    *at = next;
    if (next != nullptr) next->at = at;
  }
};

void UpstreamPool::start_resolving(Upstream& upstream) {
  if (upstream.fixed_ || upstream.resolving_) return;
  upstream.resolving_ = true;
  resolver_.resolve(upstream.url_.host, upstream.url_.port, loop_,
                    [pool = std::weak_ptr(self_), held = &upstream](const Resolved& resolved) {
                      if (const auto alive = pool.lock()) (*alive)->on_resolved(*held, resolved);
                    });
}

void UpstreamPool::on_resolved(Upstream& upstream, const Resolved& resolved) {
  upstream.resolving_ = false;
  upstream.resolved_ms_ = loop_.now_ms();
  if (resolved) {
    upstream.addresses_ = *resolved;
  } else {
    // Addresses once known are used on: a name server's outage is not the upstream's.
    upstream.failure_ = resolved.error();
    log::warn("upstream", "name does not resolve", {{"host", upstream.url_.host}});
  }
  wake_waiters(upstream);
}

void UpstreamPool::wake_waiters(Upstream& upstream) {
  Upstream::Waiter* waiter = std::exchange(upstream.waiters_, nullptr);
  while (waiter != nullptr) {
    Upstream::Waiter* next = waiter->next;  // resuming ends the frame that holds it
    waiter->handle.resume();
    waiter = next;
  }
}

Task<Result<std::unique_ptr<Stream>, NetError>> UpstreamPool::connect_to(Endpoint endpoint) {
  auto stream = Stream::connect(loop_, endpoint);
  if (!stream) co_return Err(stream.error());
  Result<void, NetError> connected;
  {
    const Connecting listed(*this, **stream);
    connected = co_await (*stream)->connected();
  }
  if (!connected) co_return Err(connected.error());
  co_return std::move(*stream);
}

Task<Result<UpstreamConnectionPtr, NetError>> UpstreamPool::connect(Upstream& upstream) {
  if (stopped_) co_return Err(NetError::Cancelled);
  if (upstream.open_ >= options_.connections_max) co_return Err(NetError::OverLimit);
  UpstreamConnectionPtr connection(new UpstreamConnection(*this, upstream));
  if (!upstream.fixed_) {
    if (loop_.now_ms() - upstream.resolved_ms_ >= Resolver::kRefresh.count()) {
      start_resolving(upstream);
    }
    if (!upstream.addresses_ && upstream.resolving_) {
      Upstream::Waiter waiter(upstream);
      wheel_.arm(waiter.deadline, loop_.now_ms() + options_.connect_ms);
      co_await Upstream::WaitAwaiter{waiter};
      if (waiter.timed_out) co_return Err(NetError::TimedOut);
    }
    if (!upstream.addresses_) co_return Err(upstream.failure_);
  }
  const Addresses addresses = upstream.addresses_;
  const std::size_t tries = std::min(addresses->size(), kAddressesTriedMax);
  const std::size_t first = upstream.next_address_++;
  NetError error = NetError::NotFound;
  for (std::size_t i = 0; i < tries && !stopped_; ++i) {
    auto stream = co_await connect_to((*addresses)[(first + i) % addresses->size()]);
    if (stream) {
      connection->stream_ = std::move(*stream);
      connection->was_open_ = true;
      if (hooks_.opened != nullptr) hooks_.opened(hooks_.context);
      co_return std::move(connection);
    }
    error = stream.error();
  }
  co_return Err(stopped_ ? NetError::Cancelled : error);
}

void UpstreamPool::stop() {
  stopped_ = true;
  close_idle();
  for (Connecting* each = connecting_; each != nullptr; each = each->next) {
    each->stream.cancel(NetError::Cancelled);
  }
  for (auto& [text, upstream] : by_text_) {
    upstream->failure_ = NetError::Cancelled;
    wake_waiters(*upstream);
    h2_.stop(*upstream);
  }
}

}  // namespace guarita::net
