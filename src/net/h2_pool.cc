#include "net/h2_pool.h"

#include <algorithm>

#include "base/log.h"
#include "net/h2_connection.h"
#include "net/upstream_pool.h"

namespace guarita::net {

// A coroutine that waits for a stream; in its frame.
struct H2Upstream::Waiter {
  H2Pool& pool;
  H2Upstream& upstream;
  H2Wake wake;
  H2StreamPtr stream;
  std::optional<NetError> error;  // neither: try again
  Waiter* next = nullptr;
  bool listed = true;
  Deadline deadline;

  Waiter(H2Pool& pool_in, H2Upstream& upstream_in)
      : pool(pool_in), upstream(upstream_in), deadline(&expired, this) {
    *upstream.last_waiter_ = this;
    upstream.last_waiter_ = &next;
  }
  static void expired(void* self) {
    auto* waiter = static_cast<Waiter*>(self);
    if (!waiter->listed) return;
    H2Pool::unlist(waiter->upstream, *waiter);
    waiter->error = NetError::TimedOut;
    waiter->pool.wakes_.add(waiter->wake);
  }
};
struct H2Upstream::WaitAwaiter {
  Waiter& waiter;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const noexcept {
    waiter.wake.waiting = handle;
  }
  void await_resume() const noexcept {}
};

H2Upstream::H2Upstream() = default;
H2Upstream::~H2Upstream() = default;

H2Pool::H2Pool(UpstreamPool& pool, Loop& loop, DeadlineWheel& wheel)
    : pool_(pool),
      loop_(loop),
      wheel_(wheel),
      wakes_([](void* self) noexcept { static_cast<H2Pool*>(self)->ask_for_turn(); }, this),
      streams_(wakes_),
      turn_([](void* self) noexcept { static_cast<H2Pool*>(self)->turn(); }, this) {}

H2Pool::~H2Pool() {
  dead_.clear();
}

bool H2Pool::speaks(const Upstream& upstream) const {
  return upstream.url().protocol == UpstreamProtocol::Http2 &&
         upstream.h2_.http1_until_ms_ <= loop_.now_ms();
}

H2StreamPtr H2Pool::try_stream(Upstream& upstream) {
  for (const auto& connection : upstream.h2_.connections_) {
    if (!connection->session().has_room()) continue;
    H2StreamPtr stream = streams_.take();
    connection->session().attach(*stream);
    return stream;
  }
  return nullptr;
}

Task<Result<H2StreamPtr, NetError>> H2Pool::stream(Upstream& upstream) {
  H2Upstream& h2 = upstream.h2_;
  for (;;) {
    if (pool_.stopped_) co_return Err(NetError::Cancelled);
    if (!speaks(upstream)) co_return H2StreamPtr();
    if (H2StreamPtr stream = try_stream(upstream)) co_return std::move(stream);
    if (!h2.opening_ && upstream.open_ < pool_.options_.connections_max) {
      h2.opening_ = true;
      auto connected = co_await pool_.connect(upstream);
      if (!connected) {
        h2.opening_ = false;
        fail_waiters(h2, connected.error());
        co_return Err(connected.error());
      }
      if (pool_.stopped_) co_return Err(NetError::Cancelled);
      h2.connections_.push_back(std::make_unique<H2Connection>(*this, std::move(*connected)));
      H2Connection* const made = h2.connections_.back().get();
      made->start();
      if (!h2.opening_) {  // ready at once, or ended at once
        const bool ended =
            std::ranges::find(h2.connections_, made, &std::unique_ptr<H2Connection>::get) ==
            h2.connections_.end();
        if (ended && speaks(upstream)) co_return Err(NetError::Reset);
        continue;
      }
    }
    H2Upstream::Waiter waiter(*this, h2);
    wheel_.arm(waiter.deadline, loop_.now_ms() + pool_.options_.connect_ms);
    co_await H2Upstream::WaitAwaiter{waiter};
    if (waiter.error) co_return Err(*waiter.error);
    if (waiter.stream) co_return std::move(waiter.stream);
  }
}

void H2Pool::unlist(H2Upstream& h2, H2Upstream::Waiter& waiter) {
  H2Upstream::Waiter** at = &h2.first_waiter_;
  while (*at != &waiter) at = &(*at)->next;
  *at = waiter.next;
  if (waiter.next == nullptr) h2.last_waiter_ = at;
  waiter.listed = false;
}

void H2Pool::serve_waiters(Upstream& upstream) {
  H2Upstream& h2 = upstream.h2_;
  while (h2.first_waiter_ != nullptr) {
    H2StreamPtr stream = try_stream(upstream);
    if (!stream) break;
    H2Upstream::Waiter& waiter = *h2.first_waiter_;
    unlist(h2, waiter);
    waiter.stream = std::move(stream);
    wakes_.add(waiter.wake);
  }
  // One of those left makes the next connection.
  if (h2.first_waiter_ != nullptr && !h2.opening_ &&
      upstream.open_ < pool_.options_.connections_max) {
    H2Upstream::Waiter& waiter = *h2.first_waiter_;
    unlist(h2, waiter);
    wakes_.add(waiter.wake);
  }
}

void H2Pool::fail_waiters(H2Upstream& h2, NetError error) {
  while (h2.first_waiter_ != nullptr) {
    H2Upstream::Waiter& waiter = *h2.first_waiter_;
    unlist(h2, waiter);
    waiter.error = error;
    wakes_.add(waiter.wake);
  }
}

void H2Pool::let_try_again(H2Upstream& h2) {
  while (h2.first_waiter_ != nullptr) {
    H2Upstream::Waiter& waiter = *h2.first_waiter_;
    unlist(h2, waiter);
    wakes_.add(waiter.wake);
  }
}

void H2Pool::ready(H2Connection& connection) {
  connection.upstream().h2_.opening_ = false;
  serve_waiters(connection.upstream());
}

void H2Pool::is_http1(Upstream& upstream) {
  log::warn("upstream", "answers HTTP/2 in HTTP/1: spoken to in HTTP/1.1 for a minute",
            {{"upstream", upstream.url().label}});
  upstream.h2_.http1_until_ms_ = loop_.now_ms() + kHttp1ForMs;
}

void H2Pool::dead(H2Connection& connection, NetError error) {
  Upstream& upstream = connection.upstream();
  H2Upstream& h2 = upstream.h2_;
  if (!connection.ready_) {
    h2.opening_ = false;
    if (speaks(upstream)) {
      fail_waiters(h2, error);
    } else {
      let_try_again(h2);
    }
  }
  const auto at =
      std::ranges::find(h2.connections_, &connection, &std::unique_ptr<H2Connection>::get);
  if (at != h2.connections_.end()) {
    dead_.push_back(std::move(*at));
    h2.connections_.erase(at);
  }
  serve_waiters(upstream);
  ask_for_turn();
}

void H2Pool::mark(H2Connection& connection) {
  if (std::exchange(connection.marked_, true)) return;
  connection.next_marked_ = std::exchange(marked_, &connection);
  ask_for_turn();
}

void H2Pool::ask_for_turn() {
  if (!in_turn_) loop_.defer(turn_);
}

void H2Pool::flush_marked() {
  while (marked_ != nullptr) {
    H2Connection& connection = *marked_;
    marked_ = std::exchange(connection.next_marked_, nullptr);
    connection.marked_ = false;
    connection.flush();
    if (!connection.dead_) serve_waiters(connection.upstream());
  }
}

// Sends first: a stream that the session found at fault has ended once that is said. Then whoever
// waits goes on, and what that makes leaves in one write.
void H2Pool::turn() {
  in_turn_ = true;
  flush_marked();
  wakes_.resume_all();
  flush_marked();
  wakes_.resume_all();
  in_turn_ = false;
  if (marked_ != nullptr) {
    ask_for_turn();
  } else {
    dead_.clear();
  }
}

void H2Pool::close_idle(Upstream& upstream) {
  for (const auto& connection : upstream.h2_.connections_) {
    if (connection->session().streams() == 0) connection->finish();
  }
}

void H2Pool::stop(Upstream& upstream) {
  H2Upstream& h2 = upstream.h2_;
  while (!h2.connections_.empty()) h2.connections_.back()->fail(NetError::Cancelled);
  fail_waiters(h2, NetError::Cancelled);
}

}  // namespace guarita::net
